"""Lines out of charges, their taxes, and what holds an invoice back."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports_lib.invoicing.evidence import Evidence
from reports_lib.invoicing.gate import reasons
from reports_lib.invoicing.lines import Part, Tax, lines, parts
from reports_lib.invoicing.totals import totals
from reports_lib.values.interval import Interval
from tests.invoicing.samples import BUYER, SUPPLIER

D = Decimal
AS_OF = datetime(2026, 11, 1, 3, tzinfo=UTC)
TAXED = Tax(D(20), "S")


def charge(gross, tax="0", untaxed="0", **changes):
    plain = {"client_id": "4711", "currency": "EUR", "kind": "service", "item": "1", "description": "Voice"}
    sums = {"gross": D(gross), "tax": D(tax), "untaxed": D(untaxed), "events": 1, "quantity": D(2), "unit": "min"}
    return plain | sums | changes


def evidence(gate=(), clients=(), charges=()):
    month = Interval.parse("2026-10-01/2026-10-31", ZoneInfo("Europe/Berlin"), AS_OF)
    return Evidence("f" * 64, month, AS_OF, {"gate": list(gate), "clients": list(clients), "lines": list(charges)})


def found(gate=(), charges=(), parties=(SUPPLIER, BUYER), tax=TAXED):
    return reasons(evidence(gate), charges, "EUR", parties, tax)


@pytest.mark.parametrize(
    ("row", "tax", "split"),
    [
        (charge("12", "2"), TAXED, [Part(D(10), D(20))]),
        (charge("12.0001", "2.000016"), TAXED, [Part(D("10.000084"), D(20))]),  # rounded a call at a time
        (charge("10.70", "0.70"), TAXED, [Part(D(10), D(7))]),  # the reduced rate, which nobody declared
        (charge("12", untaxed="12"), TAXED, [Part(D(10), D(20))]),
        (charge("24", "2", "12"), TAXED, [Part(D(20), D(20))]),
        (charge("22.70", "0.70", "12"), TAXED, [Part(D(10), D(7)), Part(D(10), D(20))]),
        (charge("12", "2"), Tax(None, "S"), [Part(D(10), D(20))]),  # told by the charge itself
        (charge("12", untaxed="12"), Tax(None, "S"), [Part(D(12), D(0))]),
        (charge("12", "0"), Tax(D(20), "AE", "Reverse charge"), [Part(D(12), D(0))]),
        (charge("10", "0"), TAXED, [Part(D(10), D(0))]),  # says that there is no tax in it
    ],
)
def test_a_charge_is_split_by_what_it_says_of_its_tax(row, tax, split):
    assert parts(row, tax, 2) == split


def test_a_charge_becomes_a_line():
    rows = [charge("12", "2"), charge("6", "1", kind="activation", item="9", description="Talk")]
    first, second = lines(rows, TAXED, 2, "de")
    assert (first.service_id, first.unit_price, first.net, first.unit) == (1, D(5), D(10), "min")
    assert (second.package_id, second.kind, second.description) == (9, "package", "Talk: Einrichtung")


@settings(max_examples=50)
@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8), st.sampled_from([D(20), D(19), D("7.7")]))
def test_the_invoice_comes_to_what_was_charged_but_for_rounding(millionths, rate):
    gross = [D(n).scaleb(-6) for n in millionths]
    rows = [charge(str(amount), untaxed=str(amount)) for amount in gross]
    sums = totals(lines(rows, Tax(rate, "S"), 2, "en"), 2, {})
    assert abs(sums.gross - sum(gross)) <= D("0.005") * (2 * len(rows) + 1)


def test_what_the_report_found_holds_the_client_or_everybody():
    gate = [
        {"client_id": None, "currency": "", "reason": "days without CDRs", "detail": "2026-10-09", "holds": "yes"},
        {"client_id": "4711", "currency": "EUR", "reason": "ledger differs", "detail": "x", "holds": "yes"},
        {"client_id": "4711", "currency": "USD", "reason": "ledger differs", "detail": "y", "holds": "yes"},
        {"client_id": "4711", "currency": "EUR", "reason": "unusual amount", "detail": "z", "holds": "no"},
        {"client_id": "9", "currency": "EUR", "reason": "ledger differs", "detail": "o", "holds": "yes"},
    ]
    assert found(gate) == ["days without CDRs: 2026-10-09", "ledger differs: x"]


def test_details_that_are_missing_hold_and_are_named():  # T-59, TW-58
    lacking = replace(BUYER, postal_code="", city="")
    assert found(parties=(replace(SUPPLIER, bank=""), lacking)) == [
        "details missing: bank account of the company, city of the client, postal code of the client"
    ]


def test_a_tax_that_nobody_declared_holds():
    assert found(charges=[charge("12", untaxed="12")], tax=Tax(None, "S"))[0].startswith("no tax rate")
    assert found(charges=[charge("12", "2")], tax=Tax(D(0), "AE", "why"))[0].startswith("taxes differ")
    assert found(charges=[charge("12", "2")]) == []


def test_only_clients_that_are_to_be_billed_have_charges():
    row = {"client_id": "1", "currency": "EUR", "status": "to bill"}
    clients = [row, row | {"client_id": "2", "status": "invoiced"}, row | {"client_id": "3", "status": "held"}]
    made = evidence(clients=clients, charges=[charge("1", client_id=each["client_id"]) for each in clients])
    assert list(made.charges) == [(1, "EUR"), (3, "EUR")]
    assert (made.skipped, made.month, made.is_over) == (1, "2026-10", True)
