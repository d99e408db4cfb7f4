"""All that is known of a payment, field by field: who paid what for, and what its gateway reported (MS-55)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from reports_lib.metrics import exchange, payment_record
from reports_lib.metrics.payment_search import Question, Shape, values_of, wanted
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import local
from reports_lib.values.formats import number
from reports_lib.values.selling import PAYMENT_METHODS, PAYMENT_STATUSES, PURCHASE_KINDS, PURCHASE_STATUSES
from reports_lib.warehouse.statement import Tables, as_of

READ = (*payment_record.READ, "purchase", "package", "content", "coupon", "invoice", "currency")
MOST = 20  # payments of one transaction id that are told of
Facts = Iterator[tuple[str, str, str | None]]


def details(warehouse: Warehouse, asked: Question) -> list[dict[str, Any]]:
    """The payment with the number or transaction id asked for: a row a `field`, with its `part` and `value`.

    Of several that share a transaction id the newest `MOST` come one after the other. No row if none is asked for or
    there is none. Raises `WarehouseError` naming all that the warehouse lacks.
    """
    if not asked.payment.strip():
        return []
    warehouse.check(READ)
    places = {row["code"]: row["totals_precision"] for row in warehouse.ask(exchange.every)}
    found = warehouse.ask(query, None, values_of(asked))
    found.sort(key=lambda row: (row["created_at"], row["payment_id"]), reverse=True)
    words = _Words(asked.interval.zone, places)
    return [
        {"part": part if len(found) == 1 else f"{part} of payment {row['payment_id']}", "field": field, "value": value}
        for row in found
        for part, field, value in _told(row, words)
    ]


def query(tables: Tables, _shape: None) -> ir.Table:
    """The payments with the number or transaction id in the slot, and what each was for."""
    found = wanted(tables, Shape(is_one=True))
    found = found.order_by([found.created_at.desc(), found.payment_id.desc()]).limit(MOST)
    purchase = tables("purchase").rename(
        bought_id="purchase_id", buyer="client_id", bought_for="amount", bought_in="currency", bought_status="status"
    )
    is_ahead = (purchase.cancelled_at >= as_of()).coalesce(ibis.literal(False))
    purchase = purchase.mutate(
        cancelled_at=is_ahead.ifelse(ibis.null(purchase.cancelled_at.type()), purchase.cancelled_at)
    )
    coupon = tables("coupon").select("coupon_id", "code")
    package, content = tables("package"), tables("content")
    invoice = tables("invoice")
    joined = found.left_join(purchase, found.purchase_id == purchase.bought_id).select(found, *_of(purchase))
    joined = joined.left_join(package, "package_id").select(joined, package=package.name)
    joined = joined.left_join(content, "content_id").select(joined, content=content.title)
    joined = joined.left_join(coupon, "coupon_id").select(joined, coupon=coupon.code)
    return joined.left_join(invoice, "invoice_id").select(joined, account_number=invoice.account_number)


def _of(purchase: ir.Table) -> list[ir.Value]:
    return [purchase[name] for name in purchase.columns if name != "buyer"]


@dataclass(frozen=True)
class _Words:
    """How moments and amounts read."""

    zone: ZoneInfo
    places: Mapping[str, int]

    def time(self, at: datetime | None) -> str | None:
        return None if at is None else f"{local(at, self.zone):%Y-%m-%d %H:%M:%S}"

    def money(self, amount: Decimal | None, currency: str) -> str | None:
        return None if amount is None else f"{number(amount, self.places.get(currency, 2))} {currency}"


def _told(row: Mapping[str, Any], words: _Words) -> Facts:
    yield from _payment(row, words)
    yield "Customer", "E-mail", row["email"]
    yield "Customer", "Name", row["client"]
    yield "Customer", "Number", str(row["client_id"])
    if row["invoice_id"] is not None:
        yield "Invoice", "Account number", row["account_number"]
        yield "Invoice", "Number", str(row["invoice_id"])
    if row["purchase_id"] is not None:
        yield from _purchase(row, words)
    for name, value in payment_record.fields(row["raw"]):
        yield "Gateway's record", name, value


def _payment(row: Mapping[str, Any], words: _Words) -> Facts:
    given_back = words.money(row["refunded_amount"] or None, row["currency"])
    facts = {
        "Number": str(row["payment_id"]),
        "Transaction ID": row["transaction_id"],
        "Invoice Number": row["invoice_number"],
        "Gateway": row["gateway"],
        "Method": PAYMENT_METHODS.get(row["method"], row["method"]),
        "Amount": words.money(row["amount"], row["currency"]),
        "Status": PAYMENT_STATUSES.get(row["status"], row["status"]),
        "Date Created": words.time(row["created_at"]),
        "Paid": words.time(row["paid_at"]),
        "Refunded": given_back,
        "Date Refunded": words.time(row["refunded_at"]),
    }
    return (("Payment", field, value) for field, value in facts.items())


def _purchase(row: Mapping[str, Any], words: _Words) -> Facts:
    facts = {
        "Number": str(row["purchase_id"]),
        "Bought": row["package"] or row["content"],
        "Kind": PURCHASE_KINDS.get(row["kind"], row["kind"]),
        "Status": PURCHASE_STATUSES.get(row["bought_status"], row["bought_status"]),
        "Price": words.money(row["bought_for"], row["bought_in"]),
        "Date Purchased": words.time(row["purchased_at"]),
        "Starts": words.time(row["starts_at"]),
        "Ends": words.time(row["ends_at"]),
        "Cancelled": words.time(row["cancelled_at"]),
        "Coupon": row["coupon"],
        "Country": row["country"],
    }
    return (("Purchase", field, value) for field, value in facts.items())
