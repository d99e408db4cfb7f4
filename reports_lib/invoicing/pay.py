"""Payments: against recorded invoices only, partly or in full, several at once or none of them (CD-16).

What is more than an invoice is owed stays as credit on the account, and settles what is recorded next. A
paid top-up adds the same amount to the balance: a payment of its own, of the method `top_up` (TW-57).
"""

import hashlib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database.schema import AuditEntry
from reports_lib.database.schema.invoices import (
    EntryKind,
    Invoice,
    InvoiceAllocation,
    InvoiceKind,
    InvoicePayment,
)
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import account
from reports_lib.invoicing.account import Account
from reports_lib.invoicing.chain import canonical
from reports_lib.invoicing.document import Document, plain
from reports_lib.invoicing.record import AHEAD, refuse_unless_recorded
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)
MOST = 10**12  # that a row can hold, and more than anybody pays
METHODS = ("card", "cash", "transfer", "wallet", "store", "other")
TOP_UP = "top_up"


@dataclass(frozen=True, slots=True)
class Receipt:
    """How money came in. `key` makes entering it twice one payment; made up if it is empty."""

    paid_at: datetime
    method: str = "transfer"
    reference: str = ""  # at the bank, or whatever tells it from others
    key: str = ""


def pay(session: Session, amounts: Mapping[int, Decimal], receipt: Receipt, by: str, now: datetime) -> InvoicePayment:
    """Enter one payment of one client, with so much for each of these invoices; all of it or nothing.

    What exceeds what an invoice is owed is credit on the account. The same key with the same amounts is the
    payment that there is. Raises `UnknownNameError`; `StateError` if one is no recorded invoice or the key was
    used for something else; `ParameterError` for amounts that are none, or invoices of several accounts.
    """
    _check(amounts, receipt, now)
    invoices = account.locked(session, amounts)
    asked = _asked(Account.of(invoices[0]), amounts, receipt)
    if (there := _entered(session, receipt.key)) is not None:
        return _same(there, asked)
    for each in invoices:
        refuse_unless_recorded(each)
        _check_amount(amounts[each.id], each)
    if len({Account.of(each) for each in invoices}) > 1:
        raise ParameterError("one payment is of one client, to one company, in one currency")
    made = _enter(session, invoices[0], sum(amounts.values(), ZERO), receipt, by, now)
    made.asked = asked
    for each in invoices:
        _settle(session, made, each, min(amounts[each.id], account.owed(each)), by, now)
    session.flush()
    return made


def mark_paid(session: Session, ids: Collection[int], receipt: Receipt, by: str, now: datetime) -> list[InvoicePayment]:
    """Enter for each of these invoices a payment of all that it is still owed; for every one or for none (CD-16).

    One that is paid already gets no payment. Raises as `pay`.
    """
    invoices = account.locked(session, ids)
    for each in invoices:
        refuse_unless_recorded(each)
        if each.kind == InvoiceKind.CREDIT_NOTE:
            raise StateError(f"{each.account_number} is a credit note; nobody pays it")
    made = []
    for each in invoices:
        if (rest := account.owed(each)) > 0:
            key = receipt.key and f"{receipt.key}:{each.id}"
            own = Receipt(receipt.paid_at, receipt.method, receipt.reference or (each.account_number or ""), key)
            made.append(pay(session, {each.id: rest}, own, by, now))
    return made


def deposit(  # whose account, how much, how, by whom, when
    session: Session, of: InvoicePayment | Invoice, amount: Decimal, receipt: Receipt, by: str, now: datetime
) -> InvoicePayment:
    """Enter a payment for no invoice, of the client (and to the company) of `of`: credit on the account."""
    _check({0: amount}, receipt, now)
    account.lock(session, [Account.of(of)])
    asked = _asked(Account.of(of), {0: amount}, receipt)
    if (there := _entered(session, receipt.key)) is not None:
        return _same(there, asked)
    made = _enter(session, of, amount, receipt, by, now)
    made.asked = asked
    session.flush()
    return made


def cancel(session: Session, payment_id: int, by: str, now: datetime) -> InvoicePayment:
    """Take back a payment that came to nothing: what it settled is owed again, what a top-up added is gone.

    Again is nothing. Raises `UnknownNameError`; `StateError` for what a top-up added, which goes with its payment.
    """
    found = session.get(InvoicePayment, payment_id)
    if found is None:
        raise UnknownNameError(f"there is no payment {payment_id}")
    if found.method == TOP_UP:
        raise StateError(f"payment {payment_id} is what a top-up added; cancel the payment of the top-up")
    account.lock(session, [Account.of(found)])
    session.refresh(found)
    if found.cancelled_at is None:
        _cancel(session, found, by, now)
        after: dict[str, object] = {"amount": plain(found.amount), "client": found.client_id}
        what = f"payment {payment_id}"
        session.add(AuditEntry(at=now, who=by, action="cancel payment", object=what, before=None, after=after))
        session.flush()
    return found


def _cancel(session: Session, found: InvoicePayment, by: str, now: datetime) -> None:
    for each in account.allocations(session, [found.id]):
        invoice = session.get_one(Invoice, each.invoice_id, with_for_update=True)
        if invoice.kind == InvoiceKind.TOP_UP:
            added = session.scalars(select(InvoicePayment).where(InvoicePayment.key == _added(found, invoice))).one()
            _cancel(session, added, by, now)
        account.free(session, each, invoice, each.amount)
    found.cancelled_at, found.cancelled_by = now, by
    account.post(session, found, EntryKind.CANCELLATION, found.amount, by, now)
    mirror.note(session, "payment", found.id)
    session.flush()


def _enter(  # the same six as `deposit`
    session: Session, of: InvoicePayment | Invoice, amount: Decimal, receipt: Receipt, by: str, now: datetime
) -> InvoicePayment:
    made = InvoicePayment(
        client_id=of.client_id, company=of.company, currency=of.currency, amount=amount, paid_at=receipt.paid_at,
        method=receipt.method, reference=receipt.reference, key=receipt.key or uuid.uuid4().hex, by=by, at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    kind = EntryKind.TOP_UP if receipt.method == TOP_UP else EntryKind.PAYMENT
    account.post(session, made, kind, -amount, by, now)
    mirror.note(session, "payment", made.id)
    return made


def _settle(  # which payment settles how much of what, by whom, when
    session: Session, payment: InvoicePayment, invoice: Invoice, amount: Decimal, by: str, now: datetime
) -> None:
    if amount <= 0:
        return
    account.allocate(session, payment, invoice, amount)
    if invoice.kind == InvoiceKind.TOP_UP:
        called = invoice.account_number or ""
        _enter(session, invoice, amount, Receipt(payment.paid_at, TOP_UP, called, _added(payment, invoice)), by, now)


def _added(payment: InvoicePayment, invoice: Invoice) -> str:
    """The key of what the payment of a top-up adds to the balance."""
    return f"top-up:{payment.id}:{invoice.id}"


def _check(amounts: Mapping[int, Decimal], receipt: Receipt, now: datetime) -> None:
    if not amounts:
        raise ParameterError("say which invoices are paid")
    if receipt.method not in METHODS:
        raise ParameterError(f"{receipt.method[:40]!r} is no way to pay; there is {', '.join(METHODS)}")
    if receipt.paid_at.tzinfo is None:
        raise ParameterError("the moment of a payment needs a time zone")
    if receipt.paid_at > now + AHEAD:
        raise ParameterError("a payment cannot be entered before it was made")
    if receipt.key.startswith("top-up:"):
        raise ParameterError("keys that begin with top-up: are ours")
    for amount in amounts.values():
        if not amount.is_finite() or not 0 < amount < MOST:
            raise ParameterError(f"{amount} is not an amount above 0")


def _check_amount(amount: Decimal, invoice: Invoice) -> None:
    places = Document.parse(invoice.facts.encode()).places
    if amount != round_half_up(amount, places):
        raise ParameterError(f"{plain(amount)} {invoice.currency} has more than {places} decimals")
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        raise StateError(f"{invoice.account_number} is a credit note; nobody pays it")


def _entered(session: Session, key: str) -> InvoicePayment | None:
    return session.scalars(select(InvoicePayment).where(InvoicePayment.key == key)).one_or_none() if key else None


def _asked(of: Account, amounts: Mapping[int, Decimal], receipt: Receipt) -> str:
    """The hash of what is asked for with a key, but for the moment, which may be that of the asking."""
    told = {
        "account": of,
        "amounts": {str(invoice): plain(amount) for invoice, amount in amounts.items()},
        "method": receipt.method,
        "reference": receipt.reference,
    }
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def _same(there: InvoicePayment, asked: str) -> InvoicePayment:
    if there.asked != asked:
        raise StateError(f"the key {there.key!r} was used for another payment, {there.id}")
    return there


def settled(session: Session, payment_id: int) -> dict[int, Decimal]:
    """How much of each invoice the payment settles; what is missing to its amount is credit."""
    query = select(InvoiceAllocation).where(InvoiceAllocation.payment_id == payment_id)
    return {each.invoice_id: each.amount for each in session.scalars(query.order_by(InvoiceAllocation.invoice_id))}
