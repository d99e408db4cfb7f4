"""One cell of text -> the exact value of a column's type, or the reason why there is none.

| type | accepted |
|---|---|
| int64 | `-?` digits, within 64 bits; nothing else, no spaces |
| money | at most 12 digits, a point, at most 6 decimals that are not zero; `.5` is fine; no exponent, no grouping |
| rate | the same with at most 9 and 9 |
| bool | true, false, t, f, 1, 0, in any case |
| day | `2026-01-31` |
| time | `2026-01-31T23:59[:59[.123456]]`, or with a space; with `Z` or an offset such as `+02:00`, else it is UTC |
| double | a finite decimal number, with or without exponent |
| text | anything, or one of the words that the column's meaning lists |

Nothing is ever rounded. An empty cell, quoted or not, is no value.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import cache

from reports_lib.warehouse.tables import Column

Value = int | str | bool | date | datetime | Decimal | float
TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
MAX_CELL = 200  # characters of a number or a time that are worth reading

_WHOLE = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"(-?)([0-9]*)(?:\.([0-9]+))?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_DOUBLE = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WORDS = re.compile(r"\w+(?:, \w+)* or \w+", re.ASCII)


@cache
def domain(column: Column) -> tuple[str, ...]:
    """The only words that a text column may hold, if its meaning lists them (`orig or term`)."""
    if not column.type.is_string() or not _WORDS.fullmatch(column.meaning):
        return ()
    return tuple(re.split(r", | or ", column.meaning))


def value(column: Column, text: str) -> Value:
    """The value that a cell's text stands for; raises `ValueError` with the reason."""
    kind = column.type
    if kind.is_string():
        return word(column, text)
    if len(text) > MAX_CELL:
        raise ValueError(f"{shown(text)} is too long")
    if text != text.strip():
        raise ValueError(f"{shown(text)} has spaces around it")
    if kind.is_decimal():
        return _decimal(text, kind.precision, kind.scale)
    return _reader(column)(text)


def word(column: Column, text: str) -> str:
    """The text itself if the column may hold it; raises `ValueError`."""
    words = domain(column)
    if words and text not in words:
        close = get_close_matches(text.lower(), words, n=1) if len(text) <= MAX_CELL else []
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{shown(text)} is not one of {', '.join(words)}{hint}")
    return text


def shown(text: str) -> str:
    """Text for a message: quoted, on one line, cut to 40 characters."""
    return ascii_controls(repr(text if len(text) <= 40 else text[:40] + "…"))


def ascii_controls(text: str) -> str:
    """The text with every character that moves the cursor or the reading direction escaped."""
    return "".join(c if c.isprintable() or c == " " else ascii(c)[1:-1] for c in text)


def _reader(column: Column) -> Callable[[str], Value]:
    kind = column.type
    readers: tuple[tuple[bool, Callable[[str], Value]], ...] = (
        (kind.is_int64(), _whole),
        (kind.is_boolean(), _truth),
        (kind.is_date(), _day),
        (kind.is_timestamp(), _time),
        (kind.is_float64(), _double),
    )
    return next(reader for fits, reader in readers if fits)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a whole number")
    if not -(2**63) <= (number := int(text)) < 2**63:
        raise ValueError(f"{shown(text)} is beyond 64 bits")
    return number


def _decimal(text: str, precision: int, scale: int) -> Decimal:
    found = _DECIMAL.fullmatch(text)
    if not found or not (found[2] or found[3]):
        raise ValueError(f"{shown(text)} is not a decimal number")
    sign, whole, fraction = found[1], found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(fraction) > scale:
        raise ValueError(f"{shown(text)} has more than {scale} decimals")
    if len(whole) > precision - scale:
        raise ValueError(f"{shown(text)} has more than {precision - scale} digits before the point")
    return Decimal(f"{sign}{whole or '0'}.{fraction or '0'}")


def _truth(text: str) -> bool:
    if (truth := TRUTHS.get(text.lower())) is None:
        raise ValueError(f"{shown(text)} is not true or false")
    return truth


def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    if not found:
        raise ValueError(f"{shown(text)} is not a day such as 2026-01-31")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise ValueError(f"{shown(text)} is no day of the calendar") from None


def _time(text: str) -> datetime:
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{shown(text)} is not a time such as 2026-01-31T23:59:59")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6))
    fraction = (found[7] or "").rstrip("0")
    if len(fraction) > 6:
        raise ValueError(f"{shown(text)} is finer than a microsecond")
    hours, minutes = int(found[10] or 0), int(found[11] or 0)
    try:
        if hours > 23 or minutes > 59:
            raise ValueError
        moment = datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")))  # noqa: DTZ001 - naive UTC
        return moment - timedelta(hours=hours, minutes=minutes) * (-1 if found[9] == "-" else 1)
    except (ValueError, OverflowError):
        raise ValueError(f"{shown(text)} is no time of the calendar") from None


def _double(text: str) -> float:
    if not _DOUBLE.fullmatch(text) or not math.isfinite(number := float(text)):
        raise ValueError(f"{shown(text)} is not a number")
    return number
