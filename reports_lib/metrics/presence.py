"""How long operators were online and paused, by operator and by step of time (M-40; TW-107, TW-108).

An interval counts from its start to its end, cut to the period and to as-of; one without an end lasts until
as-of. Intervals of one operator and one status that overlap or touch are merged first, so that a moment counts
once for each status:

    online   |---------|     |--|        two devices: 10 minutes and not 14
                  |------|
    paused                 |----|        a pause that overlaps is a pause as well: each status is told whole

Of a chosen group count the times within a membership. A status is of an operator and of no dialogue:
chats, messengers and bots do not narrow it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import staff
from reports_lib.metrics.dialogues import STAFF, Narrowed, doing, picks
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.timeline import buckets, end, start
from reports_lib.values.money import ratio
from reports_lib.warehouse.statement import Dialect, Tables, statement

STATUSES = ("online", "paused")
READ = ("operator_status", *staff.READ)
GROUP = "group_id"  # of the filters
HOUR = 60 * 60  # seconds
MICROSECONDS = -6  # of a second, as a power of ten
SECONDS = tuple(f"{status}_seconds" for status in STATUSES)


@dataclass(frozen=True)
class Presence:
    """Times in each status as `online_seconds`, `online_hours`, and so for `paused`: exact decimals.

    `rows` has one row an operator who was there, or was asked for, by name; `by_time` one a day, or a month of a
    long period (`step` says which), and `series` one an operator and step, in the order of both. `total` is over
    all: times of people add up.
    """

    rows: list[dict[str, Any]]
    total: dict[str, Any]
    by_time: list[dict[str, Any]]
    series: list[dict[str, Any]]
    step: str


def presence(warehouse: Warehouse, asked: Narrowed) -> Presence:
    """The times of the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(READ)
    steps, chosen = Steps.of(asked.interval, asked.as_of), picks(asked)
    shape = STAFF & set(chosen)
    found = warehouse.ask(query, shape, steps.values | chosen) if steps.buckets else []
    names = staff.names(warehouse)
    operators = {row["operator_id"] for row in found} | {int(each) for each in asked.operator}
    order = sorted(operators, key=lambda each: (staff.called(names, each).casefold(), each))
    own = _sums(found, "operator_id")
    series = steps.series(_sums(found, "number", "operator_id").values(), "operator_id", order, SECONDS)
    return Presence(
        rows=[_row({"operator_id": each, **own[each,]}, names) for each in order],
        total=_told(_sums(found)[()]),
        by_time=[_told(row) for row in steps.rows(_sums(found, "number").values(), SECONDS)],
        series=[_row(row, names) for row in series],
        step=steps.name,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), query, frozenset())


def query(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Microseconds by number of the step, operator and status."""
    whole = merged(_cut(tables, chosen))
    bucket = buckets()
    met = whole.inner_join(bucket, [whole.begins < bucket.ends, bucket.starts < whole.ends])
    parts = met.select(
        bucket.number,
        whole.operator_id,
        whole.status,
        begins=ibis.greatest(whole.begins, bucket.starts),
        ends=ibis.least(whole.ends, bucket.ends),
    )
    parts = parts.mutate(lasted=parts.ends.delta(parts.begins, unit="microsecond"))
    return parts.group_by("number", "operator_id", "status").aggregate(microseconds=_.lasted.sum().cast("int64"))


def merged(intervals: ir.Table) -> ir.Table:
    """The moments in `intervals`, as intervals of an operator and status that neither overlap nor touch."""
    of_one: dict[str, Any] = {"group_by": ["operator_id", "status"], "order_by": ["begins", "ends"]}
    before = ibis.window(**of_one, preceding=(None, 1), following=None)
    so_far = ibis.window(**of_one, preceding=None, following=0)
    reached = intervals.mutate(reach=intervals.ends.max().over(before))
    is_apart = reached.reach.isnull() | (reached.reach < reached.begins)
    apart = reached.mutate(is_apart=is_apart.ifelse(1, 0))
    counted = apart.mutate(place=apart.is_apart.sum().over(so_far))
    return counted.group_by("operator_id", "status", "place").aggregate(begins=_.begins.min(), ends=_.ends.max())


def _cut(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Intervals within the period, before as-of, and within a membership of the groups that were chosen."""
    status = tables("operator_status")
    found = status.filter(status.status.isin(STATUSES)).select(
        "operator_id", "status", "from_at", "to_at", at=_.from_at
    )
    found = doing(found, tables, chosen - {GROUP})
    found = found.select(
        "operator_id",
        "status",
        begins=ibis.greatest(found.from_at, start()),
        ends=ibis.least(found.to_at.coalesce(end()), end()),
    )
    if GROUP in chosen:
        member = staff.memberships(tables)
        met = found.inner_join(member, "operator_id")
        found = met.select(
            "operator_id",
            "status",
            begins=ibis.greatest(met.begins, met.from_at.coalesce(met.begins)),
            ends=ibis.least(met.ends, met.to_at.coalesce(met.ends)),
        )
    return found.filter(_.begins < _.ends)


def _sums(found: Iterable[Mapping[str, Any]], *by: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Seconds of each status by these columns, which are there as well."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(lambda: dict.fromkeys(SECONDS, Decimal(0)))
    for row in found:
        one = sums[tuple(row[name] for name in by)]
        one |= {name: row[name] for name in by}
        one[f"{row['status']}_seconds"] += Decimal(row["microseconds"]).scaleb(MICROSECONDS)
    return sums


def _row(found: Mapping[str, Any], names: dict[int, str]) -> dict[str, Any]:
    return _told(found) | {"operator": staff.called(names, found["operator_id"])}


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    return dict(found) | {f"{status}_hours": ratio(found[f"{status}_seconds"], HOUR) for status in STATUSES}
