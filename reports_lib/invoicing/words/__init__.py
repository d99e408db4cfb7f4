"""Texts, dates and amounts of a document in its language: one JSON file a language, the same keys in each."""

import json
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from unicodedata import bidirectional

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import NumberPattern, parse_pattern

from reports_lib.invoicing.document import Language, plain
from reports_lib.values.formats import MINUS
from reports_lib.values.money import round_half_up

LOCALES: dict[Language, str] = {"en": "en_GB", "ru": "ru_RU", "es": "es_ES", "de": "de_DE"}
_LETTERS = {"\u202f": "\u00a0", "-": MINUS}  # the narrow space between thousands is in few typefaces
_TOUCHING = re.compile(r"(?<=[A-Z]{3})(?=\d)")  # KWD 21.240, which Babel writes without a space


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says what an invoice says; amounts with `places` decimals, rounded half up."""

    language: Language
    places: int
    currency: str

    def say(self, key: str, **given: object) -> str:
        """The text of `key`, its `{names}` filled in."""
        return _texts(self.language)[key].format(**given)

    def unit(self, unit: str) -> str:
        """A unit in words, as it is where no language has a word for it."""
        return _texts(self.language).get(f"unit.{unit}", unit)

    def money(self, amount: Decimal) -> str:
        """`€1,234.50`, as the language writes it."""
        pattern = _pattern(self.language, "currency", self.places)
        return self._apply(pattern, amount, self.places, self.currency)

    def figure(self, amount: Decimal, places: int | None = None) -> str:
        """`1,234.50` without the currency."""
        places = self.places if places is None else places
        return self._apply(_pattern(self.language, "decimal", places), amount, places)

    def exact(self, value: Decimal, least: int = 0) -> str:
        """All the decimals that `value` has, at least `least` of them."""
        return self.figure(value, max(least, decimals(value)))

    @property
    def marks(self) -> dict[int, str]:
        """What turns the marks of `format(value, ",f")` into those of the language."""
        symbols = _locale(self.language).number_symbols["latn"]
        group = _LETTERS.get(symbols["group"], symbols["group"])
        return {ord(","): group, ord("."): symbols["decimal"], ord("-"): MINUS}

    def percent(self, rate: Decimal) -> str:
        """`19 %` from a rate in percent."""
        return f"{self.exact(rate)}\u00a0%"

    def day(self, day: date) -> str:
        """`31 October 2026`, as the language writes it."""
        return format_date(day, "long", locale=LOCALES[self.language])

    def span(self, first: date, last: date) -> str:
        """`October 2026` for a whole month, otherwise both days."""
        locale = LOCALES[self.language]
        if first.day == 1 and last == first.replace(day=monthrange(first.year, first.month)[1]):
            return format_skeleton("yMMMM", first, locale=locale)
        return format_interval(first, last, "yMMMd", locale=locale)

    def country(self, code: str) -> str:
        """The name of a country, its code where there is none."""
        return str(_locale(self.language).territories.get(code, code))

    def _apply(self, pattern: NumberPattern, amount: Decimal, places: int, currency: str | None = None) -> str:
        rounded = round_half_up(amount, places)
        shown = str(pattern.apply(rounded, _locale(self.language), currency=currency, currency_digits=False))
        for odd, usual in _LETTERS.items():
            shown = shown.replace(odd, usual)
        return _TOUCHING.sub("\u00a0", shown)


def isolated(text: str) -> str:
    """`text`, so that what is written from right to left in it leaves the figures beside it where they are (T22).

    By characters, for WeasyPrint knows no `unicode-bidi: isolate`.
    """
    is_turned = not text.isascii() and any(bidirectional(letter) in {"R", "AL", "AN"} for letter in text)
    return f"\u2068{text}\u2069" if is_turned else text


def decimals(value: Decimal) -> int:
    """How many decimals `value` needs to be written exactly."""
    return len(plain(value).partition(".")[2])


@cache
def _texts(language: Language) -> dict[str, str]:
    texts: dict[str, str] = json.loads(Path(__file__).with_name(f"{language}.json").read_text())
    return texts


@cache
def _locale(language: Language) -> Locale:
    return Locale.parse(LOCALES[language])


@cache
def _pattern(language: Language, kind: str, places: int) -> NumberPattern:
    locale = _locale(language)
    source = locale.currency_formats["standard"] if kind == "currency" else locale.decimal_formats[None]
    pattern = parse_pattern(source.pattern)
    pattern.frac_prec = (places, places)
    return pattern
