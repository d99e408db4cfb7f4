"""The page of one invoice: all that is known of it, read at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Invoice
from reports_lib.database.schema.invoices import (
    InvoiceAllocation,
    InvoiceChain,
    InvoicePayment,
    InvoiceRevision,
)
from reports_lib.invoicing import pay, record, revise
from reports_lib.invoicing.document import Document, Language, plain
from reports_lib.invoicing.words import LOCALES, Words
from reports_lib.portal import language
from reports_lib.portal.invoices.common import figure, installation_of, money, new_key, now, own, zone_of
from reports_lib.portal.invoices.rows import Can, Row
from reports_lib.portal.invoices.words import METHODS, called
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.runs.rights import strangers
from reports_lib.portal.view.words import view_url
from reports_lib.snapshots import links


@dataclass(frozen=True)
class Paid:
    """A payment, and how much of it settles this invoice."""

    payment: InvoicePayment
    amount: Decimal

    @property
    def method(self) -> str:
        """How it was paid."""
        return _(METHODS[self.payment.method])


@dataclass(frozen=True)
class Facts:
    """What is read of an invoice besides its row."""

    document: Document  # of its latest revision
    original: Decimal  # total of the first
    revisions: Sequence[InvoiceRevision]
    payments: Sequence[Paid]
    notes: Sequence[Invoice]  # credit notes of it
    corrects: Invoice | None  # that it is a credit note of
    chain: InvoiceChain | None  # its newest link
    evidence: str  # where the report of its billing is read; "" if it is not for the visitor
    strangers: frozenset[str]  # users of other companies, who are not named

    @classmethod
    def of(cls, session: Session, invoice: Invoice, visitor: Visitor) -> Self:
        """All of it."""
        payments = _payments(session, invoice.id)
        found = links.open_to(session, [invoice.evidence] if invoice.evidence else [], now(), visitor)
        notes = select(Invoice).where(Invoice.corrects_id == invoice.id).order_by(Invoice.id)
        chain = select(InvoiceChain).where(InvoiceChain.invoice_id == invoice.id)
        names = {invoice.created_by, invoice.recorded_by or "", invoice.released_by or ""}
        return cls(
            document=Document.parse(record.facts(session, invoice.id)),
            original=Document.parse(invoice.facts.encode()).gross,
            revisions=revise.revisions(session, invoice.id),
            payments=payments,
            notes=session.scalars(notes).all(),
            corrects=session.get(Invoice, invoice.corrects_id) if invoice.corrects_id else None,
            chain=session.scalars(chain.order_by(InvoiceChain.position.desc()).limit(1)).first(),
            evidence=view_url(found[invoice.evidence]) if invoice.evidence and invoice.evidence in found else "",
            strangers=strangers(session, names | {each.payment.by for each in payments}, visitor),
        )


@dataclass(frozen=True)
class Entered:
    """What was sent and refused: shown again in its form, with the reason."""

    form: str = ""  # which of the page's, called as in `Can`
    fault: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    def get(self, form: str, name: str, usual: str = "") -> str:
        """What stands in a field: what was typed, else the usual."""
        return self.texts.get(name, usual) if form == self.form else usual


NOTHING = Entered()


def show(request: Request, invoice_id: int, status: int = 200, entered: Entered = NOTHING) -> Response:
    """The page of an invoice of the visitor's companies; raises `UnknownNameError` if it is another's."""
    visitor, zone = visitor_of(request), zone_of(request)
    with Session(installation_of(request).database) as session:
        invoice = own(session, invoice_id, visitor)
        facts, can = Facts.of(session, invoice, visitor), Can.of(invoice, visitor)
        if entered.form and not getattr(can, entered.form):  # the form is not on the page any more; the reason is
            entered = Entered(fault=entered.fault)
        return page(
            request,
            "invoice.html.j2",
            status,
            row=Row(invoice, can, zone),
            invoice=invoice,
            facts=facts,
            document=facts.document,
            entered=entered,
            zone=zone,
            money=money,
            figure=figure,
            unit=Words(_spoken(), 0, invoice.currency).unit,
            bare=plain,
            called=called,
            methods={name: _(METHODS[name]) for name in pay.METHODS},
            key=new_key(),
            today=typed(now(), zone),
            done=_done().get(request.query_params.get("done", ""), ""),
        )


def _spoken() -> Language:
    """The language of the answer as documents call it."""
    code = language.current().code
    return next((each for each in LOCALES if each == code), "en")


def _payments(session: Session, invoice_id: int) -> list[Paid]:
    query = (
        select(InvoicePayment, InvoiceAllocation.amount)
        .join(InvoiceAllocation, InvoiceAllocation.payment_id == InvoicePayment.id)
        .where(InvoiceAllocation.invoice_id == invoice_id)
        .order_by(InvoicePayment.paid_at, InvoicePayment.id)
    )
    return [Paid(payment, amount) for payment, amount in session.execute(query)]


def typed(at: datetime, zone: ZoneInfo) -> str:
    """A moment as the fields of forms have it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _done() -> Mapping[str, str]:
    """What was just done with the invoice."""
    return {
        "recorded": _("The invoice is recorded: it has its number and is owed."),
        "released": _("The draft is released; it can be recorded now."),
        "unrecorded": _("The invoice is a draft again. It keeps its number."),
        "sent": _("The invoice is marked as sent; from now on a credit note corrects it."),
        "paid": _("The payment is entered."),
        "cancelled": _("The payment is cancelled; what it settled is owed again."),
        "revised": _("The revision is made; earlier documents stay as they were."),
        "credited": _("This credit note is recorded."),
        "created": _("The invoice is made; its PDF can be downloaded."),
    }
