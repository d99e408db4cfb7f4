"""What our invoices and payments move on the ledger of the warehouse, which has the charges for what was used.

* A payment is a deposit; one that came to nothing is refunded. What a paid top-up adds to the account here is
  the very money that paid it: one deposit there (TW-57).
* Recording a monthly invoice moves nothing, for what it asks for was charged when it was used. What changes such
  a sum is a correction: a credit note, a revision.
* An invoice for something else is the charge itself. A top-up charges nothing, so taking it back moves nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import (
    AccountEntry,
    EntryKind,
    Invoice,
    InvoiceAllocation,
    InvoiceKind,
    InvoicePayment,
)
from reports_lib.values.money import round_half_up

Row = dict[str, Any]
Shares = list[tuple[Invoice, Decimal]]  # invoices that a payment settles, with how much of each

_MOVES: Mapping[EntryKind, str] = {
    EntryKind.INVOICE: "extra_charge",
    EntryKind.UNRECORD: "correction",
    EntryKind.REVISION: "correction",
    EntryKind.CREDIT_NOTE: "correction",
    EntryKind.PAYMENT: "payment",
    EntryKind.CANCELLATION: "refund",
}
_CORRECTIONS = (EntryKind.REVISION, EntryKind.CREDIT_NOTE)


def corrections(session: Session, entries: Iterable[AccountEntry], known: Mapping[int, Invoice]) -> Iterator[Row]:
    """What invoices moved on the ledger, beyond what was charged there when it was used."""
    for each in entries:
        invoice = known[each.invoice_id or 0]
        corrected = session.get_one(Invoice, invoice.corrects_id) if invoice.corrects_id else invoice
        is_charge = corrected.kind == InvoiceKind.OTHER
        is_correction = corrected.kind == InvoiceKind.MONTHLY and each.kind in _CORRECTIONS
        if is_charge or is_correction:
            yield _entry(
                each,
                invoice_id=invoice.id,
                description=f"{invoice.account_number}, {_amount(-each.amount, each.currency)}",
            )


def deposits(
    entries: Iterable[AccountEntry], known: Mapping[int, InvoicePayment], shares: Mapping[int, Shares]
) -> Iterator[Row]:
    """Each payment on the ledger, and what was taken back; `shares` are by payment."""
    first: dict[int, int] = {}  # of each payment, the entry that a cancellation takes back
    for each in entries:
        payment = known[each.payment_id or 0]
        own = shares.get(payment.id, [])
        reverses = first.get(payment.id) if each.kind == EntryKind.CANCELLATION else None
        first.setdefault(payment.id, each.id)
        yield _entry(
            each,
            invoice_id=own[0][0].id if len(own) == 1 else None,
            payment_account=_reason(own, payment) or None,
            reverses_entry_id=reverses,
            description=base(own, payment),
        )


def _entry(each: AccountEntry, **more: object) -> Row:
    return {
        "entry_id": each.id,
        "client_id": each.client_id,
        "posted_at": naive(each.posted_at),
        "kind": _MOVES[EntryKind(each.kind)],
        "amount": -each.amount,  # ours says what is owed, the ledger what the client has
        "currency": each.currency,
        "status": "approved",
    } | more


def shares_of(session: Session, payments: Collection[int]) -> dict[int, Shares]:
    """The invoices that each payment settles, with how much of each, in the order of their numbers."""
    query = (
        select(InvoiceAllocation.payment_id, Invoice, InvoiceAllocation.amount)
        .join(Invoice, Invoice.id == InvoiceAllocation.invoice_id)
        .where(InvoiceAllocation.payment_id.in_(payments))
        .order_by(Invoice.account_number)
    )
    found: dict[int, Shares] = {}
    for payment, invoice, amount in session.execute(query):
        found.setdefault(payment, []).append((invoice, amount))
    return found


def base(shares: Shares, payment: InvoicePayment) -> str:
    """The reason of a payment (M-62): the account numbers that it pays and its amount, as reports have it."""
    return f"{_reason(shares, payment) or payment.method}, {_amount(payment.amount, payment.currency)}"


def _reason(shares: Shares, payment: InvoicePayment) -> str:
    return ", ".join(invoice.account_number or "" for invoice, _ in shares) or payment.reference


def _amount(amount: Decimal, currency: str) -> str:
    return f"{round_half_up(amount, get_currency_precision(currency)):f} {currency}"


def naive(moment: datetime | None) -> datetime | None:
    """An aware moment as the warehouse writes it: UTC, and does not say so."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)
