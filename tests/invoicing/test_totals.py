"""Sums that agree to the last unit, for any lines, rates and currencies (F14)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.errors import ParameterError
from reports_lib.invoicing.totals import balance, check, due, line_taxes, totals
from tests.invoicing.samples import document, line

NETS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)
RATES = st.sampled_from([Decimal(rate) for rate in ("0", "5.5", "7", "8.875", "19", "20", "25")])
LINES = st.lists(st.tuples(NETS, RATES), min_size=1, max_size=12)


def lines_of(pairs):
    return [line(number, str(net), tax_rate=rate) for number, (net, rate) in enumerate(pairs, 1)]


@given(LINES, st.integers(0, 4))
def test_sums_agree_to_the_last_unit(pairs, places):
    sums = totals(lines_of(pairs), places, {})
    assert sum(one.net for one in sums.lines) == sums.net
    assert sum(group.net for group in sums.taxes) == sums.net
    assert sum(group.tax for group in sums.taxes) == sums.tax
    assert sums.net + sums.tax == sums.gross
    for group in sums.taxes:
        assert abs(group.tax - group.net * group.rate / 100) * 2 <= Decimal(1).scaleb(-places)
    assert all(-one.net.as_tuple().exponent == places for one in sums.lines)


@given(LINES, st.integers(0, 4), NETS, NETS)
def test_what_is_added_up_passes_the_check(pairs, places, carried, paid):
    unit = Decimal(1).scaleb(-places)
    check(document(lines_of(pairs), places=places, carried=carried.quantize(unit), paid=paid.quantize(unit)))


@given(LINES, st.integers(0, 4))
def test_taxes_of_the_lines_add_up_to_the_tax(pairs, places):
    made = document(lines_of(pairs), places=places)
    shares = line_taxes(made)
    assert sum(shares) == made.tax
    unit = Decimal(1).scaleb(-places)
    for one, share in zip(made.lines, shares, strict=True):
        assert abs(share - one.net * one.tax_rate / 100) <= unit


def test_a_line_is_rounded_once_and_half_up():
    sums = totals([line(1, "0.005"), line(2, "-0.005"), line(3, "0.0149")], 2, {})
    assert [one.net for one in sums.lines] == [Decimal("0.01"), Decimal("-0.01"), Decimal("0.01")]


def test_tax_is_that_of_the_rate_not_of_the_lines():
    sums = totals([line(number, "0.02") for number in (1, 2, 3)], 2, {})  # each alone: 0.0038
    assert sums.tax == Decimal("0.01")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("net", "137.73", "net is 137.73, not 137.72"),
        ("tax", "26.18", "tax is 26.18, not 26.17"),
        ("gross", "163.90", "gross is 163.9, not 163.89"),
        ("due", "163.88", "due is 163.88, not 163.89"),
        ("paid", "0.001", "paid 0.001 has more than 2 decimals"),
    ],
)
def test_a_unit_off_is_named(field, value, said):
    with pytest.raises(ParameterError, match=said):
        check(replace(document(), **{field: Decimal(value)}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": ()}, "there is no line"),
        ({"account_number": ""}, "any other document has one"),
        ({"draft": True}, "a draft has no number"),
        ({"places": 5}, "5 decimals"),
        ({"taxes": ()}, "nets by tax rate"),
    ],
)
def test_what_is_no_invoice_is_named(change, said):
    with pytest.raises(ParameterError, match=said):
        check(replace(document(), **change))


def test_no_tax_needs_a_reason():
    free = [line(1, "10", tax_rate=Decimal(0))]
    with pytest.raises(ParameterError, match="category E says no reason"):
        check(document(free, rates={Decimal(0): ("E", "")}))
    check(document(free, rates={Decimal(0): ("E", "Article 132")}))


def test_a_credit_larger_than_the_invoice_leaves_nothing_to_pay():
    assert due("invoice", Decimal(10), Decimal(-25), Decimal(0)) == 0
    assert balance("invoice", Decimal(10), Decimal(-25), Decimal(0)) == -15


def test_a_credit_note_lessens_what_is_owed():
    assert due("credit_note", Decimal(10), Decimal(25), Decimal(0)) == 15


def test_the_sample_is_of_october():
    assert document().period == (date(2026, 10, 1), date(2026, 10, 31))
    check(document())
