"""How often our coupons were redeemed, as far as whoever reads the warehouse may know (MS-29, MS-44, M-77).

In the warehouse their ids and those of their groups are below 0; here they are as we keep them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.redeemed import COUPONS, redeemed, written
from reports_lib.warehouse.statement import Tables, slot

GROUP = "coupon_group"  # a slot
_NEEDED = ("coupon", "coupon_redemption", "client_profile")


@dataclass(frozen=True, slots=True)
class Use:
    """How often a coupon was redeemed, and the last time: when, by which client and his e-mail."""

    redemptions: int = 0
    last_at: datetime | None = None
    client_id: int | None = None
    email: str | None = None


NEVER = Use()


def of_coupons(warehouse: Warehouse, ids: Collection[int]) -> dict[int, Use]:
    """The use of each of these coupons that was redeemed."""
    warehouse.check(_NEEDED)
    rows = warehouse.ask(redeemed, True, {COUPONS: written(-each for each in ids)})
    return {
        -row["coupon_id"]: Use(
            row["redemptions"], row["last_at"].replace(tzinfo=UTC), row["client_id"], row["email"]
        )
        for row in rows
    }  # fmt: skip


def by_group(warehouse: Warehouse) -> dict[int, int]:
    """How many coupons were redeemed at least once, of each of our groups that has any."""
    warehouse.check(_NEEDED)
    return {-row["group_id"]: row["used"] for row in warehouse.ask(_by_group)}


def used_up(warehouse: Warehouse, group_id: int | None = None) -> list[int]:
    """Our coupons that were redeemed as often as they may be, of one group or of all."""
    warehouse.check(_NEEDED)
    values = {} if group_id is None else {GROUP: str(-group_id)}
    return [-row["coupon_id"] for row in warehouse.ask(_used_up, group_id is not None, values)]


def _redeemed(tables: Tables) -> ir.Table:
    """Our coupons that were redeemed, and how often."""
    times = tables("coupon_redemption").filter(_.coupon_id < 0).group_by("coupon_id").agg(redemptions=_.count())
    return tables("coupon").inner_join(times, "coupon_id")


def _by_group(tables: Tables, _shape: object) -> ir.Table:
    return _redeemed(tables).group_by("group_id").agg(used=_.count())


def _used_up(tables: Tables, is_of_group: bool) -> ir.Table:
    found = _redeemed(tables)
    if is_of_group:
        found = found.filter(_.group_id == slot(GROUP).cast("int64"))
    most = found.reusable.ifelse(found.max_redemptions, ibis.literal(1, "int64"))
    return found.filter(found.redemptions >= most).select("coupon_id")
