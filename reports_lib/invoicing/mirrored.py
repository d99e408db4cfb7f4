"""What of our invoices and payments the warehouse gets to know: canonical rows, as `mirror.sync` asks for them.

Signs and sums are those of the figures (M-60, M-62, M-64, M-68):

* An invoice's totals are those of its latest revision; `paid_to_date` is all that settled it, by payments
  or by credit notes, so that `total - paid_to_date` is what is owing.
* A credit note is a row of its own, of negative amounts, settled from the beginning: it lowers what was
  invoiced (M-68) and is never owing (M-64).
* What of it moves balances is in `movements.py`.
"""

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import (
    AccountEntry,
    Invoice,
    InvoiceKind,
    InvoicePayment,
    InvoiceRevision,
    InvoiceState,
)
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.movements import Row, Shares, corrections, deposits, naive, shares_of
from reports_lib.invoicing.pay import TOP_UP
from reports_lib.invoicing.totals import line_taxes
from reports_lib.mirror import Rows, Subject, Subjects
from reports_lib.warehouse.tables import TABLES

GATEWAY = "daybook"  # of payments that were entered here
INVOICE, PAYMENT = "invoice", "payment"  # subjects


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
        "ledger_entry": _table("ledger_entry", corrections(session, entries, by_id)),
    }


def payments(session: Session, ids: Collection[int]) -> Rows:
    """Payments, and the deposits that they are on their clients' balances."""
    found = session.scalars(select(InvoicePayment).where(InvoicePayment.id.in_(ids)).order_by(InvoicePayment.id)).all()
    shares = shares_of(session, ids)
    by_id = {each.id: each for each in found if each.method != TOP_UP}
    entries = session.scalars(select(AccountEntry).where(AccountEntry.payment_id.in_(by_id)).order_by(AccountEntry.id))
    return {
        "payment": _table("payment", (_payment(each, shares.get(each.id, [])) for each in by_id.values())),
        "ledger_entry": _table("ledger_entry", deposits(entries, by_id, shares)),
    }


SUBJECTS: Subjects = {
    INVOICE: Subject(invoices, select(Invoice.id)),
    PAYMENT: Subject(payments, select(InvoicePayment.id)),
}


def _table(name: str, rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name].schema.to_pyarrow())


def _invoice(each: Invoice) -> Row:
    is_settled = each.kind == InvoiceKind.CREDIT_NOTE and each.state == InvoiceState.RECORDED
    return {
        "invoice_id": each.id,
        "account_number": each.account_number or "",
        "client_id": each.client_id,
        "issuer_company_id": int(each.company or 0),  # 0: the whole group, which is no company
        "kind": each.kind,
        "status": each.state,
        "invoice_date": each.invoice_date,
        "period_start": naive(each.period_start),
        "period_end": naive(each.period_end),
        "due_date": each.due_date,
        "currency": each.currency,
        "net_total": each.net,
        "tax_total": each.tax,
        "total": each.total,
        "paid_to_date": each.total if is_settled else each.paid + each.credited,
        "file_name": each.file_name,
        "created_at": naive(each.created_at),
        "deleted_at": naive(each.deleted_at),
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
        "revised_at": naive(each.revised_at),
        "revised_by_name": each.by_name,
        "revised_by_email": each.by_email,
        "comment": each.comment,
        "document_sha256": each.document_sha256 or "",
    }


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
        "created_at": naive(each.at),
        "paid_at": naive(each.paid_at),
        "refunded_amount": each.amount if is_cancelled else Decimal(0),
        "refunded_at": naive(each.cancelled_at),
    }
