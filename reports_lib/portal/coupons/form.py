"""The form that makes coupons (MS-30 to MS-41): what was typed, what of it counts, and what is wrong with it.

Only the fields that a choice needs count: whoever chose a plan first and an event then need not empty the plan.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fastapi import Request

from reports_lib.database.schema import CouponType, DiscountType
from reports_lib.errors import DaybookError, ParameterError
from reports_lib.ops.draft import FIELDS, Draft
from reports_lib.portal.coupons.offered import chosen
from reports_lib.portal.language import N_, _
from reports_lib.portal.told import told

LABELS = {
    "valid_from": N_("From"),
    "valid_to": N_("To"),
    "way": N_("Which"),
    "quantity": N_("Quantity"),
    "name": N_("Code"),
    "max_redemptions": N_("Redemptions at most"),
    "detail": N_("Detail"),
    "coupon_type": N_("Coupon type"),
    "content_id": N_("Media"),
    "package_id": N_("Plan"),
    "discount_type": N_("Discount type"),
    "discount_percent": N_("Percentage"),
    "trial_days": N_("Trial days"),
    "trial_until": N_("Trial until"),
}
MANY, ONE = "many", "one"  # ways: codes of one use, one code for many
PICKED = {"content_id": "vod", "package_id": "plan"}  # from the warehouse
RIGHT = {  # in the place of what is wrong
    "quantity": "1",
    "name": "CODE",
    "coupon_type": CouponType.PLAN,
    "content_id": "1",
    "discount_percent": "1",
    "trial_days": "1",
    "trial_until": "2200-12-31",
}
_OF_FIELD = re.compile(rf"({'|'.join(FIELDS)}): (.+)", re.DOTALL)


@dataclass(frozen=True)
class Form:
    """What stands in the form, and what is wrong with it, by field; "" is the form itself."""

    texts: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls, fields: Mapping[str, object]) -> "Form":
        """The form as it came."""
        return cls({name: str(fields.get(name, "")).strip() for name in LABELS})

    def refused(self, problem: DaybookError) -> "Form":
        """The form with what an error says, beside its field."""
        name, text = of_field(problem)
        return Form(self.texts, {**self.faults, name: text})

    def get(self, name: str, usual: str = "") -> str:
        """What stands in a field."""
        return self.texts.get(name) or usual

    @property
    def counting(self) -> dict[str, str]:
        """The texts that count, by field of a draft."""
        wanted = ["valid_from", "valid_to", "detail", "coupon_type", "discount_type"]
        wanted += ["name", "max_redemptions"] if self.get("way", MANY) == ONE else ["quantity"]
        of_type: dict[str, str] = {CouponType.PPV_VOD: "content_id", CouponType.PLAN: "package_id"}
        of_discount: dict[str, str] = {DiscountType.PERCENT: "discount_percent"}
        kind, discount = self.get("coupon_type"), self.get("discount_type")
        wanted += [of_type.get(kind, ""), of_discount.get(discount, discount)]
        return {name: self.texts[name] for name in wanted if self.texts.get(name)}


def empty() -> Form:
    """The form as it is found."""
    return Form({"way": MANY, "quantity": "100", "coupon_type": CouponType.PLAN, "discount_type": DiscountType.PERCENT})


def read(request: Request, group_id: int, form: Form) -> tuple[Draft | None, Form]:
    """The draft that the form says; none if something is wrong, and the form with what that is."""
    faults = dict(_lacking(form))
    texts = form.counting
    for name in PICKED.keys() & texts.keys():
        try:
            texts[name] = str(chosen(request, PICKED[name], texts[name]))
        except ParameterError as problem:
            faults[name] = told(problem)
        except DaybookError as problem:  # the warehouse is away, say
            faults[""] = told(problem)
    return _parsed(group_id, texts, form, faults)


def _parsed(group_id: int, texts: Mapping[str, str], form: Form, faults: dict[str, str]) -> tuple[Draft | None, Form]:
    while True:  # one fault is told at a time; what is wrong beside it is found with something else in its place
        given = {name: text for name, text in texts.items() if name not in faults}
        given |= {name: RIGHT[name] for name in faults if name in RIGHT}
        try:
            draft = Draft.parse({"group": str(group_id), **given})
        except ParameterError as problem:
            name, text = of_field(problem)
            if name in faults:
                break
            faults[name] = text
        else:
            return (None if faults else draft), Form(form.texts, faults)
    return None, Form(form.texts, faults)


def of_field(problem: DaybookError) -> tuple[str, str]:
    """The field of which an error of the room below speaks, "" if of none; and what it says of it."""
    found = _OF_FIELD.fullmatch(str(problem))
    return (found[1], told(found[2])) if found and found[1] in LABELS else ("", told(problem))


def _lacking(form: Form) -> Iterator[tuple[str, str]]:
    """What is not said and must be."""
    one = form.get("way", MANY) == ONE
    needed = {
        "name": (one, _("Say what the code is.")),
        "quantity": (not one, _("Say how many.")),
        "coupon_type": (True, _("Say what the coupon is for.")),
        "discount_type": (True, _("Say what the coupon gives.")),
        "content_id": (form.get("coupon_type") == CouponType.PPV_VOD, _("Say which media it is for.")),
        "discount_percent": (form.get("discount_type") == DiscountType.PERCENT, _("Say how much.")),
        "trial_days": (form.get("discount_type") == DiscountType.TRIAL_DAYS, _("Say how many days.")),
        "trial_until": (form.get("discount_type") == DiscountType.TRIAL_UNTIL, _("Say until which day.")),
    }
    return ((name, text) for name, (is_needed, text) in needed.items() if is_needed and not form.get(name))
