"""Calls of a period: how many there were and reached somebody, how long they took, what bots made of them.

    M-51  attempts, answered, contact rate, and the different clients that were reached
    M-56  seconds of talk, hold and work afterwards by answered calls that have ended
    M-50  calls that a bot handled, by what they came to

A call belongs to the moment at which it began. Clients are told apart by their id, callers without one by number.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.talk import stood
from reports_lib.metrics.timeline import end, place_within, start
from reports_lib.values.interval import Interval
from reports_lib.values.money import percent_of, ratio
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Dialect, Tables, statement

WHOLE = 0  # the `number` of the row of the whole period
COUNTS = ("attempts", "answered", "reached", "handled", "handled_s", "bot_handled", "bot_handled_s")
NOT_EVALUATED = "Not evaluated"
OTHERS = "Other evaluations"
MOST_EVALUATIONS = 12  # that are named, those above included


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime


@dataclass(frozen=True)
class Calls:
    """What was found: one row a day, or a month of a long period, and `total`, which is counted anew (G-5, G-10).

    Each has `attempts`, those `answered` and `not_answered`, `reached` clients and the `contact_rate` in percent;
    `handled` calls, answered and finished, the `handled_s` seconds they took, the `average_s` of them, and that of
    bots as `bot_average_s`.
    `step` is what a row is called. `evaluations` are of the whole period, the most frequent first.
    """

    step: str
    rows: list[dict[str, Any]]
    total: dict[str, Any]
    evaluations: list[dict[str, Any]]
    data_interval: tuple[datetime, datetime] | None

    @property
    def average_by(self) -> list[dict[str, Any]]:
        """The average handling times for a chart, by who handled the calls."""
        return [
            {"key": row["key"], "by": by, "average_s": row[name]}
            for row in self.rows
            for by, name in (("All calls", "average_s"), ("Calls of bots", "bot_average_s"))
        ]

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """The attempts for a chart, those answered and those not."""
        return [
            {"key": row["key"], "outcome": outcome, "calls": number}
            for row in self.rows
            for outcome, number in (("Not answered", row["not_answered"]), ("Answered", row["answered"]))
        ]


def calls(warehouse: Warehouse, asked: Question) -> Calls:
    """The calls that began in the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(["call"])
    steps = Steps.of(asked.interval, asked.as_of)
    if not steps.buckets:  # the period begins after as-of
        return Calls(steps.name, [], _with_derived(dict.fromkeys(COUNTS, 0)), [], None)
    found = warehouse.ask(query, None, steps.values)
    nothing: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    whole = next((row for row in found if row["number"] == WHOLE), nothing)
    first, last = whole.get("first_at"), whole.get("last_at")
    return Calls(
        step=steps.name,
        rows=[
            _with_derived(row) | {"extent": "partial" if row["is_partial"] else ""} for row in steps.rows(found, COUNTS)
        ],
        total=_with_derived({name: whole[name] for name in COUNTS}),
        evaluations=evaluations(warehouse.ask(evaluated, None, steps.values)),
        data_interval=(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) if first and last else None,
    )


def evaluations(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The calls of bots by evaluation, however it is written, with their shares in percent (M-50).

    The most frequent first, equal ones by name; then what is too many to be named, and what nobody evaluated.
    """
    counted: Counter[str] = Counter()
    for row in found:
        words = " ".join((row["bot_evaluation"] or "").split()).casefold()
        counted[words] += row["calls"]
    without = counted.pop("", 0) + counted.pop(NOT_EVALUATED.casefold(), 0)
    named = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    cut = len(named) if len(named) < MOST_EVALUATIONS else MOST_EVALUATIONS - 2
    rest = sum(number for _, number in named[cut:])
    rows = [(words[:1].upper() + words[1:], number) for words, number in named[:cut]]
    rows += [(OTHERS, rest)] if rest else []
    rows += [(NOT_EVALUATED, without)]
    parts = shares([number for _, number in rows])
    return [
        {"evaluation": name, "calls": number, "share": share} for (name, number), share in zip(rows, parts, strict=True)
    ]


def compile_ahead() -> None:
    """Compile for a lake what is asked. Asks nobody."""
    for build in (query, evaluated):
        statement(Dialect(), build, None)


def query(tables: Tables, _shape: None) -> ir.Table:
    """`COUNTS` by the `number` of the bucket, and once more of the whole period.

    Per client first, so that whom a period reached on many days is one client of it; all the rest is added up.
    """
    call = _of_period(tables)
    call = call.mutate(phone=ibis.ifelse(call.client_id.isnull(), call.client_number, ibis.null("string")))
    seconds = call.talk + call.hold_s.coalesce(0) + call.acw_s.coalesce(0)
    is_handled = call.is_answered & call.is_finished
    told = call.select(
        "client_id",
        "phone",
        "is_answered",
        seconds=seconds,
        is_handled=is_handled,
        is_bots=is_handled & call.bot_id.notnull(),
        at=call.started_at,
    )
    by_client = (
        place_within(told)
        .group_by("number", "client_id", "phone")
        .aggregate(
            attempts=_.count(),
            answered=_.is_answered.sum().coalesce(0),
            handled=_.is_handled.sum().coalesce(0),
            handled_s=_.seconds.sum(where=_.is_handled).coalesce(0).cast("int64"),
            bot_handled=_.is_bots.sum().coalesce(0),
            bot_handled_s=_.seconds.sum(where=_.is_bots).coalesce(0).cast("int64"),
            first_at=_.at.min(),
            last_at=_.at.max(),
        )
    )
    once = _added(by_client, "client_id", "phone").mutate(number=ibis.literal(WHOLE, "int64"))
    both = by_client.union(once.select(by_client.columns))
    is_reached = (both.answered > 0) & (both.client_id.notnull() | both.phone.notnull())
    return _added(both.mutate(reached=is_reached.ifelse(1, 0)), "number")


def evaluated(tables: Tables, _shape: None) -> ir.Table:
    """The calls that a bot handled, by evaluation: those answered, and those evaluated all the same (M-50)."""
    call = _of_period(tables)
    call = call.filter(call.bot_id.notnull() & (call.is_answered | call.bot_evaluation.notnull()))
    return call.group_by("bot_evaluation").aggregate(calls=call.count())


def _of_period(tables: Tables) -> ir.Table:
    call = tables("call")
    return stood(call.filter(call.started_at >= start(), call.started_at < end()))


def _added(parts: ir.Table, *by: str) -> ir.Table:
    """The figures of `parts` for each value of `by`."""
    sums = {name: parts[name].sum().cast("int64") for name in COUNTS if name in parts.columns}
    return parts.group_by(*by).aggregate(**sums, first_at=parts.first_at.min(), last_at=parts.last_at.max())


def _with_derived(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with what follows from it; None where there is nothing to divide by (G-9, T-50)."""
    return dict(row) | {
        "not_answered": row["attempts"] - row["answered"],
        "contact_rate": percent_of(row["answered"], row["attempts"]),
        "average_s": ratio(row["handled_s"], row["handled"]),
        "bot_average_s": ratio(row["bot_handled_s"], row["bot_handled"]),
    }
