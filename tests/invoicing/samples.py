"""Documents that differ in what can go wrong with them; figures by `totals`, so they agree by construction."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from reports_lib.invoicing.annex import COLUMNS, calls
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

RTL = replace(
    BUYER,
    name="דנה כהן",
    legal_name="דנה כהן 7 (בע״מ)",
    address_line="רחוב הרצל 12",
    city="תל אביב",
    postal_code="6100000",
    country="IL",
    tax_id="514328901",
)
TOKYO = replace(
    BUYER,
    name="Sumida Trading",
    legal_name="Sumida Trading K.K.",
    address_line="1-2-3 Honjo",
    city="Tokyo",
    postal_code="130-0004",
    country="JP",
    tax_id="T1234567890123",
)
KYIV = replace(
    BUYER,
    name="Дніпро",
    legal_name="ТОВ «Дніпро Сервіс»",
    address_line="вул. Хрещатик, 1",
    city="Київ",
    postal_code="01001",
    country="UA",
    tax_id="UA123456789012",
)
MADRID = replace(
    BUYER, legal_name="Pérez e Hijos S.L.", address_line="Calle Mayor 5", city="Madrid", postal_code="28013"
)
NO_TAX = Decimal(0)


def many(count: int) -> tuple[Line, ...]:
    """Lines of three kinds and two rates, some of them long."""
    kinds = ("service", "service", "package", "other")
    return tuple(
        line(
            number,
            f"{number}.{number % 97:02}5",
            description=f"Calls to destination {number}"
            + ", daytime, with the surcharge of the night" * (number % 9 == 0),
            kind=kinds[number % 4],
            quantity=Decimal(number * 7) / 10,
            unit=("min", "MB", "message", "")[number % 4],
            tax_rate=Decimal(19 if number % 5 else 7),
        )
        for number in range(1, count + 1)
    )


def charges(count: int) -> pa.Table:
    """An annex of `count` charges, among them a name that is written from right to left and one that is a formula."""
    places = ("Germany mobile", "Ukraine Kyivstar", "ישראל סלולרי", '=HYPERLINK("http://x")', "Россия, Москва")
    at = datetime(2026, 10, 1)
    rows = [
        {
            "at": at + timedelta(seconds=257 * number),
            "service": ("Voice", "Messages", "Data")[number % 3],
            "number": f"+49301{number:07}",
            "destination": places[number % 5],
            "quantity": Decimal(number % 600),
            "unit": "s",
            "amount": Decimal(number % 600) * Decimal("0.000125"),
        }
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def with_calls(table: pa.Table, form: str) -> Document:
    """An invoice with `table` as its annex."""
    return document(calls=calls(table, form))


FIRST = ("DB-202609-0031", date(2026, 9, 30))
ANNEXES = {"csv": charges(20), "pages": charges(150)}
SAMPLES: dict[str, Document] = {
    "plain": document(),
    "long": document(many(58), carried=Decimal("-12.30"), paid=Decimal("20.00")),
    "rtl": document(buyer=RTL, rates={}),
    "german": document(language="de", carried=Decimal("41.20")),
    "russian": document(buyer=KYIV, language="ru", currency="USD"),
    "spanish": document(buyer=MADRID, language="es", note="Gracias por su confianza.\nNos vemos el mes que viene."),
    "yen": document(many(6), places=0, currency="JPY", buyer=TOKYO, carried=Decimal(1200)),
    "dinar": document(many(6), places=3, currency="KWD"),  # EN 16931 knows two decimals: no XML
    "fomento": document(many(6), places=4, currency="CLF"),
    "credit": document((line(1, "12.00"),), kind="credit_note", corrects=FIRST, account_number="DB-202610-0043"),
    "owing": document((line(1, "12.00"),), kind="credit_note", corrects=FIRST, carried=Decimal("99.99")),
    "draft": document(account_number="", draft=True, carried=Decimal("5.00")),
    "revised": document(
        (
            *LINES,
            line(
                4,
                "-10.00",
                description="Goodwill for the outage of 12 October",
                kind="correction",
                tax_rate=Decimal(19),
            ),
        ),
        revision=2,
        paid=Decimal("50.00"),
        comment="Outage of 12 October taken off; part of the month was paid before",
        corrects=("DB-202610-0042", date(2026, 10, 31)),
    ),
    "overpaid": document(carried=Decimal("-500.00")),
    "top_up": document(
        (line(1, "250.00", description="Top-up of your account", kind="top_up", tax_rate=NO_TAX),),
        kind="top_up",
        rates={NO_TAX: ("E", "A payment on account is not a supply")},
        period=None,
    ),
    "zero": document((line(1, "10.00", tax_rate=NO_TAX), line(2, "5.00"))),
    "reverse": document(
        (line(1, "10.00", tax_rate=NO_TAX),),
        rates={NO_TAX: ("AE", "Reverse charge")},
        buyer=replace(KYIV, country="PL", tax_id="PL5260250274"),
    ),
    "outside": document(
        (line(1, "10.00", tax_rate=NO_TAX),), rates={NO_TAX: ("O", "Not subject to VAT")}, buyer=TOKYO, currency="USD"
    ),
    "terms": document(due_date=None, payment=PaymentTerms("By direct debit within 14 days", "4711")),
    "bare": document(
        supplier=replace(SUPPLIER, bank="", bic="", tax_id="", email=""),
        buyer=Party("Ann", country="DE", account="7"),
        due_date=None,
        period=None,
    ),
    "glyphs": document(buyer=replace(BUYER, legal_name="株式会社 🎉 Ægir ท", city="Zürich \u0301")),
    "csv": with_calls(ANNEXES["csv"], "csv"),
    "pages": with_calls(ANNEXES["pages"], "pages"),
}
