"""Deposits on the accounts of clients: which count, how they read, and that they are Customer Dynamics' refills."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from bills import asked, bill
from books import at, client, posted, rate

from reports_lib.errors import RateError
from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.metrics.transactions import transactions

OCTOBER = "2026-10-01/2026-10-31"


def test_a_row_has_what_the_page_shows(held):  # TW-59, TW-61 … TW-64, M-62
    entries = [
        posted(7, "2026-10-05 22:30", "1200.5", invoice_id=1, payment_account="Bank", currency="EUR"),
        posted(7, "2026-10-05 22:30", "1000", payment_account="Cash desk", currency="JPY"),
        posted(8, "2026-10-05 22:30", "3"),
        posted(8, "2026-10-06", "4", description="Voucher"),
    ]
    tables = {
        "client": [client(7, name="Ørsted"), client(8)],
        "ledger_entry": entries,
        "invoice": [bill(1, 7, "1200.5")],
        "fx_rate": [rate("EUR/USD", "2026-01-01", "1.1"), rate("JPY/USD", "2026-01-01", "0.007")],
        "currency": [{"code": c, "totals_precision": p} for c, p in (("EUR", 2), ("JPY", 0), ("USD", 2))],
    }
    found = transactions(held(tables), asked(OCTOBER, "Europe/Kyiv"))
    assert [row["base"] for row in found.rows] == [
        "Voucher, 4.00 USD",
        "Payment, 3.00 USD",
        "Cash desk, 1,000 JPY",
        "A202610-0001, 1,200.50 EUR",
    ]
    last = found.rows[3]
    assert (last["company_number"], last["client"], last["amount"]) == ("7", "Ørsted", Decimal("1200.5"))
    assert f"{last['date']:%Y-%m-%d %H:%M}" == "2026-10-06 01:30"
    assert last["refill"] == Decimal("1320.55")
    assert (found.total["deposits"], found.total["clients"], found.total["refill"]) == (4, 2, Decimal("1334.55"))
    assert found.own_places == 2


def test_what_is_no_approved_deposit_is_left_out(held):  # M-62, M-09, T-40
    entries = [
        posted(1, "2026-10-05", "5"),
        posted(1, "2026-10-05", "6", status="pending"),
        posted(1, "2026-10-05", "7", status="void"),
        posted(1, "2026-10-05", "-8"),
        posted(1, "2026-10-05", "0"),
        posted(1, "2026-10-05", "9", "correction"),
        posted(1, "2026-10-05", "9", "refund"),
    ]
    found = transactions(held({"client": [client(1)], "ledger_entry": entries}), asked(OCTOBER))
    assert [row["amount"] for row in found.rows] == [5]


def test_a_period_begins_at_its_first_moment_and_ends_before_its_last(held):  # TW-60, T-01, T-08, G-1
    moments = ["2026-09-30 23:59:59.999999", "2026-10-01", "2026-10-31 23:59:59.999999", "2026-11-01"]
    entries = [posted(1, moment, str(amount)) for amount, moment in enumerate(moments, 1)]
    tables = {"client": [client(1)], "ledger_entry": entries}

    def listed(interval, zone="UTC", **changes):
        books = held(tables, changes.get("as_of", asked().as_of))
        return [int(row["amount"]) for row in transactions(books, asked(interval, zone, **changes)).rows]

    assert listed(OCTOBER) == [3, 2]
    assert listed(OCTOBER, "Europe/Kyiv") == [2, 1]
    assert listed("2026-10-31T23:59:59/2026-10-31T23:59:59") == [3]
    assert listed(OCTOBER, as_of=at("2026-10-31 23:59:59.999999").replace(tzinfo=UTC)) == [2]


def test_empty_days_are_drawn_and_long_periods_by_month(held):  # G-5, T-56
    tables = {"client": [client(1)], "ledger_entry": [posted(1, "2026-10-02 23:00", "5"), posted(1, "2026-10-02", "2")]}
    found = transactions(held(tables), asked("2026-10-01/2026-10-04", "Europe/Kyiv"))
    assert [(row["time"], row["refill"]) for row in found.by_time] == [
        ("2026-10-01", 0), ("2026-10-02", 2), ("2026-10-03", 5), ("2026-10-04", 0),
    ]  # fmt: skip
    found = transactions(held(tables), asked("2026-08-01/2026-11-30"))
    assert [(row["time"], row["deposits"], row["extent"]) for row in found.by_time] == [
        ("2026-08", 0, ""), ("2026-09", 0, ""), ("2026-10", 2, ""), ("2026-11", 0, "partial"),
    ]  # fmt: skip
    empty = transactions(held(tables), asked("2026-01-01/2026-01-02"))
    assert (empty.rows, empty.total["average"], empty.data_interval) == ([], None, None)


def test_search_by_account_id(held):  # TW-51
    tables = {
        "client": [client(7, external_id="C-7"), client(77)],
        "ledger_entry": [posted(7, "2026-10-02", "5"), posted(77, "2026-10-02", "2")],
    }
    for text, found in (("7", {7}), ("C-7", {7}), ("77", {77}), ("c-7", set()), ("", {7, 77})):
        rows = transactions(held(tables), asked(OCTOBER, account_id=text)).rows
        assert {row["client_id"] for row in rows} == found, text


def test_a_missing_rate_fails_by_currency_and_date(held):  # T-14
    tables = {"client": [client(1)], "ledger_entry": [posted(1, "2026-10-05", "5", currency="EUR")]}
    with pytest.raises(RateError, match="EUR to USD on 2026-10-05"):
        transactions(held(tables), asked(OCTOBER))


@pytest.mark.parametrize("engine", ["lake"])
def test_the_sum_is_that_of_refills_in_customer_dynamics(warehouse_of, ask):  # M-09, M-62: two reports, one truth
    entries = [posted(n % 3 + 1, f"2026-10-{n:02}", f"{n}.37", currency=("EUR", "USD")[n % 2]) for n in range(1, 29)]
    tables = {
        "client": [client(n) for n in (1, 2, 3)],
        "ledger_entry": [*entries, posted(2, "2026-10-09", "-3")],
        "fx_rate": [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", "2026-10-11", "1.234567891")],
    }
    warehouse = warehouse_of(tables, datetime(2026, 11, 3, tzinfo=UTC))
    whole = customer_dynamics(warehouse, ask(OCTOBER)).total
    assert transactions(warehouse, asked(OCTOBER)).total["refill"] == whole["refill_total"] > 0
