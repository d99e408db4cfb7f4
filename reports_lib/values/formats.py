"""Numbers, moments and sizes as people read them; files for machines never use these."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from reports_lib.values.money import round_half_up

NOTHING = "—"  # shown where a value is unknown or undefined (G-9)
MINUS = "−"
_SHOWN = 60
_ILLEGIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BREAKS = {0x2028: " ", 0x2029: " "}
_SIZES = ("kB", "MB", "GB", "TB")
_BINARY = ("KiB", "MiB", "GiB", "TiB")


def legible(text: str) -> str:
    """`text` with the replacement character for what no page and no picture can hold, on one line.

    Not a nicety: vl-convert ends the whole process over a control character in a label, and fails over U+2028.
    """
    return _ILLEGIBLE.sub("\ufffd", text).translate(_BREAKS)


def number(value: Decimal | int | None, places: int | None = None) -> str:
    """`12,345.60`: digits in groups, a true minus, rounded half up to `places` (as they are if None)."""
    if value is None:
        return NOTHING
    exact = Decimal(value) if places is None else round_half_up(Decimal(value), places)
    return f"{exact:,f}".replace("-", MINUS)


def percent(value: Decimal | None, places: int = 1) -> str:
    """`12.5 %`, from a value in percent."""
    return NOTHING if value is None else f"{number(value, places)} %"


def day(value: date | None) -> str:
    """`2024-03-31`: the one order of year, month and day that nobody reads wrongly."""
    return NOTHING if value is None else f"{value:%Y-%m-%d}"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """`2024-03-31 14:05:09 Europe/Kyiv`: an aware moment on the clocks of `zone`."""
    return NOTHING if value is None else f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone.key}"


def duration(value: timedelta | None) -> str:
    """`0.8 s`, `1 min 05 s`, `2 h 03 min` or `3 d 04 h`: two units at most, rounded to the smaller one."""
    if value is None:
        return NOTHING
    exact = value.total_seconds()
    if exact < 59.95:
        return f"{exact:.1f} s".replace("-", MINUS)
    seconds, minutes, hours = (int(exact / unit + 0.5) for unit in (1, 60, 3600))
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24:02} h"


def size(value: int) -> str:
    """`512 B`, `1.5 MB`: bytes in steps of 1000."""
    return _stepped(value, 1000, _SIZES)


def binary_size(value: int) -> str:
    """`512 B`, `1.5 MiB`: bytes in steps of 1024."""
    return _stepped(value, 1024, _BINARY)


def _stepped(value: int, step: int, units: Sequence[str]) -> str:
    if value < step:
        return f"{value} B"
    scaled, unit = Decimal(value), "B"
    for larger in units:
        if round_half_up(scaled, 1) >= step:
            scaled, unit = scaled / step, larger
    return f"{number(scaled, 1)} {unit}"


def stretch(interval: str | None) -> str:
    """`2024-01-01 to 2024-03-31`, from an interval as it is written for programs; empty if there is none."""
    return (interval or "").replace("/", " to ").replace("T", " ")


def quoted(text: str) -> str:
    """`text` in quotes on one line, its control characters escaped and cut where it gets long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
