"""The PDF of an invoice, of any of its revisions (TW-41, TW-50): bytes that never change, or a draft's (CD-15)."""

import hashlib
from typing import NamedTuple
from urllib.parse import quote

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema.invoices import InvoiceRevision, InvoiceState
from reports_lib.errors import UnknownNameError
from reports_lib.invoicing import making
from reports_lib.portal.invoices.common import installation_of, now, own
from reports_lib.portal.invoices.printer import Printer
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of
from reports_lib.portal.route import Route
from reports_lib.portal.view.quick import KEPT, POLICY

PDF = "application/pdf"


class Wanted(NamedTuple):
    """Which document: of which revision, what its file is called, the hash of its bytes if it is made for good."""

    revision: int
    name: str
    sha256: str | None


def document(request: Request, invoice_id: int, revision: str = "") -> Response:
    """`GET /invoices/{id}/document`: the PDF, of the latest revision or the one that is asked for."""
    if revision and not (revision.isascii() and revision.isdecimal() and len(revision) < 7):
        raise UnknownNameError(_("This invoice has no such revision."))
    return pdf(request, invoice_id, int(revision) if revision else None)


def pdf(request: Request, invoice_id: int, revision: int | None) -> Response:
    """The same for a program; raises `UnknownNameError`."""
    installation = installation_of(request)
    with Session(installation.database) as session:
        wanted = _wanted(session, request, invoice_id, revision)
    if wanted.sha256 and _is_held(request, wanted.sha256):
        return Response(status_code=304, headers=_headers(wanted, wanted.sha256))
    if wanted.sha256:
        made = making.store_of(installation).read(f"{wanted.sha256}.{making.PDF}")
    else:
        printer: Printer = request.app.state.printer
        with printer.press() as press:
            made = making.document(installation, press, invoice_id, wanted.revision, now())
    return Response(made, media_type=PDF, headers=_headers(wanted, hashlib.sha256(made).hexdigest()))


def _wanted(session: Session, request: Request, invoice_id: int, revision: int | None) -> Wanted:
    invoice = own(session, invoice_id, visitor_of(request))
    number = invoice.revision if revision is None else revision
    if not 0 <= number <= invoice.revision:
        raise UnknownNameError(_("This invoice has no such revision."))
    name = invoice.file_name or f"draft-{invoice.id}.pdf"
    if number == 0:
        return Wanted(0, name, invoice.document_sha256 if invoice.state == InvoiceState.RECORDED else None)
    row = session.get_one(InvoiceRevision, (invoice_id, number))
    return Wanted(number, f"{name.removesuffix('.pdf')}_r{number}.pdf", row.document_sha256)


def _is_held(request: Request, sha256: str) -> bool:
    """Whether whoever asks has these bytes already."""
    held = request.headers.get("if-none-match", "").split(",")
    return any(each.strip().removeprefix("W/") in (f'"{sha256}"', "*") for each in held)


def _headers(wanted: Wanted, sha256: str) -> dict[str, str]:
    return {
        "Content-Disposition": f"attachment; filename=\"{wanted.name}\"; filename*=UTF-8''{quote(wanted.name)}",
        "Content-Security-Policy": POLICY,  # should a browser show it nevertheless
        "Cache-Control": KEPT,
        "ETag": f'"{sha256}"',
        "Vary": "Cookie, Authorization",
    }


ROUTES = (Route("/invoices/{invoice_id:int}/document", document, Right.READ),)
