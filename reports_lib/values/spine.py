"""The calendar spine: local years, months or days as UTC bounds, to be joined with facts (G-4).

It is built here, by the zone's own rules, because no engine's zoned truncation can be trusted
through Ibis. Days of 23 and 25 hours, days without a midnight and a day that a country skipped
all come out right: buckets tile the interval without gap or overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from reports_lib.values.calendar import CalendarUnit, add_months, ahead, floor
from reports_lib.values.clock import midnight, moment, wall
from reports_lib.values.interval import Interval

__all__ = ["Bucket", "Unit", "spine"]


class Unit(StrEnum):
    """What a report groups time by."""

    YEAR = "year"
    MONTH = "month"
    DATE = "date"


_CALENDAR: dict[Unit, CalendarUnit] = {Unit.YEAR: "year", Unit.MONTH: "month", Unit.DATE: "day"}
_KEY = {Unit.YEAR: 4, Unit.MONTH: 7, Unit.DATE: 10}  # how much of 2024-01-15 names the unit


@dataclass(frozen=True, slots=True)
class Bucket:
    """One row of the spine."""

    number: int  # 1, 2, 3, … in the order of time
    key: str  # 2024, 2024-01 or 2024-01-15; empty without a unit
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
    calendar, zone = _CALENDAR[unit], interval.zone
    day: date = floor(interval.start.astimezone(zone).date(), calendar)
    begin = midnight(day, zone)
    while begin < last:
        after = ahead(day, calendar, 1)
        finish = midnight(after, zone)
        yield day.isoformat()[: _KEY[unit]], begin, finish
        day, begin = after, finish
