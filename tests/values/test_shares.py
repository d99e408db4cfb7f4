"""Percentages that add up (M-27, T-43)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.values.shares import shares, shares_of_amounts

COUNTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=30)


def decimals(*texts):
    return [Decimal(text) for text in texts]


def test_three_thirds_are_a_hundred():  # T-43
    assert shares([1, 1, 1]) == decimals("33.4", "33.3", "33.3")
    assert shares([1, 1, 1, 3, 0]) == decimals("16.7", "16.7", "16.6", "50.0", "0.0")
    assert shares([2, 1], places=0) == decimals("67", "33")


def test_of_nothing_there_is_no_share():  # G-9
    assert shares([0, 0]) == [None, None]
    assert shares([]) == []


def test_a_count_below_zero_is_none():
    with pytest.raises(ValueError, match="below 0"):
        shares([3, -1])


@given(COUNTS, st.integers(0, 3))
def test_they_add_to_a_hundred_and_each_is_off_by_less_than_a_last_digit(counts, places):  # M-27
    found = shares(counts, places)
    if not sum(counts):
        assert set(found) == {None}
        return
    assert sum(found) == 100
    unit = Decimal(1).scaleb(-places)
    for count, share in zip(counts, found, strict=True):
        assert abs(share - Decimal(count) * 100 / sum(counts)) < unit
        assert -share.as_tuple().exponent == places


@given(COUNTS)
def test_more_is_never_a_smaller_share(counts):
    found = sorted(zip(counts, shares(counts), strict=True), key=lambda each: (each[0], each[1] or 0))
    assert [share for _, share in found] == sorted((share for _, share in found), key=lambda share: share or 0)


def test_shares_of_amounts_are_exact_however_many_digits_they_have():  # M-27, T-19
    assert shares_of_amounts(decimals("0.01", "0.02")) == decimals("33.3", "66.7")
    assert shares_of_amounts([Decimal("1e24") + Decimal("0.000000000000001"), Decimal("1e24"), 0]) == decimals(
        "50.0", "50.0", "0.0"
    )
    assert shares_of_amounts([Decimal(0)]) == [None]
    assert shares_of_amounts([]) == []
    with pytest.raises(ValueError, match="below 0"):
        shares_of_amounts([Decimal("-0.01"), Decimal(1)])
