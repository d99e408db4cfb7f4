"""Documents that differ in what can go wrong with them; figures by `totals`, so they agree by construction."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from reports_lib.invoicing.document import Document, Line, Party, PaymentTerms
from reports_lib.invoicing.totals import due, totals

SUPPLIER = Party(
    name="Northline",
    legal_name="Northline Telecom GmbH",
    address_line="Invalidenstraße 34",
    city="Berlin",
    postal_code="10115",
    country="DE",
    tax_id="DE136695976",
    email="billing@northline.example",
    bank="DE89370400440532013000",
    bic="COBADEFFXXX",
    account="1",
)
BUYER = Party(
    name="Ann Meyer",
    legal_name="Meyer & Söhne OHG",
    address_line="Lange Reihe 12",
    city="Hamburg",
    postal_code="20099",
    country="DE",
    tax_id="DE811569869",
    email="office@meyer.example",
    account="4711",
)
MADE = datetime(2026, 11, 1, 2, 30, tzinfo=UTC)


def line(number: int, net: str, **changes: object) -> Line:
    usual = Line(
        number=number,
        description=f"Service {number}",
        service_id=number,
        package_id=None,
        kind="service",
        quantity=Decimal(1),
        unit="",
        unit_price=Decimal(net).quantize(Decimal("0.000001")),
        net=Decimal(net),
        tax_rate=Decimal(19),
    )
    return replace(usual, **changes)


LINES = (
    line(
        1,
        "83.7225",
        description="Calls to mobile networks",
        quantity=Decimal("1116.3"),
        unit="min",
        unit_price=Decimal("0.075"),
    ),
    line(2, "24.10", description="Messages", quantity=Decimal(482), unit="message", unit_price=Decimal("0.05")),
    line(3, "29.90", description="Team 50 GB", kind="package", service_id=None, package_id=7),
)
MISSING = object()


def document(lines=LINES, *, places=2, rates=MISSING, **changes: object) -> Document:
    """An ordinary recorded invoice of October 2026, but for `changes`."""
    sums = totals(lines, places, {} if rates is MISSING else rates)
    kind, carried, paid = (changes.get(name, usual) for name, usual in FREE.items())
    usual = {
        "kind": kind,
        "account_number": "DB-202610-0042",
        "revision": 0,
        "supplier": SUPPLIER,
        "buyer": BUYER,
        "currency": "EUR",
        "places": places,
        "invoice_date": date(2026, 10, 31),
        "due_date": date(2026, 11, 14),
        "period": (date(2026, 10, 1), date(2026, 10, 31)),
        "lines": sums.lines,
        "taxes": sums.taxes,
        "net": sums.net,
        "tax": sums.tax,
        "gross": sums.gross,
        "carried": carried,
        "paid": paid,
        "due": due(kind, sums.gross, carried, paid),
        "payment": PaymentTerms("", "DB-202610-0042"),
        "language": "en",
        "note": "",
        "corrects": None,
        "comment": "",
        "draft": False,
        "made_at": MADE,
        "calls": None,
    }
    return Document(**{**usual, **changes})


FREE = {"kind": "invoice", "carried": Decimal(0), "paid": Decimal(0)}
