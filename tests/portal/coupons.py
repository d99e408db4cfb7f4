"""Coupons as a company has them: a group that was made, coupons of each sort in it, some of them switched off."""

from datetime import UTC, datetime

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.ops.coupons import add_group, disable, generate
from reports_lib.ops.draft import Draft
from reports_lib.ops.operation import Wish
from reports_lib.ops.spans import ids_of
from reports_lib.runs.installation import Installation

BOB = Visitor("bob", Role.BILLING)


def furnish_coupons(installation: Installation) -> dict[str, str]:
    """The group; the addresses of its pages by name."""

    def wish(key: str) -> Wish:
        return Wish("bob", "", key, datetime.now(UTC))

    def make(key: str, **texts: str) -> list[int]:
        given = {"group": str(group.id), "coupon_type": "plan", **texts}
        made = generate(installation, BOB, wish(key), Draft.parse(given))
        return ids_of((made.after or {})["coupons"])

    group = add_group(installation, BOB, wish("group"), "Книжковий форум <2026>")
    drawn = make("drawn", quantity="12", discount_type="trial_days", trial_days="14", detail="For who came back")
    make("named", name="WELCOME-2026", discount_type="percent", discount_percent="12.5", valid_to="2099-12-31")
    done = disable(installation, BOB, wish("off"), drawn[:3])
    at = f"/coupons/{group.id}"
    return {
        "coupons": "/coupons?q=welcome",
        "coupon-group": f"{at}?since=soon",
        "coupons-new": f"{at}/new",
        "coupons-switch": f"{at}/switch?to=off&all=yes",
        "coupons-done": f"/coupons/operations/{done.id}",
    }
