"""The rows of the lists: what they say of each coupon (MS-44)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from reports_lib.ops.coupon_listing import CouponRow
from reports_lib.portal.coupons.offered import called
from reports_lib.portal.coupons.words import SHAPES, STATES, TYPES, availability, discount, local_day
from reports_lib.portal.language import _, number
from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.redeemed import days


@dataclass(frozen=True)
class Row:
    """One coupon; `of_what` is the media or the plan that it is for, "" if any will do."""

    of: CouponRow
    zone: ZoneInfo
    of_what: str = ""

    @classmethod
    def each(cls, found: Sequence[CouponRow], zone: ZoneInfo, warehouse: Warehouse) -> list[Self]:
        """Those of a page, with the names of what they are for."""
        media = called(warehouse, "content", (row.coupon.content_id for row in found if row.coupon.content_id))
        plans = called(warehouse, "package", (row.coupon.package_id for row in found if row.coupon.package_id))

        def of_what(row: CouponRow) -> str:
            content, package = row.coupon.content_id, row.coupon.package_id
            if content is not None:
                return media.get(content, str(content))
            return plans.get(package, str(package)) if package is not None else ""

        return [cls(row, zone, of_what(row)) for row in found]

    @property
    def id(self) -> int:
        """Its number."""
        return self.of.coupon.id

    @property
    def code(self) -> str:
        """What customers type."""
        return self.of.coupon.code

    @property
    def detail(self) -> str:
        """What it is for."""
        return self.of.coupon.detail or ""

    @property
    def group(self) -> str:
        """Its group's name."""
        return self.of.group

    @property
    def group_url(self) -> str:
        """Where that is."""
        return f"/coupons/{self.of.coupon.group_id}"

    @property
    def kind(self) -> str:
        """Its type."""
        return _(TYPES[self.of.coupon.coupon_type])

    @property
    def gives(self) -> str:
        """What it gives."""
        coupon = self.of.coupon
        until = local_day(coupon.trial_until, self.zone)
        return discount(coupon.discount_type, coupon.discount_percent, coupon.trial_days, until)

    @property
    def availability(self) -> str:
        """When it can be redeemed."""
        return availability(*days(self.of.coupon.valid_from, self.of.coupon.valid_to, self.zone))

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return self.of.state

    @property
    def word(self) -> str:
        """The same in a word."""
        return _(STATES[self.of.state])

    @property
    def shape(self) -> str:
        """The shape of its badge."""
        return SHAPES[self.of.state]

    @property
    def redeemed(self) -> str:
        """How often it was redeemed, and how often it may be where that is more than once."""
        coupon, times = self.of.coupon, number(self.of.use.redemptions)
        if not coupon.reusable or coupon.max_redemptions is None:
            return times
        return _("{count} of {most}").format(count=times, most=number(coupon.max_redemptions))

    @property
    def last_at(self) -> datetime | None:
        """When it was redeemed last."""
        return self.of.use.last_at

    @property
    def who(self) -> str:
        """By whom."""
        use = self.of.use
        return use.email or _("Customer {number}").format(number=use.client_id)

    @property
    def who_url(self) -> str:
        """The card of that customer."""
        return f"/customers/{self.of.use.client_id}"
