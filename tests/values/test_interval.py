import os
import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports_lib.errors import ParameterError
from reports_lib.values.clock import midnight, moment, wall, zone, zones
from reports_lib.values.interval import RELATIVE, Comparison, Interval

KYIV = ZoneInfo("Europe/Kyiv")
AS_OF = datetime(2024, 3, 14, 10, 30, tzinfo=UTC)  # a Thursday, 12:30 in Kyiv


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-03-14/2024-03-14", "2024-03-13T22:00", "2024-03-14T22:00"),  # a date: to the next local midnight
        ("2024-03-14 08:30/2024-03-14 23:59", "2024-03-14T06:30", "2024-03-14T22:00"),  # a minute: to the next one
        ("2024-03-14T00:00:00/2024-03-14T23:59:59", "2024-03-13T22:00", "2024-03-14T22:00"),  # so 23:59:59.7 counts
        ("2024-03-14/2024-03-14T23:59:59.5", "2024-03-13T22:00", "2024-03-14T21:59:59.500001"),
        ("2024-03-14T23:30Z/2024-03-15T05:59+05:30", "2024-03-14T23:30", "2024-03-15T00:30"),  # told by offset
        ("2024-03-01/2024-03-31", "2024-02-29T22:00", "2024-03-31T21:00"),  # T-03: the clock changes on the 31st
    ],
)
def test_the_precision_of_the_end_decides_how_far_it_reaches(text, start, end):  # T-08, G-2
    interval = Interval.parse(text, KYIV, AS_OF)
    assert (interval.start, interval.end) == (at(start), at(end))


@pytest.mark.parametrize(
    ("name", "same_as"),
    [
        ("today", "2024-03-14/2024-03-14"),
        ("Yesterday", "2024-03-13/2024-03-13"),
        ("this week", "2024-03-11/2024-03-17"),  # Monday to Sunday
        ("last week", "2024-03-04/2024-03-10"),
        ("this month", "2024-03-01/2024-03-31"),
        ("LAST  month", "2024-02-01/2024-02-29"),
        ("this quarter", "2024-01-01/2024-03-31"),
        ("last quarter", "2023-10-01/2023-12-31"),
        ("this year", "2024-01-01/2024-12-31"),
        ("last year", "2023-01-01/2023-12-31"),
        ("last 7 days", "2024-03-07/2024-03-13"),  # full days, so today is not among them
        ("last 1 day", "2024-03-13/2024-03-13"),
        ("last 2 weeks", "2024-02-26/2024-03-10"),
        ("last 12 months", "2023-03-01/2024-02-29"),
        ("last 2 quarters", "2023-07-01/2023-12-31"),
        ("last 2 years", "2022-01-01/2023-12-31"),
        ("week to date", "2024-03-11/2024-03-14"),
        ("month to date", "2024-03-01/2024-03-14"),
        ("quarter to date", "2024-01-01/2024-03-14"),
        ("year to date", "2024-01-01/2024-03-14"),
    ],
)
def test_relative_names_count_from_the_local_day_of_as_of(name, same_as):
    assert str(Interval.parse(name, KYIV, AS_OF)) == same_as


def test_the_local_day_decides_what_today_is():
    late = datetime(2024, 3, 14, 22, 30, tzinfo=UTC)  # already the 15th in Kyiv
    assert str(Interval.parse("today", KYIV, late)) == "2024-03-15/2024-03-15"
    assert str(Interval.parse("today", ZoneInfo("America/Santiago"), late)) == "2024-03-14/2024-03-14"


@pytest.mark.parametrize("name", RELATIVE)
def test_every_name_that_is_offered_is_understood(name):
    assert Interval.parse(name.replace(" N ", " 3 "), KYIV, AS_OF).start < AS_OF


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-03-02/2024-03-01", "ends before it begins"),  # JD-08
        ("2024-03-01T12:00/2024-03-01T11:59", "ends before it begins"),
        ("2024-02-30/2024-03-01", "is not like"),
        ("2024-03-01T24:00/2024-03-02", "is not like"),
        ("2024-03-01", "is not like"),
        ("2024-03-01/", "is not like"),
        ("1/2", "is not like"),
        ("٢٠٢٤-03-01/2024-03-02", "is not like"),  # digits, but not ours
        ("last 0 days", "is not like"),
        ("last 9999 years", "is not like"),
        ("9999-12-31/9999-12-31", "is not like"),
        ("0001-01-01/2024-01-01", "is not like"),
        ("1800-01-01/2024-01-01", "is not within"),
        ("2024-01-01/2300-01-01", "is not within"),
        ("last month\0", "is not like"),
        ("last " * 2000, "is not like"),
    ],
)
def test_refuses_what_is_no_interval_in_one_line(text, reason):
    with pytest.raises(ParameterError, match=reason) as refused:
        Interval.parse(text, KYIV, AS_OF)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


def test_an_interval_has_a_length():
    with pytest.raises(ParameterError):
        Interval(AS_OF, AS_OF, KYIV)


def test_a_moment_without_a_zone_is_refused():  # T-06: it would mean the zone of the machine
    with pytest.raises(ValueError, match="no zone"):
        Interval(AS_OF.replace(tzinfo=None), AS_OF, KYIV)
    with pytest.raises(ValueError, match="no zone"):
        Interval.parse("today", KYIV, AS_OF.replace(tzinfo=None))


def test_the_zone_of_the_machine_does_not_matter(monkeypatch):  # T-06
    found = set()
    for name in ("UTC", "America/Santiago", "Asia/Tokyo"):
        monkeypatch.setitem(os.environ, "TZ", name)
        time.tzset()
        interval = Interval.parse("month to date", KYIV, AS_OF)
        found.add((str(interval), interval.start, interval.end))
    monkeypatch.undo()
    time.tzset()
    assert found == {("2024-03-01/2024-03-14", at("2024-02-29T22:00"), at("2024-03-14T22:00"))}


def test_data_end_at_as_of_but_never_before_the_start():  # T-09, G-2
    interval = Interval.parse("this month", KYIV, AS_OF)
    assert interval.clipped(AS_OF) == (interval.start, AS_OF)
    assert interval.clipped(at("2030-01-01")) == (interval.start, interval.end)
    assert interval.clipped(at("2020-01-01")) == (interval.start, interval.start)


@pytest.mark.parametrize(
    ("text", "comparison", "same_as"),
    [
        ("2024-03-14/2024-03-14", "previous_interval", "2024-03-13/2024-03-13"),
        ("2024-03-11/2024-03-17", "previous_interval", "2024-03-04/2024-03-10"),
        ("2024-01-01/2024-03-31", "previous_interval", "2023-10-01/2023-12-31"),  # a quarter before a quarter
        ("2024-01-01/2024-12-31", "previous_interval", "2023-01-01/2023-12-31"),  # a leap year
        ("2024-03-31T08:00/2024-03-31T11:59", "previous_interval", "2024-03-31T04:00/2024-03-31T07:59"),
        ("2024-03-01/2024-03-31", "previous_day", "2024-02-29/2024-03-30"),
        ("2024-04-01/2024-04-07", "previous_week", "2024-03-25/2024-03-31"),  # over the change of the clock
        ("2024-03-01/2024-03-31", "previous_month", "2024-02-01/2024-02-29"),  # whole months stay whole
        ("2024-03-31/2024-03-31", "previous_month", "2024-02-29/2024-02-29"),  # clamped, never empty
        ("2024-03-30/2024-03-30", "previous_month", "2024-02-29/2024-02-29"),
        ("2024-03-10/2024-03-19", "previous_month", "2024-02-10/2024-02-19"),
        ("2024-02-29/2024-02-29", "previous_year", "2023-02-28/2023-02-28"),
        ("2024-02-01/2024-02-29", "previous_year", "2023-02-01/2023-02-28"),
    ],
)
def test_compares_with_the_same_length_earlier(text, comparison, same_as):  # G-14
    assert str(Interval.parse(text, KYIV, AS_OF).shifted(Comparison(comparison))) == same_as


def test_the_compared_interval_may_have_been_skipped_by_the_clocks():  # G-14
    apia = ZoneInfo("Pacific/Apia")  # had no 30 December 2011
    with pytest.raises(ParameterError, match="no length"):
        Interval.parse("2011-12-31/2011-12-31", apia, AS_OF).shifted(Comparison.PREVIOUS_DAY)


@pytest.mark.parametrize(
    ("name", "day", "begins"),
    [  # T-04: none of these days has a local midnight
        ("America/Santiago", "2024-09-08", "2024-09-08T04:00"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00"),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00"),
        ("America/Havana", "2024-03-10", "2024-03-10T05:00"),
        ("Atlantic/Azores", "2024-03-31", "2024-03-31T01:00"),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30"),  # 23:30 to 00:30: midnight amid the hour
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # the whole day was skipped
    ],
)
def test_a_day_without_midnight_begins_where_the_day_before_ends(name, day, begins):
    there = ZoneInfo(name)
    begin = midnight(datetime.fromisoformat(day).date(), there)
    assert begin == at(begins)
    assert (begin - timedelta(microseconds=1)).astimezone(there).date() < datetime.fromisoformat(day).date()
    interval = Interval(begin, begin + timedelta(hours=30), there)
    assert Interval.parse(str(interval), there, AS_OF) == interval
    before = str(Interval(begin - timedelta(days=3), begin, there)).split("/")[1]
    assert len(before) == len("2024-01-01")  # it ends with a day


def test_a_repeated_hour_is_told_by_its_offset():
    second = Interval(at("2024-10-27T01:15"), at("2024-10-27T01:30"), KYIV)  # 03:15 comes twice
    assert str(second) == "2024-10-27T03:15+02:00/2024-10-27T03:29+02:00"
    first = Interval(at("2024-10-27T00:15"), at("2024-10-27T00:30"), KYIV)
    assert str(first) == "2024-10-27T03:15/2024-10-27T03:29"
    assert moment(datetime(2024, 10, 27, 3, 15), KYIV) == first.start


SOME_ZONES = st.sampled_from(zones()).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))


@settings(max_examples=300, deadline=None)
@given(MOMENTS, st.integers(1, 10**14), st.sampled_from([1, 10**6, 60 * 10**6, 86400 * 10**6]), SOME_ZONES)
def test_an_interval_reads_back_from_its_text(start, length, step, there):
    start = start - timedelta(microseconds=int(start.timestamp() * 10**6) % step)
    length = timedelta(microseconds=(length // step or 1) * step)
    interval = Interval(start, min(start + length, datetime(2200, 1, 1, tzinfo=UTC)), there)
    assert Interval.parse(str(interval), there, AS_OF) == interval
    assert str(Interval.parse(str(interval), there, AS_OF)) == str(interval)


@settings(max_examples=200, deadline=None)
@given(MOMENTS.map(lambda m: m.replace(tzinfo=None)), st.timedeltas(timedelta(), timedelta(days=2)), SOME_ZONES)
def test_a_later_wall_time_is_never_an_earlier_moment(shown, later, there):
    assert moment(shown, there) <= moment(shown + later, there)
    assert wall(moment(shown, there), there) >= shown.replace(hour=0, minute=0, second=0, microsecond=0)


def test_zones_are_found_in_any_case_and_no_other_names():
    assert zone("europe/KYIV").key == "Europe/Kyiv"
    for name in ("", "localtime", "../UTC", "/etc/localtime", "Europe/Kiev\0", "EST5EDT4", "K" * 10_000):
        with pytest.raises(ParameterError, match="is not a time zone"):
            zone(name)


def test_other_zones_than_utc_are_brought_to_it():
    there = timezone(timedelta(hours=5))
    assert Interval(AS_OF.astimezone(there), at("2024-04-01"), KYIV).start.tzinfo is UTC
