"""Messages to clients: how each stood at as-of, when it was sent, and which of them are looked at (SPEC 2.3).

A notification is one thing to tell one client; each attempt to do so over one channel is a message. What
a message became is counted by `created_at`, that it was sent or delivered by `sent_at` (M-23): so of
what was sent on a day, what is delivered is never more, whenever it arrived (M-21).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.question import Warehouse
from reports_lib.values.contact import CHANNELS, OTHER
from reports_lib.values.formats import number, quoted
from reports_lib.warehouse.statement import Tables, as_of

DELIVERED = "delivered"
SENT = ("pending", DELIVERED, "undelivered")  # what says so where no source tells when anything was sent
NAMED = 5  # unknown words that a note quotes


class Filters(Protocol):
    """Parameters that narrow the messages; an empty list leaves none out."""

    channel: Sequence[str]
    status: Sequence[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the queries depend on, beside the values that are filled in."""

    picks: frozenset[str] = frozenset()  # of channel and status
    tells_sent: bool = True  # whether the warehouse knows when messages were sent

    @classmethod
    def of(cls, warehouse: Warehouse, asked: Filters | None = None) -> "Shape":
        """The shape of a question to this warehouse."""
        shape = cls(tells_sent=bool(warehouse.ask(any_sent)))
        return shape if asked is None else replace(shape, picks=frozenset(picked(asked)))


def picked(asked: Filters) -> dict[str, str]:
    """What fills the slots of the filters that are used."""
    kept = {"channel": asked.channel, "status": asked.status}
    return {name: packed((value,) for value in values) for name, values in kept.items() if values}


def created(message: ir.Table, shape: Shape) -> ir.Table:
    """The messages that pass the filters, `at` the moment they were made."""
    found = _passing(_standing(message), shape)
    return found.mutate(at=found.created_at)


def sent(message: ir.Table, shape: Shape) -> ir.Table:
    """The messages that were handed to their channel and pass the filters, `at` that moment (M-20).

    Where no source tells when anything was sent, those are meant whose status says that they were, and
    the moment is that of their making.
    """
    found = _passing(_standing(message), shape)
    if shape.tells_sent:
        return found.filter(found.sent_at.notnull()).mutate(at=found.sent_at)
    return found.filter(found.status.isin(SENT)).mutate(at=found.created_at)


def any_sent(tables: Tables, _: None) -> ir.Table:
    """A row if the warehouse knows of any message when it was sent."""
    message = tables("message")
    return message.filter(message.sent_at.notnull()).select("message_id").limit(1)


def channel_of(row: Mapping[str, Any]) -> str:
    """The label of a row's channel."""
    return CHANNELS.get(row["channel"], OTHER)


def unknown_words(rows: Iterable[Mapping[str, Any]], name: str, known: Iterable[str]) -> list[str]:
    """A warning for the report if some of its `messages` have a channel or status that is not known (M-24)."""
    words = set(known)
    strange = [row for row in rows if row[name] not in words]
    if not strange:
        return []
    count = sum(row["messages"] for row in strange)
    found = sorted({row[name] or "" for row in strange})
    listed = ", ".join(map(quoted, found[:NAMED])) + (" and others" if len(found) > NAMED else "")
    return [f"Messages under {OTHER}: {number(count)}, for their {name} is not known ({listed})."]


def _standing(message: ir.Table) -> ir.Table:
    """Each message with the status it had at as-of (G-1): what was sent or delivered only since, was neither."""
    waiting = ibis.ifelse(message.required, "created", "created_optional")
    status = ibis.cases(
        (message.sent_at >= as_of(), waiting),
        ((message.status == DELIVERED) & (message.delivered_at >= as_of()), "pending"),
        else_=message.status,
    )
    return message.mutate(status=status)


def _passing(message: ir.Table, shape: Shape) -> ir.Table:
    for name in sorted(shape.picks):
        message = message.semi_join(inline(name, {name: "string"}), name)
    return message
