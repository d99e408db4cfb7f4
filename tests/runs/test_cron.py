"""Ticks on the clocks of a zone: DST both ways, month ends, leap days; whenever one begins to look."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports_lib.errors import ParameterError
from reports_lib.runs.cron import Cron
from tests.runs.brute_force import LINES, ZONES, brute_force

DAY = timedelta(days=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(line, zone, start, days):
    """The ticks of whole UTC days, as text without their zone."""
    cron = Cron(line, ZoneInfo(zone))
    return [t.isoformat()[:16] for t in cron.ticks(at(start) - timedelta(seconds=1), at(start) + days * DAY)]


@pytest.mark.parametrize(
    ("line", "zone", "start", "days", "expected"),
    [
        # 02:30 comes twice: once, at the first (F8)
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 1, ["2026-10-25T00:30"]),
        # it does not come: once, when the clocks jump over it
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 1, ["2026-03-29T01:00"]),
        ("30 3 * * *", "Europe/Kyiv", "2026-10-24T12:00", 1, ["2026-10-25T00:30"]),
        ("30 3 * * *", "Europe/Kyiv", "2026-03-28T12:00", 1, ["2026-03-29T01:00"]),
        ("30 1 * * *", "America/New_York", "2026-11-01T00:00", 1, ["2026-11-01T05:30"]),
        ("30 2 * * *", "America/New_York", "2026-03-08T00:00", 1, ["2026-03-08T07:00"]),
        # half an hour is repeated, or left out
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T06:00", 1, ["2026-04-04T14:45"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T06:00", 1, ["2026-10-03T15:30"]),
        # a day without midnight (T-04)
        ("0 0 * * *", "America/Santiago", "2026-09-05T12:00", 1, ["2026-09-06T04:00"]),
        # all that is jumped over is one tick
        ("0,15,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 1, ["2026-03-29T01:00"]),
        # the moment of the change is due by itself as well: still one
        ("30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", 1, ["2026-03-29T01:00", "2026-03-29T01:30"]),
        # every hour: none doubled, none left out in UTC
        ("0 * * * *", "Europe/Kyiv", "2026-10-24T23:00", 0.125, [f"2026-10-{d}" for d in
            ("24T23:00", "25T00:00", "25T01:00", "25T02:00")]),
        ("0 * * * *", "Europe/Kyiv", "2026-03-28T23:00", 0.125, [f"2026-03-{d}" for d in
            ("28T23:00", "29T00:00", "29T01:00", "29T02:00")]),
        # the clocks of Lord Howe show a full hour again only after an hour and a half
        ("0 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00", 0.1, ["2026-04-04T14:00", "2026-04-04T15:30"]),
        ("*/15 3 * * *", "Australia/Lord_Howe", "2026-04-04T15:15", 0.1, [f"2026-04-04T{t}" for t in
            ("16:30", "16:45", "17:00", "17:15")]),
        # a zone off the hour
        ("0 6 * * *", "Asia/Kathmandu", "2026-05-01T00:00", 1, ["2026-05-01T00:15"]),
        # month ends and leap days (T-07)
        ("0 6 L * *", "UTC", "2028-01-15T00:00", 61, ["2028-01-31T06:00", "2028-02-29T06:00"]),
        ("0 6 L * *", "Europe/Kyiv", "2026-02-01T00:00", 60, ["2026-02-28T04:00", "2026-03-31T03:00"]),
        ("0 6 31 * *", "UTC", "2026-01-01T00:00", 120, ["2026-01-31T06:00", "2026-03-31T06:00"]),
        ("0 6 29 2 *", "UTC", "2026-01-01T00:00", 1500, ["2028-02-29T06:00"]),
        ("0 6 29 2 *", "UTC", "2097-01-01T00:00", 2900, ["2104-02-29T06:00"]),  # 2100 is no leap year
    ],
)  # fmt: skip
def test_the_clocks_of_a_zone(line, zone, start, days, expected):
    assert ticks(line, zone, start, days) == expected


@settings(deadline=None)
@given(
    line=st.sampled_from(list(LINES)),
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]),
    steps=st.lists(st.integers(1, 600), min_size=1, max_size=12),
)
def test_whenever_one_looks_the_ticks_are_those_of_brute_force(line, zone, start, steps):
    cron, moment = Cron(line, ZoneInfo(zone)), at(start)
    end = moment + timedelta(minutes=sum(steps))
    expected = brute_force(line, ZoneInfo(zone), moment, end)
    found = []
    for step in steps:
        found += cron.ticks(moment, moment + timedelta(minutes=step))
        moment += timedelta(minutes=step)
    assert found == expected
    assert cron.newest(end, end - at(start)) == (expected[-1] if expected else None)
    assert cron.next(at(start)) == next(iter(expected), cron.next(end))


def test_the_newest_is_found_far_back():
    cron = Cron("0 6 1 1 *", ZoneInfo("UTC"))
    assert cron.newest(at("2026-11-22"), timedelta(days=400)) == at("2026-01-01T06:00")
    assert cron.newest(at("2026-11-22"), timedelta(days=300)) is None


@pytest.mark.parametrize("line", ["every day", "", "0 0 30 2 *", "61 0 * * *", "@daily", "0 0 * * * *", "* * * *"])
def test_what_is_no_cron_line_is_named(line):
    with pytest.raises(ParameterError, match="cannot be read; it must be like '0 6 1"):
        Cron(line, ZoneInfo("UTC"))
