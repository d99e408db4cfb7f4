"""The addresses of the lists of coupons: all of their state, so that it can be kept, sent and gone back to.

    /coupons?q=reward&used=yes&since=2026-10-01T00:00            groups, and coupons that are like that
    /coupons/1000000017?q=WELCOME&state=available&before=…       the coupons of a group
    /coupons/1000000017?operation=17                             those that one operation made

Times are of the workspace's zone. What cannot be read is said beside its field and narrows nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from reports_lib.database.schema import CouponType, DiscountType
from reports_lib.ops.coupon_listing import WantedCoupons, WantedGroups
from reports_lib.portal.coupons.words import DISCOUNTS, STATES, TYPES
from reports_lib.portal.language import _
from reports_lib.portal.reports.address import period_of, plain_of, search_of
from reports_lib.portal.runs.rights import LARGEST

PATH = "/coupons"
COUPONS = "coupons"  # what `of` says where coupons of all groups are listed
CHOICES = {"used": ("yes", "no"), "of": (COUPONS,), "state": STATES, "type": TYPES, "discount": DISCOUNTS}
NAMES = ("q", "since", "until", "operation", *CHOICES)


@dataclass(frozen=True)
class ListAddress:
    """What an address asks of a list: as typed, as read, and what is wrong with it, by field."""

    path: str
    typed: Mapping[str, str]  # the fields that are not empty
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    after: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, query: Mapping[str, str], zone: ZoneInfo, group_id: int | None = None) -> Self:
        """The address with these fields, of all groups or of one; never refused."""
        typed = {name: plain_of(query[name]) for name in NAMES if plain_of(query.get(name, ""))}
        faults: dict[str, str] = {}
        for name, known in CHOICES.items():
            if name in typed and typed[name] not in list(known):
                said = _("“{text}” cannot be chosen here; all are shown.")
                faults[name] = said.format(text=typed.pop(name)[:40])
        if "operation" in typed and _number(typed["operation"]) is None:
            del typed["operation"]
        since, until = period_of(typed, zone, faults)
        path = PATH if group_id is None else f"{PATH}/{group_id}"
        before, after = (_number(query.get(name, "")) for name in ("before", "after"))
        return cls(path, typed, search_of(typed, faults), since, until, before, after, faults)

    @property
    def groups(self) -> WantedGroups:
        """The groups that are asked for."""
        used = {"yes": True, "no": False}.get(self.typed.get("used", ""))
        return WantedGroups(text=self.text, since=self.since, until=self.until, is_used=used)

    def coupons(self, group_id: int | None = None) -> WantedCoupons:
        """The coupons that are asked for, of one group or of all."""
        typed = self.typed
        return WantedCoupons(
            group_id=group_id,
            operation_id=_number(typed.get("operation", "")),
            text=self.text,
            since=self.since,
            until=self.until,
            coupon_types=[CouponType(typed["type"])] if "type" in typed else (),
            discount_types=[DiscountType(typed["discount"])] if "discount" in typed else (),
            states=[typed["state"]] if "state" in typed else (),
        )

    @property
    def is_of_coupons(self) -> bool:
        """Whether coupons of all groups are listed."""
        return "of" in self.typed

    @property
    def is_narrowed(self) -> bool:
        """Whether there is anything to clear."""
        return any(name in self.typed for name in NAMES if name not in ("of", "state", "used"))

    @property
    def is_advanced(self) -> bool:
        """Whether more is asked than a search."""
        return any(name in self.typed or name in self.faults for name in ("since", "until", "type", "discount"))

    @property
    def cleared(self) -> str:
        """The address without search and filter, of the same category."""
        return self._with({name: self.typed[name] for name in ("of", "state", "used") if name in self.typed})

    @property
    def fields(self) -> str:
        """What follows the path, from the first page."""
        return f"?{urlencode(self.typed)}" if self.typed else ""

    def of(self, name: str, value: str) -> str:
        """The address with another choice, "" for all, from its first page."""
        rest = {each: text for each, text in self.typed.items() if each != name}
        return self._with(({name: value} if value else {}) | rest)

    def older(self, place: int) -> str:
        """The address of the page that follows the place."""
        return self._with({**self.typed, "before": str(place)})

    def newer(self, place: int) -> str:
        """The address of the page that comes before the place."""
        return self._with({**self.typed, "after": str(place)})

    def _with(self, fields: Mapping[str, str]) -> str:
        return f"{self.path}?{urlencode(fields)}" if fields else self.path


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST
    return int(text) if is_number else None  # written by hand: the first page
