"""How often a saved query is asked for, as a form says it: every day, a day of the week, of the month, of the quarter.

Each is a cron line; one that none of these say stands in a field as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from reports_lib.errors import ParameterError
from reports_lib.portal.language import _
from reports_lib.runs.cron import Cron
from reports_lib.values.clock import zone as zone_of

NEVER, DAILY, WEEKLY, MONTHLY, QUARTERLY, LINE = "never", "daily", "weekly", "monthly", "quarterly", "line"
QUARTERS = "1,4,7,10"
LAST = "L"  # day of a month
DAYS = (*(str(day) for day in range(1, 29)), LAST)  # every month has them
_TIME = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Rhythm:
    """The parts as they stand in a form; `weekday` 0 is Sunday."""

    kind: str = NEVER
    time: str = "06:00"
    weekday: str = "1"
    day: str = "1"
    line: str = ""

    @classmethod
    def of(cls, line: str) -> Self:
        """The parts that say a cron line."""
        if not line:
            return cls()
        parts = line.split()
        if len(parts) == 5 and _is_number(parts[0], 60) and _is_number(parts[1], 24):
            minute, hour, day, month, weekday = parts
            time = f"{int(hour):02}:{int(minute):02}"
            match day, month, weekday:
                case "*", "*", "*":
                    return cls(DAILY, time)
                case "*", "*", _weekday if _is_number(weekday, 8):
                    return cls(WEEKLY, time, weekday=str(int(weekday) % 7))
                case _day, "*" | "1,4,7,10", "*" if day in DAYS:
                    return cls(MONTHLY if month == "*" else QUARTERLY, time, day=day)
        return cls(LINE, line=line)

    @classmethod
    def sent(cls, fields: Mapping[str, str]) -> Self:
        """The parts as a form sends them."""
        return cls(
            kind=fields.get("query-often", NEVER),
            time=fields.get("query-time", "").strip(),
            weekday=fields.get("query-weekday", "1"),
            day=fields.get("query-day", "1"),
            line=" ".join(fields.get("query-cron", "").split()),
        )

    def cron(self, time_zone: str) -> str:
        """The cron line, empty for none. Raises `ParameterError` for parts that make none, or one too quick."""
        if self.kind == LINE:
            Cron(self.line, zone_of(time_zone))
            if not self.line.split()[0].isdecimal():
                raise ParameterError(_("The minute must be one number: a query runs once an hour at most."))
            return self.line
        if self.kind == NEVER:
            return ""
        found = _TIME.fullmatch(self.time)
        if not found:
            raise ParameterError(_("Write a time such as 06:00."))
        minute, hour = int(found[2]), int(found[1])
        match self.kind:
            case "daily":
                return f"{minute} {hour} * * *"
            case "weekly" if _is_number(self.weekday, 7):
                return f"{minute} {hour} * * {self.weekday}"
            case "monthly" | "quarterly" if self.day in DAYS:
                return f"{minute} {hour} {self.day} {'*' if self.kind == MONTHLY else QUARTERS} *"
        raise ParameterError(_("Choose how often the report is made."))


def words(line: str) -> str:
    """A cron line as people say it; as it is where that cannot be said shortly."""
    found = Rhythm.of(line)
    match found.kind:
        case "daily":
            said = _("Every day at {time}")
        case "weekly":
            said = _weekly()[int(found.weekday)]
        case "monthly" if found.day == LAST:
            said = _("On the last day of every month at {time}")
        case "monthly":
            said = _("On day {day} of every month at {time}")
        case "quarterly" if found.day == LAST:
            said = _("On the last day of the first month of every quarter at {time}")
        case "quarterly":
            said = _("On day {day} of every quarter at {time}")
        case _never_or_line:
            return line
    return said.format(time=found.time, day=found.day)


def kinds() -> dict[str, str]:
    """What there is to choose."""
    return {
        NEVER: _("Only when somebody asks"),
        DAILY: _("Every day"),
        WEEKLY: _("Every week"),
        MONTHLY: _("Every month"),
        QUARTERLY: _("Every quarter"),
        LINE: _("By a cron line"),
    }


def weekdays() -> dict[str, str]:
    """Days of the week by their number in cron lines, Monday first."""
    return {
        "1": _("Monday"),
        "2": _("Tuesday"),
        "3": _("Wednesday"),
        "4": _("Thursday"),
        "5": _("Friday"),
        "6": _("Saturday"),
        "0": _("Sunday"),
    }


def days() -> dict[str, str]:
    """Days of a month."""
    return {day: _("last") if day == LAST else day for day in DAYS}


def _weekly() -> tuple[str, ...]:
    return (
        _("Every Sunday at {time}"),
        _("Every Monday at {time}"),
        _("Every Tuesday at {time}"),
        _("Every Wednesday at {time}"),
        _("Every Thursday at {time}"),
        _("Every Friday at {time}"),
        _("Every Saturday at {time}"),
    )


def _is_number(text: str, below: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 3 and int(text) < below
