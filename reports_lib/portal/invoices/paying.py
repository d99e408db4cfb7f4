"""Payments: of one invoice, of several at once or none of them (CD-16), and one that came to nothing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Invoice
from reports_lib.errors import DaybookError, ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import pay as payments
from reports_lib.invoicing.account import owed
from reports_lib.invoicing.pay import Receipt
from reports_lib.portal.invoices.common import (
    amount_of,
    installation_of,
    moment_of,
    money,
    new_key,
    now,
    own,
    zone_of,
)
from reports_lib.portal.invoices.one import NOTHING, Entered, show, typed
from reports_lib.portal.invoices.rows import Can, Row
from reports_lib.portal.invoices.words import METHODS
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.runs.rights import LARGEST
from reports_lib.portal.told import told

FIELDS = ("amount", "paid_at", "method", "reference", "key")
MOST = 500  # invoices that are paid at once


def pay(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/pay`: a payment, of a part or of all; what is over is credit on the account."""
    sent, visitor = kept(request), visitor_of(request)
    texts = {name: str(sent.get(name, "")) for name in FIELDS}
    try:
        with Session(installation_of(request).database) as session, session.begin():
            own(session, invoice_id, visitor)
            amount = amount_of(texts["amount"], _("Amount"))
            payments.pay(session, {invoice_id: amount}, _receipt(request, texts), visitor.name, now())
    except (StateError, ParameterError) as problem:
        return show(request, invoice_id, problem.http_status, Entered("pay", told(problem), texts))
    return RedirectResponse(f"/invoices/{invoice_id}?done=paid", 303)


def several(request: Request) -> Response:
    """`GET /invoices/pay?id=…&id=…`: what is owed of each of these, and the button that pays them all."""
    return _several(request, _ids(request.query_params.getlist("id")))


def pay_several(request: Request) -> Response:
    """`POST /invoices/pay`: each of these is paid in full; if one cannot be, none is (CD-16)."""
    sent, visitor = kept(request), visitor_of(request)
    texts = {name: str(sent.get(name, "")) for name in FIELDS}
    ids = _ids([str(each) for each in sent.getlist("id")])
    try:
        with Session(installation_of(request).database) as session, session.begin():
            owned(session, ids, visitor)
            made = payments.mark_paid(session, ids, _receipt(request, texts), visitor.name, now())
    except (StateError, ParameterError) as problem:
        return _several(request, ids, problem, texts)
    return RedirectResponse(f"/invoices?done=paid&count={len(made)}", 303)


def cancel(request: Request, invoice_id: int, payment_id: int) -> Response:
    """`POST /invoices/{id}/payments/{payment}/cancel`: it came to nothing, and what it settled is owed again."""
    visitor = visitor_of(request)
    try:
        with Session(installation_of(request).database) as session, session.begin():
            own(session, invoice_id, visitor)
            settled_by(session, invoice_id, payment_id)
            payments.cancel(session, payment_id, visitor.name, now())
    except (StateError, ParameterError) as problem:
        return show(request, invoice_id, problem.http_status, Entered("", told(problem)))
    return RedirectResponse(f"/invoices/{invoice_id}?done=cancelled", 303)


def _several(
    request: Request, ids: Sequence[int], problem: DaybookError | None = None, texts: Mapping[str, str] | None = None
) -> Response:
    visitor, zone = visitor_of(request), zone_of(request)
    with Session(installation_of(request).database) as session:
        rows = [Row(each, Can.of(each, visitor), zone) for each in owned(session, ids, visitor)]
    return page(
        request,
        "invoices_pay.html.j2",
        problem.http_status if problem else 200,
        rows=rows,
        sums=_sums(rows),
        fault=told(problem) if problem else "",
        entered=Entered("pay", "", texts) if texts else NOTHING,
        zone=zone,
        money=money,
        methods={name: _(METHODS[name]) for name in payments.METHODS},
        key=new_key(),
        today=typed(now(), zone),
    )


def owned(session: Session, ids: Sequence[int], visitor: Visitor) -> list[Invoice]:
    """These invoices; raises `ParameterError` without any, `UnknownNameError` if one is another's."""
    if not ids:
        raise ParameterError(_("Tick the invoices that are paid, then go on."))
    found = session.scalars(select(Invoice).where(Invoice.id.in_(ids), visitor.sees(Invoice.company))).all()
    if len(found) < len(ids):
        raise UnknownNameError(_("There is no invoice of that number."))
    return sorted(found, key=lambda each: ids.index(each.id))


def settled_by(session: Session, invoice_id: int, payment_id: int) -> None:
    """Raises `UnknownNameError` if that payment settles nothing of the invoice."""
    if payment_id > LARGEST or invoice_id not in payments.settled(session, payment_id):
        raise UnknownNameError(_("There is no such payment of this invoice."))


def _sums(rows: Sequence[Row]) -> dict[str, Decimal]:
    """What is owed of them, by currency."""
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row.invoice.currency] = found.get(row.invoice.currency, Decimal(0)) + owed(row.invoice)
    return found


def _ids(texts: Sequence[str]) -> list[int]:
    found = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19]
    if len(found) != len(texts):
        raise ParameterError(_("That is no number of an invoice."))
    if len(found) > MOST:
        raise ParameterError(_("At most {count} invoices are paid at once.").format(count=MOST))
    return list(dict.fromkeys(found))


def _receipt(request: Request, texts: Mapping[str, str]) -> Receipt:
    at = moment_of(texts["paid_at"].strip(), zone_of(request), now())
    if at > now():
        raise ParameterError(_("A payment cannot be entered before it was made."))
    return Receipt(at, texts["method"] or "transfer", texts["reference"].strip()[:200], texts["key"].strip()[:200])


ROUTES = (
    Route("/invoices/pay", several, Right.INVOICE),
    Route("/invoices/pay", pay_several, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/pay", pay, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/payments/{payment_id:int}/cancel", cancel, Right.INVOICE, WRITES),
)
