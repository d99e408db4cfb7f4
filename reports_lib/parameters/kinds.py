"""Kinds of parameters: the words a notebook's parameters cell is declared with.

    interval: Interval = "last 12 months"
    client_tags: Choices[ClientTag] = []
    group_by: Choices["year", "month", "date", "package"] = ["month"]

A kind reads text to a value (`parse`), writes a value as the plain literal that may be put into a
notebook (`literal`), and as people read it (`label`). Text is typed by the declared kind alone:
`NO`, `007` and `12:30:00` stay what they are. What cannot be read raises `ParameterError`, its
message a predicate ("'x' is not …") before which the schema puts the parameter's name.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from reports_lib.errors import ParameterError
from reports_lib.parameters.given import Given, one, several
from reports_lib.parameters.options import Finder, Lookup, Option, Source, fixed
from reports_lib.values import interval as intervals
from reports_lib.values.clock import zone as zone_of
from reports_lib.values.clock import zones
from reports_lib.values.formats import NOTHING, quoted

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Context:
    """What reading a value may depend on."""

    as_of: datetime
    zone: ZoneInfo
    lookup: Lookup | None = None


@dataclass(frozen=True)
class Kind(ABC, Generic[ValueT]):
    """A kind of parameter, whose values are `ValueT`."""

    is_list: ClassVar[bool] = False
    is_required: ClassVar[bool] = True  # whether it must not be left empty, unless its default is

    @property
    def lookup(self) -> str:
        """Name of the warehouse lookup that has the options; empty if none does."""
        return ""

    def options(self, lookup: Lookup | None = None) -> Sequence[Option] | None:
        """What a form offers; None if anything may be written, or if nothing can be looked up."""
        return self._options(lookup)

    def parse(self, given: Given, context: Context) -> ValueT:
        """The value that `given` means; raises `ParameterError`."""
        return self._parse(given, context)

    def literal(self, value: ValueT) -> Given:
        """The value as a plain literal that parses to itself again."""
        return self._literal(value)

    def label(self, value: ValueT, context: Context) -> str:
        """The value as people read it."""
        return self._label(value, context) or NOTHING

    @abstractmethod
    def _parse(self, given: Given, context: Context) -> ValueT: ...

    def _options(self, lookup: Lookup | None) -> Sequence[Option] | None:
        return None

    def _literal(self, value: ValueT) -> Given:
        return str(value)

    def _label(self, value: ValueT, context: Context) -> str:
        return str(value)


class TextKind(Kind[str]):
    """Any text of one line."""

    is_required = False

    def _parse(self, given: Given, context: Context) -> str:
        return one(given)


class IntervalKind(Kind[intervals.Interval]):
    """A period, read in the report's time zone."""

    def _parse(self, given: Given, context: Context) -> intervals.Interval:
        return intervals.Interval.parse(one(given), context.zone, context.as_of)

    def _label(self, value: intervals.Interval, context: Context) -> str:
        first, last = str(value).replace("T", " ").split("/")
        return first if first == last else f"{first} – {last}"


class TimeZoneKind(Kind[ZoneInfo]):
    """An IANA time zone."""

    def _options(self, lookup: Lookup | None) -> Sequence[Option]:
        return [Option(name, name.replace("_", " ")) for name in zones()]

    def _parse(self, given: Given, context: Context) -> ZoneInfo:
        return zone_of(one(given))


@dataclass(frozen=True)
class WholeKind(Kind[int]):
    """A whole number within bounds, both inclusive; never a code such as 007, which is text."""

    low: int = -(2**63)
    high: int = 2**63 - 1

    def _parse(self, given: Given, context: Context) -> int:
        text = one(given).strip()
        if re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text) and self.low <= int(text) <= self.high:
            return int(text)
        raise ParameterError(f"{quoted(text)} is not a whole number from {self.low} to {self.high}")

    def _literal(self, value: int) -> int:
        return value


class AmountKind(Kind[Decimal]):
    """An amount of money, not below 0 and exact, in whatever currency it is compared with."""

    is_required = False

    def _parse(self, given: Given, context: Context) -> Decimal:
        text = one(given).strip()
        if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text, re.ASCII):
            return Decimal(text)
        raise ParameterError(f"{quoted(text)} is not an amount such as 19.99")


class DayKind(Kind[date]):
    """A day of the calendar."""

    is_required = False

    def _parse(self, given: Given, context: Context) -> date:
        text = one(given).strip()
        with suppress(ValueError):
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
                return date.fromisoformat(text)
        raise ParameterError(f"{quoted(text)} is not a day such as 2026-10-31")


class FlagKind(Kind[bool]):
    """Yes or no."""

    _READ: ClassVar = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(
        ("no", "false", "off", "0"), False
    )

    def _options(self, lookup: Lookup | None) -> Sequence[Option]:
        return [Option("yes", "Yes"), Option("no", "No")]

    def _parse(self, given: Given, context: Context) -> bool:
        text = one(given).strip()
        if (value := self._READ.get(text.casefold())) is None:
            raise ParameterError(f"{quoted(text)} is not yes or no")
        return value

    def _literal(self, value: bool) -> bool:
        return value

    def _label(self, value: bool, context: Context) -> str:
        return "Yes" if value else "No"


@dataclass(frozen=True)
class _Chosen(Kind[ValueT]):
    """What is chosen from a source."""

    source: Source = field(default_factory=Source)

    @classmethod
    def of(cls, key: Source | str | tuple[str, ...]) -> Self:
        """The kind over a source, or over options written as text."""
        return cls(key if isinstance(key, Source) else fixed(*((key,) if isinstance(key, str) else key)))

    @property
    def lookup(self) -> str:
        """Name of the warehouse lookup that has the options; empty if they are fixed."""
        return self.source.lookup

    def _options(self, lookup: Lookup | None) -> Sequence[Option] | None:
        return self.source.options(lookup)

    def _labels(self, values: Sequence[str], context: Context) -> str:
        if not values:
            return ""
        labels = {option.value: option.label for option in self.options(context.lookup) or ()}
        return ", ".join(labels.get(value, value) for value in values)


class Choice(_Chosen[str]):
    """One of several options, by its value: `Choice["a", "b"]`, or of a source: `Choice[Company]`."""

    def __class_getitem__(cls, key: Source | str | tuple[str, ...]) -> Self:
        return cls.of(key)

    def _parse(self, given: Given, context: Context) -> str:
        text, options = one(given), self.options(context.lookup)
        return text if options is None else Finder(options).find(text)

    def _label(self, value: str, context: Context) -> str:
        return self._labels([value], context)


class Choices(_Chosen[list[str]]):
    """Any number of several options, by their values, each once and in the order of the options."""

    is_list = True
    is_required = False

    def __class_getitem__(cls, key: Source | str | tuple[str, ...]) -> Self:
        return cls.of(key)

    def _parse(self, given: Given, context: Context) -> list[str]:
        if not several(given):
            return []  # and nothing is looked up
        options = self.options(context.lookup)
        if options is None:
            return list(dict.fromkeys(several(given)))
        finder = Finder(options)
        if isinstance(given, str) and finder.has(given):  # one whose own text may hold a comma
            return [given]
        return finder.sorted(finder.find(text) for text in several(given))

    def _literal(self, value: list[str]) -> list[str]:
        return list(value)

    def _label(self, value: list[str], context: Context) -> str:
        return self._labels(value, context)


class CurrencyKind(Choice):
    """A currency of the warehouse, by its code."""

    def _parse(self, given: Given, context: Context) -> str:
        code = super()._parse(given, context).strip()
        if context.lookup is not None:
            return code
        if not re.fullmatch(r"[A-Za-z0-9]{3,8}", code):
            raise ParameterError(f"{quoted(code)} is not a currency code such as EUR")
        return code.upper()


Interval = IntervalKind()
TimeZone = TimeZoneKind()
Currency = CurrencyKind(Source("currency"))
Months = WholeKind(1, 120)
Whole = WholeKind()
Amount = AmountKind()
Day = DayKind()
Flag = FlagKind()
Text = TextKind()

KINDS: dict[str, Kind[Any]] = {
    "Interval": Interval,
    "TimeZone": TimeZone,
    "Currency": Currency,
    "Months": Months,
    "Whole": Whole,
    "Amount": Amount,
    "Day": Day,
    "Flag": Flag,
    "Text": Text,
}
"""Kinds that stand alone, by the name they are declared with."""

CHOICES: dict[str, type[Choice | Choices]] = {"Choice": Choice, "Choices": Choices}
"""Kinds that are declared with what there is to choose: a source, or options as text."""
