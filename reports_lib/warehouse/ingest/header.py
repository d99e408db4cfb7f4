"""The names of a file's columns, matched with those of a canonical table."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.cells import shown
from reports_lib.warehouse.ingest.records import decode, fields
from reports_lib.warehouse.tables import Column, Table

DELIMITERS = ",;\t|"


def faults(names: Sequence[str], table: Table) -> list[str]:
    """Every unknown, repeated and missing column; a nullable column may be absent.

    Case and surrounding spaces of a name do not matter.
    """
    known = {c.name for c in table.columns}
    given = [plain(name) for name in names]
    found = [_unknown(raw, name, known) for raw, name in zip(names, given, strict=True) if name not in known]
    found += [f"{name!r} stands there {times} times" for name, times in Counter(given).items() if times > 1]
    missing = [c.name for c in table.columns if not c.type.nullable and c.name not in given]
    if missing:
        found.append(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    return found


def columns(file: str, names: Sequence[str], table: Table, others: Sequence[str] = ()) -> tuple[Column, ...]:
    """The column that each name stands for.

    Raises `IngestError` naming all faults of the names, and the `others` found, at once.
    """
    if found := [*faults(names, table), *others]:
        raise IngestError(f"{file} does not fit table {table.name}: {'; '.join(found)}; nothing was loaded")
    known = {c.name: c for c in table.columns}
    return tuple(known[plain(name)] for name in names)


def plain(name: str) -> str:
    """A column's name as it is compared."""
    return name.strip().lower()


def split(file: str, line: bytes, table: Table, longest: int) -> tuple[str, tuple[Column, ...]]:
    """The delimiter of a CSV file and its columns, from its first line.

    The delimiter is the comma, unless `;`, tab or `|` makes more of the line into known names.
    """
    line = line.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n")
    known = {c.name for c in table.columns}
    try:
        text = decode(line, longest)
    except ValueError as error:
        raise IngestError(f"{file}: its first line must name the columns, but it is {error}") from None
    best, found = ",", [""]
    for delimiter in DELIMITERS:
        try:
            names = fields(text, delimiter)
        except ValueError:
            continue
        if delimiter == "," or _hits(names, known) > _hits(found, known):
            best, found = delimiter, names
    return best, columns(file, found, table)


def _hits(names: Sequence[str], known: set[str]) -> int:
    return sum(plain(name) in known for name in names)


def _unknown(raw: str, name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"unknown column {shown(raw)}" + (f" (did you mean {close[0]!r}?)" if close else "")
