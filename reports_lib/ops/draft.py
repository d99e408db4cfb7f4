"""Which coupons are to be made: the fields of their form, read and held against each other (MS-31 to MS-41).

Nothing is asked of any database here. That a group, a media and a plan exist, and that a code is free, is seen to
by `coupons.py`; a draft that is there is right in itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from reports_lib.database.schema import CouponType, DiscountType
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.ops.codes import code
from reports_lib.values.formats import quoted

FIELDS = {  # as people read them
    "group": "Group",
    "valid_from": "Availability from",
    "valid_to": "Availability to",
    "name": "Reusable coupon",
    "quantity": "Quantity",
    "max_redemptions": "Redemptions at most",
    "detail": "Detail",
    "coupon_type": "Coupon type",
    "content_id": "Media",
    "package_id": "Plan",
    "discount_type": "Discount type",
    "discount_percent": "Percentage",
    "trial_days": "Trial days",
    "trial_until": "Trial until",
}
REQUIRED = ("group", "coupon_type", "discount_type")
AMOUNTS = {
    DiscountType.PERCENT: "discount_percent",
    DiscountType.TRIAL_DAYS: "trial_days",
    DiscountType.TRIAL_UNTIL: "trial_until",
}
EITHER = "quantity: give either a quantity or the name of one reusable coupon"
MOST_COUPONS = 100_000  # of one draft
MOST_REDEMPTIONS = 1_000_000_000
MOST_DAYS = 3650
LONGEST_DETAIL = 500
YEARS = range(2000, 2201)

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One reusable coupon with the code `name`, or `quantity` coupons of one use each; all else they have in common.

    Days are local ones of the workspace's zone, the last one included. Raises `ParameterError`, which begins with
    the name of the field, for what does not go together.
    """

    group: int
    coupon_type: CouponType
    discount_type: DiscountType
    name: str = ""
    quantity: int = 1
    max_redemptions: int | None = None  # of a reusable one; None is without end
    valid_from: date | None = None
    valid_to: date | None = None
    detail: str = ""
    content_id: int | None = None
    package_id: int | None = None
    discount_percent: Decimal | None = None
    trial_days: int | None = None
    trial_until: date | None = None

    def __post_init__(self) -> None:
        for problem in (*self._of_codes(), *self._of_type(), *self._of_discount(), *self._of_days()):
            raise ParameterError(problem)

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Self:
        """The draft of these texts by field; an empty one is as good as none.

        Raises `UnknownNameError` for any other field, `ParameterError` beginning with the name of the field.
        """
        if unknown := [name for name in given if name not in FIELDS]:
            raise UnknownNameError.of("field of a coupon", unknown[0], FIELDS)
        texts = {name: text.strip() for name, text in given.items() if text.strip()}
        if missing := [name for name in REQUIRED if name not in texts]:
            raise ParameterError(f"{missing[0]}: is required")
        if ("name" in texts) == ("quantity" in texts):
            raise ParameterError(EITHER)
        return cls(**{name: _read(name, text) for name, text in texts.items()})

    @property
    def is_reusable(self) -> bool:
        """Whether it is one coupon for many."""
        return bool(self.name)

    @property
    def told(self) -> dict[str, Any]:
        """All that it says, as JSON has it."""
        said = {name: value for name, value in asdict(self).items() if value is not None and value != ""}
        return {
            name: str(value) if isinstance(value, date | Decimal | StrEnum) else value for name, value in said.items()
        }

    def refuse_past(self, today: date) -> None:
        """Raise `ParameterError` for what could not be used any more on this local day."""
        for name in ("valid_to", "trial_until"):
            if (day := getattr(self, name)) and day < today:
                raise ParameterError(f"{name}: {day} has passed")

    def _of_codes(self) -> Iterator[str]:
        if self.is_reusable and self.quantity != 1:
            yield EITHER
        if self.max_redemptions is not None and not self.is_reusable:
            yield "max_redemptions: only a reusable coupon has a limit, any other is of one use"

    def _of_type(self) -> Iterator[str]:
        is_vod = self.coupon_type == CouponType.PPV_VOD
        if is_vod and self.content_id is None:
            yield "content_id: say which media a coupon for PPV VOD is for"
        if not is_vod and self.content_id is not None:
            yield "content_id: only a coupon for PPV VOD is for one media"
        if self.coupon_type != CouponType.PLAN and self.package_id is not None:
            yield "package_id: only a coupon for a plan is for one of them"

    def _of_discount(self) -> Iterator[str]:
        """A trial is a time without paying, and only a plan is paid by time: the other two are bought once."""
        if self.discount_type != DiscountType.PERCENT and self.coupon_type != CouponType.PLAN:
            yield "discount_type: only a plan can be tried, not what is bought once"
        for kind, name in AMOUNTS.items():
            is_given, is_wanted = getattr(self, name) is not None, kind == self.discount_type
            if is_wanted and not is_given:
                yield f"{name}: is required with discount_type={kind}"
            if is_given and not is_wanted:
                yield f"{name}: does not go with discount_type={self.discount_type}"

    def _of_days(self) -> Iterator[str]:
        first = self.valid_from or date.min
        for name in ("valid_to", "trial_until"):
            if (day := getattr(self, name)) and day < first:
                yield f"{name}: {day} is before {first}, the first day"


def _read(name: str, text: str) -> Any:  # noqa: ANN401  # what the field holds
    try:
        return _READ[name](text)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None


def _whole(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
            raise ParameterError(f"{quoted(text)} is not a whole number from 1 to {most:,}")
        return int(text)

    return read


def _one_of(kinds: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        if text not in list(kinds):
            raise ParameterError(f"{quoted(text)} is none of {', '.join(kinds)}")
        return kinds(text)

    return read


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise ParameterError(f"{quoted(text)} is not a day such as 2026-12-31")
    return found


def _percent(text: str) -> Decimal:
    if not _PERCENT.fullmatch(text) or not 0 < Decimal(text) <= 100:
        raise ParameterError(f"{quoted(text)} is not a percentage such as 20 or 12.5, above 0 and at most 100")
    return Decimal(text)


def _detail(text: str) -> str:
    if len(text) > LONGEST_DETAIL or not text.isprintable():
        raise ParameterError(f"{quoted(text)} is not one line of at most {LONGEST_DETAIL} letters")
    return text


_ID = _whole(10**18 - 1)
_READ: dict[str, Callable[[str], Any]] = {
    "group": _ID,
    "valid_from": _day,
    "valid_to": _day,
    "name": code,
    "quantity": _whole(MOST_COUPONS),
    "max_redemptions": _whole(MOST_REDEMPTIONS),
    "detail": _detail,
    "coupon_type": _one_of(CouponType),
    "content_id": _ID,
    "package_id": _ID,
    "discount_type": _one_of(DiscountType),
    "discount_percent": _percent,
    "trial_days": _whole(MOST_DAYS),
    "trial_until": _day,
}
