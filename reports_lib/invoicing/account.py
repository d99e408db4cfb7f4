"""Accounts of clients: what each owes whom, one account a company, client and currency, and what settles what.

    balance = Σ entries = Σ recorded documents - Σ payments        above 0 the client owes, below it he has credit
    of an invoice        owed = total - paid - credited            paid = Σ allocations of payments

A client who moves to another company begins a new account there: what he owed, or had as credit, stays where it was.

Whoever moves an account holds its lock until he commits. All locks are taken in one order, or two could wait for
each other: accounts, then rows of invoices, then a series (`number.py`). So who records several invoices in one
transaction locks all their accounts first.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, bindparam, func, select, text, tuple_
from sqlalchemy.orm import Session, aliased

from reports_lib import mirror
from reports_lib.database.schema.invoices import (
    AccountEntry,
    EntryKind,
    Invoice,
    InvoiceAllocation,
    InvoiceKind,
    InvoicePayment,
    InvoiceSeries,
)
from reports_lib.errors import UnknownNameError
from reports_lib.invoicing.document import Document

ZERO = Decimal(0)

_KEY = "hashtextextended('account ' || company || ' ' || client_id || ' ' || currency, 0)"
_LOCK_OF_INVOICE = text(f"SELECT pg_advisory_xact_lock({_KEY}) FROM invoice WHERE id = :id")  # noqa: S608 - ours
# in one order, so that two who need several accounts do not wait for each other
_LOCK_OF_INVOICES = text(f"""
    SELECT count(pg_advisory_xact_lock(key)) FROM (
        SELECT DISTINCT {_KEY} AS key FROM invoice WHERE id = ANY(:ids) ORDER BY key
    ) AS accounts
""")  # noqa: S608 - ours
_LOCK = text("""
    SELECT count(pg_advisory_xact_lock(key)) FROM (
        SELECT DISTINCT hashtextextended('account ' || name, 0) AS key FROM unnest(CAST(:names AS text[])) AS name
         ORDER BY key
    ) AS accounts
""")


_BALANCE = (
    select(func.coalesce(func.sum(AccountEntry.amount), 0))
    .where(
        AccountEntry.company == Invoice.company,
        AccountEntry.client_id == Invoice.client_id,
        AccountEntry.currency == Invoice.currency,
    )
    .scalar_subquery()
)
_OF_ACCOUNT = (
    InvoicePayment.company == Invoice.company,
    InvoicePayment.client_id == Invoice.client_id,
    InvoicePayment.currency == Invoice.currency,
    InvoicePayment.cancelled_at.is_(None),
)
_CREDIT = (
    select(func.coalesce(func.sum(InvoicePayment.amount), 0)).where(*_OF_ACCOUNT).scalar_subquery()
    - select(func.coalesce(func.sum(InvoiceAllocation.amount), 0))
    .join(InvoicePayment, InvoicePayment.id == InvoiceAllocation.payment_id)
    .where(*_OF_ACCOUNT)
    .correlate(Invoice)
    .scalar_subquery()
)


_FIRST = aliased(Invoice)
_BEGINNER = (
    select(_FIRST.company)
    .where(_FIRST.series == Invoice.series, _FIRST.number.is_not(None))
    .order_by(_FIRST.year, _FIRST.number)  # the first entry of an index
    .limit(1)
    .correlate(Invoice)
    .scalar_subquery()
)
_TWIN = (
    select(func.min(InvoiceSeries.series))
    .where(func.lower(InvoiceSeries.series) == func.lower(Invoice.series), InvoiceSeries.series != Invoice.series)
    .correlate(Invoice)
    .scalar_subquery()
)
# made once: to make it, and to find what it was compiled to, cost as much as to ask it
_STANDING = (
    select(Invoice, _BALANCE, _CREDIT, _BEGINNER, _TWIN)
    .where(Invoice.id == bindparam("id"))
    .with_for_update(of=Invoice)
    .execution_options(populate_existing=True)
)


class Account(NamedTuple):
    """What a client owes a company, in one currency."""

    company: str
    client_id: int
    currency: str

    @classmethod
    def of(cls, moved: Invoice | InvoicePayment) -> Self:
        """The one that an invoice or a payment moves."""
        return cls(moved.company, moved.client_id, moved.currency)

    @classmethod
    def between(cls, document: Document) -> Self:
        """The one that a document will move, by the accounts of its parties."""
        return cls(document.supplier.account, int(document.buyer.account), document.currency)


def balance(session: Session, account: Account, before: datetime | None = None) -> Decimal:
    """What the client owes, by all entries posted before a moment; credit is below 0."""
    query = select(func.coalesce(func.sum(AccountEntry.amount), 0)).where(*_moving(account))
    if before is not None:
        query = query.where(AccountEntry.posted_at < before)
    return Decimal(session.execute(query).scalar_one())


def balances(session: Session, accounts: Collection[Account]) -> dict[Account, Decimal]:
    """What is owed on each of these accounts; one that never moved is left out."""
    columns = AccountEntry.company, AccountEntry.client_id, AccountEntry.currency
    query = select(*columns, func.sum(AccountEntry.amount)).where(tuple_(*columns).in_(list(accounts)))
    return {Account(*row[:3]): row[3] for row in session.execute(query.group_by(*columns))}


def owed(invoice: Invoice) -> Decimal:
    """What is still to be paid of an invoice, 0 of a credit note or a draft (M-64)."""
    if invoice.state != "RECORDED" or invoice.total <= 0:
        return ZERO
    return invoice.total - invoice.paid - invoice.credited


def lock(session: Session, accounts: Collection[Account]) -> None:
    """Hold these accounts until the transaction ends."""
    session.execute(_LOCK, {"names": [" ".join(map(str, each)) for each in accounts]})


def locked(session: Session, ids: Collection[int]) -> list[Invoice]:
    """These invoices, in the order of their ids, with their accounts and rows held until the transaction ends.

    Raises `UnknownNameError` if there is no such invoice.
    """
    session.execute(_LOCK_OF_INVOICES, {"ids": sorted(ids)})
    query = select(Invoice).where(Invoice.id.in_(ids)).order_by(Invoice.id).with_for_update()
    found = list(session.scalars(query, execution_options={"populate_existing": True}))
    if missing := set(ids) - {each.id for each in found}:
        raise UnknownNameError(f"there is no invoice {min(missing)}")
    return found


class Standing(NamedTuple):
    """An invoice, the balance of its account, what is left there of payments; who began its series, and one alike."""

    invoice: Invoice
    balance: Decimal
    credit: Decimal
    beginner: str | None  # the company that the series' first number is of
    twin: str | None  # another series that only capitals tell from this one


def with_standing(session: Session, invoice_id: int) -> Standing:
    """As `locked`, one invoice, with all that is asked before it is recorded."""
    session.execute(_LOCK_OF_INVOICE, {"id": invoice_id})
    row = session.execute(_STANDING, {"id": invoice_id}).one_or_none()
    if row is None:
        raise UnknownNameError(f"there is no invoice {invoice_id}")
    return Standing(*row)


def post(  # what moves whose account by how much, and who says so
    session: Session, cause: Invoice | InvoicePayment, kind: EntryKind, amount: Decimal, by: str, now: datetime
) -> None:
    """Move the account of the invoice or payment by `amount`, more to owe if it is positive."""
    if not amount:
        return
    entry = AccountEntry(
        company=cause.company, client_id=cause.client_id, currency=cause.currency, posted_at=now, kind=kind,
        amount=amount, by=by,
    )  # fmt: skip
    if isinstance(cause, Invoice):
        entry.invoice_id = cause.id
    else:
        entry.payment_id = cause.id
    session.add(entry)


def allocate(session: Session, payment: InvoicePayment, invoice: Invoice, amount: Decimal) -> None:
    """Let the payment settle so much of the invoice."""
    found = session.get(InvoiceAllocation, (payment.id, invoice.id))
    if found is None:
        session.add(InvoiceAllocation(payment_id=payment.id, invoice_id=invoice.id, amount=amount))
    else:
        found.amount += amount
    invoice.paid += amount
    session.flush()
    mirror.note(session, "invoice", invoice.id)
    mirror.note(session, "payment", payment.id)


def credit(session: Session, account: Account) -> list[tuple[InvoicePayment, Decimal]]:
    """Payments to the account that are not spent on invoices, with what is left of each, the oldest first."""
    spent = func.coalesce(func.sum(InvoiceAllocation.amount), 0)
    query = (
        select(InvoicePayment, InvoicePayment.amount - spent)
        .outerjoin(InvoiceAllocation, InvoiceAllocation.payment_id == InvoicePayment.id)
        .where(
            InvoicePayment.company == account.company,
            InvoicePayment.client_id == account.client_id,
            InvoicePayment.currency == account.currency,
            InvoicePayment.cancelled_at.is_(None),
        )
        .group_by(InvoicePayment.id)
        .having(InvoicePayment.amount > spent)
        .order_by(InvoicePayment.paid_at, InvoicePayment.id)
    )
    return [(payment, left) for payment, left in session.execute(query)]


def use_credit(session: Session, invoice: Invoice) -> Decimal:
    """Settle what is owed of the invoice out of the client's credit, as far as it goes; returns how much.

    A top-up asks for more money, so it is never settled by what is there already.
    """
    used, open_sum = ZERO, owed(invoice)
    if open_sum <= 0 or invoice.kind == InvoiceKind.TOP_UP:
        return used
    for payment, left in credit(session, Account.of(invoice)):
        amount = min(left, open_sum - used)
        allocate(session, payment, invoice, amount)
        used += amount
        if used == open_sum:
            break
    return used


def release(session: Session, invoice: Invoice, amount: Decimal) -> None:
    """Turn so much of what payments settled of the invoice back into credit, the newest payment first."""
    query = (
        select(InvoiceAllocation)
        .where(InvoiceAllocation.invoice_id == invoice.id)
        .order_by(InvoiceAllocation.payment_id.desc())
    )
    for each in session.scalars(query).all():
        if amount <= 0:
            break
        taken = min(each.amount, amount)
        free(session, each, invoice, taken)
        amount -= taken


def free(session: Session, allocation: InvoiceAllocation, invoice: Invoice, amount: Decimal) -> None:
    """Turn so much of one allocation back into credit."""
    if amount == allocation.amount:
        session.delete(allocation)
    else:
        allocation.amount -= amount
    invoice.paid -= amount
    session.flush()
    mirror.note(session, "invoice", invoice.id)
    mirror.note(session, "payment", allocation.payment_id)


def _moving(account: Account) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountEntry.company == account.company,
        AccountEntry.client_id == account.client_id,
        AccountEntry.currency == account.currency,
    )


def allocations(session: Session, payment_ids: Iterable[int]) -> Sequence[InvoiceAllocation]:
    """What these payments settle."""
    query = select(InvoiceAllocation).where(InvoiceAllocation.payment_id.in_(list(payment_ids)))
    return session.scalars(query.order_by(InvoiceAllocation.payment_id, InvoiceAllocation.invoice_id)).all()
