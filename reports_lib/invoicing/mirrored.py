"""What of our invoices and payments the warehouse gets to know: canonical rows, as `mirror.sync` asks for them.

Signs and sums are those of the figures (M-60, M-62, M-64, M-68):

* An invoice's totals are those of its latest revision; `paid_to_date` is all that settled it, by payments
  or by credit notes, so that `total - paid_to_date` is what is owing.
* A credit note is a row of its own, of negative amounts, settled from the beginning: it lowers what was
  invoiced (M-68) and is never owing (M-64).
* The warehouse's ledger has the charges for what was used already, so recording a monthly invoice moves
  nothing there. A payment is a deposit (TW-57). What changes a sum that was charged is a correction: a credit
  note, a revision. An invoice for something else is the charge itself. A top-up charges nothing, so taking it
  back moves nothing either.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
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
    InvoiceRevision,
    InvoiceState,
)
from reports_lib.invoicing.document import Document, plain
from reports_lib.invoicing.totals import line_taxes
from reports_lib.mirror import Rows, Subjects
from reports_lib.values.money import round_half_up
from reports_lib.warehouse.tables import TABLES

GATEWAY = "daybook"  # of payments that were entered here
INVOICE, PAYMENT = "invoice", "payment"  # subjects

TOP_UP = "top_up"  # the method of what a paid top-up adds: no money beside the payment itself

Row = dict[str, Any]
Shares = list[tuple[Invoice, Decimal]]

_MOVES: Mapping[EntryKind, str] = {
    EntryKind.INVOICE: "extra_charge",
    EntryKind.UNRECORD: "correction",
    EntryKind.REVISION: "correction",
    EntryKind.CREDIT_NOTE: "correction",
    EntryKind.PAYMENT: "payment",
    EntryKind.CANCELLATION: "refund",
}
_CORRECTIONS = (EntryKind.REVISION, EntryKind.CREDIT_NOTE)


def invoices(session: Session, ids: Collection[int]) -> Rows:
    """Invoices with all lines and revisions, and what they moved on the ledger."""
    found = session.scalars(select(Invoice).where(Invoice.id.in_(ids)).order_by(Invoice.id)).all()
    changed = select(InvoiceRevision).where(InvoiceRevision.invoice_id.in_(ids))
    revisions = session.scalars(changed.order_by(InvoiceRevision.invoice_id, InvoiceRevision.revision_no)).all()
    entries = session.scalars(
        select(AccountEntry).where(AccountEntry.invoice_id.in_(ids), AccountEntry.payment_id.is_(None))
    ).all()
    by_id = {each.id: each for each in found}
    facts = [(by_id[each.id], 0, each.facts) for each in found]
    facts += [(by_id[each.invoice_id], each.revision_no, each.facts) for each in revisions]
    return {
        "invoice": _table("invoice", map(_invoice, found)),
        "invoice_line": _table("invoice_line", (row for each in facts for row in _lines(*each))),
        "invoice_revision": _table("invoice_revision", (_revision(each) for each in revisions)),
        "ledger_entry": _table("ledger_entry", _corrections(session, entries, by_id)),
    }


def payments(session: Session, ids: Collection[int]) -> Rows:
    """Payments, and the deposits that they are on their clients' balances."""
    found = session.scalars(select(InvoicePayment).where(InvoicePayment.id.in_(ids)).order_by(InvoicePayment.id)).all()
    shares = _shares(session, ids)
    entries = session.scalars(select(AccountEntry).where(AccountEntry.payment_id.in_(ids)).order_by(AccountEntry.id))
    by_id = {each.id: each for each in found}
    return {
        "payment": _table("payment", (_payment(each, shares.get(each.id, [])) for each in found)),
        "ledger_entry": _table("ledger_entry", _deposits(entries, by_id, shares)),
    }


SUBJECTS: Subjects = {INVOICE: invoices, PAYMENT: payments}


def base(shares: Shares, payment: InvoicePayment) -> str:
    """The reason of a payment: each account number with its amount (M-62); where there is none, its reference."""
    told = [f"{invoice.account_number}, {_amount(amount, payment.currency)}" for invoice, amount in shares]
    rest = payment.amount - sum((amount for _, amount in shares), Decimal(0))
    if rest or not told:
        told.append(f"{payment.reference or payment.method}, {_amount(rest, payment.currency)}")
    return "; ".join(told)


def _amount(amount: Decimal, currency: str) -> str:
    return f"{round_half_up(amount, get_currency_precision(currency)):f} {currency}"


def _table(name: str, rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name].schema.to_pyarrow())


def _naive(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC).replace(tzinfo=None)


def _invoice(each: Invoice) -> Row:
    is_settled = each.kind == InvoiceKind.CREDIT_NOTE and each.state == InvoiceState.RECORDED
    return {
        "invoice_id": each.id,
        "account_number": each.account_number or "",
        "client_id": each.client_id,
        "issuer_company_id": int(each.company),
        "kind": each.kind,
        "status": each.state,
        "invoice_date": each.invoice_date,
        "period_start": _naive(each.period_start),
        "period_end": _naive(each.period_end),
        "due_date": each.due_date,
        "currency": each.currency,
        "net_total": each.net,
        "tax_total": each.tax,
        "total": each.total,
        "paid_to_date": each.total if is_settled else each.paid + each.credited,
        "file_name": each.file_name,
        "created_at": _naive(each.created_at),
        "deleted_at": _naive(each.deleted_at),
    }


def _lines(invoice: Invoice, revision: int, facts: str) -> Iterator[Row]:
    """Lines of one revision; tax of a line as its share of what its rate comes to, so that lines add up."""
    document = Document.parse(facts.encode())
    sign = -1 if invoice.kind == InvoiceKind.CREDIT_NOTE else 1
    for line, tax in zip(document.lines, line_taxes(document), strict=True):
        yield {
            "invoice_id": invoice.id,
            "revision_no": revision,
            "line_no": line.number,
            "description": line.description,
            "service_id": line.service_id,
            "quantity": sign * line.quantity,
            "unit_price": line.unit_price,
            "amount": sign * line.net,
            "tax": sign * tax,
        }


def _revision(each: InvoiceRevision) -> Row:
    return {
        "invoice_id": each.invoice_id,
        "revision_no": each.revision_no,
        "paid_amount": each.paid_amount,
        "total": each.total,
        "revised_at": _naive(each.revised_at),
        "revised_by_name": each.by_name,
        "revised_by_email": each.by_email,
        "comment": each.comment,
        "document_sha256": each.document_sha256 or "",
    }


def _corrections(session: Session, entries: Iterable[AccountEntry], known: Mapping[int, Invoice]) -> Iterator[Row]:
    """What invoices moved on the ledger, beyond what was charged there when it was used."""
    for each in entries:
        invoice = known[each.invoice_id or 0]
        corrected = session.get_one(Invoice, invoice.corrects_id) if invoice.corrects_id else invoice
        is_charge = corrected.kind == InvoiceKind.OTHER
        is_correction = corrected.kind == InvoiceKind.MONTHLY and each.kind in _CORRECTIONS
        if is_charge or is_correction:
            yield _entry(each, invoice_id=invoice.id, description=f"{invoice.account_number}, {plain(-each.amount)}")


def _deposits(
    entries: Iterable[AccountEntry], known: Mapping[int, InvoicePayment], shares: Mapping[int, Shares]
) -> Iterator[Row]:
    first: dict[int, int] = {}  # of each payment, the entry that a cancellation takes back
    for each in entries:
        payment = known[each.payment_id or 0]
        if payment.method == TOP_UP:
            continue
        own = shares.get(payment.id, [])
        reverses = first.get(payment.id) if each.kind == EntryKind.CANCELLATION else None
        first.setdefault(payment.id, each.id)
        yield _entry(
            each,
            invoice_id=own[0][0].id if len(own) == 1 else None,
            payment_account=payment.reference or None,
            reverses_entry_id=reverses,
            description=base(own, payment),
        )


def _entry(each: AccountEntry, **more: object) -> Row:
    return {
        "entry_id": each.id,
        "client_id": each.client_id,
        "posted_at": _naive(each.posted_at),
        "kind": _MOVES[EntryKind(each.kind)],
        "amount": -each.amount,  # ours says what is owed, the ledger what the client has
        "currency": each.currency,
        "status": "approved",
    } | more


def _payment(each: InvoicePayment, shares: Shares) -> Row:
    is_cancelled = each.cancelled_at is not None
    (invoice, _) = shares[0] if len(shares) == 1 else (None, None)
    return {
        "payment_id": each.id,
        "client_id": each.client_id,
        "invoice_id": invoice and invoice.id,
        "invoice_number": invoice and invoice.account_number,
        "gateway": GATEWAY,
        "method": each.method,
        "transaction_id": each.reference or None,
        "amount": each.amount,
        "currency": each.currency,
        "status": "refunded" if is_cancelled else "approved",
        "created_at": _naive(each.at),
        "paid_at": _naive(each.paid_at),
        "refunded_amount": each.amount if is_cancelled else Decimal(0),
        "refunded_at": _naive(each.cancelled_at),
    }


def _shares(session: Session, payments: Collection[int]) -> dict[int, Shares]:
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
