"""Customers who registered, were activated and watched, and how many there are at the end of each step (M-70).

registered, activated            by the moment of it, whether the customer was deleted since or not
registered users, active users   at a moment: registered, or activated, before it and not deleted before it
watching                         had a log-in or a playback in the step, each customer once
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.clientele import Filters, customers, of_customers, picks
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.tallies import data_interval, with_extent
from reports_lib.metrics.timeline import place, place_within
from reports_lib.values.interval import Interval
from reports_lib.warehouse.statement import Dialect, Tables, statement

READ = ("client", "client_profile", "client_session", "playback")
FLOWS = {"registered": "Registered", "activated": "Activated"}
STOCKS = {"registered_users": ("registered", "registered_left"), "active_users": ("activated", "activated_left")}
USERS = {"registered_users": "Registered users", "active_users": "Active users"}

Row = dict[str, Any]


class Question(Filters, Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime


@dataclass(frozen=True)
class Registrations:
    """What was found, by day or month, as `step` says; `total` has the flows of the period and its end's users.

    Users of a period that has not begun are None. `flows` and `users` are the steps once more, a row a step and kind.
    """

    total: Row
    by_step: list[Row]
    step: str
    data_interval: tuple[datetime, datetime] | None

    @property
    def flows(self) -> list[Row]:
        """Customers who registered and who were activated, one row a step and each of the two."""
        return self._long(FLOWS)

    @property
    def users(self) -> list[Row]:
        """Registered and active users at the end of each step, likewise."""
        return self._long(USERS)

    def _long(self, labels: dict[str, str]) -> list[Row]:
        return [
            {"key": row["key"], "kind": label, "customers": row[name]}
            for row in self.by_step
            for name, label in labels.items()
        ]


def registrations(warehouse: Warehouse, asked: Question) -> Registrations:
    """The figures of the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(READ)
    steps, chosen = Steps.of(asked.interval, asked.as_of), picks(asked)
    moved, watched = [], []
    if steps.buckets:
        values = steps.values | chosen
        moved = warehouse.ask(moves, frozenset(chosen), values)
        watched = warehouse.ask(watching, frozenset(chosen), values)
    by_step = _by_step(steps, moved, watched)
    whole = [row["customers"] for row in watched if row["number"] is None]
    return Registrations(
        total={name: sum(row[name] for row in by_step) for name in FLOWS}
        | {name: by_step[-1][name] if by_step else None for name in STOCKS}
        | {"watching": sum(whole)},
        by_step=with_extent(by_step),
        step=steps.name,
        data_interval=data_interval(_counted(moved, watched)),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    for build in (moves, watching):
        statement(Dialect(), build, frozenset())


def moves(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """How many customers came and went, by bucket (0 is all that was before the first) and what they did.

    Who is deleted leaves the registered users and, if he was activated, the active ones.
    """
    client = customers(tables, chosen)
    gone = client.filter(client.deleted_at.notnull())
    parts = [
        _events("registered", client, client.created_at),
        _events("activated", client, client.activated_at),
        _events("registered_left", gone, ibis.greatest(gone.created_at, gone.deleted_at)),
        _events("activated_left", gone, _later(gone)),
    ]
    placed = place(ibis.union(*parts))
    return placed.group_by("number", "kind").aggregate(customers=_.count(), first_at=_.at.min(), last_at=_.at.max())


def watching(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """How many customers logged in or watched something, by bucket; without a number, in all of the period."""
    facts = [tables(name).select("client_id", at=_.started_at) for name in ("client_session", "playback")]
    placed = place_within(of_customers(ibis.union(*facts), tables, chosen))
    each = placed.group_by("client_id", "number").aggregate(first_at=_.at.min(), last_at=_.at.max())
    extent = {"first_at": _.first_at.min(), "last_at": _.last_at.max()}
    by_step = each.group_by("number").aggregate(customers=_.count(), **extent)
    whole = each.aggregate(customers=_.client_id.nunique(), **extent).mutate(number=ibis.null("int64"))
    return by_step.union(whole.select(by_step.columns))


def _events(kind: str, client: ir.Table, at: ir.TimestampValue) -> ir.Table:
    found = client.select(kind=ibis.literal(kind), at=at)
    return found.filter(found.at.notnull())


def _later(gone: ir.Table) -> ir.TimestampValue:
    """When one who was activated left; null if he never was. Engines disagree over the greatest of a null."""
    return ibis.ifelse(gone.activated_at.notnull(), ibis.greatest(gone.activated_at, gone.deleted_at), None)


def _by_step(steps: Steps, moved: Sequence[Row], watched: Sequence[Row]) -> list[Row]:
    counts = {(row["number"], row["kind"]): row["customers"] for row in moved}
    seen = {row["number"]: row["customers"] for row in watched}
    numbers = range(len(steps.buckets) + 1)
    users = {
        name: list(accumulate(counts.get((n, came), 0) - counts.get((n, left), 0) for n in numbers))
        for name, (came, left) in STOCKS.items()
    }
    return [
        {"key": bucket.key, "is_partial": bucket.is_partial}
        | {name: counts.get((bucket.number, name), 0) for name in FLOWS}
        | {name: running[bucket.number] for name, running in users.items()}
        | {"watching": seen.get(bucket.number, 0)}
        for bucket in steps.buckets
    ]


def _counted(moved: Sequence[Row], watched: Sequence[Row]) -> list[Row]:
    """The rows of what happened within the period."""
    return [row for row in moved if row["number"] and row["kind"] in FLOWS] + [row for row in watched if row["number"]]
