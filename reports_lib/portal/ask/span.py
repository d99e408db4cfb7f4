"""The period of a report in a form: chosen by a name, counted, or exact from one moment to another (TW-02).

The parts are fields of their own, called after the parameter: `interval` says how it is chosen,
`interval-count`, `interval-start-time` and so on say the rest. One text is made of them, which the
parameter's kind reads. A text that the parts cannot say stands in a field as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_time

from reports_lib.errors import ParameterError
from reports_lib.portal import language
from reports_lib.portal.language import _, ngettext
from reports_lib.values.clock import wall
from reports_lib.values.interval import Interval

EXACT, COUNTED, WRITTEN = "exact", "counted", "written"
UNITS = ("day", "week", "month", "quarter", "year")
THIN = "\u2009"
_COUNTED = re.compile(f"last ([1-9][0-9]{{0,3}}) ({'|'.join(UNITS)})s?")
_END = r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?"
_EXACT = re.compile(f"{_END} ?/ ?{_END}", re.ASCII)


def names() -> dict[str, dict[str, str]]:
    """What a period can be called: groups, and in each the names with their words."""
    return {
        _("Until now"): {
            "today": _("Today"),
            "week to date": _("Week to date"),
            "month to date": _("Month to date"),
            "quarter to date": _("Quarter to date"),
            "year to date": _("Year to date"),
        },
        _("Before now"): {
            "yesterday": _("Yesterday"),
            "last week": _("Last week"),
            "last month": _("Last month"),
            "last quarter": _("Last quarter"),
            "last year": _("Last year"),
            "last 7 days": _("Last 7 days"),
            "last 30 days": _("Last 30 days"),
            "last 3 months": _("Last 3 months"),
            "last 6 months": _("Last 6 months"),
            "last 12 months": _("Last 12 months"),
        },
        _("The whole of"): {
            "this week": _("This week"),
            "this month": _("This month"),
            "this quarter": _("This quarter"),
            "this year": _("This year"),
        },
    }


def spoken(text: str) -> str:
    """A period as it was asked for, in words where it has a name or is counted; else as it is."""
    name = " ".join(text.casefold().split())
    known = {key: word for group in names().values() for key, word in group.items()}
    if name in known:
        return known[name]
    if found := _COUNTED.fullmatch(name):
        return _last(int(found[1]))[found[2]]
    return text


def _last(count: int) -> dict[str, str]:
    return {
        "day": ngettext("Last {count} day", "Last {count} days", count),
        "week": ngettext("Last {count} week", "Last {count} weeks", count),
        "month": ngettext("Last {count} month", "Last {count} months", count),
        "quarter": ngettext("Last {count} quarter", "Last {count} quarters", count),
        "year": ngettext("Last {count} year", "Last {count} years", count),
    }


def units() -> dict[str, str]:
    """What can be counted, with its words."""
    words = (_("days"), _("weeks"), _("months"), _("quarters"), _("years"))
    return dict(zip(UNITS, words, strict=True))


@dataclass(frozen=True)
class Span:
    """The parts of one period; `way` is a name, or `EXACT`, `COUNTED`, `WRITTEN`; empty if none is chosen."""

    way: str = ""
    count: str = ""
    unit: str = "month"
    start: str = ""
    start_time: str = ""
    end: str = ""
    end_time: str = ""
    written: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """The parts that say `text`."""
        name = " ".join(text.casefold().split())
        if not name or any(name in each for each in names().values()):
            return cls(name)
        if found := _COUNTED.fullmatch(name):
            return cls(COUNTED, count=found[1], unit=found[2])
        if found := _EXACT.fullmatch(text.strip()):
            start, start_time, end, end_time = (part or "" for part in found.groups())
            return cls(EXACT, start=start, start_time=start_time, end=end, end_time=end_time)
        return cls(WRITTEN, written=text)

    @classmethod
    def sent(cls, fields: Mapping[str, str], name: str) -> Self:
        """The parts as a form sends them; one that is sent as a text that is none of the ways is that text."""
        way = fields.get(name, "")
        if way not in (EXACT, COUNTED, WRITTEN):
            return cls.of(way)
        parts = ("count", "unit", "start", "start_time", "end", "end_time", "written")
        return cls(way, **{part: fields.get(f"{name}-{part.replace('_', '-')}", "").strip() for part in parts})

    @property
    def text(self) -> str:
        """What the parameter's kind is given to read."""
        if self.way == COUNTED:
            return f"last {self.count or '?'} {self.unit}s"
        if self.way == EXACT:
            start, end = _point(self.start, self.start_time), _point(self.end, self.end_time)
            return f"{start}/{end}" if start or end else ""
        return self.written if self.way == WRITTEN else self.way

    @property
    def lack(self) -> str:
        """What is left open, in words; empty if nothing is."""
        if self.way == COUNTED and not self.count.isdecimal():
            return _("Say how many, such as 3.")
        if self.way == EXACT and not (self.start and self.end):
            return _("Give both the first and the last day.")
        return "" if self.text.strip() else _("Choose the period of the report; without one nothing can be asked.")


def days(text: str, zone: ZoneInfo, now: datetime) -> str:
    """The days that a period means at `now`, with times where it does not begin and end with a day.

    Raises `ParameterError` if it means none.
    """
    found = Interval.parse(text, zone, now)
    start, end = wall(found.start, zone), wall(found.end, zone)
    locale = language.current().locale
    if start.time() == end.time() == datetime.min.time():
        last = (end - timedelta(days=1)).date()
        if start.date() == last:
            return str(format_date(last, "d MMM y", locale=locale))
        return str(format_interval(start.date(), last, "yMMMd", locale=locale)).replace(THIN, " ")
    last_minute = end - timedelta(minutes=1)
    return " – ".join(
        f"{format_date(at, 'd MMM y', locale=locale)}, {format_time(at, 'HH:mm', locale=locale)}"
        for at in (start, last_minute)
    )


def now_means(text: str, zone: ZoneInfo, now: datetime) -> str:
    """`days`, or nothing where the text cannot be read."""
    try:
        return days(text, zone, now)
    except ParameterError:
        return ""


def _point(day: str, time: str) -> str:
    return f"{day}T{time}" if day and time else day
