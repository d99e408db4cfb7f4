"""Drafts: what may be invoiced, before it is (CD-15). A draft has no number, moves no account, and may change.

A key makes asking twice one invoice. The draft that is there already takes over newer facts, for usage may
have come in late; once it is recorded it is what it is. One that is thrown away leaves its key free.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Select, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database.schema.invoices import ChainSubject, Invoice, InvoiceKind, InvoiceLine, InvoiceState
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import account, chain, details, number, trail
from reports_lib.invoicing.account import Account
from reports_lib.invoicing.document import Document, Language, Line, Party, PaymentTerms
from reports_lib.invoicing.totals import check, due, totals
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)
_THERE = text("state <> 'VOID'")  # a literal, as the index has it: a value of its own is unknown to a prepared plan
COLUMNS_OF_LINE = (
    *("number", "description", "kind", "service_id", "package_id"),
    *("quantity", "unit", "unit_price", "net", "tax_rate"),
)
MOST = 10**12
OURS = ("monthly:", "credit:")  # what keys begin with that no caller chooses
NAME = 200  # letters of a client's name that lists hold
RELEASED = ("period", "lines", "taxes", "net", "tax", "gross")  # of a document: what is released


@dataclass(frozen=True, slots=True)
class Order:
    """What a draft is, besides what its document says."""

    key: str  # "monthly:7:2026-10:EUR", or whatever the caller will not use for anything else
    series: str  # what its number will begin with
    month: str | None = None  # "2026-10"; what has one is a monthly invoice
    period: tuple[datetime, datetime] | None = None  # aware; the end is the first moment after it
    held: Sequence[str] = ()  # why a person has to look at it before it is recorded
    evidence: str | None = None  # the snapshot that its figures come from
    annex: str | None = None  # the store's name of the Parquet file of its calls
    corrects_id: int | None = None  # of a credit note: the invoice


@dataclass(frozen=True, slots=True)
class Terms:
    """How a company asks for money: what an invoice for an amount needs beside the two parties."""

    series: str
    currency: str
    places: int  # decimals of the currency
    today: date  # where the company is
    due_days: int
    language: Language
    description: str  # of the one line
    reason: str  # why a top-up is not taxed
    payment_text: str = ""


def make(session: Session, document: Document, order: Order, by: str, now: datetime) -> Invoice:
    """A draft of `document`, whose parties' accounts say which company invoices which client.

    If there is an invoice of that key: a draft takes over the document if it says something else, and stays
    released if that is no other charge, sum or finding; one that is recorded is left as it is. Returns the one
    that there is then. What was carried is set anew when it is recorded. Raises `ParameterError` if the figures
    do not agree, or say that something is paid: payments are entered against what is recorded.
    """
    check(document)
    if not document.draft or document.revision or document.paid:
        raise ParameterError("a draft has no number, no revision and no payment")
    refuse_too_great(document)
    number.series(order.series)
    account.lock(session, [Account.between(document)])
    found = _inserted(session, document, order, by, now)
    if found is None:
        found = session.scalars(_of_key(order.key).with_for_update()).one()
        if found.state != InvoiceState.DRAFT or (_says(found.facts, document) and found.held == list(order.held)):
            return found
        if not _is_as_released(found, document, order.held):
            found.released_at = found.released_by = None
        _replace(found, document, order)
    write_lines(session, found, document)
    session.flush()
    mirror.note(session, "invoice", found.id)
    return found


def discard(session: Session, invoice_id: int, by: str, now: datetime) -> Invoice:
    """Throw a draft away. One that had been numbered keeps its number, seen to be taken; the chain says so.

    Raises `UnknownNameError`, and `StateError` if it is recorded.
    """
    (found,) = account.locked(session, [invoice_id])
    if found.state == InvoiceState.VOID:
        return found
    if found.state != InvoiceState.DRAFT:
        raise StateError(f"invoice {found.account_number} is recorded; only drafts can be thrown away")
    found.state, found.deleted_at = InvoiceState.VOID, now
    if found.number is not None:
        chain.append(session, ChainSubject.VOID, found, {"at": now.isoformat(), "by": by})
    trail.write(session, by, "discard", found, now)
    mirror.note(session, "invoice", found.id)
    session.flush()
    return found


def top_up(  # noqa: PLR0913, PLR0917  # who asks whom for how much, how, under which key, by whom, when
    session: Session, supplier: Party, buyer: Party, amount: Decimal, terms: Terms, key: str, by: str, now: datetime
) -> Invoice:
    """A draft that asks for an amount in advance (TW-54, TW-55); once paid it adds to the balance (TW-57).

    Raises `ParameterError`, naming every field that the company's or the client's details lack (TW-58, T-59),
    if the amount is not a sum of that currency above 0, and `StateError` if the key was used for another.
    """
    if missing := details.missing(supplier, buyer):
        raise ParameterError(f"an invoice needs more details; please fill in {', '.join(missing)}")
    if not amount.is_finite() or amount <= 0 or amount != round_half_up(amount, terms.places):
        raise ParameterError(f"{amount} is not an amount of {terms.currency} above 0 with {terms.places} decimals")
    if key.startswith(OURS):
        raise ParameterError(f"keys that begin with {' or '.join(OURS)} are ours")
    document = _asking(supplier, buyer, amount, terms, now)
    there = session.scalars(_of_key(key)).one_or_none()
    if there is not None:
        told = (there.kind, there.total, there.client_id, there.currency)
        if told != (InvoiceKind.TOP_UP, amount, int(buyer.account), terms.currency):
            raise StateError(f"the key {key!r} was used for another invoice, {there.account_number or there.id}")
        return there
    return make(session, document, Order(key, terms.series), by, now)


def _asking(supplier: Party, buyer: Party, amount: Decimal, terms: Terms, now: datetime) -> Document:
    line = Line(1, terms.description, None, None, "top_up", Decimal(1), "", amount, amount, ZERO)
    sums = totals([line], terms.places, {ZERO: ("E", terms.reason)})
    return Document(
        kind="top_up", account_number="", revision=0, supplier=supplier, buyer=buyer, currency=terms.currency,
        places=terms.places, invoice_date=terms.today, due_date=terms.today + timedelta(days=terms.due_days),
        period=None, lines=sums.lines, taxes=sums.taxes, net=sums.net, tax=sums.tax, gross=sums.gross, carried=ZERO,
        paid=ZERO, due=due("top_up", sums.gross, ZERO, ZERO), payment=PaymentTerms(terms.payment_text, ""),
        language=terms.language, note="", corrects=None, comment="", draft=True, made_at=now,
    )  # fmt: skip


def _of_key(key: str) -> Select[Invoice]:
    return select(Invoice).where(Invoice.key == key, Invoice.state != InvoiceState.VOID)


def _says(facts: str, document: Document) -> bool:
    """Whether the facts are this document but for the moment it was made at."""
    kept = Document.parse(facts.encode())
    return kept.json() == replace(document, made_at=kept.made_at).json()


def _is_as_released(found: Invoice, document: Document, held: Sequence[str]) -> bool:
    """Whether who released the draft has seen all that counts: the day, what is carried and addresses do not."""
    seen, new = Document.parse(found.facts.encode()), Document.parse(document.json())
    return set(held) <= set(found.held) and all(getattr(seen, name) == getattr(new, name) for name in RELEASED)


def refuse_too_great(document: Document) -> None:
    """Raise `ParameterError` for a sum or a quantity that no row can hold."""
    amounts = [document.gross, document.paid, *(each.net for each in document.lines)]
    if any(abs(each) >= MOST for each in (*amounts, *(line.quantity for line in document.lines))):
        raise ParameterError(f"an invoice holds no sum or quantity of {MOST:,} and more")


def sign_of(document: Document) -> int:
    """-1 for a credit note, whose paper says amounts in the client's favour without a sign; 1 for all else."""
    return -1 if document.kind == "credit_note" else 1


def _inserted(session: Session, document: Document, order: Order, by: str, now: datetime) -> Invoice | None:
    """The new row, None if there is one of that key."""
    row = {
        "company": document.supplier.account,
        "client_id": int(document.buyer.account),
        "kind": _kind(document, order),
        "key": order.key,
        "created_at": now,
        "created_by": by,
        **_of_document(document, order),
    }
    statement = (
        upsert(Invoice)
        .values(row)
        .on_conflict_do_nothing(index_elements=[Invoice.key], index_where=_THERE)
        .returning(Invoice)
    )
    return session.scalars(statement).one_or_none()


def _kind(document: Document, order: Order) -> InvoiceKind:
    if document.kind == "invoice":
        return InvoiceKind.MONTHLY if order.month else InvoiceKind.OTHER
    return InvoiceKind(document.kind)


def _of_document(document: Document, order: Order) -> dict[str, object]:
    """The columns that follow from the document and may change while it is a draft."""
    start, end = order.period or (None, None)
    sign = sign_of(document)
    return {
        "client_name": document.buyer.name[:NAME],
        "currency": document.currency,
        "period_start": start,
        "period_end": end,
        "month": order.month,
        "invoice_date": document.invoice_date,
        "due_date": document.due_date,
        "series": order.series,
        "net": sign * document.net,
        "tax": sign * document.tax,
        "total": sign * document.gross,
        "facts": document.json().decode(),
        "facts_sha256": document.sha256,
        "annex": order.annex,
        "held": list(order.held),
        "evidence": order.evidence,
        "corrects_id": order.corrects_id,
    }


def _replace(invoice: Invoice, document: Document, order: Order) -> None:
    parties = (document.supplier.account, int(document.buyer.account))
    if parties != (invoice.company, invoice.client_id):
        raise StateError(f"the key {order.key!r} was used for an invoice to client {invoice.client_id}")
    changed = _of_document(document, order)
    if invoice.number is not None:  # it keeps its number, and with it the series
        changed["series"] = invoice.series
    for column, value in changed.items():
        setattr(invoice, column, value)
    invoice.document_sha256 = invoice.xml_sha256 = None


def write_lines(session: Session, invoice: Invoice, document: Document) -> None:
    """The lines as rows, in the place of those of the same revision."""
    here = (InvoiceLine.invoice_id == invoice.id, InvoiceLine.revision == document.revision)
    session.execute(delete(InvoiceLine).where(*here))
    rows = [{name: getattr(line, name) for name in COLUMNS_OF_LINE} for line in document.lines]
    session.execute(insert(InvoiceLine), [{"invoice_id": invoice.id, "revision": document.revision, **r} for r in rows])
