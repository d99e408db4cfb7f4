from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reports_lib.values.clock import zones
from reports_lib.values.interval import Interval
from reports_lib.values.spine import Unit, spine

KYIV, SANTIAGO, UTC_ZONE = ZoneInfo("Europe/Kyiv"), ZoneInfo("America/Santiago"), ZoneInfo("UTC")
LATER = datetime(2040, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spine_of(text, zone, unit, as_of=LATER, months=1):
    return spine(Interval.parse(text, zone, as_of), unit, as_of, months)


def bucket_of(buckets, moment):
    return next(b.key for b in buckets if b.start <= moment < b.end)


def hours(bucket):
    return (bucket.end - bucket.start) / timedelta(hours=1)


def test_an_event_at_the_start_is_in_and_at_the_end_in_the_next():  # T-01
    january, february = spine_of("2024-01-01/2024-02-29", KYIV, Unit.MONTH)
    assert bucket_of([january, february], january.end - TICK) == "2024-01"
    assert bucket_of([january, february], january.end) == "2024-02"


def test_a_month_in_which_the_clock_changes():  # T-03
    (march,) = spine_of("2024-03-01/2024-03-31", KYIV, Unit.MONTH)
    assert (march.start, march.end) == (at("2024-02-29T22:00"), at("2024-03-31T21:00"))
    assert (march.number, march.key, march.is_partial) == (1, "2024-03", False)


@pytest.mark.parametrize(
    ("name", "first", "last", "lengths"),
    [  # T-04: the second day of each has no local midnight
        ("America/Santiago", "2024-09-07", "2024-09-09", [24, 23, 24]),
        ("Africa/Cairo", "2024-04-25", "2024-04-27", [24, 23, 24]),
        ("Asia/Beirut", "2024-03-30", "2024-04-01", [24, 23, 24]),
        ("America/Havana", "2024-03-09", "2024-03-11", [24, 23, 24]),
        ("Atlantic/Azores", "2024-03-30", "2024-04-01", [24, 23, 24]),
        ("America/Santiago", "2024-04-06", "2024-04-08", [25, 24, 24]),  # 23:00 comes twice
        ("America/Havana", "2024-11-02", "2024-11-04", [24, 25, 24]),  # 00:00 comes twice
        ("America/St_Johns", "2006-04-01", "2006-04-03", [24, 23, 24]),  # 00:01 becomes 01:01
        ("America/St_Johns", "2006-10-28", "2006-10-30", [24, 25, 24]),  # 00:01 becomes 23:01 of the day before
        ("Europe/Kyiv", "2024-10-26", "2024-10-28", [24, 25, 24]),
    ],
)
def test_days_around_a_change_of_the_clock(name, first, last, lengths):
    buckets = spine_of(f"{first}/{last}", ZoneInfo(name), Unit.DATE)
    assert [hours(b) for b in buckets] == lengths
    assert all(a.end == b.start for a, b in pairwise(buckets))
    assert not any(b.is_partial for b in buckets)
    assert [b.key for b in buckets] == [
        (datetime.fromisoformat(first) + timedelta(days=n)).date().isoformat() for n in range(3)
    ]


def test_a_day_that_a_country_skipped_is_no_bucket():  # T-04
    buckets = spine_of("2011-12-28/2011-12-31", ZoneInfo("Pacific/Apia"), Unit.DATE)
    assert [(b.number, b.key, hours(b)) for b in buckets] == [
        (1, "2011-12-28", 24),
        (2, "2011-12-29", 24),
        (3, "2011-12-31", 24),
    ]


def test_an_hour_that_falls_back_over_midnight_stays_with_the_day_that_had_begun():  # T-04
    before, day = spine_of("2006-10-28/2006-10-29", ZoneInfo("America/St_Johns"), Unit.DATE)
    assert (before.end, day.start) == (at("2006-10-29T02:30"), at("2006-10-29T02:30"))  # the first midnight
    assert bucket_of([before, day], at("2006-10-29T02:45")) == "2006-10-29"  # 23:15 once more


def test_the_zone_moves_an_event_to_another_date():  # T-05
    event = at("2024-03-31T22:30")
    assert bucket_of(spine_of("2024-03-30/2024-04-02", KYIV, Unit.DATE), event) == "2024-04-01"
    assert bucket_of(spine_of("2024-03-30/2024-04-02", SANTIAGO, Unit.DATE), event) == "2024-03-31"
    assert bucket_of(spine_of("2024-03-01/2024-04-30", KYIV, Unit.MONTH), event) == "2024-04"
    assert bucket_of(spine_of("2024-03-01/2024-04-30", SANTIAGO, Unit.MONTH), event) == "2024-03"


@pytest.mark.parametrize(
    ("day", "months", "starts"),
    [  # T-07: the window of the bucket that ends as this day begins
        ("2024-02-29", 1, "2024-01-29"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2024-03-30", 1, "2024-02-29"),  # the same as of the 31st
        ("2023-03-31", 1, "2023-02-28"),
        ("2024-03-31", 12, "2023-03-31"),
        ("2024-05-31", 3, "2024-02-29"),
        ("2024-01-31", 120, "2014-01-31"),
    ],
)
def test_the_window_goes_back_by_months_and_clamps_the_day(day, months, starts):  # T-07, M-03
    before = (datetime.fromisoformat(day) - timedelta(days=1)).date()
    (bucket,) = spine_of(f"{before}/{before}", UTC_ZONE, Unit.DATE, months=months)
    assert bucket.window_start == at(starts)


def test_the_window_is_counted_on_local_wall_time():  # T-02, M-03
    (march,) = spine_of("2024-03-01/2024-03-31", KYIV, Unit.MONTH)
    assert march.window_start == at("2024-02-29T22:00")  # 1 March 00:00 in winter time, the end is in summer time
    (day,) = spine_of("2024-09-07/2024-09-07", SANTIAGO, Unit.DATE)  # ends with a day without a midnight
    assert day.window_start == at("2024-08-08T04:00")  # 00:00, not 01:00


def test_an_interval_that_ends_after_as_of():  # T-09
    as_of = at("2024-02-10T09:00")
    january, february = spine_of("2024-01-01/2024-04-30", KYIV, Unit.MONTH, as_of)  # no March, no April
    assert not january.is_partial
    assert february.is_partial
    assert february.end == as_of
    assert february.window_start == at("2024-01-10T09:00")


def test_as_of_at_the_end_of_a_bucket_leaves_it_whole():  # T-09
    (january,) = spine_of("2024-01-01/2024-04-30", KYIV, Unit.MONTH, at("2024-01-31T22:00"))
    assert not january.is_partial


def test_nothing_begins_at_or_after_as_of():  # T-09, G-5
    for unit in (None, *Unit):
        assert spine_of("2024-01-01/2024-01-31", KYIV, unit, at("2023-12-31T22:00")) == ()


def test_two_partial_years_around_a_leap_year():  # T-10
    first, leap, last = spine_of("2023-07-01/2025-06-30", KYIV, Unit.YEAR)
    assert [(b.key, b.is_partial) for b in (first, leap, last)] == [("2023", True), ("2024", False), ("2025", True)]
    assert hours(leap) == 366 * 24
    assert (first.start, last.end) == (at("2023-06-30T21:00"), at("2025-06-30T21:00"))


def test_without_a_unit_the_whole_interval_is_one_bucket():
    (whole,) = spine_of("2024-01-15/2024-03-10", KYIV, None)
    assert (whole.key, whole.start, whole.end) == ("", at("2024-01-14T22:00"), at("2024-03-10T22:00"))
    assert not whole.is_partial
    (cut,) = spine_of("2024-01-15/2024-03-10", KYIV, None, at("2024-02-01"))
    assert (cut.end, cut.is_partial) == (at("2024-02-01"), True)


MOMENTS = st.datetimes(datetime(1905, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))
UNITS = st.sampled_from([None, Unit.YEAR, Unit.MONTH, Unit.DATE])


@settings(max_examples=150, deadline=None)
@given(MOMENTS, st.timedeltas(TICK, timedelta(days=500)), st.sampled_from(zones()), UNITS, MOMENTS | st.just(LATER))
@example(at("2006-10-28T12:00"), timedelta(days=3), "America/St_Johns", Unit.DATE, LATER)
@example(at("2006-10-29T02:45"), timedelta(hours=1), "America/St_Johns", Unit.DATE, LATER)  # begins in the 2nd 23:15
@example(at("2011-12-29T12:00"), timedelta(days=3), "Pacific/Apia", Unit.DATE, LATER)
@example(at("1919-03-30T12:00"), timedelta(days=3), "America/Toronto", Unit.DATE, LATER)
def test_buckets_tile_the_interval_and_hold_their_own_days(start, length, zone, unit, as_of):
    interval = Interval(start, start + length, ZoneInfo(zone))
    buckets = spine(interval, unit, as_of)
    end = min(interval.end, as_of)
    if end <= start:
        assert buckets == ()
        return
    assert [b.start for b in buckets] + [end] == [start] + [b.end for b in buckets]  # no gap, no overlap
    assert all(b.start < b.end and b.window_start < b.end for b in buckets)
    assert [b.number for b in buckets] == list(range(1, len(buckets) + 1))
    assert len({b.key for b in buckets}) == len(buckets)
    for bucket in buckets if unit else ():
        for moment in (bucket.start, bucket.start + (bucket.end - bucket.start) / 3, bucket.end - TICK):
            assert begun(moment, interval.zone, len(bucket.key)) == bucket.key


@pytest.mark.parametrize(
    ("name", "day", "count", "changed"),
    [  # T-03: what is not a plain hour of that day, and how many minutes it has
        ("Europe/Kyiv", "2024-10-27", 25, {"2024-10-27 03:00+03:00": 60, "2024-10-27 03:00+02:00": 60}),
        ("Europe/Kyiv", "2024-03-31", 23, {}),
        ("Australia/Lord_Howe", "2024-04-07", 25, {"2024-04-07 01:00+11:00": 60, "2024-04-07 01:00+10:30": 30}),
        ("Australia/Lord_Howe", "2024-10-06", 24, {"2024-10-06 02:00": 30}),
        ("America/Santiago", "2024-09-08", 23, {}),  # no midnight
        ("Asia/Kathmandu", "2024-01-01", 24, {}),  # 5:45 ahead of UTC
    ],
)
def test_hours_that_the_clocks_show_twice_are_two_and_told_apart(name, day, count, changed):
    buckets = spine_of(f"{day}/{day}", ZoneInfo(name), Unit.HOUR)
    found = {b.key: (b.end - b.start) // timedelta(minutes=1) for b in buckets}
    assert len(buckets) == len(found) == count
    assert {key: minutes for key, minutes in found.items() if len(key) > 16 or minutes != 60} == changed
    assert not any(b.is_partial for b in buckets)
    twice = [key for key in changed if len(key) > 16]
    if twice:  # also where only one of the two is asked for
        late = spine(Interval(buckets[-1].end - timedelta(hours=1), buckets[-1].end, ZoneInfo(name)), Unit.HOUR, LATER)
        assert late[0].key == buckets[-1].key
        ends = [b.end for b in buckets if b.key == twice[1]]
        (second,) = spine(Interval(ends[0] - timedelta(minutes=9), ends[0], ZoneInfo(name)), Unit.HOUR, LATER)
        assert (second.key, second.is_partial) == (twice[1], True)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.timedeltas(TICK, timedelta(days=2)), st.sampled_from(zones()))
@example(at("2006-10-29T02:00"), timedelta(hours=3), "America/St_Johns")
@example(at("1969-09-30T12:00"), timedelta(days=2), "Pacific/Kwajalein")  # a day again
def test_hours_tile_the_interval_and_are_what_the_clocks_show(start, length, zone):
    interval = Interval(start, start + length, ZoneInfo(zone))
    buckets = spine(interval, Unit.HOUR, LATER + timedelta(days=9999))
    assert [b.start for b in buckets] + [interval.end] == [start] + [b.end for b in buckets]
    assert len({b.key for b in buckets}) == len(buckets)
    for bucket in buckets:
        for moment in (bucket.start, bucket.start + (bucket.end - bucket.start) / 3, bucket.end - TICK):
            shown = moment.astimezone(interval.zone)
            assert bucket.key[:13] == f"{shown:%Y-%m-%d %H}"
            if bucket.key[16:]:
                assert bucket.key[16:] == shown.replace(microsecond=0).isoformat()[19:]


def begun(moment, zone, length):
    """The local unit that has last begun: the one shown, unless the clock fell back over its beginning."""
    steps = (moment - timedelta(seconds=30 * n) for n in range(241))
    shown = moment.astimezone(zone)
    if (shown + timedelta(hours=2)).date() == shown.date():  # it is not late enough to have fallen back
        return shown.date().isoformat()[:length]
    return max(step.astimezone(zone).date().isoformat()[:length] for step in steps)
