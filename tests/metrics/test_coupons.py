"""Coupons and groups: found by what is known of them, counted by what became of them, redeemed as they were."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import NOW
from books import at, client

from reports_lib.errors import ParameterError
from reports_lib.metrics import redemptions
from reports_lib.metrics.coupon_rows import discount
from reports_lib.metrics.coupons import coupons
from reports_lib.values.interval import Interval
from reports_lib.warehouse.scope import Scope

SANTIAGO = ZoneInfo("America/Santiago")


@dataclass(frozen=True)
class Asked:
    """A question with the notebook's defaults."""

    interval: Interval
    as_of: datetime = NOW
    search: str = ""
    group: tuple[str, ...] = ()
    group_name: str = ""
    group_created_from: date | str = ""
    group_created_to: date | str = ""
    group_used: tuple[str, ...] = ()
    coupon_type: tuple[str, ...] = ()
    discount_type: tuple[str, ...] = ()
    state: tuple[str, ...] = ()


def asked(interval="2026-10-01/2026-10-31", **changes):
    return Asked(Interval.parse(interval, SANTIAGO, NOW), **changes)


def coupon(number, group, code, **columns):
    usual = {"coupon_type": "plan", "discount_type": "percent", "discount_percent": Decimal(10), "enabled": True}
    return usual | {"coupon_id": number, "group_id": group, "code": code, "created_at": at("2026-09-01")} | columns


def used(number, of, who, when):
    return {"redemption_id": number, "coupon_id": of, "client_id": who, "redeemed_at": at(when)}


TABLES = {
    "coupon_group": [
        {"group_id": 1, "name": "Reward", "created_at": at("2026-09-01 02:59")},  # the day before, in Santiago
        {"group_id": 2, "name": "50 % off_x", "created_at": at("2026-09-01 04:00")},
        {"group_id": 3, "name": "Empty", "created_at": at("2026-09-03")},
    ],
    "coupon": [
        # the last day, 31 October in Santiago, ends at 03:00 of the next one
        coupon(1, 1, "=CODE", reusable=True, valid_to=at("2026-11-01 02:59:59.999999"), package_id=5),
        coupon(2, 1, "B2B", enabled=False, created_at=at("2026-09-02")),
        coupon(3, 2, "SOLO", coupon_type="ppv_vod", content_id=6, discount_type="trial_days", trial_days=7),
        coupon(4, 2, "OPEN", reusable=True, max_redemptions=2, valid_from=at("2026-09-01 04:00")),
        coupon(5, 2, "LATE", created_at=at("2026-11-03 12:00")),  # at as-of: not there yet
    ],
    "coupon_redemption": [
        used(1, 1, 1, "2026-10-10"),
        used(2, 1, 1, "2026-11-01 02:59"),  # 23:59 of the last day
        used(3, 3, 2, "2026-11-01 03:00"),  # after the period
        used(4, 4, 9, "2026-10-01 03:00"),  # its first moment
        used(5, 4, 9, "2026-11-03 12:00"),
    ],
    "client": [client(1, name="Ann"), client(2, name="Bob")],
    "client_profile": [{"client_id": 1, "email": "ann@example.com"}],
    "package": [{"package_id": 5, "name": "Gold"}],
    "content": [{"content_id": 6, "title": "Film", "kind": "vod"}],
}


def codes(found):
    return [row["code"] for batch in found.rows() for row in batch.to_pylist()]


def names(found):
    return [row["name"] for row in found.groups]


def test_groups_coupons_and_redemptions(warehouse_of):  # MS-26 … MS-29, MS-44, M-77, M-78, T-62, T-63, T-74
    warehouse = warehouse_of(TABLES, NOW)
    found = coupons(warehouse, asked())
    counted = ("name", "coupons", "used", "is_used", "redemptions", "in_period")
    assert [tuple(row[name] for name in counted) for row in found.groups] == [
        ("Empty", 0, 0, "No", 0, 0),
        ("50 % off_x", 2, 2, "Yes", 2, 1),
        ("Reward", 2, 1, "Yes", 2, 2),
    ]
    assert f"{found.groups[2]['created_at']:%m-%d %H:%M}" == "08-31 22:59"
    assert found.total == {"coupons": 4, "used": 3, "redemptions": 3, "share": 100}
    assert {row["state"]: row["coupons"] for row in found.by_state if row["coupons"]} == {
        "Available": 1, "Used up": 1, "Expired": 1, "Disabled": 1,
    }  # fmt: skip
    assert [(row["group"], row["redemptions"]) for row in found.by_group] == [("Reward", 2), ("50 % off_x", 1)]
    assert found.ever == "2026-08-31/2026-11-03"
    (batch,) = found.rows()
    rows = {row["code"]: row for row in batch.to_pylist()}
    assert list(rows) == ["B2B", "=CODE", "SOLO", "OPEN"]  # newest first, those made together in their order
    told = ("group", "kind", "product", "discount", "available_from", "available_to", "standing", "redemptions", "most")
    assert [tuple(row[name] for name in told) for row in list(rows.values())[1:]] == [
        ("Reward", "Plan", "Gold", "10 % off", None, date(2026, 10, 31), "Expired", 2, None),
        ("50 % off_x", "PPV VOD", "Film", "7 days of trial", None, None, "Used up", 1, 1),
        ("50 % off_x", "Plan", None, "10 % off", date(2026, 9, 1), None, "Available", 1, 2),
    ]
    assert [(row["customer"], row["last_at"] and f"{row['last_at']:%d %H:%M}") for row in rows.values()] == [
        (None, None),
        ("ann@example.com", "31 23:59"),
        ("Bob", "01 00:00"),  # who has no e-mail
        ("9", "01 00:00"),  # who is not there
    ]
    listed = [row for batch in found.redemptions() for row in batch.to_pylist()]
    assert [(row["redemption_id"], row["code"], row["customer"]) for row in listed] == [
        (2, "=CODE", "ann@example.com"),
        (1, "=CODE", "ann@example.com"),
        (4, "OPEN", "9"),
    ]
    some = coupons(warehouse, asked(search="=code", state=("expired",), coupon_type=("plan",), group_used=("some",)))
    assert (codes(some), names(some)) == (["=CODE"], ["Reward"])  # MS-43, MS-45


@pytest.fixture
def books(held):
    """Given rows, of which only the list of codes is read."""
    warehouse = held(TABLES)
    warehouse.lazy = lambda *_: None
    return warehouse


def test_redemptions_are_those_of_financial_analytics(books):  # M-77
    found, whole = coupons(books, asked()), redemptions.redemptions(books, asked())
    for name in ("by_type", "by_discount"):
        assert getattr(found, name) == getattr(whole, name)
    assert {row["group"]: row["redemptions"] for row in whole.groups_used} == {"Reward": 2, "50 % off_x": 1}
    assert (found.total["redemptions"], found.data_interval) == (whole.total["redemptions"], whole.data_interval)


@pytest.mark.parametrize(
    ("changes", "groups", "number"),
    [
        ({"search": "  reward "}, ["Reward"], 2),  # a group that is found by its name has all its coupons
        ({"search": "E"}, ["Empty", "50 % off_x", "Reward"], 3),
        ({"search": "o_x"}, [], 0),
        ({"search": "f_x"}, ["50 % off_x"], 2),  # nothing in it is a wildcard
        ({"search": "%"}, ["50 % off_x"], 2),
        ({"search": "' or '1'='1"}, [], 0),
        ({"group": ("3", "1")}, ["Empty", "Reward"], 2),
        ({"group_name": "REW"}, ["Reward"], 2),
        ({"group_created_from": date(2026, 9, 1)}, ["Empty", "50 % off_x"], 2),
        ({"group_created_to": date(2026, 8, 31)}, ["Reward"], 2),
        ({"group_created_from": date(2026, 9, 1), "group_created_to": date(2026, 9, 1)}, ["50 % off_x"], 2),
        ({"group_used": ("none",)}, ["Empty"], 0),
        ({"group_used": ("all",)}, ["50 % off_x"], 2),
        ({"group_used": ("some", "none")}, ["Empty", "Reward"], 2),
        ({"state": ("disabled", "used_up")}, ["50 % off_x", "Reward"], 2),
        ({"coupon_type": ("plan",), "group_used": ("all",)}, ["50 % off_x"], 1),
        ({"discount_type": ("trial_until",)}, [], 0),
    ],
)
def test_coupons_and_groups_are_found_together(books, changes, groups, number):  # MS-43, MS-45
    found = coupons(books, asked(**changes))
    assert names(found) == groups
    assert found.total["coupons"] == sum(row["coupons"] for row in found.by_state) == number


def test_days_of_which_the_last_comes_first_are_refused(books):
    with pytest.raises(ParameterError, match="group_created_from 2026-09-02 comes after group_created_to 2026-09-01"):
        coupons(books, asked(group_created_from=date(2026, 9, 2), group_created_to=date(2026, 9, 1)))


def test_there_need_not_be_any(held):  # T-11
    warehouse = held({name: [] for name in TABLES})
    warehouse.lazy = lambda *_: None
    found = coupons(warehouse, asked())
    assert (found.groups, found.by_type, found.data_interval) == ([], [], None)
    assert found.total == {"coupons": 0, "used": 0, "redemptions": 0, "share": None}
    assert found.ever == "2026-11-02/2026-11-03"


def test_groups_of_one_name_are_told_apart_and_many_stand_together(held):
    many = [
        {"group_id": n, "name": "Twin" if n < 3 else f"G{n:02}", "created_at": at("2026-09-01")} for n in range(1, 15)
    ]
    made = [coupon(n, n, f"C{n}", reusable=True) for n in range(1, 15)]
    uses = [used(n * 20 + k, n, 1, "2026-10-10") for n in range(1, 15) for k in range(15 - n)]
    warehouse = held(TABLES | {"coupon_group": many, "coupon": made, "coupon_redemption": uses})
    warehouse.lazy = lambda *_: None
    drawn = coupons(warehouse, asked()).largest_groups
    assert [row["group"] for row in drawn[:2]] == ["Twin (1)", "Twin (2)"]
    assert (drawn[-1]["group"], drawn[-1]["redemptions"], len(drawn)) == ("All others", 3 + 2 + 1, 12)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("percent", Decimal("12.500000"), None, None), "12.5 % off"),
        (("percent", Decimal("100.000000"), None, None), "100 % off"),
        (("trial_days", None, 1, None), "1 day of trial"),
        (("trial_until", None, None, at("2026-11-01 02:59:59.999999")), "trial until 2026-10-31"),
        (("percent", None, None, None), "Percentage"),
        (("gift", None, None, None), "Other"),
    ],
)
def test_what_a_coupon_gives(given, words):  # MS-39 … MS-41
    assert discount(*given, SANTIAGO) == words


def test_one_company_is_not_told_how_many_coupons_a_group_has(books):
    books.scope = Scope("7", frozenset(["7"]))
    found = coupons(books, asked(search="reward"))
    assert [(row["coupons"], row["used"]) for row in (*found.groups, found.groups_total)] == [(None, 1), (None, 1)]
