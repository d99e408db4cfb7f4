"""Saved parameter sets: one YAML mapping of names to text, or to lists of text.

    interval: last month
    client_tags: [vip, 007]
    country: NO

Every scalar is the very text in the file, typed later by the parameter's kind. The rest of YAML is
refused: anchors, aliases, tags, deeper nesting, a key that occurs twice. One key is no parameter:
`query` holds a mapping of its own, of what is said of the set itself (`parameters.query` reads it).
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml
from yaml import events

from reports_lib.errors import SettingError
from reports_lib.parameters.given import RESERVED, Given, one
from reports_lib.values.formats import quoted

LARGEST = 64 * 1024  # bytes of a file
TEXTS = ("name", "note", "visibility", "owner", "company", "chart", "cron", "time_zone")
LISTS = ("formats", "recipients")  # of what is said of a set, the rest of which are single texts

Texts = dict[str, str | list[str]]


class Contents(NamedTuple):
    """What a file holds: what is said of the set, if anything is, and its values."""

    about: Texts | None
    values: Texts


class _Refused(Exception):  # noqa: N818  never leaves this module
    def __init__(self, event: events.Event, reason: str) -> None:
        super().__init__(reason)
        self.line = event.start_mark.line + 1 if event.start_mark else 1


def read_set(path: Path) -> Texts:
    """The names and texts of a set, in the order of the file; not what is said of the set.

    Raises `SettingError` naming file, line and reason; reading never runs or expands anything.
    """
    return read(path).values


def read(path: Path) -> Contents:
    """All that a file holds; raises what `read_set` does."""
    where = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise SettingError(f"{where} is larger than {LARGEST // 1024} KB")
        return _mapping(yaml.parse(raw.decode("utf-8-sig"), Loader=yaml.BaseLoader))
    except OSError as problem:
        raise SettingError(f"{where} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"{where} is not UTF-8 text") from None
    except _Refused as problem:
        raise SettingError(f"{where}, line {problem.line}: {problem}") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingError(
            f"{where}{line}: is not YAML: {getattr(problem, 'problem', None) or 'a forbidden character'}"
        ) from None


def write_set(path: Path, values: Mapping[str, Given]) -> None:
    """Write a set that reads back as the same texts; the file is replaced whole or not at all.

    Raises `ParameterError` if a value cannot be kept as text, `SettingError` if the file would be too large.
    """
    write(path, Contents(None, texts_of(values)), os.replace)


def texts_of(values: Mapping[str, Given]) -> Texts:
    """The values as the texts that are kept; raises `ParameterError` of one that cannot be."""
    return {
        name: [one(each) for each in value] if isinstance(value, list) else one(value) for name, value in values.items()
    }


def write(path: Path, contents: Contents, put: Callable[[Path, Path], object]) -> None:
    """Write a file aside, for the disk, and have it `put` into its place: replacing what is there, or not.

    Raises `SettingError` if it would be too large, and whatever `put` does.
    """
    about = {RESERVED: contents.about} if contents.about else {}
    raw = yaml.dump(about | contents.values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000).encode()
    if len(raw) > LARGEST:
        raise SettingError(f"{path.parent.name}/{path.name} would be larger than {LARGEST // 1024} KB")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".", delete=False) as file:
        aside = Path(file.name)
        try:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
            aside.chmod(0o644)  # a set is for everyone who may read the workspace
            put(aside, path)
        finally:
            aside.unlink(missing_ok=True)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _mapping(parsed: Iterator[events.Event]) -> Contents:
    """The one mapping of a document, from the parser's events: nothing is composed or constructed."""
    stream = (_plain(event) for event in parsed if not isinstance(event, events.StreamStartEvent))
    about: Texts | None = None
    found: Texts = {}
    if isinstance(next(stream), events.StreamEndEvent):
        return Contents(None, found)
    if not isinstance(first := next(stream), events.MappingStartEvent):
        if isinstance(first, events.ScalarEvent) and not first.value:
            return Contents(None, found)
        raise _Refused(first, "is not a mapping of names to values")
    for _, name in _names(stream):
        if name == RESERVED:
            about = _about(stream)
        else:
            found[name] = _value(next(stream), stream)
    next(stream)  # the end of the document
    if not isinstance(event := next(stream), events.StreamEndEvent):
        raise _Refused(event, "a second document begins")
    return Contents(about, found)


def _about(stream: Iterator[events.Event]) -> Texts:
    if not isinstance(first := next(stream), events.MappingStartEvent):
        raise _Refused(first, f"{RESERVED} must be a mapping such as {{name: The board's figures}}")
    found: Texts = {}
    for event, name in _names(stream):
        if name not in (*TEXTS, *LISTS):
            raise _Refused(event, f"{RESERVED} has no {quoted(name)}; there is {', '.join((*TEXTS, *LISTS))}")
        found[name] = _value(value := next(stream), stream)
        if isinstance(found[name], list) != (name in LISTS):
            raise _Refused(value, f"{name} must be {'a list of texts' if name in LISTS else 'one text'}")
    return found


def _names(stream: Iterator[events.Event]) -> Iterator[tuple[events.Event, str]]:
    """The keys of a mapping, to its end; who asks for the next has taken the value of the last."""
    seen = set()
    while not isinstance(event := next(stream), events.MappingEndEvent):
        if (name := _scalar(event, "a name must be text")) in seen:
            raise _Refused(event, f"{quoted(name)} occurs twice")
        seen.add(name)
        yield event, name


def _value(event: events.Event, stream: Iterator[events.Event]) -> str | list[str]:
    if not isinstance(event, events.SequenceStartEvent):
        return _scalar(event, "a value must be text or a list of text")
    texts = []
    while not isinstance(event := next(stream), events.SequenceEndEvent):
        texts.append(_scalar(event, "a list must hold text only"))
    return texts


def _scalar(event: events.Event, reason: str) -> str:
    if not isinstance(event, events.ScalarEvent):
        raise _Refused(event, reason)
    return str(event.value)


def _plain(event: events.Event) -> events.Event:
    if isinstance(event, events.AliasEvent) or getattr(event, "anchor", None):
        raise _Refused(event, "anchors and aliases are refused")
    if getattr(event, "tag", None):
        raise _Refused(event, "tags such as !!python are refused")
    return event
