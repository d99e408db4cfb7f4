"""Invoices changed after they were recorded: a revision (TW-43, TW-44), a credit note."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import correct, record, revise
from reports_lib.invoicing.document import Document, Line
from reports_lib.invoicing.revise import Person
from reports_lib.portal.invoices.common import amount_of, installation_of, net_of, now, own
from reports_lib.portal.invoices.one import Entered, show
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told
from reports_lib.values.money import ratio, round_half_up

PRICE = 6  # decimals of a unit price


def change(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/revise`: other costs, or more paid already; the number stays, so do earlier documents."""
    sent, visitor = kept(request), visitor_of(request)
    texts = {name: str(value) for name, value in sent.items()}
    try:
        with Session(installation_of(request).database) as session, session.begin():
            own(session, invoice_id, visitor)
            document = Document.parse(record.facts(session, invoice_id))
            lines = _lines(texts, document)
            paid = amount_of(texts["paid"], _("Already paid")) if texts.get("paid", "").strip() else None
            revise.revise(
                session,
                invoice_id,
                comment=texts.get("comment", ""),
                by=Person.of(visitor),
                now=now(),
                lines=None if lines == list(document.lines) else lines,
                paid=paid,
                after=_looked_at(texts, document),
            )
    except (StateError, ParameterError) as problem:
        return show(request, invoice_id, problem.http_status, Entered("revise", told(problem), texts))
    return RedirectResponse(f"/invoices/{invoice_id}?done=revised#revisions", 303)


def credit(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/credit`: a credit note of the whole invoice, or of amounts of its lines."""
    sent, visitor = kept(request), visitor_of(request)
    texts = {name: str(value) for name, value in sent.items()}
    try:
        with Session(installation_of(request).database) as session, session.begin():
            own(session, invoice_id, visitor)
            lines = None
            if texts.get("of") == "some":
                lines = _credited(sent, Document.parse(record.facts(session, invoice_id)))
            reason = texts.get("reason", "")
            key = texts.get("key", "")[:200]
            made = correct.credit_note(session, invoice_id, lines, reason, visitor.name, now(), key=key).id
    except (StateError, ParameterError) as problem:
        return show(request, invoice_id, problem.http_status, Entered("credit", told(problem), texts))
    return RedirectResponse(f"/invoices/{made}?done=credited", 303)


def _looked_at(texts: Mapping[str, str], document: Document) -> int:
    """The revision that the form was filled in from; a form that does not say is of the one there is."""
    text = texts.get("after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else document.revision


def _lines(texts: Mapping[str, str], document: Document) -> list[Line]:
    """The lines as the form has them: those that are there with their nets, and what was added."""
    found = []
    for line in document.lines:
        description = texts.get(f"description-{line.number}", line.description).strip()
        typed = texts.get(f"net-{line.number}")
        net = line.net if typed is None else _net(typed, line, document.places)
        if net is None:
            continue
        found.append(line if (description, net) == (line.description, line.net) else _with(line, description, net))
    return found + _added(texts, document)


def _net(text: str, line: Line, places: int) -> Decimal | None:
    """The net that was typed, None if it was emptied, the line's own if that is what it says."""
    if not text.strip():
        return None
    typed = net_of(text, line.description, places)
    return line.net if typed == round_half_up(line.net, places) else typed


def _with(line: Line, description: str, net: Decimal) -> Line:
    price = ratio(net, line.quantity) or net
    return replace(line, description=description or line.description, net=net, unit_price=round_half_up(price, PRICE))


def _added(texts: Mapping[str, str], document: Document) -> list[Line]:
    description, typed = texts.get("description-new", "").strip(), texts.get("net-new", "").strip()
    if not description and not typed:
        return []
    if not description or not typed:
        raise ParameterError(_("The new line needs a description and an amount."))
    net = net_of(typed, description, document.places)
    rate = _rate(texts.get("rate-new", ""), document)
    return [Line(0, description, None, None, "correction", Decimal(1), "", round_half_up(net, PRICE), net, rate)]


def _rate(text: str, document: Document) -> Decimal:
    rates = {f"{group.rate.normalize():f}": group.rate for group in document.taxes}
    if text not in rates:
        raise ParameterError(_("The tax rate of a new line is one that the invoice has."))
    return rates[text]


def _credited(sent: FormData, document: Document) -> Sequence[Line]:
    found = []
    for line in document.lines:
        text = str(sent.get(f"net-{line.number}", "")).strip()
        if text and (net := net_of(text, line.description, document.places)):
            found.append(_with(line, "", net) if net != line.net else line)
    if not found:
        raise ParameterError(_("Say of which lines how much is credited."))
    return found


ROUTES = (
    Route("/invoices/{invoice_id:int}/revise", change, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/credit", credit, Right.INVOICE, WRITES),
)
