from datetime import UTC, datetime
from decimal import Decimal

import pytest

from reports_lib.errors import RateError
from reports_lib.values.rates import Rates

JANUARY, MIDDLE, FEBRUARY = datetime(2024, 1, 1), datetime(2024, 1, 15, 12), datetime(2024, 2, 1)


def rates(*rows, to="USD", base=None):
    return Rates.of([(a, b, when, Decimal(rate)) for a, b, when, rate in rows], to=to, base=base)


EUR = rates(("EUR", "USD", MIDDLE, "1.20"), ("EUR", "USD", JANUARY, "1.10"), ("USD", "EUR", JANUARY, "0.90"))


def test_a_change_inside_the_month_counts_from_its_moment():  # T-12
    assert EUR.at("EUR", datetime(2024, 1, 10)) == Decimal("1.10")
    assert EUR.at("EUR", datetime(2024, 1, 31)) == Decimal("1.20")
    assert EUR.segments("EUR") == ((JANUARY, MIDDLE, Decimal("1.10")), (MIDDLE, None, Decimal("1.20")))


def test_a_rate_holds_exactly_from_its_moment_on():  # T-13
    assert EUR.at("EUR", MIDDLE.replace(microsecond=0)) == Decimal("1.20")
    assert EUR.at("EUR", datetime(2024, 1, 15, 11, 59, 59, 999999)) == Decimal("1.10")
    assert EUR.at("EUR", datetime(2024, 1, 15, 12, tzinfo=UTC)) == Decimal("1.20")  # aware or naive, both UTC


def test_a_missing_rate_names_currency_and_date():  # T-14
    with pytest.raises(RateError, match="EUR to USD on 2023-12-31"):
        EUR.at("EUR", datetime(2023, 12, 31, 23, 59))
    with pytest.raises(RateError, match="PLN to USD on 2024-01-10"):
        EUR.at("PLN", datetime(2024, 1, 10))
    assert EUR.segments("PLN") == ()


def test_every_missing_rate_is_named_at_once():  # T-14
    needs = [("PLN", JANUARY), ("EUR", JANUARY), ("GBP", FEBRUARY), ("PLN", JANUARY), ("EUR", datetime(2023, 5, 6))]
    with pytest.raises(RateError) as refused:
        EUR.check(needs)
    assert (
        str(refused.value)
        == "no exchange rate EUR to USD on 2023-05-06, GBP to USD on 2024-02-01, PLN to USD on 2024-01-01"
    )
    EUR.check([("EUR", JANUARY), ("USD", datetime(1990, 1, 1))])
    with pytest.raises(RateError, match="and 18 more"):
        EUR.check([(f"X{n:02}", JANUARY) for n in range(30)])


def test_the_same_currency_is_one_for_ever():
    assert EUR.at("USD", datetime(1990, 1, 1)) == 1
    assert EUR.segments("USD") == ((datetime(1, 1, 1), None, Decimal(1)),)


def test_a_rate_is_never_inverted():
    with pytest.raises(RateError):
        rates(("USD", "EUR", JANUARY, "0.90")).at("EUR", FEBRUARY)


CROSS = rates(
    ("EUR", "UAH", JANUARY, "40"),
    ("UAH", "USD", MIDDLE, "0.025"),
    ("UAH", "USD", FEBRUARY, "0.0266666665"),
    ("PLN", "USD", FEBRUARY, "0.25"),
    ("PLN", "UAH", JANUARY, "10"),
    base="UAH",
)


def test_a_cross_rate_needs_both_legs_and_changes_with_either():
    assert CROSS.segments("EUR") == (
        (MIDDLE, FEBRUARY, Decimal("1.000000000")),
        (FEBRUARY, None, Decimal("1.066666660")),
    )
    with pytest.raises(RateError, match="EUR to USD on 2024-01-01"):
        CROSS.at("EUR", JANUARY)  # the second leg is not yet declared


def test_a_cross_rate_is_rounded_half_up_to_nine_decimals():
    crossed = rates(("A", "B", JANUARY, "0.000000005"), ("B", "USD", JANUARY, "0.1"), base="B")
    assert crossed.at("A", JANUARY) == Decimal("0.000000001")


def test_the_direct_pair_wins_from_when_it_is_declared():
    assert CROSS.segments("PLN") == ((MIDDLE, FEBRUARY, Decimal("0.250000000")), (FEBRUARY, None, Decimal("0.25")))
    assert CROSS.at("UAH", FEBRUARY) == Decimal("0.0266666665")  # the base itself


def test_rates_that_cannot_be_right_are_refused():
    with pytest.raises(RateError, match="two exchange rates EUR to USD"):
        rates(("EUR", "USD", JANUARY, "1.1"), ("EUR", "USD", JANUARY, "1.2")).at("EUR", JANUARY)
    with pytest.raises(RateError, match="not above 0"):
        rates(("EUR", "USD", JANUARY, "0")).at("EUR", JANUARY)
    twice = rates(("EUR", "USD", JANUARY, "1.1"), ("EUR", "USD", JANUARY, "1.1"))
    assert twice.segments("EUR") == ((JANUARY, None, Decimal("1.1")),)
