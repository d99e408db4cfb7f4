"""Customers who registered, were activated, watched, and were there at the end of a step (M-70)."""

from datetime import UTC, datetime

import pytest
from books import at, client
from viewers import EMPTY, asked, viewer

from reports_lib.metrics.registrations import registrations


def customer(number, made, activated=None, gone=None):
    return client(number, made, gone, activated_at=activated and at(activated), client_type="ott_user")


def seen(who, when):
    return {"client_id": who, "started_at": at(when)}


BOOKS = EMPTY | {
    "client": [
        customer(1, "2026-10-01", "2026-10-01 00:00:01"),  # the first moment: in
        customer(2, "2026-09-30 23:59:59.999999", "2026-10-02"),  # before; activated in it
        customer(3, "2026-10-02", gone="2026-10-31"),  # registered, though deleted since, and his profile with him
        customer(4, "2026-09-01", "2026-09-02", gone="2026-10-02 23:59:59"),
        customer(5, "2026-09-01", gone="2026-10-01 12:00"),  # was never activated, and leaves no active users
        customer(6, "2026-10-31 23:59:59", "2026-11-01"),  # activated at the end: out
        customer(7, "2026-11-01"),  # the first moment after: out
        client(8, "2026-10-05"),  # no user of the platform
    ],
    "client_profile": [
        viewer(1, "CL"),
        viewer(2, "CL"),
        viewer(3),
        *[viewer(n, "UA", "blocked") for n in (4, 5, 6, 7)],
    ],
    "client_session": [seen(1, "2026-10-02"), seen(1, "2026-10-02 10:00"), seen(2, "2026-11-01")],
    "playback": [seen(1, "2026-10-02 11:00"), seen(2, "2026-10-02 12:00"), seen(2, "2026-10-31 23:00")],
}


@pytest.fixture
def shop(warehouse_of):
    return warehouse_of(BOOKS, datetime(2026, 11, 3, 12, tzinfo=UTC))


def day(found, key):
    (row,) = [row for row in found.by_step if row["key"] == key]
    return {name: row[name] for name in ("registered", "activated", "registered_users", "active_users", "watching")}


def test_customers_come_go_and_watch_by_day(shop):  # T-01, MS-59, MS-60
    found = registrations(shop, asked())
    assert (found.step, len(found.by_step)) == ("Day", 31)
    assert day(found, "2026-10-01") == {
        "registered": 1, "activated": 1, "registered_users": 3, "active_users": 2, "watching": 0
    }  # fmt: skip
    assert day(found, "2026-10-02") == {
        "registered": 1, "activated": 1, "registered_users": 3, "active_users": 2, "watching": 2
    }  # fmt: skip
    assert day(found, "2026-10-31")["registered_users"] == 3  # 6 has come, 3 has gone
    assert found.total == {
        "registered": 3, "activated": 2, "registered_users": 3, "active_users": 2,
        "watching": 2,  # customers, not customers a day (G-10)
    }  # fmt: skip
    spans = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
    assert found.data_interval == spans
    assert [row["customers"] for row in found.flows[:4]] == [1, 1, 1, 1]
    assert [(row["kind"], row["customers"]) for row in found.users[:2]] == [
        ("Registered users", 3),
        ("Active users", 2),
    ]
    by_country = registrations(shop, asked(country=["CL"], registration_status=["confirmed"])).total
    assert by_country == {"registered": 1, "activated": 2, "registered_users": 2, "active_users": 2, "watching": 2}
    blocked = registrations(shop, asked(country=["UA"], registration_status=["blocked"])).total
    assert blocked == {"registered": 1, "activated": 0, "registered_users": 1, "active_users": 0, "watching": 0}
    # in Kyiv October begins three hours earlier, and 2 belongs to it (T-05)
    assert registrations(shop, asked(zone="Europe/Kyiv")).total["registered"] == 4 - 1  # 6 is of November there


def test_a_month_that_lasts_ends_with_as_of(held):  # T-09
    found = registrations(
        held(BOOKS, datetime(2026, 10, 2, tzinfo=UTC)), asked(as_of=datetime(2026, 10, 2, tzinfo=UTC))
    )
    assert [row["key"] for row in found.by_step] == ["2026-10-01"]
    assert found.total["registered_users"] == 3  # 3 comes at as-of: not there yet; 4 goes only later


def test_nothing_happened_and_nothing_has_begun(held):  # T-11
    quiet = registrations(held(EMPTY), asked())
    assert (quiet.total["registered"], quiet.total["registered_users"], quiet.data_interval) == (0, 0, None)
    ahead = registrations(held(BOOKS), asked("2027-01-01/2027-01-31"))
    assert (ahead.by_step, ahead.total["registered"], ahead.total["registered_users"]) == ([], 0, None)
