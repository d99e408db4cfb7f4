"""The document for programs, where the norm leaves it to us; the norm itself is run in `test_standards.py`."""

from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from reports_lib.invoicing.qr import is_iban, payment_code, payment_text
from reports_lib.invoicing.xml import SPACES, lacks, xml
from tests.invoicing.samples import BUYER, SAMPLES, SUPPLIER, TOKYO, document, line


def read(made):
    return ElementTree.fromstring(xml(made, made.payment.text))


def one(made, path):
    return read(made).findtext(f".//{path}", namespaces=SPACES)


@pytest.mark.parametrize("name", [name for name, made in SAMPLES.items() if not lacks(made)])
def test_amounts_are_those_of_the_facts(name):  # F14: XML and facts
    made = SAMPLES[name]
    root = read(made)
    nets = root.findall(".//ram:LineTotalAmount", SPACES)
    assert [Decimal(found.text) for found in nets] == [*(line.net for line in made.lines), made.net]
    assert Decimal(root.findtext(".//ram:TaxTotalAmount", namespaces=SPACES)) == made.tax
    assert Decimal(root.findtext(".//ram:GrandTotalAmount", namespaces=SPACES)) == made.gross
    assert Decimal(root.findtext(".//ram:DuePayableAmount", namespaces=SPACES)) == made.gross - made.paid
    taxes = zip(
        root.findall(".//ram:CalculatedAmount", SPACES), root.findall(".//ram:BasisAmount", SPACES), strict=True
    )
    assert [(Decimal(t.text), Decimal(n.text)) for t, n in taxes] == [(group.tax, group.net) for group in made.taxes]


@pytest.mark.parametrize(("name", "code"), [("plain", "380"), ("credit", "381"), ("top_up", "386"), ("revised", "384")])
def test_the_type_says_what_it_is(name, code):
    assert one(SAMPLES[name], "ram:TypeCode") == code


def test_what_is_corrected_is_named():
    assert one(SAMPLES["credit"], "ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == "DB-202609-0031"
    assert one(SAMPLES["revised"], "ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == "DB-202610-0042"
    assert one(SAMPLES["plain"], "ram:InvoiceReferencedDocument/ram:IssuerAssignedID") is None


def test_what_is_taken_off_has_a_price_above_zero_and_a_quantity_below():  # BR-27
    made = document((line(1, "-10.00", quantity=Decimal(2), unit_price=Decimal("-5.00")),))
    assert (one(made, "ram:ChargeAmount"), one(made, "ram:BilledQuantity")) == ("5", "-2")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"places": 3, "currency": "KWD"}, "the currency KWD has more than 2 decimals"),
        ({"account_number": "", "draft": True}, "a draft has no number"),
        ({"buyer": replace(BUYER, country="")}, "the buyer has no country"),
        ({"supplier": replace(SUPPLIER, tax_id="")}, "the supplier has no tax number"),
        ({"lines": (line(1, "1", description=""),)}, "a line has no description"),
    ],
)
def test_what_the_norm_asks_for_and_the_facts_lack_is_named(changes, said):
    assert lacks(document(**changes)) == [said]


def test_a_reverse_charge_needs_the_number_of_the_buyer():
    free = (line(1, "10", tax_rate=Decimal(0)),)
    rates = {Decimal(0): ("AE", "Reverse charge")}
    assert lacks(document(free, rates=rates, buyer=replace(BUYER, tax_id=""))) == ["the buyer has no tax number"]


def test_a_number_without_its_country_is_no_vat_number():  # BR-CO-09
    made = document(buyer=TOKYO, supplier=replace(SUPPLIER, tax_id="21/815/08150"))
    schemes = [found.get("schemeID") for found in read(made).iterfind(".//ram:SpecifiedTaxRegistration/ram:ID", SPACES)]
    assert schemes == ["FC"]
    assert one(made, "ram:BuyerTradeParty/ram:SpecifiedLegalOrganization/ram:ID") == "T1234567890123"


def test_hostile_texts_stay_texts():
    made = document(buyer=replace(BUYER, legal_name="]]><x>&amp;"), note='"<!DOCTYPE x>')
    assert one(made, "ram:BuyerTradeParty/ram:Name") == "]]><x>&amp;"


@pytest.mark.parametrize(
    ("iban", "is_right"),
    [
        ("DE89 3704 0044 0532 0130 00", True),
        ("GB82WEST12345698765432", True),
        ("de89370400440532013000", True),
        ("DE88370400440532013000", False),  # a digit off
        ("DE89", False),
        ("1234567890123456", False),
        ("", False),
    ],
)
def test_an_iban_is_right_by_its_digits(iban, is_right):
    assert is_iban(iban) is is_right


def test_the_payment_code_says_the_transfer():
    made = document(carried=Decimal("36.11"))
    assert payment_text(made).splitlines() == [
        *("BCD", "002", "1", "SCT", "COBADEFFXXX", "Northline Telecom GmbH", "DE89370400440532013000"),
        *("EUR200.00", "", "", "DB-202610-0042"),
    ]
    assert payment_code(made).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "USD"},
        {"supplier": replace(SUPPLIER, bank="DE88370400440532013000")},  # no IBAN
        {"carried": Decimal(-500)},  # nothing to pay
        {"draft": True, "account_number": ""},
        {"kind": "credit_note", "carried": Decimal(500)},
    ],
)
def test_there_is_no_code_where_there_is_no_such_transfer(changes):
    assert payment_code(document(**changes)) is None
