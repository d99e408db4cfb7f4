"""Invoices: listed, looked at, taken as PDF, recorded, paid, credited, revised."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Query as Asks
from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import Invoice
from reports_lib.errors import ParameterError
from reports_lib.invoicing import correct, draft, pay, record, revise
from reports_lib.invoicing.document import Document, Line, plain
from reports_lib.invoicing.listing import Listing, Place
from reports_lib.invoicing.pay import Receipt
from reports_lib.invoicing.revise import Person
from reports_lib.portal.api import invoice_models as models
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import BASE, Number, installation_of
from reports_lib.portal.api.faults import refuse
from reports_lib.portal.invoices.address import ListAddress
from reports_lib.portal.invoices.common import amount_of, moment_of, net_of, now, own, zone_of
from reports_lib.portal.invoices.document import pdf
from reports_lib.portal.invoices.one import Facts
from reports_lib.portal.invoices.paying import owned, settled_by
from reports_lib.portal.invoices.rows import Can, Row
from reports_lib.portal.page import visitor_of
from reports_lib.values.money import ratio, round_half_up

PRICE = 6  # decimals of a unit price
ZERO = Decimal(0)


def list_invoices(request: Request, listed: Annotated[models.ListedBills, Asks()]) -> models.Bills:
    """Invoices of the own companies, newest first."""
    fields = {name: str(value) for name, value in listed if name not in ("limit", "before")}
    address = ListAddress.read(fields, zone_of(request))
    refuse(address.faults)
    before = Place.parse(listed.before) if listed.before else None
    with Session(installation_of(request).database) as session:
        found = Listing(visitor_of(request), address.wanted).page(session, before=before, size=listed.limit)
        told = [models.Bill.model_validate(_bill(request, each)) for each in found.invoices]
    return models.Bills(invoices=told, next=str(found.older) if found.older else None)


def get_invoice(request: Request, invoice: Number) -> models.WholeBill:
    """An invoice with its lines, revisions and payments."""
    with Session(installation_of(request).database) as session:
        return _whole(request, session, own(session, invoice, visitor_of(request)))


def get_document(request: Request, invoice: Number, revision: Annotated[int, Asks(ge=-1, le=10**6)] = -1) -> Response:
    """The PDF of a revision, 0 being the original; of the latest by default. Bytes of what is recorded never change."""
    return pdf(request, invoice, None if revision < 0 else revision)


def record_invoice(request: Request, invoice: Number) -> models.WholeBill:
    """Record a draft: it gets its number and is owed."""
    return _done(request, invoice, record.record)


def release_invoice(request: Request, invoice: Number) -> models.WholeBill:
    """Release a draft that is held."""
    return _done(request, invoice, record.release)


def unrecord_invoice(request: Request, invoice: Number) -> models.WholeBill:
    """Make a recorded invoice that was not sent a draft again; it keeps its number."""
    return _done(request, invoice, record.unrecord)


def mark_sent(request: Request, invoice: Number) -> models.WholeBill:
    """Note that the client has it."""
    return _done(request, invoice, record.sent)


def discard_draft(request: Request, invoice: Number) -> models.WholeBill:
    """Throw a draft away."""
    return _done(request, invoice, draft.discard)


def pay_invoice(request: Request, invoice: Number, body: models.Pay) -> models.WholeBill:
    """Enter a payment of an invoice, of a part or of all of it."""
    with Session(installation_of(request).database) as session, session.begin():
        found = own(session, invoice, visitor_of(request))
        amounts = {invoice: amount_of(body.amount, "amount")}
        pay.pay(session, amounts, _receipt(request, body), visitor_of(request).name, now())
        return _whole(request, session, found)


def cancel_payment(request: Request, invoice: Number, payment: Number) -> models.WholeBill:
    """Take back a payment that came to nothing; what it settled, also of other invoices, is owed again."""
    with Session(installation_of(request).database) as session, session.begin():
        found = own(session, invoice, visitor_of(request))
        settled_by(session, invoice, payment)
        pay.cancel(session, payment, visitor_of(request).name, now())
        return _whole(request, session, found)


def pay_invoices(request: Request, body: models.PaySeveral) -> models.Paid:
    """Mark several invoices paid; if one cannot be, none is."""
    visitor = visitor_of(request)
    with Session(installation_of(request).database) as session, session.begin():
        found = owned(session, body.invoices, visitor)
        ids = [each.id for each in found]
        made = pay.mark_paid(session, ids, _receipt(request, body), visitor.name, now())
        return models.Paid(payments=[each.id for each in made])


def revise_invoice(request: Request, invoice: Number, body: models.Revise) -> models.WholeBill:
    """Make a revision; the number stays, and so does every earlier document."""
    with Session(installation_of(request).database) as session, session.begin():
        found = own(session, invoice, visitor_of(request))
        document = Document.parse(record.facts(session, invoice))
        lines = None if body.lines is None else [_line(each, document) for each in body.lines]
        paid = None if body.paid is None else amount_of(body.paid, "paid")
        by = Person.of(visitor_of(request))
        after = document.revision if body.after is None else body.after
        revise.revise(session, invoice, comment=body.comment, by=by, now=now(), lines=lines, paid=paid, after=after)
        return _whole(request, session, found)


def credit_invoice(request: Request, invoice: Number, body: models.Credit) -> models.WholeBill:
    """Write a credit note, which is recorded at once; it is what is answered."""
    visitor = visitor_of(request)
    with Session(installation_of(request).database) as session, session.begin():
        own(session, invoice, visitor)
        document = Document.parse(record.facts(session, invoice))
        lines = None if body.lines is None else [_line(each, document) for each in body.lines]
        made = correct.credit_note(session, invoice, lines, body.reason, visitor.name, now(), key=body.key.strip())
        return _whole(request, session, made)


def _done(request: Request, invoice: int, do: Callable[[Session, int, str, datetime], Invoice]) -> models.WholeBill:
    visitor = visitor_of(request)
    with Session(installation_of(request).database) as session, session.begin():
        own(session, invoice, visitor)
        return _whole(request, session, do(session, invoice, visitor.name, now()))


def _receipt(request: Request, body: models.Pay | models.PaySeveral) -> Receipt:
    at = moment_of(body.paid_at.strip(), zone_of(request), now())
    if at > now():
        raise ParameterError("paid_at: a payment cannot be entered before it was made")
    return Receipt(at, body.method, body.reference.strip(), body.key.strip())


def _line(change: models.Change, document: Document) -> Line:
    """The line that is meant: one that there is, with another net, or a new one."""
    net = net_of(change.net, "lines.net", document.places)
    known = {line.number: line for line in document.lines}
    if change.number is not None:
        if change.number not in known:
            raise ParameterError(f"lines.number: the invoice has no line {change.number}")
        line = known[change.number]
        price = round_half_up(ratio(net, line.quantity) or net, PRICE)
        return replace(line, description=change.description or line.description, net=net, unit_price=price)
    rates = {plain(group.rate): group.rate for group in document.taxes}
    if not change.description.strip() or change.tax_rate not in rates:
        raise ParameterError(f"lines: a new line needs a description and a tax_rate of {', '.join(rates)}")
    price = round_half_up(net, PRICE)
    return Line(0, change.description, None, None, "correction", Decimal(1), "", price, net, rates[change.tax_rate])


def _bill(request: Request, invoice: Invoice) -> dict[str, object]:
    row = Row(invoice, Can(), zone_of(request))
    days = row.days if invoice.period_start else (None, None)
    return {
        "id": invoice.id,
        "account_number": invoice.account_number,
        "file_name": row.file_name,
        "kind": invoice.kind,
        "state": invoice.state,
        "standing": row.standing,
        "company": invoice.company,
        "client": invoice.client_id,
        "client_name": invoice.client_name,
        "currency": invoice.currency,
        "amount": plain(invoice.total),
        "paid": plain(invoice.paid),
        "credited": plain(invoice.credited),
        "owing": plain(row.owing),
        "first_day": days[0],
        "last_day": days[1],
        "invoice_date": invoice.invoice_date,
        "due_date": invoice.due_date,
        "created_at": invoice.created_at,
        "revision": invoice.revision,
        "document": f"{BASE}/invoices/{invoice.id}/document",
    }


def _whole(request: Request, session: Session, invoice: Invoice) -> models.WholeBill:
    session.flush()
    facts = Facts.of(session, invoice, visitor_of(request))
    more: dict[str, object] = {
        "net": plain(invoice.net),
        "tax": plain(invoice.tax),
        "lines": [_told(line) for line in facts.document.lines],
        "revisions": [
            models.Revision(
                number=each.revision_no,
                paid=plain(each.paid_amount),
                total=plain(each.total),
                revised_at=each.revised_at,
                by_name=each.by_name,
                by_email=each.by_email,
                comment=each.comment,
                document=f"{BASE}/invoices/{invoice.id}/document?revision={each.revision_no}",
            )
            for each in facts.revisions
        ],
        "payments": [
            models.Payment(
                id=each.payment.id,
                amount=plain(each.payment.amount),
                of_this=plain(each.amount),
                paid_at=each.payment.paid_at,
                method=each.payment.method,
                reference=each.payment.reference,
            )
            for each in facts.payments
        ],
        "credit_notes": [each.id for each in facts.notes],
        "corrects": invoice.corrects_id,
        "held": list(invoice.held),
        "released_at": invoice.released_at,
        "recorded_at": invoice.recorded_at,
        "sent_at": invoice.sent_at,
        "document_sha256": invoice.document_sha256,
    }
    return models.WholeBill.model_validate(_bill(request, invoice) | more)


def _told(line: Line) -> models.Line:
    return models.Line(
        number=line.number,
        description=line.description,
        quantity=plain(line.quantity),
        unit=line.unit,
        unit_price=plain(line.unit_price),
        net=plain(line.net),
        tax_rate=plain(line.tax_rate),
    )


_REFUSALS = (404, 409)

CALLS = (
    Call("GET", "/invoices", list_invoices, Right.READ, models.Bills),
    Call("POST", "/invoices/pay", pay_invoices, Right.INVOICE, models.Paid, 201, _REFUSALS),
    Call("GET", "/invoices/{invoice}", get_invoice, Right.READ, models.WholeBill, refusals=(404,)),
    Call(
        "GET",
        "/invoices/{invoice}/document",
        get_document,
        Right.READ,
        None,
        refusals=(404,),
        mimes=("application/pdf",),
    ),
    *(
        Call("POST", f"/invoices/{{invoice}}/{word}", function, Right.INVOICE, models.WholeBill, 200, _REFUSALS)
        for word, function in (
            ("record", record_invoice),
            ("release", release_invoice),
            ("unrecord", unrecord_invoice),
            ("sent", mark_sent),
            ("discard", discard_draft),
        )
    ),
    Call(
        "POST",
        "/invoices/{invoice}/payments/{payment}/cancel",
        cancel_payment,
        Right.INVOICE,
        models.WholeBill,
        200,
        _REFUSALS,
    ),
    *(
        Call("POST", f"/invoices/{{invoice}}/{word}", function, Right.INVOICE, models.WholeBill, 201, _REFUSALS)
        for word, function in (
            ("payments", pay_invoice),
            ("revisions", revise_invoice),
            ("credit-notes", credit_invoice),
        )
    ),
)
