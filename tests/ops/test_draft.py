"""Drafts of coupons: what each field takes, and what goes together."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from reports_lib.database.schema import CouponType, DiscountType
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.ops.draft import FIELDS, Draft

MANY = {"group": "7", "quantity": "10", "coupon_type": "plan", "discount_type": "percent", "discount_percent": "12.5"}
ONE = {name: text for name, text in MANY.items() if name != "quantity"} | {"name": "summer"}
TRIAL = {name: text for name, text in MANY.items() if name != "discount_percent"}
VOD = MANY | {"coupon_type": "ppv_vod", "content_id": "5"}


def test_a_draft_of_many():  # MS-31, MS-32, MS-34, MS-35, MS-38, MS-39
    more = {"valid_from": "2026-11-01", "valid_to": "2026-12-31", "detail": " Fair ", "package_id": "3"}
    assert Draft.parse(MANY | more) == Draft(
        group=7, coupon_type=CouponType.PLAN, discount_type=DiscountType.PERCENT, quantity=10,
        valid_from=date(2026, 11, 1), valid_to=date(2026, 12, 31), detail="Fair", package_id=3,
        discount_percent=Decimal("12.5"),
    )  # fmt: skip


def test_a_draft_of_one_that_is_reusable():  # MS-33
    made = Draft.parse(ONE | {"max_redemptions": "500"})
    assert (made.name, made.quantity, made.is_reusable, made.max_redemptions) == ("SUMMER", 1, True, 500)
    assert Draft.parse(ONE).max_redemptions is None


def test_a_field_left_empty_is_none():
    assert Draft.parse(MANY | {"detail": " ", "valid_to": "", "name": ""}) == Draft.parse(MANY)


def test_trials_and_media():  # MS-36, MS-37, MS-40, MS-41
    assert Draft.parse(TRIAL | {"discount_type": "trial_days", "trial_days": "30"}).trial_days == 30
    until = Draft.parse(TRIAL | {"discount_type": "trial_until", "trial_until": "2027-01-01"}).trial_until
    assert until == date(2027, 1, 1)
    assert Draft.parse(VOD).content_id == 5
    assert Draft.parse(MANY | {"coupon_type": "ppv_live"}).content_id is None


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ({"group": "7"}, "coupon_type: is required"),
        (MANY | {"group": ""}, "group: is required"),
        (MANY | {"group": "x"}, "group: 'x' is not a whole number"),
        (MANY | {"name": "summer"}, "quantity: give either a quantity or the name"),
        (MANY | {"quantity": ""}, "quantity: give either a quantity or the name"),
        (MANY | {"quantity": "0"}, "quantity: '0' is not a whole number from 1 to 100,000"),
        (MANY | {"quantity": "100001"}, "quantity: "),
        (MANY | {"quantity": "1e3"}, "quantity: "),
        (MANY | {"quantity": "٣"}, "quantity: "),
        (MANY | {"quantity": "9" * 5000}, "quantity: "),
        (ONE | {"name": "a b"}, "name: 'a b' has other signs than letters"),
        (ONE | {"max_redemptions": "0"}, "max_redemptions: "),
        (MANY | {"max_redemptions": "5"}, "max_redemptions: only a reusable coupon has a limit"),
        (MANY | {"valid_from": "01.11.2026"}, "valid_from: '01.11.2026' is not a day such as"),
        (MANY | {"valid_to": "2026-02-30"}, "valid_to: '2026-02-30' is not a day"),
        (MANY | {"valid_to": "9999-12-31"}, "valid_to: "),
        (MANY | {"valid_from": "2026-12-01", "valid_to": "2026-11-30"}, "valid_to: 2026-11-30 is before 2026-12-01"),
        (MANY | {"detail": "a\nb"}, "detail: "),
        (MANY | {"detail": "x" * 501}, "detail: "),
        (MANY | {"coupon_type": "gift"}, "coupon_type: 'gift' is none of ppv_live, ppv_vod, plan"),
        (VOD | {"content_id": ""}, "content_id: say which media"),
        (MANY | {"content_id": "5"}, "content_id: only a coupon for PPV VOD"),
        (MANY | {"coupon_type": "ppv_live", "content_id": "5"}, "content_id: only a coupon for PPV VOD"),
        (VOD | {"package_id": "3"}, "package_id: only a coupon for a plan"),
        (MANY | {"discount_percent": "0"}, "discount_percent: '0' is not a percentage"),
        (MANY | {"discount_percent": "0.00"}, "discount_percent: "),
        (MANY | {"discount_percent": "100.01"}, "discount_percent: "),
        (MANY | {"discount_percent": "12.345"}, "discount_percent: "),
        (MANY | {"discount_percent": "12,5"}, "discount_percent: "),
        (MANY | {"discount_percent": "NaN"}, "discount_percent: "),
        (TRIAL, "discount_percent: is required with discount_type=percent"),
        (MANY | {"trial_days": "7"}, "trial_days: does not go with discount_type=percent"),
        (TRIAL | {"discount_type": "trial_days", "trial_days": "3651"}, "trial_days: "),
        (TRIAL | {"discount_type": "trial_days"}, "trial_days: is required"),
        (VOD | {"discount_type": "trial_days", "trial_days": "7"}, "discount_type: only a plan can be tried"),
        (
            TRIAL | {"discount_type": "trial_until", "trial_until": "2026-10-31", "valid_from": "2026-11-01"},
            "trial_until: 2026-10-31 is before 2026-11-01",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(texts, problem):
    with pytest.raises(ParameterError) as refused:
        Draft.parse(texts)
    assert str(refused.value).startswith(problem)
    assert str(refused.value).partition(":")[0] in FIELDS
    assert "\n" not in str(refused.value)


def test_the_least_and_the_most_that_is_taken():
    assert Draft.parse(MANY | {"discount_percent": "0.01", "quantity": "1"}).discount_percent == Decimal("0.01")
    assert Draft.parse(MANY | {"discount_percent": "100", "quantity": "100000"}).quantity == 100_000
    assert Draft.parse(MANY | {"valid_from": "2026-11-01", "valid_to": "2026-11-01"}).valid_to == date(2026, 11, 1)


def test_a_field_that_there_is_not():
    with pytest.raises(UnknownNameError, match="no field of a coupon named 'quantiti'; did you mean 'quantity'"):
        Draft.parse(MANY | {"quantiti": "5"})


def test_a_draft_that_is_built_is_held_to_the_same():
    with pytest.raises(ParameterError, match="trial_days: does not go with"):
        replace(Draft.parse(MANY), trial_days=7)


def test_days_that_have_passed_are_refused():
    today = date(2026, 11, 1)
    Draft.parse(MANY | {"valid_to": "2026-11-01"}).refuse_past(today)
    with pytest.raises(ParameterError, match="valid_to: 2026-10-31 has passed"):
        Draft.parse(MANY | {"valid_to": "2026-10-31"}).refuse_past(today)
    until = TRIAL | {"discount_type": "trial_until", "trial_until": "2026-10-31"}
    with pytest.raises(ParameterError, match="trial_until: 2026-10-31 has passed"):
        Draft.parse(until).refuse_past(today)


def test_what_a_draft_says_is_json():
    assert Draft.parse(ONE | {"valid_to": "2026-12-31"}).told == {
        "group": 7, "coupon_type": "plan", "discount_type": "percent", "name": "SUMMER", "quantity": 1,
        "valid_to": "2026-12-31", "discount_percent": "12.5",
    }  # fmt: skip
