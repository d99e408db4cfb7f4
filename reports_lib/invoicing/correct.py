"""Credit notes: documents of their own, with numbers of their own, that take back what an invoice charged.

Of the whole invoice, or of some lines. What was owed of it is less by as much; what had been paid beyond that
is credit on the client's account. All credit notes of an invoice together are never more than it, nor is what they
take back at a tax rate, net or tax, more than what was charged at that rate.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database.schema.invoices import Invoice, InvoiceKind
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import account, record, trail
from reports_lib.invoicing.document import Category, Document, Line, PaymentTerms, cleaned, plain
from reports_lib.invoicing.draft import Order, make
from reports_lib.invoicing.totals import due, totals
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)


def credit_note(  # noqa: PLR0913  # of what, which lines, why, by whom, when, dated, once
    session: Session,
    invoice_id: int,
    lines: Sequence[Line] | None,
    reason: str,
    by: str,
    now: datetime,
    *,
    on: date | None = None,
    key: str = "",
) -> Invoice:
    """Credit `lines` of a recorded invoice, all of it if None, and record that; returns the credit note.

    `lines` say what is credited, positively, at rates that the latest revision has. `on` is the note's date,
    today in UTC if None. The same `key` with the same content is the note that there is. Raises `UnknownNameError`;
    `StateError` if it is not recorded, is a credit note itself, or a top-up that was paid, or the key was used for
    another note; `ParameterError` without a reason or for more than is left of it.
    """
    reason = record.reason_of(reason, "reason of a credit note")
    (found,) = account.locked(session, [invoice_id])
    notes = session.scalars(select(Invoice).where(Invoice.corrects_id == invoice_id)).all()
    for each in notes:
        if key and each.key == _key(invoice_id, key):
            return _same(each, found, lines, reason)
    _refuse_unless_creditable(found)
    original = Document.parse(record.facts(session, invoice_id))
    document = _crediting(original, _chosen(found, original, lines), reason, on or now.date(), now)
    _refuse_more(found, document)
    _refuse_more_at_a_rate(original, [Document.parse(each.facts.encode()) for each in notes], document)
    order = Order(_key(invoice_id, key or uuid.uuid4().hex), found.series, corrects_id=invoice_id)
    note = make(session, document, order, by, now)
    _set_off(session, found, document.gross)
    trail.write(session, by, "credit", found, now, {"reason": reason, "amount": plain(document.gross)})
    return record.record(session, note.id, by, now, on)


def _key(invoice_id: int, key: str) -> str:
    return f"credit:{invoice_id}:{key}"


def _same(there: Invoice, found: Invoice, lines: Sequence[Line] | None, reason: str) -> Invoice:
    """The note that there is, if it says this."""
    told = Document.parse(there.facts.encode())
    if lines is None:
        is_same = told.gross == found.total
    else:
        wanted = [(line.description, round_half_up(line.net, told.places), line.tax_rate) for line in lines]
        is_same = wanted == [(line.description, line.net, line.tax_rate) for line in told.lines]
    if not is_same or told.note != cleaned(reason):
        raise StateError(f"this key was used for another credit note, {there.account_number}")
    return there


def _refuse_unless_creditable(found: Invoice) -> None:
    record.refuse_unless_recorded(found)
    if found.kind == InvoiceKind.CREDIT_NOTE:
        raise StateError(f"{found.account_number} is a credit note; write an invoice instead")
    if found.kind == InvoiceKind.TOP_UP and found.paid:
        raise StateError(f"{found.account_number} is a top-up that was paid; cancel its payment first")
    if found.total <= found.credited:
        raise ParameterError(f"nothing is left of {found.account_number} that could be credited")


def _chosen(found: Invoice, original: Document, lines: Sequence[Line] | None) -> Sequence[Line]:
    if lines is None:
        if found.credited:
            left = plain(found.total - found.credited)
            raise ParameterError(f"of {found.account_number} {left} {found.currency} are left; say which lines")
        return original.lines
    known = {group.rate for group in original.taxes}
    for line in lines:
        if line.net <= 0:
            raise ParameterError(f"line {line.number}: {plain(line.net)} is not an amount above 0")
        if line.tax_rate not in known:
            raise ParameterError(f"line {line.number}: {found.account_number} has no tax rate {plain(line.tax_rate)} %")
    return lines


def _crediting(original: Document, lines: Sequence[Line], reason: str, day: date, now: datetime) -> Document:
    rates: dict[Decimal, tuple[Category, str]] = {
        group.rate: (group.category, group.reason) for group in original.taxes
    }
    numbered = [replace(line, number=number) for number, line in enumerate(lines, 1)]
    sums = totals(numbered, original.places, rates)
    return replace(
        original, kind="credit_note", account_number="", revision=0, invoice_date=day, due_date=None,
        lines=sums.lines, taxes=sums.taxes, net=sums.net, tax=sums.tax, gross=sums.gross, carried=ZERO, paid=ZERO,
        due=due("credit_note", sums.gross, ZERO, ZERO), payment=PaymentTerms("", ""), note=reason, comment="",
        corrects=(original.account_number, original.invoice_date), draft=True, made_at=now, calls=None,
    )  # fmt: skip


def _refuse_more(found: Invoice, document: Document) -> None:
    left = found.total - found.credited
    if document.gross > left:
        raise ParameterError(
            f"{plain(document.gross)} {found.currency} are more than the {plain(left)} left of {found.account_number}"
        )


def _refuse_more_at_a_rate(original: Document, notes: Sequence[Document], document: Document) -> None:
    left = {group.rate: (group.net, group.tax) for group in original.taxes}
    for group in (group for each in (*notes, document) for group in each.taxes):
        net, tax = left.get(group.rate, (ZERO, ZERO))
        left[group.rate] = net - group.net, tax - group.tax
    for rate in (group.rate for group in document.taxes):
        if (less := -min(left[rate])) > 0:
            what = "tax" if left[rate][1] <= left[rate][0] else "net"
            told = f"{plain(less)} {original.currency} more {what} at {plain(rate)} %"
            raise ParameterError(f"{told} than {original.account_number} has left; credit less of that rate")


def _set_off(session: Session, found: Invoice, amount: Decimal) -> None:
    """Lower what is owed of it; what payments settled beyond that becomes credit."""
    over = found.paid + found.credited + amount - found.total
    if over > 0:
        account.release(session, found, over)
    found.credited += amount
    session.flush()
    mirror.note(session, "invoice", found.id)
