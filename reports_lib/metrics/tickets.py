"""Requests for help, oldest first: since when each is open, or how long it took (CD-11).

Of the moment as-of, as the dashboard counts them (M-67). Tickets say nothing of whose they are, so a report of
one company has none.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.counted import is_open
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import end, local, naive, start
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio
from reports_lib.warehouse.statement import Dialect, Tables, statement

OPEN, CLOSED = "unresolved", "resolved"
AGES = (  # of open tickets, with the most days that each holds
    ("up to 1 day", Decimal(1)),
    ("up to 7 days", Decimal(7)),
    ("up to 30 days", Decimal(30)),
    ("over 30 days", Decimal("Infinity")),
)
DAY = 24 * 60 * 60  # seconds


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    status: Sequence[str]  # unresolved, resolved; none means all


@dataclass(frozen=True)
class Tickets:
    """What was found: tickets from the oldest, their number, the open ones by age, where data lie (G-6)."""

    rows: list[dict[str, Any]]
    total: dict[str, Any]
    by_age: list[dict[str, Any]]
    data_interval: tuple[datetime, datetime] | None


def tickets(warehouse: Warehouse, asked: Question) -> Tickets:
    """The tickets opened in the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(["help_ticket"])
    bounds = {"start": naive(asked.interval.start), "end": naive(asked.interval.end)}
    found = warehouse.ask(query, None, {name: at.isoformat(sep=" ") for name, at in bounds.items()})
    rows = [_row(row, asked) for row in found]
    rows = [row for row in rows if not asked.status or row["state"] in asked.status]
    rows.sort(key=lambda row: (row["opened_at"], row["ticket_id"]))
    waiting = [row["days"] for row in rows if row["state"] == OPEN]
    moments = [row["opened_at"].astimezone(UTC) for row in rows]
    return Tickets(
        rows=rows,
        total={"tickets": len(rows), "open": len(waiting), "longest": max(waiting, default=None)},
        by_age=by_age(waiting),
        data_interval=(moments[0], moments[-1]) if moments else None,
    )


def by_age(days: Iterable[Decimal]) -> list[dict[str, Any]]:
    """How many of these ages, in days, are of each class; the upper bound of a class belongs to it."""
    bounds = [most for _, most in AGES]
    counted = Counter(bisect_left(bounds, each) for each in days)
    return [{"age": age, "tickets": counted[place]} for place, (age, _) in enumerate(AGES)]


def compile_ahead() -> None:
    """Compile for a lake what is asked most. Asks nobody."""
    statement(Dialect(), query, None)


def query(tables: Tables, _: None) -> ir.Table:
    """One row a ticket that was opened in the period."""
    ticket = tables("help_ticket")
    told = ticket.mutate(is_open=is_open(ticket))
    told = told.mutate(ended_at=ibis.ifelse(told.is_open, ibis.null(told.resolved_at.type()), told.resolved_at))
    found = told.filter(told.opened_at >= start(), told.opened_at < end())
    return found.select("ticket_id", "opened_at", "ended_at", "is_open")


def _row(found: Mapping[str, Any], asked: Question) -> dict[str, Any]:
    opened, ended = found["opened_at"], found["ended_at"]
    until = naive(asked.as_of) if found["is_open"] else ended
    return {
        "ticket_id": found["ticket_id"],
        "number": str(found["ticket_id"]),
        "state": OPEN if found["is_open"] else CLOSED,
        "opened_at": local(opened, asked.interval.zone),
        "resolved_at": ended and local(ended, asked.interval.zone),
        "days": None if until is None else ratio((until - opened) // timedelta(seconds=1), DAY),
    }
