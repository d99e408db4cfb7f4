"""Files of call records: the list, one of them with the lines that were not loaded; loading, taking one away.

Who may read sees that files came and what became of them (CD-07 … CD-10). What stands in a line is personal, so
lines that were rejected are shown to whoever may issue invoices.
"""

from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.cdr import formats, rejected, work
from reports_lib.cdr.files import Given
from reports_lib.cdr.listing import Category, Listing, find
from reports_lib.database.schema import CdrFile
from reports_lib.errors import DaybookError, ForbiddenError, ParameterError, StateError, UnknownNameError
from reports_lib.portal.cdr.address import ListAddress
from reports_lib.portal.cdr.arriving import MOST, receive
from reports_lib.portal.cdr.rows import Row
from reports_lib.portal.invoices.common import installation_of, zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.reports.address import LONGEST, plain_of
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.runs.rights import strangers
from reports_lib.portal.told import told
from reports_lib.values.formats import binary_size

SHOWN = 100  # lines that were not loaded


def files(request: Request) -> Response:
    """`GET /cdr`: a page of the list as the address says; 422 where something in it cannot be read."""
    visitor, zone, installation = visitor_of(request), zone_of(request), installation_of(request)
    asked = ListAddress.read(request.query_params, zone)
    listing = Listing(visitor, asked.wanted)
    with Session(installation.database) as session:
        found = listing.page(session, before=asked.before)
        counts = listing.counts(session)
        rows = [Row(each) for each in found.files]
    may_load = visitor.is_group and visitor.may(Right.INVOICE)
    return page(
        request,
        "cdr.html.j2",
        ParameterError.http_status if asked.faults else 200,
        asked=asked,
        rows=rows,
        found=found,
        counts=counts,
        shown=counts[asked.wanted.category],
        categories=_categories(),
        zone=zone,
        formats=formats.names(installation.workspace) if may_load else [],
        most=binary_size(MOST),
        done=_("The file is deleted; its calls stay.") if request.query_params.get("done") == "deleted" else "",
    )


def file(request: Request, file_id: int) -> Response:
    """`GET /cdr/{id}`: what came of it, and the first of its lines that were not loaded, with their reasons."""
    return _shown(request, file_id)


def rejects(request: Request, file_id: int) -> Response:
    """`GET /cdr/{id}/rejects`: all lines that were not loaded, as they came; 404 where there are none."""
    with Session(installation_of(request).database) as session:
        path = rejected.path_of(installation_of(request).workspace.outputs, _own(session, request, file_id))
    if path is None:
        raise UnknownNameError(_("There is no list of rejected lines of this file."))
    return FileResponse(path, media_type="text/csv", filename=path.name)


def load(request: Request, name: str = "", format: str = "", company: str = "") -> Response:
    """`POST /cdr?name=Master.csv&format=asterisk`: the body is the file; 201, or one line that says why not.

    For the whole group's staff: a format may say itself whose a call is.
    """
    visitor = visitor_of(request)
    if not visitor.is_group:
        raise ForbiddenError(_("Files are loaded by staff of the whole group."))
    try:
        called = plain_of(name).replace("\\", "/").rpartition("/")[2][:LONGEST]
        if not called:
            raise ParameterError(_("Say what the file is called: name=…"))
        if company and not (company.isascii() and company.isdecimal() and len(company) < 19):
            raise ParameterError(_("“{text}” is not the number of a company.").format(text=company[:40]))
        made = receive(request, installation_of(request), called, Given(format, company, visitor.name))
    except DaybookError as problem:
        return PlainTextResponse(told(problem), problem.http_status)
    return PlainTextResponse("", 201, {"Location": f"/cdr/{made}"})


def delete(request: Request, file_id: int) -> Response:
    """`POST /cdr/{id}/delete`: what it takes on disk is free, its calls stay; 409 while it is being loaded."""
    with Session(installation_of(request).database) as session:
        _own(session, request, file_id)
    try:
        work.delete(installation_of(request), file_id)
    except StateError as problem:
        return _shown(request, file_id, problem.http_status, told(problem))
    return RedirectResponse("/cdr?done=deleted", 303)


def _shown(request: Request, file_id: int, status: int = 200, fault: str = "") -> Response:
    visitor, installation = visitor_of(request), installation_of(request)
    with Session(installation.database) as session:
        found = _own(session, request, file_id)
        may_change = visitor.may(Right.INVOICE)
        path = rejected.path_of(installation.workspace.outputs, found) if may_change else None
        return page(
            request,
            "cdr_file.html.j2",
            status,
            row=Row(found),
            file=found,
            rejects=rejected.first(path, SHOWN) if path else [],
            has_rejects=path is not None,
            may_change=may_change,
            who="" if found.uploaded_by in strangers(session, {found.uploaded_by}, visitor) else found.uploaded_by,
            zone=zone_of(request),
            fault=fault,
        )


def _own(session: Session, request: Request, file_id: int) -> CdrFile:
    """The file, if it is of the visitor's companies; raises `UnknownNameError` in the same words for any other."""
    try:
        return find(session, visitor_of(request), file_id)
    except UnknownNameError:
        raise UnknownNameError(_("There is no file of that number.")) from None


def _categories() -> Mapping[Category, str]:
    """What the category buttons say."""
    return {
        Category.ALL: _("All"),
        Category.WAITING: _("Waiting"),
        Category.SUCCESS: _("Success"),
        Category.ERROR: _("Error"),
    }


ROUTES = (
    Route("/cdr", files, Right.READ),
    Route("/cdr", load, Right.INVOICE, WRITES),
    Route("/cdr/{file_id:int}", file, Right.READ),
    Route("/cdr/{file_id:int}/rejects", rejects, Right.INVOICE),
    Route("/cdr/{file_id:int}/delete", delete, Right.INVOICE, WRITES),
)
