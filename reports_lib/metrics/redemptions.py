"""Coupons that were redeemed: over time, by type, by discount and by group (M-77, MS-69).

A redemption counts at its own moment, whatever the days of its coupon say. One of a coupon that can be redeemed
again counts each time (T-62). What the warehouse does not know of a coupon is told as unknown.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.dashboard import Scoped
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.tallies import added, data_interval, whole, wide, with_extent
from reports_lib.metrics.timeline import place_within
from reports_lib.values.interval import Interval
from reports_lib.values.selling import COUPON_TYPES, DISCOUNT_TYPES, UNKNOWN, label
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Dialect, Tables, statement

READ = ("coupon", "coupon_group", "coupon_redemption")


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime


@dataclass(frozen=True)
class Redemptions:
    """What was found; each row has its `redemptions`, and where it is of one thing its `share` of all.

    `by_group` has a row for each group that there is, with its `coupons` and how many of them are `used`, at any
    time before as-of. One company sees only the coupons that were used, so how many there are is None to it.
    `by_step` has one row a day or month, as `step` says; `by_type_and_step` one a step and type.
    """

    total: dict[str, Any]
    by_step: list[dict[str, Any]]
    by_type_and_step: list[dict[str, Any]]
    by_type: list[dict[str, Any]]
    by_discount: list[dict[str, Any]]
    by_group: list[dict[str, Any]]
    step: str
    data_interval: tuple[datetime, datetime] | None

    @property
    def types(self) -> list[str]:
        """The types of the coupons that were redeemed."""
        return [row["type"] for row in self.by_type]

    @property
    def total_by_type(self) -> dict[str, Any]:
        """The redemptions of each type, under its name."""
        return {row["type"]: row["redemptions"] for row in self.by_type}

    @property
    def groups_used(self) -> list[dict[str, Any]]:
        """The groups of whose coupons some were redeemed in the period."""
        return [row for row in self.by_group if row["redemptions"]]

    @property
    def wide(self) -> list[dict[str, Any]]:
        """One row a step: its redemptions, and a column for those of each type."""
        of_type = {row["key"]: row for row in wide(self.by_type_and_step, "type", "redemptions")}
        return [row | of_type.get(row["key"], {}) for row in self.by_step]


def redemptions(warehouse: Scoped, asked: Question) -> Redemptions:
    """The redemptions of the period. Raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(READ)
    steps = Steps.of(asked.interval, asked.as_of)
    found = warehouse.ask(by_step, None, steps.values) if steps.buckets else []
    rows = [_row(row) for row in sorted(found, key=_order)]
    by_type = _parted(rows, "type")
    types = [row["type"] for row in by_type]
    of_both = added(rows, ["number", "type"], ["redemptions"])
    total = whole(rows, ["redemptions"])
    by_group = _groups(rows, warehouse.ask(groups), is_whole=warehouse.scope.is_whole)
    return Redemptions(
        total=total
        | {"share": shares([total["redemptions"]])[0], "used": sum(row["used"] or 0 for row in by_group)}
        | {"coupons": sum(row["coupons"] or 0 for row in by_group) if warehouse.scope.is_whole else None},
        by_step=with_extent(steps.rows(added(rows, ["number"], ["redemptions"]), ["redemptions"])),
        by_type_and_step=with_extent(steps.series(of_both, "type", types, ["redemptions"])),
        by_type=by_type,
        by_discount=_parted(rows, "discount"),
        by_group=by_group,
        step=steps.name,
        data_interval=data_interval(found),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked. Asks nobody."""
    for build in (by_step, groups):
        statement(Dialect(), build, None)


def by_step(tables: Tables, _shape: None) -> ir.Table:
    """One row a step, group and kind of coupon: how often coupons were redeemed."""
    coupon, used = tables("coupon"), tables("coupon_redemption")
    named = used.left_join(coupon, "coupon_id")
    facts = named.select(coupon.group_id, coupon.coupon_type, coupon.discount_type, at=used.redeemed_at)
    placed = place_within(facts).group_by("number", "group_id", "coupon_type", "discount_type")
    return placed.aggregate(redemptions=_.count(), first_at=_.at.min(), last_at=_.at.max())


def groups(tables: Tables, _shape: None = None) -> ir.Table:
    """One row a group: how many coupons it has, and how many of them were redeemed at least once."""
    coupon, group = tables("coupon"), tables("coupon_group")
    used = tables("coupon_redemption").select("coupon_id", is_used=1).distinct()
    told = coupon.left_join(used, "coupon_id").select(coupon.group_id, used.is_used)
    counted = told.group_by("group_id").aggregate(coupons=_.count(), used=_.is_used.count())
    found = group.left_join(counted, "group_id")
    return found.select(group.group_id, group.name, coupons=counted.coupons.coalesce(0), used=counted.used.coalesce(0))


def _order(found: Mapping[str, Any]) -> tuple[Any, ...]:
    return found["number"], found["group_id"] or 0, found["coupon_type"] or "", found["discount_type"] or ""


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {
        "type": label(COUPON_TYPES, found["coupon_type"]),
        "discount": label(DISCOUNT_TYPES, found["discount_type"]),
    }
    return {name: found[name] for name in ("number", "group_id", "redemptions")} | kinds


def _parted(rows: Sequence[Mapping[str, Any]], by: str) -> list[dict[str, Any]]:
    """One row a value of `by`, the most redeemed first."""
    found = added(rows, [by], ["redemptions"])
    found.sort(key=lambda row: (-row["redemptions"], row[by]))
    parts = shares([row["redemptions"] for row in found])
    return [row | {"share": part} for row, part in zip(found, parts, strict=True)]


def _groups(
    rows: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]], *, is_whole: bool
) -> list[dict[str, Any]]:
    """Every group with its redemptions, the most redeemed first; groups of one name have their number behind it."""
    of_group = {row["group_id"]: row["redemptions"] for row in added(rows, ["group_id"], ["redemptions"])}
    taken = Counter(row["name"] for row in known)
    found = [
        {
            "group_id": row["group_id"],
            "group": row["name"] if taken[row["name"]] == 1 else f"{row['name']} ({row['group_id']})",
            "redemptions": of_group.pop(row["group_id"], 0),
            "coupons": row["coupons"] if is_whole else None,
            "used": row["used"],
        }
        for row in known
    ]
    if rest := sum(of_group.values()):
        found.append({"group_id": None, "group": UNKNOWN, "redemptions": rest, "coupons": None, "used": None})
    found.sort(key=lambda row: (-row["redemptions"], row["group"], row["group_id"] or 0))
    parts = shares([row["redemptions"] for row in found])
    return [row | {"share": part} for row, part in zip(found, parts, strict=True)]
