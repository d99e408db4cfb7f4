"""The interface in English, Russian and Spanish: nothing untranslated, nothing left over, every place filled."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from reports_lib.portal import language
from tests.portal.words import catalogue, said, untranslated

OTHERS = [code for code in language.LANGUAGES if code != "en"]
PLACE = re.compile(r"\{\w*\}")


@pytest.fixture(autouse=True)
def _english():
    yield
    language.use("en")


def texts(message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(code):
    assert {m.id for m in catalogue(code)} == {m.id for m in said()}, "run `make words`"


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated(code):
    assert untranslated(code) == []


@pytest.mark.parametrize("code", OTHERS)
def test_translations_keep_the_places_for_values_and_bring_no_markup(code):
    for message in catalogue(code):
        if message.id:
            original = message.id if isinstance(message.id, str) else message.id[1]
            for text in texts(message):
                assert set(PLACE.findall(text)) == set(PLACE.findall(original)), text
                assert "<" not in text or "<" in original, text


@pytest.mark.parametrize(
    ("wanted", "accepted", "expected"),
    [
        ((), "", "en"),
        ((), "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ((), "de-DE,es;q=0.5,en;q=0.4", "es"),
        ((), "de", "en"),
        (("", "es"), "ru", "es"),
        (("xx", "", "ru"), "es", "ru"),
        ((), "es;q=oh,ru;q=0.1", "ru"),
        ((), ";;;,,,\x00", "en"),
    ],
)
def test_a_language_is_chosen(wanted, accepted, expected):
    assert language.choose(*wanted, accepted=accepted) == expected


def test_numbers_and_moments_are_those_of_the_language():
    at = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
    kyiv = ZoneInfo("Europe/Kyiv")
    seen = {}
    for code in language.LANGUAGES:
        language.use(code)
        seen[code] = language.number(Decimal("1234567.89")), language.moment(at, kyiv), language.day(at.date())
    assert seen["en"] == ("1,234,567.89", "2 Nov 2026, 09:30 EET", "2 Nov 2026")
    assert seen["ru"] == ("1\xa0234\xa0567,89", "2 нояб. 2026, 09:30 EET", "2 нояб. 2026")
    assert seen["es"] == ("1.234.567,89", "2 nov 2026, 09:30 EET", "2 nov 2026")


def test_counts_take_their_form():
    language.use("en")
    assert language.ngettext("{count} view", "{count} views", 1) == "1 view"
    assert language.ngettext("{count} view", "{count} views", 1200) == "1,200 views"
