"""Saved queries: a saved set with what is said of it, in one file of the workspace.

    query:                                 # all of it may be left out
      name: The board's figures
      note: For the meeting on the 3rd
      visibility: company                  # private, company or public; public if it does not say
      owner: ann                           # name of a user; none for a file of an analyst's repository
      company: "2"                         # his, when he saved it; empty is the whole group
      formats: [html, xlsx]
      recipients: [board@example.com]
      chart: Clients by month              # the report opens with it
      cron: 0 6 1 * *                      # asked for at these moments, in the name of its owner
      time_zone: Europe/Kyiv               # of the cron line
    interval: last month
    currency: EUR

The file's name is a slug of the query's, so that `daybook run FAMILY -s NAME` runs it too.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reports_lib.errors import ParameterError, SettingError, StateError, UnknownNameError
from reports_lib.parameters.given import Given, one
from reports_lib.parameters.sets import Contents, Texts, read, texts_of, write

VISIBILITIES = ("private", "company", "public")
PUBLIC = "public"
LONGEST_NAME = 120  # characters
LONGEST_NOTE = 2_000
LONGEST_SLUG = 60

_PAIRS = (
    "аa бb вv гg ґg дd еe ёe жzh зz иi йi кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ъ ыy ь эe юyu яya "
    "єye іi їi ßss æae øo łl đd ðd þth œoe ıi"
)
_LATIN = {pair[0]: pair[1:] for pair in _PAIRS.split()}


@dataclass(frozen=True)
class Query:
    """A saved query: its parameters' texts, and what is said of it.

    `cron` empty is no schedule; `time_zone` is that of its line, empty the workspace's. Without
    `owner` it is a file that the workspace came with.
    """

    values: Mapping[str, Given]
    name: str = ""
    note: str = ""
    visibility: str = PUBLIC
    owner: str = ""
    company: str = ""
    formats: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    chart: str = ""
    cron: str = ""
    time_zone: str = ""
    version: str = field(default="", compare=False)  # hash of the file that it was read from


def read_query(path: Path) -> Query:
    """The query in a file; one without a name of its own goes by the file's.

    Raises `SettingError` naming file and reason.
    """
    told = version(path)  # before it is read: a change meanwhile is noticed later, and not overwritten
    about, values = read(path)
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for key, value in (about or {}).items():
        if isinstance(value, list):
            lists[key] = tuple(value)
        else:
            texts[key] = value
    found = Query(values, **texts | {"version": told}, **lists)  # type: ignore[arg-type]
    if found.visibility not in VISIBILITIES:
        known = UnknownNameError.of("visibility", found.visibility, VISIBILITIES)
        raise SettingError(f"{path.parent.name}/{path.name}: {known}")
    if found.visibility != PUBLIC and not found.owner:
        raise SettingError(f"{path.parent.name}/{path.name}: visibility {found.visibility} needs an owner")
    return found


def version(path: Path) -> str:
    """What changes when the file does; empty if it is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def write_query(path: Path, query: Query, *, is_new: bool = False) -> None:
    """Write a query that reads back as the same; the file is made or replaced whole, or not at all.

    Raises `ParameterError` if something of it cannot be kept, `SettingError` if the file would be too large
    or cannot be written, `StateError` if it `is_new` and its file is there: what is there is never lost.
    """
    contents = Contents(_about(query), texts_of(query.values))
    try:
        write(path, contents, os.link if is_new else os.replace)
    except FileExistsError:
        raise StateError(f"there is a query {path.parent.name}/{path.stem}") from None
    except OSError as error:
        raise SettingError(f"{path.parent.name}/{path.name} cannot be written: {error.strerror}") from None


def slug(name: str) -> str:
    """A name of a file: `The board's figures` is `the-board-s-figures`, `Отчёт` is `otchet`.

    What has no letter that can be written so is `query-` and a hash of the name.
    """
    latin = "".join(_LATIN.get(letter, letter) for letter in name.casefold())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:LONGEST_SLUG].strip("-")
    return found or f"query-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def named(name: str) -> str:
    """The name of a query as it is kept; raises `ParameterError` for one that will not do."""
    found = one(unicodedata.normalize("NFC", " ".join(name.split())))
    if not found:
        raise ParameterError("a query needs a name")
    if len(found) > LONGEST_NAME:
        raise ParameterError(f"a name has at most {LONGEST_NAME} characters")
    return found


def noted(note: str) -> str:
    """A note as it is kept, its lines told by `\\n`; raises `ParameterError` for one that will not do."""
    found = "\n".join(line.rstrip() for line in note.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n"))
    if len(found) > LONGEST_NOTE:
        raise ParameterError(f"a note has at most {LONGEST_NOTE} characters")
    for line in found.replace("\t", " ").split("\n"):
        for start in range(0, len(line), 1_000):
            one(line[start : start + 1_000])
    return found


def _about(query: Query) -> Texts:
    """What is kept of what is said; what need not be said is left out."""
    texts = {
        "name": named(query.name) if query.name else "",
        "note": noted(query.note),
        "visibility": one(query.visibility),
        "owner": one(query.owner),
        "company": one(query.company),
        "chart": one(query.chart),
        "cron": one(query.cron),
        "time_zone": one(query.time_zone),
    }
    lists = {"formats": [one(each) for each in query.formats], "recipients": [one(each) for each in query.recipients]}
    said: Texts = {key: text for key, text in texts.items() if text}
    said |= {key: value for key, value in lists.items() if value}
    return {} if said == {"visibility": PUBLIC} else said
