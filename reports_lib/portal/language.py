"""The language of an answer: its words, and how it writes numbers and moments.

    _("Reports")    _("Run {number}").format(number=7)    moment(at)    number(Decimal("1234.5"))

    ROLES = {"viewer": N_("Viewer")}    _(ROLES[role])

Catalogues are `locale/<language>.po`, read once. The English sentence is the key. The gate sets the
language of each answer; where nobody did, as in tests of single functions, it is English.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "ru": "Русский", "es": "Español"}
_LOCALES = {"en": "en_GB", "ru": "ru", "es": "es"}


@dataclass(frozen=True)
class Language:
    """One language: its code, the words of its catalogue, and Babel's rules for it."""

    code: str
    words: NullTranslations
    locale: Locale


_current: ContextVar[str] = ContextVar("language", default="en")


def choose(*wanted: str, accepted: str = "") -> str:
    """The first of `wanted` that there is, else the best of a browser's Accept-Language, else English."""
    for code in wanted:
        if code in LANGUAGES:
            return code
    ranked = sorted(map(_ranked, accepted.split(",")), reverse=True)
    return negotiate_locale([code for _, code in ranked], list(LANGUAGES), sep="-") or "en"


def use(code: str) -> None:
    """Speak that language from here on, in this answer."""
    _current.set(code)


def current() -> Language:
    """The language of this answer."""
    return language(_current.get())


@cache
def language(code: str) -> Language:
    """The language with its catalogue, if it has one."""
    path, words = FOLDER / f"{code}.po", NullTranslations()
    if path.is_file():
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=code))
        compiled.seek(0)
        words = GNUTranslations(compiled)
    return Language(code, words, Locale.parse(_LOCALES[code]))


def _(text: str) -> str:
    """The text in the language of this answer; as it is where nobody has put it into that."""
    return current().words.gettext(text) if text else ""  # an empty key is where a catalogue keeps its own head


def N_(text: str) -> str:  # noqa: N802  what such a mark is called everywhere
    """The text as it is: for `make words`, where a text is declared that `_` is asked for later."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """The text for that many, with `{count}` filled in."""
    return current().words.ngettext(one, many, count).format(count=number(count))


def moment(at: datetime | None, zone: tzinfo | None = None) -> str:
    """A moment to the minute, in `zone` (else its own), with the zone's name; a dash where there is none."""
    if at is None:
        return "–"
    local = at.astimezone(zone) if zone else at
    return f"{format_datetime(local, 'd MMM y, HH:mm', locale=current().locale)} {local.tzname()}"


def day(on: date | None) -> str:
    """A day; a dash where there is none."""
    return format_date(on, "d MMM y", locale=current().locale) if on else "–"


def number(value: Decimal | int | float) -> str:
    """A number as people write it, with all the decimals it has."""
    return str(format_decimal(value, locale=current().locale, decimal_quantization=False))


def _ranked(part: str) -> tuple[float, str]:
    code, _, quality = part.strip().partition(";q=")
    try:
        return float(quality or 1), code.split("-")[0].lower()
    except ValueError:
        return 0.0, ""
