"""Coupons that were redeemed: when, of which type, discount and group, and which groups were used at all."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from bills import NOW
from books import at

from reports_lib.metrics.redemptions import redemptions
from reports_lib.values.interval import Interval
from reports_lib.warehouse.scope import Scope

OCTOBER = "2026-10-01/2026-10-31"
GROUPS = [{"group_id": 1, "name": "Reward"}, {"group_id": 2, "name": "Marketing"}, {"group_id": 3, "name": "Unused"}]


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    interval: Interval
    as_of: datetime = NOW


def asked(interval=OCTOBER, zone="UTC", as_of=NOW):
    return Asked(Interval.parse(interval, ZoneInfo(zone), as_of), as_of)


def coupon(number, group=1, kind="plan", discount="percent", **columns):
    row = {"coupon_id": number, "group_id": group, "code": f"C{number}", "coupon_type": kind}
    return row | {"discount_type": discount} | columns


def redeemed(*times):
    """Redemptions of coupons: which, and when."""
    return [{"coupon_id": number, "client_id": 1, "redeemed_at": at(when)} for number, when in times]


def books(coupons, used, groups=GROUPS):
    return {"coupon": coupons, "coupon_redemption": used, "coupon_group": groups}


def of(rows, by, name="redemptions"):
    """What is not 0, by label."""
    return {row[by]: row[name] for row in rows if row[name]}


def test_every_redemption_counts_by_type_discount_and_group(held):  # T-62, MS-69, M-77
    coupons = [
        coupon(1, reusable=True),
        coupon(2, 2, "ppv_live", "trial_days"),
        coupon(3, 2, "ppv_vod", "trial_until"),
        coupon(4, 2),  # never redeemed
        coupon(5, 2),  # redeemed before the period
    ]
    times = [(1, "2026-10-01"), (1, "2026-10-01"), (1, "2026-10-31 23:59"), (2, "2026-10-02"), (3, "2026-10-02")]
    around = [(5, "2026-09-30 23:59:59.999999"), (2, "2026-11-01")]
    found = redemptions(held(books(coupons, redeemed(*times, *around))), asked())
    assert found.total == {"redemptions": 5, "share": 100, "coupons": 5, "used": 4}
    assert of(found.by_step, "key") == {"2026-10-01": 2, "2026-10-02": 2, "2026-10-31": 1}
    assert of(found.by_type, "type") == found.total_by_type == {"Plan": 3, "PPV VOD": 1, "PPV live": 1}
    assert of(found.by_discount, "discount") == {"Percentage": 3, "Trial days": 1, "Trial until a date": 1}
    assert of(found.by_group, "group") == of(found.groups_used, "group") == {"Reward": 3, "Marketing": 2}
    assert of(found.by_group, "group", "coupons") == {"Reward": 1, "Marketing": 4}
    assert of(found.by_group, "group", "used") == {"Reward": 1, "Marketing": 3}
    assert [row["group"] for row in found.by_group] == ["Reward", "Marketing", "Unused"]
    for rows in (found.by_type, found.by_discount, found.by_group):
        assert sum(row["share"] for row in rows) == 100
    second = {"key": "2026-10-02", "is_partial": False, "extent": "", "redemptions": 2}
    assert found.wide[1] == second | {"Plan": 0, "PPV VOD": 1, "PPV live": 1}


def test_a_redemption_on_the_last_day_is_of_that_day(held):  # T-63, T-01
    one = coupon(1, valid_to=at("2026-10-31 22:59:59.999999"))
    warehouse = held(books([one], redeemed((1, "2026-10-31 22:59"))))  # 23:59 in Madrid
    assert of(redemptions(warehouse, asked(zone="Europe/Madrid")).by_step, "key") == {"2026-10-31": 1}
    assert of(redemptions(warehouse, asked(zone="Europe/Kyiv")).by_step, "key") == {}  # 1 November there


def test_what_is_not_known_of_a_coupon_is_shown(held):  # M-77
    coupons = [coupon(1, 9), coupon(2, kind="vhs", discount="")]
    times = [(1, "2026-10-01"), (2, "2026-10-01"), (8, "2026-10-01"), (8, "2026-10-02")]  # there is no coupon 8
    found = redemptions(held(books(coupons, redeemed(*times))), asked())
    assert of(found.by_type, "type") == {"Unknown": 2, "Plan": 1, "Other": 1}
    assert of(found.by_discount, "discount") == {"Unknown": 3, "Percentage": 1}
    assert of(found.by_group, "group") == {"Unknown": 3, "Reward": 1}


def test_one_company_does_not_know_the_coupons_that_nobody_used(held):  # M-77
    warehouse = held(books([coupon(1)], redeemed((1, "2026-10-01"))))
    warehouse.scope = Scope("1", frozenset("1"))
    found = redemptions(warehouse, asked())
    assert found.total == {"redemptions": 1, "share": 100, "coupons": None, "used": 1}
    assert [(row["coupons"], row["used"]) for row in found.by_group] == [(None, 1), (None, 0), (None, 0)]


def test_groups_of_one_name_are_told_apart(held):  # G-11
    groups = [{"group_id": number, "name": "Reward"} for number in (1, 2)]
    found = redemptions(held(books([coupon(1, 2)], redeemed((1, "2026-10-01")), groups)), asked())
    assert [(row["group"], row["redemptions"]) for row in found.by_group] == [("Reward (2)", 1), ("Reward (1)", 0)]


def test_as_of_a_moment_later_coupons_and_redemptions_are_not_there(held):  # G-1, T-09
    coupons = [coupon(1), coupon(2, created_at=at("2026-10-05"))]
    moment = datetime(2026, 10, 5, tzinfo=UTC)
    found = redemptions(held(books(coupons, redeemed((1, "2026-10-05"))), moment), asked(as_of=moment))
    assert found.total == {"redemptions": 0, "share": None, "coupons": 1, "used": 0}
    assert found.by_step[-1]["key"] == "2026-10-04"


@pytest.mark.parametrize(("interval", "steps"), [(OCTOBER, 31), ("2027-01-01/2027-01-02", 0)])
def test_a_period_without_a_redemption_and_one_to_come(held, interval, steps):  # T-11, G-5, G-9
    found = redemptions(held(books([coupon(1)], [])), asked(interval))
    assert found.total == {"redemptions": 0, "share": None, "coupons": 1, "used": 0}
    assert len(found.wide) == steps
    assert found.by_type == found.by_type_and_step == found.groups_used == []
    assert found.data_interval is None


def test_figures_equal_plain_python(warehouse_of):  # M-77, T-05, T-62, T-74
    random = Random(20261124)
    kinds = {"plan": "Plan", "ppv_live": "PPV live", "ppv_vod": "PPV VOD"}
    coupons = [coupon(number, random.randint(1, 3), random.choice(list(kinds))) for number in range(1, 41)]
    first, edges = datetime(2026, 9, 25), [datetime(2026, 10, 5, hour) for hour in (0, 3, 21, 22)]

    def some():
        edge = random.choice(edges) - timedelta(microseconds=random.randint(0, 1))
        return edge if random.random() < 0.3 else first + timedelta(minutes=random.randrange(45 * 24 * 60))

    used = [{"coupon_id": random.randint(1, 30), "redeemed_at": some()} for _ in range(200)]
    warehouse = warehouse_of(books(coupons, used), NOW)
    by_id, name = {row["coupon_id"]: row for row in coupons}, {row["group_id"]: row["name"] for row in GROUPS}
    past = [row for row in used if row["redeemed_at"] < NOW.replace(tzinfo=None)]
    ever = Counter(name[by_id[number]["group_id"]] for number in {row["coupon_id"] for row in past})
    for zone in ("Europe/Kyiv", "America/Santiago"):
        question = asked("2026-10-01T08:15/2026-10-20", zone)
        found, start, end = redemptions(warehouse, question), question.interval.start, question.interval.end
        mine = [row for row in past if start <= row["redeemed_at"].replace(tzinfo=UTC) < end]
        days = [f"{row['redeemed_at'].replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d}" for row in mine]
        types = [kinds[by_id[row["coupon_id"]]["coupon_type"]] for row in mine]
        assert of(found.by_step, "key") == Counter(days)
        assert of(found.by_type, "type") == Counter(types)
        both = {(row["key"], row["type"]): row["redemptions"] for row in found.by_type_and_step if row["redemptions"]}
        assert both == Counter(zip(days, types, strict=True))
        assert of(found.by_group, "group") == Counter(name[by_id[row["coupon_id"]]["group_id"]] for row in mine)
        assert of(found.by_group, "group", "used") == ever
        assert of(found.by_group, "group", "coupons") == Counter(name[row["group_id"]] for row in coupons)
        assert found.total["redemptions"] == len(mine)
