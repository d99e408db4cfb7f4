"""The interval of a report: half-open moments, written and read as local wall time (G-2).

    2024-01-01/2024-03-31                        whole days: the end is the last day
    2024-03-01T08:00/2024-03-01T17:59            whole minutes: 17:59:59.9 counts
    2024-10-27T03:30+02:00/2024-10-27T03:44      an hour that occurs twice, told by its offset
    last month                                   a relative name, see `RELATIVE`

The precision in which an end is written decides how far it reaches, so no event of a last second
is lost. `str()` gives the shortest text that reads back as the same interval.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from reports_lib.errors import ParameterError
from reports_lib.values.calendar import add_months
from reports_lib.values.clock import midnight, moment, utc, wall
from reports_lib.values.formats import quoted
from reports_lib.values.relative import RELATIVE, days_of

__all__ = ["RELATIVE", "Comparison", "Interval"]

_POINT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?(second)(?P<fraction>\.\d{1,6})?)"
    r"(?:Z|[+-]\d\d:\d\d(?::\d\d)?)?)?",
    re.ASCII,
)
_STEPS = {"minutes": timedelta(minutes=1), "seconds": timedelta(seconds=1), "microseconds": timedelta(microseconds=1)}
_LIKE = "2024-01-01/2024-03-31, 2024-03-01T08:00/2024-03-01T17:59"
_DAY = timedelta(days=1)
_YEARS = range(1900, 2201)


class Comparison(StrEnum):
    """What a report's interval is compared with (G-14)."""

    PREVIOUS_INTERVAL = "previous_interval"
    PREVIOUS_DAY = "previous_day"
    PREVIOUS_WEEK = "previous_week"
    PREVIOUS_MONTH = "previous_month"
    PREVIOUS_YEAR = "previous_year"


@dataclass(frozen=True, slots=True)
class Interval:
    """The moments from `start` up to, and not including, `end` (both UTC), lived in `zone`."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.start >= self.end:
            raise ParameterError(f"{self.start:%Y-%m-%dT%H:%M}/{self.end:%Y-%m-%dT%H:%M} has no length")
        if self.start.year not in _YEARS or self.end.year not in _YEARS:
            years = f"{_YEARS[0]} to {_YEARS[-1]}"
            raise ParameterError(f"{self.start:%Y-%m-%d}/{self.end:%Y-%m-%d} is not within the years {years}")

    def __str__(self) -> str:
        return f"{_start_text(self.start, self.zone)}/{_end_text(self.end, self.zone)}"

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo, as_of: datetime) -> Self:
        """Read `text` as local wall time of `zone`, or as a relative name counted from `as_of`.

        Raises `ParameterError` if it is neither, or ends before it begins.
        """
        today = utc(as_of).astimezone(zone).date()
        try:
            start, end = _read_both(text, zone, today)
        except (ValueError, OverflowError):  # no such form, day, hour or year
            raise ParameterError(f"{quoted(text)} is not like {_LIKE} or last month") from None
        if start >= end:
            raise ParameterError(f"{quoted(text)} ends before it begins")
        return cls(start, end, zone)

    def clipped(self, as_of: datetime) -> tuple[datetime, datetime]:
        """Start and end for data: the end is cut at `as_of`, though never before the start (G-2)."""
        return self.start, max(self.start, min(self.end, utc(as_of)))

    def shifted(self, comparison: Comparison) -> Self:
        """The earlier interval of the same length that this one is compared with (G-14).

        Counted on local wall time. Whole calendar months keep their number of months: the interval
        before a quarter is a quarter. Anything else keeps its days and hours, and its first day is
        clamped to the month it comes to lie in. Raises `ParameterError` if the clocks skipped it.
        """
        start, end = wall(self.start, self.zone), wall(self.end, self.zone)
        is_months = all(at.day == 1 and at.time() == time() for at in (start, end))
        months = {Comparison.PREVIOUS_MONTH: 1, Comparison.PREVIOUS_YEAR: 12}.get(comparison, 0)
        if comparison is Comparison.PREVIOUS_INTERVAL and is_months:
            months = (end.year - start.year) * 12 + end.month - start.month
        if months:
            first = add_months(start, -months)
            after = add_months(end, -months) if is_months else first + (end - start)
        else:
            days = {Comparison.PREVIOUS_DAY: _DAY, Comparison.PREVIOUS_WEEK: 7 * _DAY}.get(comparison, end - start)
            first, after = start - days, end - days
        return type(self)(moment(first, self.zone), moment(after, self.zone), self.zone)


def _read_both(text: str, zone: ZoneInfo, today: date) -> tuple[datetime, datetime]:
    if days := days_of(text, today):
        return midnight(days[0], zone), midnight(days[1], zone)
    start, _, end = (part.strip() for part in text.partition("/"))
    return _read_start(start, zone), _read_end(end, zone)


def _read_start(text: str, zone: ZoneInfo) -> datetime:
    at, _ = _read(text)
    return at.astimezone(UTC) if at.tzinfo else moment(at, zone)


def _read_end(text: str, zone: ZoneInfo) -> datetime:
    at, step = _read(text)
    return (at + step).astimezone(UTC) if at.tzinfo else moment(at + step, zone)


def _read(text: str) -> tuple[datetime, timedelta]:
    """A wall time, aware if its offset is written, and the step of its precision."""
    if not (found := _POINT.fullmatch(text)):
        raise ValueError(text)
    if not found["minute"]:
        return datetime.combine(date.fromisoformat(text), time()), _DAY
    precision = "microseconds" if found["fraction"] else "seconds" if found["second"] else "minutes"
    return datetime.fromisoformat(text), _STEPS[precision]


def _start_text(start: datetime, zone: ZoneInfo) -> str:
    shown, aware = wall(start, zone), start.astimezone(zone)

    def texts() -> Iterator[str]:
        yield shown.date().isoformat()
        for at in (shown, aware):
            yield from (at.isoformat(timespec=precision) for precision in _STEPS)

    return next(text for text in texts() if _read_start(text, zone) == start)


def _end_text(end: datetime, zone: ZoneInfo) -> str:
    shown = wall(end, zone)

    def texts() -> Iterator[str]:
        yield (shown - _DAY).date().isoformat()
        yield from ((shown - step).isoformat(timespec=precision) for precision, step in _STEPS.items())
        for precision, step in _STEPS.items():
            yield (end - step).astimezone(zone).isoformat(timespec=precision)

    return next(text for text in texts() if _read_end(text, zone) == end)
