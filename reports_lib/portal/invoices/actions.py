"""What can be done with an invoice by one button: record, release, make it a draft again, mark it sent, discard it."""

from collections.abc import Callable
from datetime import datetime

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import Invoice
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import draft
from reports_lib.invoicing import record as recording
from reports_lib.portal.invoices.common import installation_of, now, own
from reports_lib.portal.invoices.one import Entered, show
from reports_lib.portal.page import visitor_of
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told

Do = Callable[[Session, int, str, datetime], Invoice]


def record(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/record`: it gets its number and is owed (CD-16)."""
    return _done(request, invoice_id, recording.record, "recorded")


def release(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/release`: what held the draft has been looked at."""
    return _done(request, invoice_id, recording.release, "released")


def unrecord(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/unrecord`: a draft again, credited back; refused once it was sent (CD-16)."""
    return _done(request, invoice_id, recording.unrecord, "unrecorded")


def send(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/sent`: the client has it."""
    return _done(request, invoice_id, recording.sent, "sent")


def discard(request: Request, invoice_id: int) -> Response:
    """`POST /invoices/{id}/discard`: the draft is thrown away."""
    return _done(request, invoice_id, draft.discard, "discarded", "/invoices?done=discarded")


def _done(request: Request, invoice_id: int, do: Do, word: str, onward: str = "") -> Response:
    """Do it in one transaction; what is refused is told on the invoice's page."""
    visitor = visitor_of(request)
    try:
        with Session(installation_of(request).database) as session, session.begin():
            own(session, invoice_id, visitor)
            do(session, invoice_id, visitor.name, now())
    except (StateError, ParameterError) as problem:
        return show(request, invoice_id, problem.http_status, Entered("", told(problem)))
    return RedirectResponse(onward or f"/invoices/{invoice_id}?done={word}", 303)


ROUTES = (
    Route("/invoices/{invoice_id:int}/record", record, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/release", release, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/unrecord", unrecord, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/sent", send, Right.INVOICE, WRITES),
    Route("/invoices/{invoice_id:int}/discard", discard, Right.INVOICE, WRITES),
)
