"""Coupons: their groups, what became of each, by whom, and how often they were redeemed in a period (M-77, M-78).

    groups         those that are asked for; their coupons are counted all, whichever are asked for (MS-26 … MS-29)
    coupons        those that are asked for, each in its state at as-of, with whoever redeemed it last (MS-44)
    redemptions    of these coupons in the period, by type, discount and group; each counts (T-62)

The lists of coupons and of redemptions are streamed: nobody holds them all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from reports_lib.metrics import coupon_rows, coupon_search
from reports_lib.metrics.coupon_search import Question, Shape, shape_of, values_of
from reports_lib.metrics.dashboard import Scoped
from reports_lib.metrics.streamed import Clocks, streamed
from reports_lib.metrics.tallies import added, data_interval, shared, whole
from reports_lib.metrics.timeline import local
from reports_lib.values.selling import COUPON_STATES, COUPON_TYPES, DISCOUNT_TYPES, UNKNOWN, label
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Build, Dialect, Tables, statement

GROUPS = 12  # in one chart
THE_REST = "All others"


class Warehouse(Scoped, Protocol):
    """One that knows whose rows it reads, and gives them in batches too."""

    def lazy(self, build: Build, shape: object = None, values: Mapping[str, str] = ...) -> ir.Table:
        """What `ask` would ask, asked only when its rows are taken."""


@dataclass(frozen=True)
class Coupons:
    """What was found, and what reads the lists.

    `total` says how many `coupons` are asked for, how many of them are `used`, and their `redemptions` in the
    period; `by_state` counts the coupons, `by_type`, `by_discount` and `by_group` those redemptions. One company sees
    only coupons that were used, so how many a group has is None to it. `ever` is the interval in which any of them
    can have been redeemed; data lie where redemptions do (G-6).
    """

    groups: list[dict[str, Any]]
    groups_total: dict[str, Any]
    total: dict[str, Any]
    by_state: list[dict[str, Any]]
    by_type: list[dict[str, Any]]
    by_discount: list[dict[str, Any]]
    by_group: list[dict[str, Any]]
    ever: str
    data_interval: tuple[datetime, datetime] | None
    _coupons: ir.Table
    _redemptions: ir.Table
    _asked: Question
    _since: datetime

    @property
    def largest_groups(self) -> list[dict[str, Any]]:
        """The groups with the most redemptions that a chart has room for; the others stand together."""
        if len(self.by_group) <= GROUPS:
            return self.by_group
        first, rest = self.by_group[: GROUPS - 1], self.by_group[GROUPS - 1 :]
        return [*first, whole(rest, ["redemptions", "share"]) | {"group": THE_REST}]

    def rows(self) -> pa.RecordBatchReader:
        """The coupons, the newest first, a batch at a time, with times and days on the clocks of the report's zone.

        The warehouse is asked now, and must stay open until the last row is taken.
        """
        return coupon_rows.in_words(
            streamed(self._coupons, self._clocks, ["created_at", "last_at"]), self._asked.interval.zone
        )

    def redemptions(self) -> pa.RecordBatchReader:
        """The redemptions of the period, the newest first, as `rows` has the coupons."""
        return streamed(self._redemptions, self._clocks, ["redeemed_at"])

    @property
    def _clocks(self) -> Clocks:
        return Clocks.of(self._since, self._asked.as_of, self._asked.interval.zone)


def coupons(warehouse: Warehouse, asked: Question) -> Coupons:
    """The coupons and groups that are asked for.

    Raises `ParameterError` for days of which the last comes first, `WarehouseError` naming all that the warehouse
    lacks.
    """
    warehouse.check(coupon_rows.READ)
    shape, values = shape_of(asked), values_of(asked)
    zone = asked.interval.zone
    states = warehouse.ask(states_of, shape, values)
    is_whole = warehouse.scope.is_whole
    found = _apart([_row(row) for row in sorted(warehouse.ask(redeemed, shape, values), key=_order)])
    of_group = {row["group_id"]: row["redemptions"] for row in added(found, ["group_id"], ["redemptions"])}
    listed = warehouse.ask(coupon_search.groups, shape, values)
    since = min((row[name] for row in states for name in ("made_first", "used_first") if row[name]), default=None)
    first = asked.as_of - timedelta(days=1) if since is None else since.replace(tzinfo=UTC)
    return Coupons(
        groups=[_group(row, of_group, zone) | _seen(row, is_whole) for row in sorted(listed, key=_newest)],
        groups_total=_groups_total(listed, of_group, is_whole),
        total=whole(states, ["coupons", "used"]) | _whole(found),
        by_state=_by_state(states),
        by_type=shared(added(found, ["type"], ["redemptions"]), "type", "redemptions"),
        by_discount=shared(added(found, ["discount"], ["redemptions"]), "discount", "redemptions"),
        by_group=shared(added(found, ["group"], ["redemptions"]), "group", "redemptions"),
        ever=f"{local(first, zone):%Y-%m-%d}/{asked.as_of.astimezone(zone):%Y-%m-%d}",
        data_interval=data_interval(found),
        _coupons=warehouse.lazy(coupon_rows.coupons, shape, values),
        _redemptions=warehouse.lazy(coupon_rows.redemptions, shape, values),
        _asked=asked,
        _since=first,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most. Asks nobody."""
    for build in (coupon_search.groups, states_of, redeemed):
        statement(Dialect(), build, Shape())


def states_of(tables: Tables, shape: Shape) -> ir.Table:
    """How many coupons there are in each state, and how many of them were redeemed."""
    found = coupon_search.coupons(tables, shape)
    return found.group_by("state").aggregate(
        coupons=_.count(),
        used=(_.redemptions > 0).sum().cast("int64"),
        made_first=_.created_at.min(),
        used_first=_.last_at.min(),
    )


def redeemed(tables: Tables, shape: Shape) -> ir.Table:
    """How often coupons of each group and kind were redeemed in the period."""
    used = coupon_rows.within(tables, shape)
    return used.group_by("group_id", "group", "coupon_type", "discount_type").aggregate(
        redemptions=_.count(), first_at=_.redeemed_at.min(), last_at=_.redeemed_at.max()
    )


def _order(found: Mapping[str, Any]) -> tuple[Any, ...]:
    return found["group_id"], found["coupon_type"], found["discount_type"]


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    return dict(found) | {
        "group": found["group"] or UNKNOWN,
        "type": label(COUPON_TYPES, found["coupon_type"]),
        "discount": label(DISCOUNT_TYPES, found["discount_type"]),
    }


def _apart(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows; groups of one name have their number behind it."""
    taken = Counter(name for name, _id in {(row["group"], row["group_id"]) for row in rows})
    return [row | ({"group": f"{row['group']} ({row['group_id']})"} if taken[row["group"]] > 1 else {}) for row in rows]


def _newest(group: Mapping[str, Any]) -> tuple[timedelta, str, int]:
    """The newest first, then by name and number (G-11)."""
    return datetime.max - group["created_at"], group["name"], group["group_id"]  # noqa: DTZ901


def _group(found: Mapping[str, Any], of_group: Mapping[int, int], zone: ZoneInfo) -> dict[str, Any]:
    return dict(found) | {
        "created_at": local(found["created_at"], zone),
        "is_used": "Yes" if found["used"] else "No",
        "in_period": of_group.get(found["group_id"], 0),
    }


def _seen(found: Mapping[str, Any], is_whole: bool) -> dict[str, Any]:
    return {"coupons": found["coupons"] if is_whole else None}


def _groups_total(listed: Sequence[Mapping[str, Any]], of_group: Mapping[int, int], is_whole: bool) -> dict[str, Any]:
    sums = whole(listed, ["coupons", "used", "redemptions"])
    in_period = sum(of_group.get(row["group_id"], 0) for row in listed)
    return sums | _seen(sums, is_whole) | {"groups": len(listed), "in_period": in_period}


def _whole(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total = whole(found, ["redemptions"])
    return total | {"share": shares([total["redemptions"]])[0]}


def _by_state(states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a state in their usual order, those without coupons too."""
    number = {row["state"]: row["coupons"] for row in states}
    counts = [number.get(name, 0) for name in COUPON_STATES]
    return [
        {"state": word, "coupons": count, "share": part}
        for word, count, part in zip(COUPON_STATES.values(), counts, shares(counts), strict=True)
    ]
