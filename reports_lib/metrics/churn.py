"""Customers who stopped paying, from one moment to another (M-74).

    paying at a moment   an entitlement that was paid for covers it: starts_at <= moment < ends_at + grace
    lost of them         none covers the later moment; who lapsed and came back in between is not lost
    churn                lost of those who paid at the start, in per cent

Moments are the ends of local months, and of the whole period: each figure goes from point to point and is no
average. Edges after as-of are those of as-of.

    edges   1 2026-08-31 21:00    hops   0  from 1 to 3   the period
            2 2026-09-30 21:00           1  from 1 to 2   2026-09
            3 2026-10-31 22:00           2  from 2 to 3   2026-10
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import ParameterError
from reports_lib.metrics.clientele import Filters, of_customers, picks
from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.takings import TAKEN_BACK
from reports_lib.metrics.tallies import with_extent
from reports_lib.metrics.timeline import TIME, naive
from reports_lib.values.interval import Interval
from reports_lib.values.money import percent_of
from reports_lib.values.spine import Bucket, Unit, spine
from reports_lib.warehouse.statement import Dialect, Tables, as_of, slot, statement

READ = ("client_profile", "entitlement", "package", "payment")
MOST_DAYS = 366
WHOLE = 0  # the hop of the whole period
ONE_TIME = "one_time"
NOBODY = {"paying": 0, "lost": 0}

Row = dict[str, Any]


class Question(Filters, Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    grace_days: int  # that an entitlement covers after its end


@dataclass(frozen=True)
class Churn:
    """Customers `paying` at the start, `lost` of them at the end, and `churn` in per cent: None if nobody paid.

    `total` is of the whole period, `by_month` has a row a month, the last up to as-of.
    """

    total: Row
    by_month: list[Row]


def churn(warehouse: Warehouse, asked: Question) -> Churn:
    """The figures of the period.

    Raises `ParameterError` for days of grace below 0 or above `MOST_DAYS`, `WarehouseError` naming all that the
    warehouse lacks.
    """
    if not 0 <= asked.grace_days <= MOST_DAYS:
        raise ParameterError(f"grace_days: {asked.grace_days} is not from 0 to {MOST_DAYS}")
    warehouse.check(READ)
    months, chosen = spine(asked.interval, Unit.MONTH, asked.as_of), picks(asked)
    found = {}
    if months:
        asking = warehouse.ask(lost, frozenset(chosen), values(months, asked.grace_days) | chosen)
        found = {row["hop"]: row for row in asking}
    rows = [{"key": month.key, "is_partial": month.is_partial} | _figures(found, month.number) for month in months]
    return Churn(_figures(found, WHOLE), with_extent(rows))


def values(months: Sequence[Bucket], grace_days: int) -> dict[str, str]:
    """What fills the slots of `lost` and `paying`."""
    edges = [naive(months[0].start), *(naive(month.end) for month in months)]
    late = [edge - timedelta(days=grace_days) for edge in edges]  # what ended after that still covers the edge
    steps = [(month.number, month.number, month.number + 1) for month in months]
    return {
        "edges": packed(zip(range(1, len(edges) + 1), edges, late, strict=True)),
        "hops": packed([(WHOLE, 1, len(edges)), *steps]),
        "last_edge": edges[-1].isoformat(sep=" "),
        "first_late": late[0].isoformat(sep=" "),
    }


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), lost, frozenset())


def lost(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """One row a hop from edge to edge that somebody paid at the start of: how many, and how many no more at its end."""
    before, after = paying(tables, chosen), paying(tables, chosen).view()
    hops = inline("hops", {"hop": "int64", "begins": "int64", "ends": "int64"})
    begun = before.inner_join(hops, before.edge == hops.begins).select("client_id", "hop", "ends")
    met = begun.left_join(after, [begun.client_id == after.client_id, begun.ends == after.edge])
    kept = met.select(begun.hop, is_lost=after.edge.isnull())
    return kept.group_by("hop").aggregate(paying=_.count(), lost=_.is_lost.sum())


def paying(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Each customer once for every `edge` at which something that was paid for gave access."""
    edges = inline("edges", {"edge": "int64", "at": TIME, "late": TIME})
    edges = edges.distinct()  # or Postgres takes the text apart anew for each entitlement
    paid = _paid(tables, chosen)
    covering = paid.inner_join(edges, [paid.starts_at <= edges.at, paid.ends_at > edges.late])
    unpaid = covering.refunded_at <= covering.at
    return covering.filter(unpaid.isnull() | ~unpaid).select("client_id", "edge").distinct()


def _paid(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Entitlements that reach into the period and were paid for, each with the moment of its full refund, if any.

    Trials, what cost nothing and what is sold singly are not paying; a refund since as-of was none yet.
    """
    given = tables("entitlement")
    given = given.filter(
        given.paid_amount > 0,
        ~given.is_trial,
        given.starts_at <= slot("last_edge").cast(TIME),
        given.ends_at > slot("first_late").cast(TIME),
    )
    package = tables("package")
    given = given.anti_join(package.filter(package.kind == ONE_TIME), "package_id")
    refunded = of_customers(given, tables, chosen).left_join(_refunds(tables("payment")), "source_payment_id")
    return refunded.select("client_id", "starts_at", "ends_at", "refunded_at")


def _refunds(payment: ir.Table) -> ir.Table:
    """Payments that were given back in full, and when; one that was taken back without an amount was so in full."""
    is_taken_back, told = payment.status.isin(TAKEN_BACK), payment.refunded_amount
    is_whole = (told >= payment.amount) | (is_taken_back & (told <= 0))
    recorded = is_taken_back.ifelse(payment.paid_at.coalesce(payment.created_at), None)  # where nobody says when
    found = payment.filter(is_whole).select(
        source_payment_id=payment.payment_id, refunded_at=payment.refunded_at.coalesce(recorded)
    )
    return found.filter(found.refunded_at < as_of())


def _figures(found: Mapping[int, Row], hop: int) -> Row:
    row = found.get(hop, NOBODY)
    counts = {name: int(row[name]) for name in NOBODY}  # some engines make decimals of a sum
    return counts | {"churn": percent_of(counts["lost"], counts["paying"])}
