from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from reports_lib.errors import ParameterError
from reports_lib.parameters import kinds
from reports_lib.parameters.kinds import (
    Amount,
    Choice,
    Choices,
    Context,
    Currency,
    Day,
    Flag,
    Interval,
    Months,
    Text,
    TimeZone,
    Whole,
)
from reports_lib.parameters.options import Option
from reports_lib.parameters.sources import ClientTag, ClientType, Company, OwnerUser, Package

AS_OF = datetime(2024, 3, 14, 10, 30, tzinfo=UTC)
LOOKUPS = {
    "client_tag": [
        Option("vip", "vip"),
        Option("VIP", "VIP"),
        Option("007", "007"),
        Option("a,b", "a,b"),
        Option(" x ", " x "),
    ],
    "company": [Option("1", "Holding"), Option("2", "Acme, Inc"), Option("3", "Twins"), Option("4", "Twins")],
    "owner_user": [Option("10", "Zoë O'Hara"), Option("1", "10")],
    "package": [Option("5", "Basic"), Option("6", "Gold")],
    "currency": [Option("USD", "US Dollar"), Option("EUR", "Euro")],
}
KNOWN = Context(AS_OF, ZoneInfo("Europe/Kyiv"), LOOKUPS.__getitem__)
BLIND = Context(AS_OF, ZoneInfo("Europe/Kyiv"))
ALL = [
    *(Interval, TimeZone, Currency, Months, Whole, Amount, Day, Flag, Text),
    *(Choices[source] for source in (ClientType, ClientTag, Company, OwnerUser, Package)),
    *(Choice["a", "b"], Choices["a", "b"], Choice[Company]),
]


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (TimeZone, "europe/kyiv", ZoneInfo("Europe/Kyiv")),
        (Currency, "eur", "EUR"),
        (Currency, "Euro", "EUR"),
        (Months, "12", 12),
        (Months, 1, 1),
        (Whole, "-5", -5),
        (Amount, " 19.990000", Decimal("19.99")),
        (Amount, "0", Decimal(0)),
        (Day, "2024-02-29 ", date(2024, 2, 29)),
        (Flag, "Yes", True),
        (Flag, "off", False),
        (Flag, True, True),
        (Text, "NO", "NO"),
        (Text, "+380441234567", "+380441234567"),
        (Text, "שלום", "שלום"),  # text that simply runs from right to left
        (Choice["year", "month"], "Month", "month"),
        (Choices["year", "month", "date"], "date, year, date", ["year", "date"]),  # in the order declared
        (Choices["year", "month"], "", []),
        (Choices["year", "month"], ["month"], ["month"]),
        (Choices[ClientType], "Calling Card, client", ["client", "calling_card"]),
        (Choices[ClientTag], "007", ["007"]),
        (Choices[ClientTag], "a,b", ["a,b"]),  # a tag with a comma
        (Choices[ClientTag], ["VIP"], ["VIP"]),  # as written comes before any case
        (Choices[ClientTag], [" 007 "], ["007"]),
        (Choices[ClientTag], [" x "], [" x "]),  # a tag whose very text has blanks around it
        (Choices[Company], "holding", ["1"]),
        (Choices[Company], ["Acme, Inc"], ["2"]),
        (Choices[OwnerUser], "10", ["10"]),  # an id comes before a name
        (Choice[Package], "Gold", "6"),
    ],
)
def test_reads_text_as_the_declared_kind(kind, given, value):
    assert kind.parse(given, KNOWN) == value


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        (Months, "0", "'0' is not a whole number from 1 to 120"),
        (Months, "121", "not a whole number"),
        (Months, "1.5", "not a whole number"),
        (Months, "٣", "not a whole number"),
        (Whole, "007", "not a whole number"),  # it is a code, and would lose its zeros
        (Whole, str(2**63), "not a whole number"),
        *(
            (Amount, text, "is not an amount such as 19.99")
            for text in ("1,5", "-1", "1e3", "٣", "1.1234567", "1" * 13)
        ),
        *((Day, text, "is not a day such as 2026-10-31") for text in ("2023-02-29", "20240229", "2024-W01-1", "today")),
        (Flag, "maybe", "'maybe' is not yes or no"),
        (Currency, "XXX", "'XXX' is not one of USD, EUR"),
        (Choice["year", "month"], "mont", "did you mean 'month'"),
        (Choice["year", "month"], ["month"], "takes one text, not a list"),
        (Choices[ClientTag], "vIp", "'vIp' means several: VIP, vip"),
        (Choices[Company], "Twins", "'Twins' means several: 3, 4"),
        (Choices[Company], "99", "'99' is not one of 1, 2, 3, 4"),
        (Choices[Company], ["1"] * 1001, "more than 1000 values"),
        (Choices[Company], [1.5], "takes text"),
        (Text, None, "takes text"),
    ],
)
def test_refuses_what_the_kind_cannot_be(kind, given, reason):
    with pytest.raises(ParameterError, match=reason):
        kind.parse(given, KNOWN)


@pytest.mark.parametrize("kind", [Choice[Package], Choices[ClientTag], Currency])
def test_where_there_is_nothing_to_choose_from_that_is_said(kind):  # TW-84, T-49
    nothing = Context(AS_OF, ZoneInfo("UTC"), lambda lookup: [])
    with pytest.raises(ParameterError, match=r"^'EUR' cannot be chosen: there is nothing to choose from yet$"):
        kind.parse("EUR", nothing)
    assert Choices[ClientTag].parse("", nothing) == []


def test_without_lookups_values_are_taken_as_they_are():
    assert Choices[ClientTag].parse(["b", "a", "b", "a, b"], BLIND) == ["b", "a", "a, b"]
    assert Currency.parse("eur", BLIND) == "EUR"
    with pytest.raises(ParameterError, match="is not a currency code"):
        Currency.parse("€", BLIND)


HOSTILE = [
    "x" * 10_000,
    "a\0b",
    "\u202eevil",
    "\u2066x",
    "line\nline",
    "\x1b[31m",
    "\ud800",
    "=1+1" * 500,
    None,
    1.5,
    {},
    [[]],
]


@pytest.mark.parametrize("context", [KNOWN, BLIND], ids=["known", "blind"])
@pytest.mark.parametrize("kind", ALL, ids=repr)
@pytest.mark.parametrize("given", HOSTILE, ids=lambda given: ascii(given)[:12])
def test_hostile_text_is_a_parameter_error(kind, given, context):  # T7
    for each in (given, [given]):
        with pytest.raises(ParameterError) as refused:
            kind.parse(each, context)
        message = str(refused.value)
        assert message.isprintable()
        assert len(message) < 300


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ALL), st.text() | st.lists(st.text(), max_size=3) | st.integers() | st.booleans())
def test_any_text_is_read_or_refused_and_what_is_read_comes_back(kind, given):  # T7
    for context in (KNOWN, BLIND):
        try:
            value = kind.parse(given, context)
        except ParameterError:
            continue
        literal = kind.literal(value)
        assert type(literal) in (str, int, bool, list)
        assert kind.parse(literal, context) == value
        injected = {}
        exec(PythonTranslator.codify({"name": literal}), injected)
        assert injected["name"] == literal
        assert kind.label(value, context)


def test_kinds_say_what_they_look_up():
    assert [kind.lookup for kind in (Currency, Choices[ClientTag], Choice[Company], Choices["a"], Text)] == [
        "currency",
        "client_tag",
        "company",
        "",
        "",
    ]
    assert [option.label for option in Choices[ClientType].options()] == [
        "Client",  # JD-10
        "Reseller",  # JD-11
        "Calling Card",  # JD-12
        "Call Shop",  # JD-13
    ]
    assert Choices[Company].options() is None
    assert Choices[Company].options(LOOKUPS.__getitem__) == LOOKUPS["company"]
    assert Option("Europe/Kyiv", "Europe/Kyiv") in TimeZone.options()


def test_labels_are_for_people():
    assert Choices[Company].label(["1", "2"], KNOWN) == "Holding, Acme, Inc"
    assert Choices[Company].label(["1"], BLIND) == "1"
    assert Choices[Company].label([], KNOWN) == "—"
    assert Flag.label(True, KNOWN) == "Yes"
    assert (
        Interval.label(Interval.parse("2024-03-01T08:00/2024-03-02", KNOWN), KNOWN) == "2024-03-01 08:00 – 2024-03-02"
    )
    assert Interval.label(Interval.parse("today", KNOWN), KNOWN) == "2024-03-14"


def test_equal_declarations_are_equal():
    assert Choices["a", "b"] == Choices["a", "b"] != Choices["b", "a"]
    assert Choice["a"] != Choices["a"]
    assert kinds.Months != kinds.Whole
