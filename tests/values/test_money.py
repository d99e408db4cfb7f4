from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.values.money import percent_of, ratio, round_half_up


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        ("0.125", 2, "0.13"),  # half away from zero, where Python's own round() says 0.12
        ("-0.125", 2, "-0.13"),
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("1.005", 2, "1.01"),  # 1.00 in binary floats
        ("-0.004", 2, "0.00"),  # zero has no sign
        ("1", 2, "1.00"),
        ("123456789012345678901234567890.125", 2, "123456789012345678901234567890.13"),
    ],
)
def test_rounds_half_away_from_zero(value, places, rounded):  # T-15, G-7
    assert str(round_half_up(Decimal(value), places)) == rounded


def test_a_sum_is_rounded_once():  # T-15
    amounts = [Decimal("0.005")] * 3
    assert round_half_up(sum(amounts), 2) == Decimal("0.02")
    assert sum(round_half_up(a, 2) for a in amounts) == Decimal("0.03")  # what rounding each would make of it


def test_the_precision_of_the_caller_does_not_matter():
    with localcontext(prec=3):
        assert round_half_up(Decimal("123456.785"), 2) == Decimal("123456.79")
        assert ratio(Decimal("123456.78"), 1) == Decimal("123456.78")


def test_a_ratio_is_exact_to_38_digits_or_unknown():  # G-9
    assert ratio(Decimal("62.50"), 4) == Decimal("15.625")
    assert ratio(2, 3) == Decimal("0.66666666666666666666666666666666666667")
    assert ratio(0, 3) == 0
    assert (
        ratio(1, 0) is ratio(0, 0) is ratio(None, 1) is ratio(1, None) is ratio(Decimal("1"), Decimal("0.00")) is None
    )


def test_percent():  # G-14
    assert percent_of(1, 8) == Decimal("12.5")
    assert percent_of(Decimal("-3"), 4) == -75
    assert percent_of(1, 0) is percent_of(None, 4) is percent_of(1, None) is None


@given(st.decimals(-(10**30), 10**30, places=6), st.integers(0, 6))
def test_rounding_moves_by_half_a_unit_at_most_and_settles(value, places):
    rounded = round_half_up(value, places)
    assert abs(rounded - value) * 2 <= Decimal(1).scaleb(-places)
    assert round_half_up(rounded, places) == rounded
    assert round_half_up(-value, places) == -rounded
