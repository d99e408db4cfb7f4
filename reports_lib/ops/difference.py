"""What an operation on a customer changes, line by line, as people read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports_lib.ops.fields import FIELDS, KEY, LINKED, NETWORK, label_of, metadata_texts
from reports_lib.values.formats import number

_TRACES = {
    "ips": ("Network addresses", "of {} sessions"),
    "raw": ("Answers of gateways", "of {} payments"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changes: its name, as `plan_edit` takes it, what people call it, and what it was and is.

    A text is empty where there is nothing.
    """

    name: str
    label: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Everything that is not the same in both, in the order of the card."""
    was, now = _texts(before), _texts(after)
    return [
        Difference(name, _label(name), was.get(name, ""), now.get(name, ""))
        for name in dict.fromkeys((*was, *now))
        if was.get(name, "") != now.get(name, "")
    ]


def _texts(state: Mapping[str, Any]) -> dict[str, str]:
    return dict(_told(state))


def _told(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "name", state["name"]
    yield "deleted_at", (state["deleted_at"] or "")[:19].replace("T", " ")
    for name in FIELDS:
        yield name, state.get(name) or ""
    for name, handle in sorted(state["networks"].items()):
        yield f"{NETWORK}{name}", handle or LINKED
    yield from _metadata(state.get("metadata"))
    for name, (_, words) in _TRACES.items():
        if state.get(name):
            yield name, words.format(number(len(state[name])))


def _metadata(raw: str | None) -> Iterator[tuple[str, str]]:
    texts: Mapping[str, str] | None = metadata_texts(raw)
    if texts is None:
        yield "metadata", raw or ""
    else:
        for key, text in texts.items():
            yield f"{KEY}{key}", text


def _label(name: str) -> str:
    if name in _TRACES:
        return _TRACES[name][0]
    return {"name": "Called", "deleted_at": "Deleted (UTC)", "metadata": "Metadata"}.get(name) or label_of(name)
