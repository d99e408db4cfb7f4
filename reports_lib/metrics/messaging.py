"""Messages sent, delivered and paid for, over all channels and over each (TW-05 … TW-14, M-20 … M-23).

message --one row once--> stretch x channel x currency: sent, delivered, price
    stretches end where rates change (`stretches`), so the sums are converted outside the engine
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import RateError
from reports_lib.metrics import exchange, messages
from reports_lib.metrics.exchange import Exchange
from reports_lib.metrics.messages import DELIVERED, Shape, channel_of, unknown_words
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.stretches import Stretches
from reports_lib.metrics.tallies import added, data_interval, whole, wide, with_extent
from reports_lib.metrics.timeline import place_within
from reports_lib.values.contact import CHANNELS, OTHER
from reports_lib.values.interval import Interval
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Dialect, Tables, statement

SUM = "decimal(38, 6)"
COUNTED = ("sent", "delivered", "price")
ALWAYS = ("SMS", "Viber", "Email", "WhatsApp", "Push")  # TW-09 to TW-13; others where they have rows


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    currency: str


@dataclass(frozen=True)
class Messaging:
    """What was found, by `sent_at`: `sent`, `delivered` and `price` in the currency of the report, unrounded.

    `total` is of all channels; `by_channel` has a row a channel, which `channel` finds, each with its `share` of what
    was sent. `by_step` has one a day or month, as `step` says, `sent_by_step` one a step and channel.
    """

    total: dict[str, Any]
    by_channel: list[dict[str, Any]]
    by_step: list[dict[str, Any]]
    sent_by_step: list[dict[str, Any]]
    step: str
    places: int
    data_interval: tuple[datetime, datetime] | None
    notes: list[str]

    @property
    def channels(self) -> list[str]:
        """The labels of the channels."""
        return [row["channel"] for row in self.by_channel]

    @property
    def channels_used(self) -> list[str]:
        """The labels of those that messages were sent over."""
        return [row["channel"] for row in self.by_channel if row["sent"]]

    @property
    def sent_wide(self) -> list[dict[str, Any]]:
        """One row a step, with a column for each channel."""
        return wide(self.sent_by_step, "channel", "sent")

    def channel(self, label: str) -> dict[str, Any]:
        """The figures of one channel; zeros if it has none."""
        return next((row for row in self.by_channel if row["channel"] == label), dict.fromkeys(COUNTED, 0))


def messaging(warehouse: Warehouse, asked: Question) -> Messaging:
    """The figures of the period.

    Raises `RateError` naming every currency and day that lacks a rate, `WarehouseError` naming all that the
    warehouse lacks.
    """
    warehouse.check(["message", *exchange.READ])
    rates = Exchange.of(warehouse, asked.currency)
    steps = Steps.of(asked.interval, asked.as_of)
    stretches = Stretches.of(steps.buckets, rates.rates)
    found = _found(warehouse, stretches, rates) if steps.buckets else []
    rows = [_row(row, stretches, rates) for row in found]
    by_channel = _by_channel(rows)
    present = [row["channel"] for row in by_channel if row["sent"]]
    by_step = added(rows, ["number"], COUNTED)
    by_both = added(rows, ["number", "channel"], COUNTED)
    total = whole(rows, COUNTED)
    return Messaging(
        total=total | {"share": shares([total["sent"]])[0]},
        by_channel=by_channel,
        by_step=with_extent(steps.rows(by_step, COUNTED)),
        sent_by_step=with_extent(steps.series(by_both, "channel", present, ["sent"])),
        step=steps.name,
        places=rates.places.totals,
        data_interval=data_interval(found),
        notes=unknown_words([row | {"messages": row["sent"]} for row in found], "channel", CHANNELS),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked. Asks nobody."""
    statement(Dialect(), messages.any_sent, None)
    statement(Dialect(), query, Shape())


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row a stretch, channel and currency: messages sent in it, and what became of them."""
    facts = messages.sent(tables("message"), shape)
    placed = place_within(facts.select("channel", "status", "price", "currency", "at"))
    return placed.group_by("number", "channel", "currency").aggregate(
        sent=_.count(),
        delivered=(_.status == DELIVERED).sum(),
        price=_.price.sum().cast(SUM),
        priced=(_.price != 0).sum(),
        first_at=_.at.min(),
        last_at=_.at.max(),
    )


def priced(tables: Tables, shape: Shape) -> ir.Table:
    """Every currency and stretch that a message was charged in, with the first moment of each UTC day."""
    facts = messages.sent(tables("message"), shape)
    placed = place_within(facts.filter(facts.price != 0).select("currency", "at"))
    return placed.group_by("number", "currency", day=placed.at.date()).aggregate(at=_.at.min())


def _found(warehouse: Warehouse, stretches: Stretches, rates: Exchange) -> list[dict[str, Any]]:
    shape = Shape.of(warehouse)
    found = warehouse.ask(query, shape, stretches.values)
    try:
        rates.check((row["currency"], stretches.start(row["number"])) for row in found if row["priced"])
    except RateError:  # by the days of the messages themselves
        rates.check((row["currency"], row["at"]) for row in warehouse.ask(priced, shape, stretches.values))
        raise
    return sorted(found, key=lambda row: (row["number"], row["channel"], row["currency"]))


def _row(found: Mapping[str, Any], stretches: Stretches, rates: Exchange) -> dict[str, Any]:
    """A row of the query in the currency of the report, by step and by the label of its channel."""
    number, price = found["number"], Decimal(0)
    if found["priced"]:
        price = rates.converted(found["price"], found["currency"], stretches.start(number))
    counts = {"sent": found["sent"], "delivered": int(found["delivered"])}
    return {"number": stretches.step(number), "channel": channel_of(found), "price": price} | counts


def _by_channel(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every channel that is always shown or was used, with its share of what was sent."""
    known = {row["channel"]: row for row in added(rows, ["channel"], COUNTED)}
    nothing = dict.fromkeys(COUNTED, 0)
    shown = [label for label in (*CHANNELS.values(), OTHER) if label in known or label in ALWAYS]
    found = [nothing | {"channel": label} | known.get(label, {}) for label in shown]
    of_all = shares([row["sent"] for row in found])
    return [row | {"share": share} for row, share in zip(found, of_all, strict=True)]
