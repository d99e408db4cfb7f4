"""Revisions: a recorded invoice changed, under its number; what was before stays, byte for byte (TW-43 … TW-50).

The first is 1. Each has its facts, its document, who made it and why. A changed sum moves the account by the
difference; what a revision says is paid, beyond what was known, is entered as a payment (M-60, Q-19).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema.invoices import (
    ChainSubject,
    EntryKind,
    Invoice,
    InvoiceKind,
    InvoicePayment,
    InvoiceRevision,
)
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import account, chain, pay, record
from reports_lib.invoicing.document import Category, Document, Line, plain
from reports_lib.invoicing.draft import refuse_too_great, write_lines
from reports_lib.invoicing.issue import said
from reports_lib.invoicing.totals import check, due, totals
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Person:
    """Who revises: an employee by name and e-mail (TW-47, TW-48)."""

    name: str  # of the account, or "command line: ann"
    full_name: str
    email: str

    @classmethod
    def of(cls, visitor: Visitor) -> "Person":
        """Whoever is signed in."""
        return cls(visitor.name, visitor.full_name or visitor.name, visitor.email)


def revise(  # noqa: PLR0913  # of what, to what, why, by whom, when
    session: Session,
    invoice_id: int,
    *,
    comment: str,
    by: Person,
    now: datetime,
    lines: Sequence[Line] | None = None,
    paid: Decimal | None = None,
    after: int | None = None,
) -> InvoiceRevision:
    """Make the next revision of a recorded invoice: other lines, or more paid of it, or both; returns it.

    Lines are numbered anew, with tax rates that the invoice has (another rate: S, or Z at 0). `paid` is all that is
    paid for the period, at least what is known. `after` is the revision that was changed, so that nobody takes
    back unseen what another one has revised. Raises `UnknownNameError`; `StateError` if it is no recorded
    invoice, was revised since, or for other lines of a top-up that was paid; `ParameterError` without a comment
    or a change, or for a sum that cannot be.
    """
    comment = record.reason_of(comment, "comment of a revision")
    (found,) = account.locked(session, [invoice_id])
    _refuse_unless_revisable(found, lines)
    if after is not None and after != found.revision:
        raise StateError(
            f"{found.account_number} has revision {found.revision} meanwhile; look at it, then revise that"
        )
    before = Document.parse(record.facts(session, invoice_id))
    settled = _settled(session, before, found)
    document = _changed(before, lines, settled if paid is None else paid, now)
    if (document.lines, document.paid) == (before.lines, before.paid):
        raise ParameterError(
            f"nothing of {found.account_number} is changed: give other lines or an amount that is paid"
        )
    document = replace(document, revision=found.revision + 1, comment=comment)
    _refuse_impossible(found, document)
    refuse_too_great(document)
    check(document)
    made = _append(session, found, document, by)
    _move(session, found, document, settled, by.name, now)
    session.flush()
    return made


def revisions(session: Session, invoice_id: int) -> Sequence[InvoiceRevision]:
    """All revisions of an invoice, the first one first."""
    query = select(InvoiceRevision).where(InvoiceRevision.invoice_id == invoice_id)
    return session.scalars(query.order_by(InvoiceRevision.revision_no)).all()


def _refuse_unless_revisable(found: Invoice, lines: Sequence[Line] | None) -> None:
    record.refuse_unless_recorded(found)
    if found.kind == InvoiceKind.CREDIT_NOTE:
        raise StateError(f"{found.account_number} is a credit note; those are not revised")
    if found.kind == InvoiceKind.TOP_UP and found.paid and lines is not None:
        raise StateError(f"{found.account_number} is a top-up that was paid; cancel its payment first")


def _settled(session: Session, before: Document, found: Invoice) -> Decimal:
    """What is known to be paid or credited of it, with what a smaller sum made credit that nobody has used yet."""
    freed = max(before.paid - before.gross, ZERO)
    left = sum((rest for _, rest in account.credit(session, account.Account.of(found))), ZERO)
    return found.paid + found.credited + min(freed, left)


def _changed(before: Document, lines: Sequence[Line] | None, paid: Decimal, now: datetime) -> Document:
    if not paid.is_finite():
        raise ParameterError(f"{paid} is not an amount")
    if lines is not None and not lines:
        raise ParameterError("an invoice has at least one line")
    numbered = [replace(line, number=number) for number, line in enumerate(lines or before.lines, 1)]
    rates: dict[Decimal, tuple[Category, str]] = {group.rate: (group.category, group.reason) for group in before.taxes}
    sums = totals(numbered, before.places, rates)
    return replace(
        before, lines=sums.lines, taxes=sums.taxes, net=sums.net, tax=sums.tax, gross=sums.gross, paid=paid,
        due=due(before.kind, sums.gross, before.carried, paid), made_at=now,
    )  # fmt: skip


def _refuse_impossible(found: Invoice, document: Document) -> None:
    called, known = found.account_number, found.paid + found.credited
    if document.paid < known:
        raise ParameterError(f"{plain(known)} {found.currency} of {called} are paid or credited; it cannot be less")
    if document.paid != round_half_up(document.paid, document.places):
        raise ParameterError(f"{plain(document.paid)} {found.currency} has more than {document.places} decimals")
    if document.gross < found.credited:
        raise ParameterError(f"{plain(found.credited)} {found.currency} of {called} are credited; it cannot be less")


def _append(session: Session, found: Invoice, document: Document, by: Person) -> InvoiceRevision:
    made = InvoiceRevision(
        invoice_id=found.id, revision_no=document.revision, paid_amount=document.paid, total=document.gross,
        facts=document.json().decode(), facts_sha256=document.sha256, revised_at=document.made_at,
        by_name=by.full_name, by_email=by.email, comment=document.comment,
    )  # fmt: skip
    session.add(made)
    session.flush()
    write_lines(session, found, document)
    told = said(document, found, by.name, made.facts_sha256) | {
        "paid": plain(document.paid),
        "comment": document.comment,
    }
    chain.append(session, ChainSubject.REVISION, found, told)
    return made


def _move(  # what becomes what, of which so much was settled before, by whom, when
    session: Session, found: Invoice, document: Document, settled: Decimal, by: str, now: datetime
) -> None:
    """Sums of the row, the account and the payments, as the revision says."""
    difference = document.gross - found.total
    over = found.paid + found.credited - document.gross
    if over > 0:
        account.release(session, found, over)
    found.net, found.tax, found.total = document.net, document.tax, document.gross
    found.revision = document.revision
    session.flush()
    account.post(session, found, EntryKind.REVISION, difference, by, now)
    if document.paid > settled:
        receipt = pay.Receipt(now, "other", f"revision {document.revision}", f"revision:{found.id}:{document.revision}")
        pay.pay(session, {found.id: document.paid - settled}, receipt, by, now)
    account.use_credit(session, found)
    mirror.note(session, "invoice", found.id)


def payment_of(session: Session, made: InvoiceRevision) -> InvoicePayment | None:
    """The payment that was entered because the revision says so, None if it said nothing new."""
    key = f"revision:{made.invoice_id}:{made.revision_no}"
    return session.scalars(select(InvoicePayment).where(InvoicePayment.key == key)).one_or_none()
