"""Payments: each once, as it stood, with whoever paid; found by what is known of it; and all of one of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import NOW
from books import at, client

from reports_lib.errors import ParameterError
from reports_lib.metrics.one_payment import details
from reports_lib.metrics.payment_record import NOT_SHOWN, fields
from reports_lib.metrics.payments import payments
from reports_lib.values.interval import Interval

KYIV = "Europe/Kyiv"


@dataclass(frozen=True)
class Asked:
    """A question with the notebook's defaults."""

    interval: Interval
    as_of: datetime = NOW
    payment: str = ""
    dates: str = "created_at"
    status: tuple[str, ...] = ()
    gateway: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    email: str = ""
    amount_from: Decimal | str = ""
    amount_to: Decimal | str = ""


def asked(interval="2026-10-25/2026-10-25", **changes):
    return Asked(Interval.parse(interval, ZoneInfo(KYIV), NOW), **changes)


def paid(number, made, amount="10", status="approved", **columns):
    usual = {"client_id": 1, "gateway": "Stripe", "method": "card", "currency": "USD", "created_at": at(made)}
    return usual | {"payment_id": number, "amount": Decimal(amount), "status": status} | columns


PAYMENTS = [
    paid(1, "2026-10-24 20:59:59.999999"),  # before the day
    paid(2, "2026-10-24 21:00", "0.01", paid_at=at("2026-10-24 21:01"), transaction_id="=tx1"),
    paid(3, "2026-10-25 01:30", "7", "rejected", client_id=2, gateway="Adyen", currency="JPY", transaction_id="tx"),
    paid(4, "2026-10-25 01:30", "5", client_id=2, gateway="Adyen", currency="JPY", method="wallet"),
    paid(5, "2026-10-25 21:59:59.999999", "20", client_id=9, raw='{"card": {"last4": "0042"}}', purchase_id=50),
    paid(6, "2026-10-25 22:00"),  # after it: the day has 25 hours
    paid(7, "2026-10-20", "30", "refunded", paid_at=at("2026-10-25 12:00"), transaction_id="tx",
         refunded_amount=Decimal(30), refunded_at=at("2026-11-03 12:00")),
    paid(8, "2026-10-20", "40", "chargeback", paid_at=at("2026-10-21"), refunded_amount=Decimal(40),
         refunded_at=at("2026-10-25 12:00")),
    paid(9, "2026-10-20", "50", paid_at=at("2026-11-03 12:00")),
]  # fmt: skip
TABLES = {
    "payment": PAYMENTS,
    "client": [client(1, name="Ann"), client(2, name="Bob & Co")],
    "client_profile": [{"client_id": 1, "email": "Ann@Example.com"}],
    "currency": [{"code": "USD", "totals_precision": 2}, {"code": "JPY", "totals_precision": 0}],
    "purchase": [{"purchase_id": 50, "client_id": 9, "kind": "ppv_vod", "content_id": 3, "coupon_id": 4,
                  "amount": Decimal(20), "currency": "USD", "purchased_at": at("2026-10-25 21:50")}],
    "content": [{"content_id": 3, "title": "Film", "kind": "vod"}],
    "coupon": [{"coupon_id": 4, "code": "=CODE"}],
    "package": [],
    "invoice": [],
}  # fmt: skip


def listed(found):
    return [row for batch in found.rows() for row in batch.to_pylist()]


@pytest.fixture
def books(held):
    """Given rows of which nobody asks for the list itself."""
    warehouse = held(TABLES)
    warehouse.lazy = lambda *_: None
    return warehouse


def test_the_list_of_a_day_and_one_of_it(warehouse_of):  # MS-46 … MS-55, T-01, T-03, T-74, G-11
    warehouse = warehouse_of(TABLES, NOW)
    rows = listed(payments(warehouse, asked()))
    assert [(row["payment_id"], f"{row['created_at']:%d %H:%M}", row["customer"]) for row in rows] == [
        (5, "25 23:59", "9"),  # of a client who is not there
        (4, "25 03:30", "Bob & Co"),  # who has no e-mail
        (3, "25 03:30", "Bob & Co"),
        (2, "25 00:00", "Ann@Example.com"),
    ]
    assert rows[2] | {"created_at": None} == {
        "payment_id": 3, "customer": "Bob & Co", "customer_id": None,
        "transaction_id": "tx", "invoice_number": None, "gateway": "Adyen",
        "amount": 7, "currency": "JPY", "created_at": None, "state": "Rejected",
    }  # fmt: skip
    narrow = asked("2026-10-01/2026-10-31", status=("approved",), gateway=("Stripe",), method=("card",))
    bounded = {"currencies": ("USD",), "email": "ann@EX", "amount_from": Decimal("0.01"), "amount_to": Decimal(30)}
    assert [row["payment_id"] for row in listed(payments(warehouse, replaced(narrow, **bounded)))] == [6, 2, 1, 7]
    one = asked(payment=" tx ")
    assert [row["payment_id"] for row in listed(payments(warehouse, one))] == [3, 7]  # of any day, and two gateways
    assert {row["part"] for row in details(warehouse, one)} >= {"Payment of payment 3", "Payment of payment 7"}
    told = [(row["part"], row["field"], row["value"]) for row in details(warehouse, asked(payment="5"))]
    for fact in [
        ("Payment", "Amount", "20.00 USD"),
        ("Payment", "Date Created", "2026-10-25 23:59:59"),
        ("Customer", "E-mail", None),
        ("Purchase", "Bought", "Film"),
        ("Purchase", "Coupon", "=CODE"),
        ("Purchase", "Date Purchased", "2026-10-25 23:50:00"),
        ("Gateway's record", "card.last4", "0042"),
    ]:
        assert fact in told
    assert details(warehouse, asked(payment="no such")) == listed(payments(warehouse, asked(payment="no such"))) == []


def replaced(question, **changes):
    return Asked(**(vars(question) | changes))


def test_what_they_come_to_by_status_gateway_and_currency(books):
    found = payments(books, asked())
    assert found.total == {"payments": 4, "approved": 3, "share": 100}
    assert [(row["state"], row["payments"], row["share"]) for row in found.by_status if row["payments"]] == [
        ("Approved", 3, 75),
        ("Rejected", 1, 25),
    ]
    assert len(found.by_status) == 7  # the others have none
    assert [(row["gateway"], row["payments"], row["approved"]) for row in found.by_gateway] == [
        ("Adyen", 2, 1),
        ("Stripe", 2, 2),
    ]
    assert [(row["currency"], row["amount"]) for row in found.by_currency] == [("JPY", 12), ("USD", Decimal("20.01"))]
    assert [(row["label"], str(row["amount"])) for row in found.headlines] == [
        ("Approved, JPY", "5"),
        ("Approved, USD", "20.01"),
    ]
    (rejected,) = payments(books, asked(status=("rejected",))).headlines
    assert (rejected["label"], str(rejected["amount"])) == ("Amount, JPY", "7")
    assert found.places == 2
    assert [f"{moment:%d %H:%M}" for moment in found.data_interval] == ["24 21:00", "25 21:59"]


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ("created_at", {"Approved": 1, "Pending": 1, "Chargeback": 1}),
        ("paid_at", {"Approved": 2, "Chargeback": 1}),
        ("refunded_at", {"Chargeback": 1}),
    ],
)
def test_a_payment_is_as_it_stood(books, dates, status):  # G-1
    days = "2026-10-20/2026-10-20" if dates == "created_at" else "2026-10-01/2026-11-30"
    found = payments(books, asked(days, dates=dates))
    assert {row["state"]: row["payments"] for row in found.by_status if row["payments"]} == status


def test_there_need_not_be_any(books):  # T-11
    found = payments(books, asked("2020-01-01/2020-01-31"))
    assert found.total == {"payments": 0, "approved": 0, "share": None}
    assert (found.by_gateway, found.data_interval) == ([], None)


def test_amounts_between_bounds_that_cross_are_refused(books):
    with pytest.raises(ParameterError, match=r"^amount_from 5 is above amount_to 4: no payment is of both$"):
        payments(books, asked(amount_from=Decimal(5), amount_to=Decimal(4)))
    assert payments(books, asked(amount_from=Decimal(7), amount_to=Decimal(7))).total["payments"] == 1


def test_many_gateways_stand_together(held):
    many = [paid(n, "2026-10-25 12:00", gateway=f"G{min(n, 13):02}") for n in range(1, 15)]
    warehouse = held(TABLES | {"payment": many})
    warehouse.lazy = lambda *_: None
    drawn = payments(warehouse, asked()).largest_gateways
    assert [row["gateway"] for row in drawn][:2] == ["G13", "G01"]
    assert (drawn[-1]["gateway"], drawn[-1]["payments"], len(drawn)) == ("All others", 2, 12)
    assert sum(row["share"] for row in drawn) == 100


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (None, []),
        (" ", []),
        ("{}", [("", None)]),
        ("not JSON", [("", "not JSON")]),
        ('{"a": 1.10, "b": true, "c": null, "d": "x"}', [("a", "1.10"), ("b", "true"), ("c", None), ("d", "x")]),
        ('{"items": [{"price": 1e400}, []]}', [("items.1.price", "1e400"), ("items.2", None)]),
        ('{"x": {"Card-Number": "4111", "CVV": {"y": 1}}}', [("x.Card-Number", NOT_SHOWN), ("x.CVV", NOT_SHOWN)]),
        ('{"card": {"number": "4111"}, "number": 7}', [("card.number", NOT_SHOWN), ("number", "7")]),
        ("[" * 100_000, [("", "[" * 100_000)]),
        ("NaN", [("", "NaN")]),
    ],
)  # fmt: skip
def test_a_gateways_record_field_by_field(raw, told):  # MS-55
    assert fields(raw) == told
