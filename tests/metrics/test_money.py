"""Currencies, rounding, signs and large sums."""

from decimal import Decimal

import pytest
from books import at, client, posted, rate, used

from reports_lib.errors import RateError
from reports_lib.metrics import currency
from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.values.money import round_half_up

RATES = [rate("EUR/USD", "2023-01-01", "1.10"), rate("EUR/USD", "2024-01-15", "1.20")]


def euros(*rows):
    return [row | {"currency": "EUR"} for row in rows]


def test_flows_at_the_rate_of_their_moment_and_balances_at_that_of_the_end(warehouse_of, ask):  # T-12, T-13, JD-31
    usage = euros(used(1, "2024-01-10"), used(1, "2024-01-15 00:00", "10"))  # the second as the rate begins
    ledger = euros(posted(1, "2024-01-10", "100"))
    tables = {"client": [client(1)], "usage_event": usage, "ledger_entry": ledger, "fx_rate": RATES}
    warehouse = warehouse_of(tables)
    total = customer_dynamics(warehouse, ask("2024-01-01/2024-01-31")).total
    assert (total["payg_total"], total["refill_total"], total["all_balance"]) == (Decimal("13.1"), 110, 120)
    total = customer_dynamics(warehouse, ask("2024-01-01/2024-01-31", fx_mode="report_end")).total
    assert (total["payg_total"], total["refill_total"], total["all_balance"]) == (Decimal("13.2"), 120, 120)


def test_a_missing_rate_fails_by_currency_and_date(warehouse_of, ask):  # T-14
    tables = {
        "client": [client(1)],
        "usage_event": euros(used(1, "2024-01-03"), used(1, "2024-01-04", "0")),  # a free call needs no rate
        "ledger_entry": [posted(1, "2023-12-30", "5", currency="XAU"), posted(2, "2024-01-02", "5", currency="ABC")],
        "fx_rate": [rate("EUR/USD", "2024-01-05", "1.1")],
    }
    with pytest.raises(RateError, match=r"EUR to USD on 2024-01-03.*XAU to USD on 2024-02-01") as error:
        customer_dynamics(warehouse_of(tables), ask("2024-01-01/2024-01-31"))
    assert "2024-01-04" not in str(error.value)
    assert "ABC" not in str(error.value)  # of nobody who is counted


def test_amounts_are_summed_before_they_are_rounded(found, ask):  # T-15
    tables = {"client": [client(1)], "usage_event": [used(1, "2024-01-05", "0.005")] * 3}
    total = found(tables, ask("2024-01-01/2024-01-31")).total["payg_total"]
    assert total == Decimal("0.015")
    assert round_half_up(total, 2) == Decimal("0.02")


def test_the_sign_of_a_balance_is_that_of_its_last_digit(warehouse_of, ask):  # T-17, JD-34 … JD-36, JD-42 … JD-44
    entries = [posted(1, "2024-01-05", "0.000001"), posted(2, "2024-01-05", "-0.000001", "correction")]
    entries += [posted(3, "2024-01-05", "7"), posted(3, "2024-01-06", "-7", "usage_charge")]
    tables = {"client": [client(n) for n in (1, 2, 3, 4)], "ledger_entry": entries}
    total = customer_dynamics(warehouse_of(tables), ask("2024-01-01/2024-01-31")).total
    assert total["all_balance_pos"] == Decimal("0.000001")
    assert total["all_balance_neg"] == Decimal("-0.000001")
    assert total["all_balance"] == 0
    assert total["all_qty"] == 4


def test_currencies_are_netted_before_the_sign_is_taken(found, ask):  # T-18
    entries = [posted(1, "2024-01-05", "10", currency="EUR"), posted(1, "2024-01-05", "-11.5", "correction")]
    tables = {"client": [client(1)], "ledger_entry": entries, "fx_rate": RATES}
    figures = found(tables, ask("2024-01-14/2024-01-15", group_by=["date"]))  # +11.0-11.5, then +12.0-11.5
    assert [row["all_balance_neg"] for row in figures.rows] == [0, 0]  # both ends lie at or behind the change
    figures = found(tables, ask("2024-01-13/2024-01-14T12:00"))
    assert figures.total["all_balance_neg"] == Decimal("-0.5")
    assert figures.total["all_balance_pos"] == 0


def test_large_sums_keep_their_cents(warehouse_of, ask):  # T-19
    usage = [used(1, "2024-01-05", "999999999.999999")] * 1_001
    warehouse = warehouse_of({"client": [client(1)], "usage_event": usage})
    total = customer_dynamics(warehouse, ask("2024-01-01/2024-01-31")).total
    assert total["payg_total"] == Decimal("999999999.999999") * 1_001


def test_a_converted_amount_has_room_for_all_its_digits(warehouse_of, ask):  # T-19, G-7
    usage = euros(used(1, "2024-01-05", "1196.38"), used(1, "2024-01-16", "999999999.999999"))
    warehouse = warehouse_of({"client": [client(1)], "usage_event": usage, "fx_rate": RATES})
    total = customer_dynamics(warehouse, ask("2024-01-01/2024-01-31")).total
    assert total["payg_total"] == Decimal("1196.38") * Decimal("1.10") + Decimal("999999999.999999") * Decimal("1.20")


def test_rates_go_over_the_base_currency(found, ask):  # G-8
    tables = {
        "company": [{"company_id": 1, "parent_company_id": None, "currency": "USD"}],
        "client": [client(1)],
        "usage_event": euros(used(1, "2024-01-05", "2")),
        "fx_rate": [*RATES, rate("USD/UAH", "2023-01-01", "40")],
    }
    assert found(tables, ask("2024-01-01/2024-01-31", currency="UAH")).total["payg_total"] == 88


def test_net_leaves_taxes_out_of_charges_only(found, ask):  # M-11, Q-6
    tables = {
        "client": [client(1)],
        "usage_event": [used(1, "2024-01-05", "12", tax=Decimal(2)), used(1, "2024-01-06", "5")],
        "ledger_entry": [posted(1, "2024-01-05", "12", tax=Decimal(2))],
    }
    total = found(tables, ask("2024-01-01/2024-01-31", tax_mode="net")).total
    assert (total["payg_total"], total["refill_total"]) == (15, 12)


def test_fixed_balance_is_payments_minus_issued_invoices(found, ask):  # M-07
    def invoice(total, status="RECORDED", **columns):
        return {"client_id": 1, "created_at": at("2024-01-10"), "status": status, "total": Decimal(total)} | columns

    tables = {
        "client": [client(1)],
        "ledger_entry": [posted(1, "2024-01-05", "50"), posted(1, "2024-01-06", "-20", "usage_charge")],
        "invoice": [invoice(30), invoice(5, "DRAFT"), invoice(4, deleted_at=at("2024-02-10"))],
    }
    figures = found(tables, ask("2024-01-01/2024-02-29", balance_mode="fixed"))
    assert [row["all_balance"] for row in figures.rows] == [16, 20]


def test_refills_are_approved_payments_above_zero(found, ask):  # T-40, JD-45 … JD-47, M-09
    entries = [posted(1, "2024-01-05", "10"), posted(1, "2024-01-06", "5"), posted(1, "2024-01-07", "-3")]
    entries += [posted(1, "2024-01-08", "99", status="void"), posted(1, "2024-01-08", "99", status="pending")]
    entries += [posted(1, "2024-01-09", "7", "correction"), posted(1, "2023-12-31", "1")]
    tables = {"client": [client(1)], "ledger_entry": entries}
    total = found(tables, ask("2024-01-01/2024-01-31", chargebacks=True)).total
    assert (total["refill_qty"], total["refill_total"], total["refill_avg"]) == (2, 15, Decimal("7.5"))
    assert (total["chargeback_qty"], total["chargeback_total"]) == (1, -3)
    assert total["all_balance"] == 20


def test_balances_move_by_what_was_paid_and_charged(found, ask):  # M-15
    entries = [posted(1, "2023-12-01", "100", "opening"), posted(1, "2024-01-05", "10")]
    entries += [posted(1, "2024-01-06", "-4", "usage_charge")]
    tables = {"client": [client(1)], "ledger_entry": entries, "usage_event": [used(1, "2024-01-06", "4")]}
    before = found(tables, ask("2023-12-01/2023-12-31")).total
    after = found(tables, ask("2024-01-01/2024-01-31")).total
    assert after["all_balance"] - before["all_balance"] == after["refill_total"] - after["payg_total"]


@pytest.mark.parametrize(
    ("heads", "base"),
    [
        ([], None),
        ([(2, "EUR"), (1, "USD")], "USD"),
        ([(1, None), (2, "EUR")], None),
        ([(None, "EUR"), (1, "USD")], "USD"),
        ([(1, None), (1, "EUR")], None),
    ],
)
def test_the_base_is_the_currency_of_the_head(heads, base):  # G-8
    below = {"company_id": 0, "parent_company_id": 1, "currency": "GBP"}
    companies = [{"company_id": number, "parent_company_id": None, "currency": code} for number, code in heads]
    assert currency.rates([], [below, *companies], "CHF").base == base
