"""YAML of texts, lists and mappings, and nothing else.

Every scalar is the very text in the file (`no`, `007`). Anchors, aliases, tags, a key that occurs
twice and a large file are refused, so reading never runs or expands anything.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml
from yaml import events

from reports_lib.errors import SettingError
from reports_lib.values.formats import quoted

LARGEST = 64 * 1024  # bytes of a file
DEEPEST = 8

Plain = str | list["Plain"] | dict[str, "Plain"]


class _Refused(Exception):  # noqa: N818  never leaves this module
    def __init__(self, event: events.Event, reason: str) -> None:
        super().__init__(reason)
        self.line = event.start_mark.line + 1 if event.start_mark else 1


def read(path: Path) -> dict[str, Plain]:
    """The mapping that a file holds; raises `SettingError` naming file, line and reason."""
    where = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise SettingError(f"{where} is larger than {LARGEST // 1024} KB")
        return _document(iter(yaml.parse(raw.decode("utf-8-sig"), Loader=yaml.BaseLoader)))
    except OSError as problem:
        raise SettingError(f"{where} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"{where} is not UTF-8 text") from None
    except _Refused as problem:
        raise SettingError(f"{where}, line {problem.line}: {problem}") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        told = getattr(problem, "problem", None) or "a forbidden character"
        raise SettingError(f"{where}{line}: is not YAML: {told}") from None


def _document(stream: Iterator[events.Event]) -> dict[str, Plain]:
    """The one mapping of a document, from the parser's events: nothing is composed or constructed."""
    for event in stream:
        if not isinstance(event, events.StreamStartEvent | events.DocumentStartEvent):
            break
    if not isinstance(event, events.MappingStartEvent):
        raise _Refused(event, "is not a mapping of names to values")
    found = _value(event, stream, 0)
    assert isinstance(found, dict)
    next(stream)  # the end of the document
    if not isinstance(after := next(stream), events.StreamEndEvent):
        raise _Refused(after, "a second document begins")
    return found


def _value(event: events.Event, stream: Iterator[events.Event], depth: int) -> Plain:
    if isinstance(event, events.AliasEvent) or getattr(event, "anchor", None):
        raise _Refused(event, "anchors and aliases are refused")
    if getattr(event, "tag", None):
        raise _Refused(event, "tags such as !!python are refused")
    if depth > DEEPEST:
        raise _Refused(event, "is nested too deeply")
    if isinstance(event, events.ScalarEvent):
        return str(event.value)
    if isinstance(event, events.SequenceStartEvent):
        return list(_items(stream, depth))
    return _mapping(stream, depth)


def _items(stream: Iterator[events.Event], depth: int) -> Iterator[Plain]:
    while not isinstance(event := next(stream), events.SequenceEndEvent):
        yield _value(event, stream, depth + 1)


def _mapping(stream: Iterator[events.Event], depth: int) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    while not isinstance(event := next(stream), events.MappingEndEvent):
        name = _value(event, stream, depth + 1)
        if not isinstance(name, str):
            raise _Refused(event, "a name must be text")
        if name in found:
            raise _Refused(event, f"{quoted(name)} occurs twice")
        found[name] = _value(next(stream), stream, depth + 1)
    return found
