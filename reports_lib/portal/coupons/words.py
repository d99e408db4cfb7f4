"""What coupons are called: their types, what they give, when they can be redeemed, and the state that they are in."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from reports_lib.database.schema import CouponType, DiscountType
from reports_lib.portal import language
from reports_lib.portal.language import N_, _, ngettext
from reports_lib.warehouse.redeemed import days

TYPES: dict[str, str] = {  # MS-36 to MS-38
    CouponType.PPV_LIVE: N_("PPV live"),
    CouponType.PPV_VOD: N_("PPV VOD"),
    CouponType.PLAN: N_("Plan"),
}
DISCOUNTS: dict[str, str] = {  # MS-39 to MS-41
    DiscountType.PERCENT: N_("Percentage"),
    DiscountType.TRIAL_DAYS: N_("Trial days"),
    DiscountType.TRIAL_UNTIL: N_("Trial until a date"),
}
STATES = {  # as `selling.COUPON_STATES`
    "available": N_("Available"),
    "not_yet": N_("Not yet available"),
    "used_up": N_("Used up"),
    "expired": N_("Expired"),
    "disabled": N_("Disabled"),
}
SHAPES = {  # of the badge
    "available": "generated",
    "not_yet": "queued",
    "used_up": "partly",
    "expired": "cancelled",
    "disabled": "error",
}


def named(words: Mapping[str, str]) -> dict[str, str]:
    """Words of a table in the language of the answer."""
    return {str(name): _(word) for name, word in words.items()}


def discount(kind: str, percent: Decimal | None, trial_days: int | None, until: date | None) -> str:
    """What a coupon gives."""
    if kind == DiscountType.PERCENT and percent is not None:
        return _("{percent} % off").format(percent=language.number(percent.normalize()))
    if kind == DiscountType.TRIAL_DAYS and trial_days is not None:
        return ngettext("{count} day of trial", "{count} days of trial", trial_days)
    return _("trial until {day}").format(day=language.day(until))


def availability(first: date | None, last: date | None) -> str:
    """On which days it can be redeemed, the last one too."""
    if first and last:
        return _("{start} to {end}").format(start=language.day(first), end=language.day(last))
    if first:
        return _("from {day}").format(day=language.day(first))
    return _("until {day}").format(day=language.day(last)) if last else _("always")


def local_day(at: datetime | None, zone: ZoneInfo) -> date | None:
    """The day in which a moment lies."""
    return days(at, None, zone)[0]
