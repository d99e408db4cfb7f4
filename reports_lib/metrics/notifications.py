"""What became of the messages to clients, by status, channel and day (TW-109 … TW-131, M-20 … M-27).

message --by created_at--> step x channel x status: messages, parts of SMS
        --by sent_at-----> step x channel: sent, delivered
        --by created_at--> step, and the whole period: distinct notifications
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import messages, parts
from reports_lib.metrics.messages import DELIVERED, Filters, Shape, channel_of, picked, unknown_words
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.tallies import added, data_interval, whole, wide, with_extent
from reports_lib.metrics.timeline import place_within
from reports_lib.values.contact import CHANNELS, MESSAGE_STATUSES, OTHER, SHORT_STATUSES
from reports_lib.values.formats import number
from reports_lib.values.interval import Interval
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Dialect, Tables, statement

WHOLE = 0  # the number of the whole period, among those of its steps
VIBER = "Viber"
SENT = ("sent", "delivered")
COUNTED = ("messages", "parts")


class Question(Filters, Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime


@dataclass(frozen=True)
class Notifications:
    """What was found of the messages that pass the filters.

    `total` has `notifications`, `messages`, `parts`, `sent` and `delivered`. `by_status`, `by_short_status` and
    `by_channel` are ranked; they and the total have a `share` of the messages in percent. The others have a row a
    step, which is a day or month as `step` says: `by_step` all figures, `by_channel_and_step` those of sending,
    `viber` its statuses, each with its share of the step's.
    """

    total: dict[str, Any]
    by_status: list[dict[str, Any]]
    by_short_status: list[dict[str, Any]]
    by_channel: list[dict[str, Any]]
    by_step: list[dict[str, Any]]
    by_channel_and_step: list[dict[str, Any]]
    viber: list[dict[str, Any]]
    step: str
    data_interval: tuple[datetime, datetime] | None
    notes: list[str]

    @property
    def channels(self) -> list[str]:
        """The labels of the channels that messages were sent over."""
        return list(dict.fromkeys(row["channel"] for row in self.by_channel_and_step))

    @property
    def viber_statuses(self) -> list[str]:
        """The labels of the statuses that Viber messages have."""
        return list(dict.fromkeys(row["status"] for row in self.viber))

    def by_channel_wide(self, name: str) -> list[dict[str, Any]]:
        """One row a step: `sent` or `delivered`, with a column for each channel."""
        return wide(self.by_channel_and_step, "channel", name)

    def viber_wide(self, name: str) -> list[dict[str, Any]]:
        """One row a step: `messages` of Viber or their `share`, with a column for each status."""
        return wide(self.viber, "status", name)


def notifications(warehouse: Warehouse, asked: Question) -> Notifications:
    """The figures of the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(["message"])
    steps = Steps.of(asked.interval, asked.as_of)
    made, gone, told = _found(warehouse, steps, asked) if steps.buckets else ([], [], {})
    rows = [_labelled(row) for row in made]
    handed = [{"number": row["number"], "channel": channel_of(row)} | _whole(row, SENT) for row in gone]
    by_both = added(handed, ["number", "channel"], SENT)
    statuses = _shown(MESSAGE_STATUSES, asked.status, rows, "status")
    return Notifications(
        total=_total(rows, handed, told),
        by_status=_ranked(rows, "status", statuses),
        by_short_status=_ranked(rows, "short_status", _short(statuses)),
        by_channel=_ranked(rows, "channel", _shown(CHANNELS, asked.channel, rows, "channel", is_every=False)),
        by_step=with_extent(_by_step(steps, rows, handed, told)),
        by_channel_and_step=with_extent(steps.series(by_both, "channel", _present(CHANNELS, handed, "channel"), SENT)),
        viber=with_extent(_viber(steps, rows)),
        step=steps.name,
        data_interval=data_interval([*made, *gone]),
        notes=[
            *unknown_words(made, "status", MESSAGE_STATUSES),
            *unknown_words(made, "channel", CHANNELS),
            *_unmeasured(made),
        ],
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), messages.any_sent, None)
    for build in (created, handed_over, notified):
        statement(Dialect(), build, Shape())


def created(tables: Tables, shape: Shape) -> ir.Table:
    """One row a step, channel and status: messages made in it, and the parts of SMS (M-23, M-26)."""
    facts = messages.created(tables("message"), shape)
    is_sms = facts.channel == parts.SMS
    told = facts.select(
        "channel",
        "status",
        "at",
        parts=ibis.ifelse(is_sms, parts.parts(facts), 0),
        is_unmeasured=parts.is_unmeasured(facts),
    )
    return place_within(told).group_by("number", "channel", "status").aggregate(
        messages=_.count(),
        parts=_.parts.sum().cast("int64"),
        unmeasured=_.is_unmeasured.sum(),
        first_at=_.at.min(),
        last_at=_.at.max(),
    )  # fmt: skip


def handed_over(tables: Tables, shape: Shape) -> ir.Table:
    """One row a step and channel: messages sent in it, and how many of them were delivered (M-20, M-21)."""
    facts = messages.sent(tables("message"), shape).select("channel", "status", "at")
    return place_within(facts).group_by("number", "channel").aggregate(
        sent=_.count(), delivered=(_.status == DELIVERED).sum(), first_at=_.at.min(), last_at=_.at.max()
    )  # fmt: skip


def notified(tables: Tables, shape: Shape) -> ir.Table:
    """The notifications with a message in each step, and under `WHOLE` in the period: none counts twice (M-25)."""
    facts = messages.created(tables("message"), shape).select("notification_id", "at")
    told = place_within(facts).select("number", "notification_id").distinct()
    by_step = told.group_by("number").aggregate(notifications=_.count())
    every = told.aggregate(notifications=_.notification_id.nunique())
    return by_step.union(every.select(number=ibis.literal(WHOLE, "int64"), notifications=every.notifications))


def _found(
    warehouse: Warehouse, steps: Steps, asked: Question
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[int, int]]:
    shape, values = Shape.of(warehouse, asked), steps.values | picked(asked)
    made = warehouse.ask(created, shape, values)
    told = warehouse.ask(notified, shape, values)
    return made, warehouse.ask(handed_over, shape, values), {row["number"]: row["notifications"] for row in told}


def _labelled(found: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `created` by the words that people read."""
    status = found["status"]
    return {
        "number": found["number"],
        "channel": channel_of(found),
        "status": MESSAGE_STATUSES.get(status, OTHER),
        "short_status": SHORT_STATUSES.get(status, OTHER),
    } | _whole(found, COUNTED)


def _whole(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, int]:
    return {name: int(found[name]) for name in names}


def _shown(
    labels: Mapping[str, str],
    chosen: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    name: str,
    *,
    is_every: bool = True,
) -> list[str]:
    """The labels that a chart has a bar for: those chosen, else every one or those of the rows; and all of the rows."""
    present = {row[name] for row in rows}
    asked = {labels[value] for value in chosen} if chosen else set(labels.values()) if is_every else present
    return [label for label in (*labels.values(), OTHER) if label in asked | present]


def _present(labels: Mapping[str, str], rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return _shown(labels, (), rows, name, is_every=False)


def _short(statuses: Iterable[str]) -> list[str]:
    """The short statuses of these statuses, all by their labels (M-24)."""
    short = {label: SHORT_STATUSES[value] for value, label in MESSAGE_STATUSES.items()}
    found = {short.get(status, OTHER) for status in statuses}
    return [label for label in dict.fromkeys((*SHORT_STATUSES.values(), OTHER)) if label in found]


def _ranked(rows: Iterable[Mapping[str, Any]], by: str, labels: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each label, that of most messages first, equal ones as they are listed; with its share (G-11)."""
    known = {row[by]: row["messages"] for row in added(rows, [by], ["messages"])}
    found = sorted(({by: label, "messages": known.get(label, 0)} for label in labels), key=lambda row: -row["messages"])
    of_all = shares([row["messages"] for row in found])
    return [row | {"share": share} for row, share in zip(found, of_all, strict=True)]


def _total(
    rows: Sequence[Mapping[str, Any]], handed: Iterable[Mapping[str, Any]], told: Mapping[int, int]
) -> dict[str, Any]:
    found = {"notifications": told.get(WHOLE, 0)} | whole(rows, COUNTED) | whole(handed, SENT)
    return found | {"share": shares([found["messages"]])[0]}


def _by_step(
    steps: Steps, rows: Iterable[Mapping[str, Any]], handed: Iterable[Mapping[str, Any]], told: Mapping[int, int]
) -> list[dict[str, Any]]:
    made = steps.rows(added(rows, ["number"], COUNTED), COUNTED)
    gone = steps.rows(added(handed, ["number"], SENT), SENT)
    known = steps.rows([{"number": n, "notifications": count} for n, count in told.items()], ["notifications"])
    return [one | two | three for one, two, three in zip(known, made, gone, strict=True)]


def _viber(steps: Steps, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Viber messages by step and status, each with its share of the step's; None where there are none (M-27)."""
    mine = [row for row in rows if row["channel"] == VIBER]
    statuses = _present(MESSAGE_STATUSES, mine, "status")
    found = steps.series(added(mine, ["number", "status"], ["messages"]), "status", statuses, ["messages"])
    of_step: dict[str, list[int]] = {}
    for row in found:
        of_step.setdefault(row["key"], []).append(row["messages"])
    percents = [share for counts in of_step.values() for share in shares(counts)]
    return [row | {"share": share} for row, share in zip(found, percents, strict=True)]


def _unmeasured(made: Iterable[Mapping[str, Any]]) -> list[str]:
    count = sum(int(row["unmeasured"]) for row in made)
    if not count:
        return []
    return [f"SMS of which neither parts nor length are known: {number(count)}, each counted as one part."]
