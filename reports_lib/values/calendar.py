"""Calendar arithmetic on local days and wall times, months clamped to their last day."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal, TypeVar

CalendarUnit = Literal["day", "week", "month", "quarter", "year"]
DateT = TypeVar("DateT", bound=date)  # a datetime is a date and keeps its time of day

MONTHS: dict[CalendarUnit, int] = {"month": 1, "quarter": 3, "year": 12}
DAYS: dict[CalendarUnit, int] = {"day": 1, "week": 7}


def add_months(day: DateT, months: int) -> DateT:
    """`months` later, or earlier if negative: 31 March less one is the last day of February (M-03)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def floor(day: date, unit: CalendarUnit) -> date:
    """First day of the unit that `day` lies in; weeks begin on Monday (ISO 8601)."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "day":
        return day
    return day.replace(month=day.month - (day.month - 1) % MONTHS[unit], day=1)


def ahead(day: date, unit: CalendarUnit, count: int) -> date:
    """`count` units later, or earlier if negative."""
    return day + timedelta(days=DAYS[unit] * count) if unit in DAYS else add_months(day, MONTHS[unit] * count)
