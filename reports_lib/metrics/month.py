"""The month that is billed: its name, its moments, and the days of it that calls are counted by."""

from datetime import date, datetime, timedelta

from reports_lib.errors import ParameterError
from reports_lib.metrics.timeline import Timeline, naive
from reports_lib.values.calendar import add_months
from reports_lib.values.clock import midnight, wall
from reports_lib.values.interval import Interval
from reports_lib.values.spine import Unit, spine

NEAR = timedelta(days=15)  # an invoice is of the month if its period begins so near to the month's beginning
BEFORE = timedelta(days=14)  # days before the month that tell whether a company has calls every day


def month_of(interval: Interval) -> str:
    """`2026-10`, if the interval is that month; raises `ParameterError` (M-61)."""
    first, last = wall(interval.start, interval.zone), wall(interval.end, interval.zone)
    if first.day == 1 and first.time() == last.time() == datetime.min.time() and last == add_months(first, 1):
        return f"{first:%Y-%m}"
    raise ParameterError(f"interval {interval} is not one calendar month, such as last month or 2026-10-01/2026-10-31")


def slots(interval: Interval) -> dict[str, str]:
    """What fills the slots of a month: `start`, `end`, and `near`, `far`, `last`, where its invoices and calls lie."""
    start, end = naive(interval.start), naive(interval.end)
    moments = {"start": start, "end": end, "near": start - NEAR, "far": start + NEAR, "last": end + NEAR}
    return {name: moment.isoformat(sep=" ") for name, moment in moments.items()}


def days_of(interval: Interval, as_of: datetime) -> Timeline | None:
    """The days of the month and some before it, up to the as-of moment; the day under way is left out."""
    first = wall(interval.start, interval.zone).date() - BEFORE
    wide = Interval(midnight(first, interval.zone), interval.end, interval.zone)
    buckets = spine(wide, Unit.DATE, as_of)
    while buckets and buckets[-1].is_partial:
        buckets = buckets[:-1]
    return Timeline(buckets) if buckets else None


def dates(days: Timeline | None) -> list[date]:
    """The days that the buckets of `days` are."""
    return [date.fromisoformat(bucket.key) for bucket in days.buckets] if days else []
