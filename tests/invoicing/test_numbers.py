"""Numbers of invoices: what they look like, and that each series counts for itself and each year anew (Q-18)."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import number
from reports_lib.invoicing.number import Number
from tests.invoicing.samples import SUPPLIER


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Number("DB-", 2026, 10, 1), "DB-202610-0001"),
        (Number("A1", 2027, 1, 42), "A1202701-0042"),
        (Number("X", 2026, 12, 12345), "X202612-12345"),  # no year has only 9,999
    ],
)
def test_a_number_as_text(given, text):
    assert str(given) == text


@pytest.mark.parametrize("wrong", ["", "-A", "A/B", "..", "ÄÖ", "A B", "A" * 17, "A\n"])
def test_what_no_number_begins_with(wrong):
    with pytest.raises(ParameterError, match="cannot begin a number"):
        number.series(wrong)


def test_a_series_counts_by_the_year(books):
    days = [date(2026, 11, 1), date(2026, 12, 31), date(2027, 1, 1), date(2026, 12, 31), date(2027, 2, 1)]
    taken = [books.recorded("1", series="Y-", invoice_date=day, due_date=None).account_number for day in days]
    assert taken == ["Y-202611-0001", "Y-202612-0002", "Y-202701-0001", "Y-202612-0003", "Y-202702-0002"]
    assert number.position(books.session, "Y-") == 6  # one chain over the years


def test_series_do_not_count_each_other(books):
    taken = [books.recorded("1", series=series).account_number for series in ("P-", "Q-", "P-")]
    assert taken == ["P-202610-0001", "Q-202610-0001", "P-202610-0002"]


def test_a_series_stays_with_the_company_that_began_it(books):
    books.recorded("1", series="Z-")
    with pytest.raises(StateError, match=r"numbers Z-… are those of company 1; give company 2 another prefix"):
        books.recorded("1", series="Z-", supplier=replace(SUPPLIER, account="2"))
    with pytest.raises(StateError, match=r"files of z-… would be called as those of Z-…; give company 1 another"):
        books.recorded("1", series="z-")
    assert books.recorded("1", series="Z-").account_number == "Z-202610-0002"


def test_more_than_four_digits(books):
    books.recorded("1", series="L-")
    books.session.execute(text("UPDATE invoice_series SET last = 9999 WHERE series = 'L-' AND year > 0"))
    assert books.recorded("1", series="L-").account_number == "L-202610-10000"


def test_a_transaction_that_comes_to_nothing_takes_its_number_back(books):
    with books.session.begin_nested() as nested:
        books.recorded("1", series="N-")
        nested.rollback()
    assert books.recorded("1", series="N-").account_number == "N-202610-0001"


def test_a_draft_takes_no_number(books):
    books.draft("1", series="D-")
    assert books.recorded("1", series="D-").number == 1
