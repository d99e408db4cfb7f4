"""The calendar spine: local years, months, days or hours as UTC bounds, to be joined with facts (G-4).

It is built here, by the zone's own rules, because no engine's zoned truncation can be trusted
through Ibis. Days of 23 and 25 hours, days without a midnight and a day that a country skipped
all come out right: buckets tile the interval without gap or overlap.

An hour is what the clocks call so, under one offset from UTC. Where they are put back an hour there are
two of one name, told apart by the offset: 2024-10-27 03:00+03:00 and 2024-10-27 03:00+02:00.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

from reports_lib.values.calendar import CalendarUnit, add_months, ahead, floor
from reports_lib.values.clock import midnight, moment, offsets, wall
from reports_lib.values.interval import Interval

__all__ = ["Bucket", "Unit", "spine"]


class Unit(StrEnum):
    """What a report groups time by."""

    YEAR = "year"
    MONTH = "month"
    DATE = "date"
    HOUR = "hour"


_HOUR = timedelta(hours=1)
_AROUND = timedelta(hours=26)  # the most that clocks were ever put back, and an hour: a namesake is no further
_CALENDAR: dict[Unit, CalendarUnit] = {Unit.YEAR: "year", Unit.MONTH: "month", Unit.DATE: "day"}
_KEY = {Unit.YEAR: 4, Unit.MONTH: 7, Unit.DATE: 10}  # how much of 2024-01-15 names the unit


@dataclass(frozen=True, slots=True)
class Bucket:
    """One row of the spine."""

    number: int  # 1, 2, 3, … in the order of time
    key: str  # 2024, 2024-01, 2024-01-15 or 2024-01-15 13:00; empty without a unit
    start: datetime  # UTC, inclusive
    end: datetime  # UTC, exclusive; clipped to the interval and to as-of
    window_start: datetime  # UTC, inclusive: active clients paid from here up to `end` (M-03)
    is_partial: bool  # clipped at either end: it holds less than its calendar unit


def spine(interval: Interval, unit: Unit | None, as_of: datetime, months: int = 1) -> tuple[Bucket, ...]:
    """The buckets of `interval` that begin before `as_of`, in the order of time (G-4, G-5).

    Without a unit there is one, the whole interval. `months` is the Active Duration; the window's
    start is that many months before the bucket's end on local wall time, its day clamped (M-03).
    """
    first, last = interval.clipped(as_of)
    zone = interval.zone
    found: list[Bucket] = []
    for key, begin, finish in _units(interval, unit, last):
        start, end = max(begin, first), min(finish, last)
        if start < end:  # a day that the clocks skipped is no bucket
            window_start = moment(add_months(wall(end, zone), -months), zone)
            is_partial = (start, end) != (begin, finish)
            found.append(Bucket(len(found) + 1, key, start, end, window_start, is_partial))
    return tuple(found)


def _units(interval: Interval, unit: Unit | None, last: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Key and unclipped bounds of each calendar unit that begins before `last`."""
    if unit is None:
        yield "", interval.start, interval.end
        return
    if unit is Unit.HOUR:
        yield from _hours(interval.start, last, interval.zone)
        return
    calendar, zone = _CALENDAR[unit], interval.zone
    day: date = floor(interval.start.astimezone(zone).date(), calendar)
    begin = midnight(day, zone)
    while begin < last:
        after = ahead(day, calendar, 1)
        finish = midnight(after, zone)
        yield day.isoformat()[: _KEY[unit]], begin, finish
        day, begin = after, finish


def _hours(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[tuple[str, datetime, datetime]]:
    """Key and bounds of each local hour that reaches into `first` to `last`, and of some before and after."""
    found: list[tuple[datetime, datetime, datetime]] = []
    for since, until, offset in offsets(first - _AROUND, last + _AROUND, zone):
        local = timezone(offset)
        at = since
        while at < until:
            shown = at.astimezone(local).replace(minute=0, second=0, microsecond=0)
            finish = min((shown + _HOUR).astimezone(at.tzinfo), until)
            found.append((shown, at, finish))
            at = finish
    names = Counter(shown.replace(tzinfo=None) for shown, _, _ in found)
    for shown, begin, finish in found:
        is_one = names[shown.replace(tzinfo=None)] == 1
        if begin < last:
            yield (shown.replace(tzinfo=None) if is_one else shown).isoformat(" ", "minutes"), begin, finish
