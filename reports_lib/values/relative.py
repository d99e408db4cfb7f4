"""Intervals by name, counted from the local day of as-of: `last month`, `year to date`, …

All are whole local days. `last 3 months` is the three full calendar months before the current one;
`month to date` reaches to the end of today, and data end at as-of anyway.
"""

import re
from datetime import date
from typing import cast

from reports_lib.values.calendar import CalendarUnit, ahead, floor

RELATIVE = (
    "today",
    "yesterday",
    *(f"{which} {unit}" for which in ("this", "last") for unit in ("week", "month", "quarter", "year")),
    *(f"last N {unit}s" for unit in ("day", "week", "month", "quarter", "year")),
    *(f"{unit} to date" for unit in ("week", "month", "quarter", "year")),
)
"""Every relative name there is; N is a number from 1 to 9999."""

_UNIT = "(?P<unit>week|month|quarter|year)"
_THIS = re.compile(f"this {_UNIT}")
_LAST = re.compile(f"last {_UNIT}")
_LAST_N = re.compile("last (?P<count>[1-9][0-9]{0,3}) (?P<unit>day|week|month|quarter|year)s?")
_TO_DATE = re.compile(f"{_UNIT} to date")


def days_of(text: str, today: date) -> tuple[date, date] | None:
    """First day and the day after the last one, or None if `text` is no relative name.

    Raises `ValueError` or `OverflowError` if it reaches before the calendar begins.
    """
    name = " ".join(text.casefold().split())
    if name in ("today", "yesterday"):
        first = ahead(today, "day", 0 if name == "today" else -1)
        return first, ahead(first, "day", 1)
    for pattern in (_THIS, _LAST, _LAST_N, _TO_DATE):
        if found := pattern.fullmatch(name):
            unit = cast(CalendarUnit, found["unit"])
            first = floor(today, unit)
            if pattern is _THIS:
                return first, ahead(first, unit, 1)
            if pattern is _TO_DATE:
                return first, ahead(today, "day", 1)
            return ahead(first, unit, -int(found.groupdict().get("count", 1))), first
    return None
