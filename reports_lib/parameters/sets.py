"""Saved parameter sets: one YAML mapping of names to text, or to lists of text.

    interval: last month
    client_tags: [vip, 007]
    country: NO

Every scalar is the very text in the file, typed later by the parameter's kind. The rest of YAML is
refused: anchors, aliases, tags, deeper nesting, a key that occurs twice.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from yaml import events

from reports_lib.errors import SettingError
from reports_lib.parameters.given import Given, one
from reports_lib.values.formats import quoted

LARGEST = 64 * 1024  # bytes of a file


class _Refused(Exception):  # noqa: N818  never leaves this module
    def __init__(self, event: events.Event, reason: str) -> None:
        super().__init__(reason)
        self.line = event.start_mark.line + 1 if event.start_mark else 1


def read_set(path: Path) -> dict[str, str | list[str]]:
    """The names and texts of a set, in the order of the file.

    Raises `SettingError` naming file, line and reason; reading never runs or expands anything.
    """
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
    texts = {
        name: [one(each) for each in value] if isinstance(value, list) else one(value) for name, value in values.items()
    }
    raw = yaml.dump(texts, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000).encode()
    if len(raw) > LARGEST:
        raise SettingError(f"{path.parent.name}/{path.name} would be larger than {LARGEST // 1024} KB")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(raw)
            file.close()
            Path(file.name).chmod(0o644)  # a set is for everyone who may read the workspace
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _mapping(parsed: Iterator[events.Event]) -> dict[str, str | list[str]]:
    """The one mapping of a document, from the parser's events: nothing is composed or constructed."""
    stream = (_plain(event) for event in parsed if not isinstance(event, events.StreamStartEvent))
    found: dict[str, str | list[str]] = {}
    if isinstance(next(stream), events.StreamEndEvent):
        return found
    if not isinstance(first := next(stream), events.MappingStartEvent):
        if isinstance(first, events.ScalarEvent) and not first.value:
            return found
        raise _Refused(first, "is not a mapping of names to values")
    while not isinstance(event := next(stream), events.MappingEndEvent):
        name = _scalar(event, "a name must be text")
        if name in found:
            raise _Refused(event, f"{quoted(name)} occurs twice")
        found[name] = _value(stream)
    next(stream)  # the end of the document
    if not isinstance(event := next(stream), events.StreamEndEvent):
        raise _Refused(event, "a second document begins")
    return found


def _value(stream: Iterator[events.Event]) -> str | list[str]:
    event = next(stream)
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
