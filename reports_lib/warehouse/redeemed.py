"""Coupons that were redeemed: how often, when last and by whom; and whether one can be redeemed now (M-77, M-78).

    disabled        switched off, or not yet switched on
    used_up         redeemed as often as it may be: once, unless it is reusable
    expired         its last day is over
    not_yet         its first day is still to come
    available       none of these: it can be redeemed

The first of these that holds is the state of a coupon. Its days are local ones: `moments` says when they begin
and end, and these moments are what is stored, the last one inclusive.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.values.clock import midnight, wall
from reports_lib.warehouse.statement import Tables, slot

COUPONS = "coupons"  # the slot of the coupons that are asked about: their ids, `written`
_BETWEEN = ","
_LEAST = timedelta(microseconds=1)


class Coupon(Protocol):
    """What decides on whether a coupon can be redeemed, beside how often it was."""

    enabled: bool
    reusable: bool
    max_redemptions: int | None
    valid_from: datetime | None
    valid_to: datetime | None  # the last moment


def moments(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """When the local day `first` begins and when `last` ends, its last microsecond; in UTC, aware (M-78, T-63)."""
    begins = None if first is None else midnight(first, zone)
    ends = None if last is None else midnight(last + timedelta(days=1), zone) - _LEAST
    return begins, ends


def days(first: datetime | None, last: datetime | None, zone: ZoneInfo) -> tuple[date | None, date | None]:
    """The local days in which two stored moments lie, naive UTC or aware: the way back from `moments`."""
    return _day(first, zone), _day(last, zone)


def state_of(coupon: Coupon, redemptions: int, at: datetime) -> str:
    """Which of `COUPON_STATES` a coupon is in at a moment, redeemed so often; moments all naive UTC or all aware."""
    most = coupon.max_redemptions if coupon.reusable else 1
    if not coupon.enabled:
        return "disabled"
    if most is not None and redemptions >= most:
        return "used_up"
    if coupon.valid_to is not None and coupon.valid_to < at:
        return "expired"
    if coupon.valid_from is not None and at < coupon.valid_from:
        return "not_yet"
    return "available"


def state(coupon: ir.Table, redemptions: ir.IntegerValue, at: ir.TimestampValue) -> ir.StringValue:
    """`state_of` every row of the table `coupon`."""
    most = coupon.reusable.ifelse(coupon.max_redemptions, 1)
    return ibis.cases(
        (~coupon.enabled, "disabled"),
        (redemptions >= most, "used_up"),  # what is null does not hold
        (coupon.valid_to < at, "expired"),
        (at < coupon.valid_from, "not_yet"),
        else_="available",
    )


def written(ids: Iterable[int]) -> str:
    """What fills the slot `COUPONS`."""
    return _BETWEEN.join(str(each) for each in sorted(ids))


def redeemed(tables: Tables, is_some: bool = False) -> ir.Table:
    """One row a coupon that was redeemed, of all or of those in the slot `COUPONS`.

    Beside `coupon_id` and `redemptions` those of the last of them: `last_at`, `client_id` and, where the client
    has one, `email` (MS-44). Who redeemed twice counts twice (T-62).
    """
    used = _asked(tables) if is_some else tables("coupon_redemption")
    newest_first = ibis.window(group_by="coupon_id", order_by=[ibis.desc("redeemed_at"), ibis.desc("redemption_id")])
    counted = used.mutate(
        redemptions=used.count().over(ibis.window(group_by="coupon_id")), place=ibis.row_number().over(newest_first)
    )
    last = counted.filter(_.place == 0).mutate(last_at=_.redeemed_at)
    return _with_email(last, tables).select("coupon_id", "redemptions", "last_at", "client_id", "email")


def of_coupons(tables: Tables, _shape: object = None) -> ir.Table:
    """The redemptions of the coupons in the slot `COUPONS`, the newest first, with the e-mail of whoever it was."""
    used = _with_email(_asked(tables), tables)
    return used.order_by([ibis.desc("redeemed_at"), ibis.desc("redemption_id")])


def _asked(tables: Tables) -> ir.Table:
    # the text of nothing has one empty part, which is no number
    wanted = slot(COUPONS).split(_BETWEEN).unnest().name("coupon_id").as_table()
    wanted = wanted.filter(_.coupon_id != "").mutate(coupon_id=_.coupon_id.cast("int64"))
    return tables("coupon_redemption").semi_join(wanted, "coupon_id")


def _with_email(used: ir.Table, tables: Tables) -> ir.Table:
    profile = tables("client_profile").select("client_id", "email")
    return used.left_join(profile, "client_id").select(used, profile.email)


def _day(at: datetime | None, zone: ZoneInfo) -> date | None:
    if at is None:
        return None
    return wall(at if at.tzinfo else at.replace(tzinfo=UTC), zone).date()
