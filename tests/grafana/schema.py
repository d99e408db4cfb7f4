"""Grafana's own schema of a dashboard, as its SDK has it in types: is a file of ours one?"""

import enum
import json
import typing
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()  # the options of each kind of panel, too


def faults(model: dict[str, Any]) -> list[str]:
    """What of a dashboard the schema does not know, or knows as another type; nothing if all is well."""
    read = Dashboard.from_json(model)
    again = json.loads(JSONEncoder().encode(read))
    return [*_lost(model, again, "dashboard"), *_wrong(read, "dashboard")]


def _lost(given: object, kept: object, at: str) -> Iterator[str]:
    """What is not there any more, or otherwise, after the schema's types have read and written it."""
    match given, kept:
        case dict(), dict():
            for name, value in given.items():
                if name not in kept:
                    yield f"{at}.{name} is not known"
                else:
                    yield from _lost(value, kept[name], f"{at}.{name}")
        case list(), list() if len(given) == len(kept):
            for place, (one, other) in enumerate(zip(given, kept, strict=True)):
                yield from _lost(one, other, f"{at}[{place}]")
        case _ if given != kept:
            yield f"{at} is read as {kept!r}"


def _wrong(read: object, at: str) -> Iterator[str]:
    """The attributes whose values are not of the declared types."""
    for name, kind in typing.get_type_hints(type(read).__init__).items():
        value = getattr(read, name, None)
        if name == "return" or value is None:
            continue
        if not _is(value, kind):
            yield f"{at}.{name} is no {kind}: {value!r}"
        for each in value if isinstance(value, list) else [value]:
            if type(each).__module__.startswith("grafana_foundation_sdk") and not isinstance(each, enum.Enum):
                yield from _wrong(each, f"{at}.{name}")


def _is(value: object, kind: Any) -> bool:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    match origin or kind:
        case typing.Union:
            return any(_is(value, part) for part in parts)
        case typing.Literal:
            return value in parts
        case builtin if builtin is list and parts:
            return isinstance(value, list) and all(_is(each, parts[0]) for each in value)
        case type() as expected if issubclass(expected, enum.Enum):
            return value in [each.value for each in expected]
        case type() as expected:
            numbers = {float: (int, float), int: int}
            return isinstance(value, numbers.get(expected, expected)) and (expected is bool or value is not True)
        case _:  # anything
            return True
