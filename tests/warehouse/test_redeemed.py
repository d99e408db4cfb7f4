"""Whether a coupon can be redeemed, and who did: the same words for a row of a table and for a coupon in hand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from reports_lib.warehouse.redeemed import COUPONS, days, moments, of_coupons, redeemed, state, state_of, written
from reports_lib.warehouse.statement import as_of

SANTIAGO, KYIV = ZoneInfo("America/Santiago"), ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Coupon:
    enabled: bool = True
    reusable: bool = False
    max_redemptions: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


NOON = at("2026-11-03 12:00")
CASES = [  # coupon, redemptions, state at noon
    (Coupon(), 0, "available"),
    (Coupon(), 1, "used_up"),
    (Coupon(max_redemptions=5), 1, "used_up"),  # of one use, whatever it says
    (Coupon(reusable=True), 1000, "available"),
    (Coupon(reusable=True, max_redemptions=2), 1, "available"),
    (Coupon(reusable=True, max_redemptions=2), 2, "used_up"),
    (Coupon(reusable=True, max_redemptions=2), 3, "used_up"),
    (Coupon(valid_to=NOON), 0, "available"),  # the last moment is one of them
    (Coupon(valid_to=at("2026-11-03 11:59:59.999999")), 0, "expired"),
    (Coupon(valid_from=NOON), 0, "available"),
    (Coupon(valid_from=at("2026-11-03 12:00:00.000001")), 0, "not_yet"),
    (Coupon(valid_from=at("2026-11-01"), valid_to=at("2026-11-30")), 0, "available"),
    (Coupon(valid_to=at("2026-11-01")), 1, "used_up"),  # it was used while it could be
    (Coupon(enabled=False, valid_to=at("2026-11-01")), 1, "disabled"),
]


def test_the_state_of_a_coupon():  # M-78
    for coupon, redemptions, expected in CASES:
        assert state_of(coupon, redemptions, NOON) == expected, coupon


def told(tables, _shape):
    """Every coupon's state, without those that were never redeemed being lost."""
    coupon, found = tables("coupon"), redeemed(tables)
    joined = coupon.left_join(found, "coupon_id")
    joined = joined.select(coupon, found.redemptions.coalesce(0).name("redemptions"))
    return joined.select("coupon_id", state=state(joined, joined.redemptions, as_of())).order_by("coupon_id")


def test_the_warehouse_tells_the_same_state(warehouse_of):  # M-78, T-74
    coupons = [{"coupon_id": n, "code": f"C{n}", "enabled": True} | vars(c) for n, (c, _, _) in enumerate(CASES)]
    used = [
        {"coupon_id": n, "redeemed_at": NOON.replace(day=1)}
        for n, (_, times, _) in enumerate(CASES)
        for _ in range(times)
    ]
    used = [row | {"redemption_id": number} for number, row in enumerate(used)]
    warehouse = warehouse_of({"coupon": coupons, "coupon_redemption": used}, as_of=NOW)
    assert [row["state"] for row in warehouse.ask(told)] == [expected for _, _, expected in CASES]


@pytest.mark.parametrize(
    ("zone", "last_minute", "next_day"),
    [
        (SANTIAGO, "2026-09-06 02:59:59", "2026-09-06 04:00"),  # the next day has no midnight
        (KYIV, "2026-09-05 20:59:59", "2026-09-05 21:00"),
    ],
)
def test_the_last_day_ends_at_local_midnight(zone, last_minute, next_day):  # T-63, T-04
    first, last = moments(date(2026, 9, 1), date(2026, 9, 5), zone)
    coupon = Coupon(valid_from=first, valid_to=last)
    late = datetime(2026, 9, 5, 23, 59, tzinfo=zone)
    assert state_of(coupon, 0, late) == "available"
    assert state_of(coupon, 0, datetime(2026, 9, 6, 1, tzinfo=zone)) == "expired"
    assert state_of(coupon, 0, at(last_minute).replace(tzinfo=UTC)) == "available"
    assert state_of(coupon, 0, at(next_day).replace(tzinfo=UTC)) == "expired"
    assert state_of(coupon, 0, datetime(2026, 8, 31, 23, 59, tzinfo=zone)) == "not_yet"
    assert days(first, last, zone) == (date(2026, 9, 1), date(2026, 9, 5))
    assert days(first.replace(tzinfo=None), None, zone) == (date(2026, 9, 1), None)
    assert moments(None, None, zone) == (None, None)


USED = [  # redemption_id, coupon, client, when
    (1, 7, 1, "2026-10-01 10:00"),
    (2, 7, 2, "2026-10-02 10:00"),
    (3, 7, 1, "2026-10-02 10:00"),  # the same moment: the later number is the last
    (4, 8, 3, "2026-10-05 10:00"),
    (5, 9, 1, "2026-11-03 12:00"),  # at as-of: not there yet
]


def test_by_whom_and_how_often(warehouse_of):  # MS-44, T-62
    names = ("redemption_id", "coupon_id", "client_id", "redeemed_at")
    used = [dict(zip(names, (*row[:3], at(row[3])), strict=True)) for row in USED]
    people = [{"client_id": n, "email": f"{who}@example.com"} for n, who in ((1, "ann"), (2, "bob"))]
    warehouse = warehouse_of({"coupon_redemption": used, "client_profile": people}, as_of=NOW)
    found = sorted(warehouse.ask(redeemed, False), key=lambda row: row["coupon_id"])
    assert [tuple(row.values()) for row in found] == [
        (7, 3, at("2026-10-02 10:00"), 1, "ann@example.com"),
        (8, 1, at("2026-10-05 10:00"), 3, None),  # without a profile
    ]
    some = {COUPONS: written([8, 9, 10])}
    assert [row["coupon_id"] for row in warehouse.ask(redeemed, True, some)] == [8]
    every = warehouse.ask(of_coupons, None, {COUPONS: written([8, 7])})
    assert [row["redemption_id"] for row in every] == [4, 3, 2, 1]
    assert [row["email"] for row in every] == [None, "ann@example.com", "bob@example.com", "ann@example.com"]
    assert warehouse.ask(of_coupons, None, {COUPONS: written([])}) == []


def test_ids_are_written_in_one_way():
    assert written([3, -2, 1]) == "-2,1,3"
