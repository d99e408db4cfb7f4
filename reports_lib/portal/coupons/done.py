"""What came of an operation on coupons: how many it made or switched, the way to their codes, and back (undo)."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.ops import coupon_undo
from reports_lib.ops.operation import find
from reports_lib.portal.coupons.common import group_of, wish
from reports_lib.portal.coupons.history import SUBJECT, Done
from reports_lib.portal.invoices.common import installation_of, new_key, zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.runs.rights import LARGEST
from reports_lib.portal.told import told


def done(request: Request, operation_id: int) -> Response:
    """`GET /coupons/operations/{id}`: what it did, and the button that undoes it where it can be undone."""
    return _shown(request, operation_id)


def undo(request: Request, operation_id: int) -> Response:
    """`POST /coupons/operations/{id}/undo`: switched back; of what was generated switched off, if none was redeemed."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        kind = _find(session, request, operation_id).operation.kind
    try:
        if kind not in coupon_undo.UNDOES:
            raise StateError(_("This cannot be undone."))
        wanted = wish(request, str(kept(request).get("key", "")))
        made = coupon_undo.undo(installation, visitor, wanted, operation_id)
    except (ParameterError, StateError) as problem:
        return _shown(request, operation_id, problem.http_status, told(problem))
    return RedirectResponse(f"/coupons/operations/{made.id}", 303)


def _find(session: Session, request: Request, operation_id: int) -> Done:
    """The operation, if it is one on coupons of the visitor's companies; raises `UnknownNameError`."""
    if operation_id <= LARGEST:
        visitor = visitor_of(request)
        try:
            (found,) = Done.each(session, [find(session, visitor, operation_id)], visitor)
        except UnknownNameError:
            pass
        else:
            if found.operation.subject.startswith(SUBJECT):
                return found
    raise UnknownNameError(_("There is no such change of coupons."))


def _shown(request: Request, operation_id: int, status: int = 200, fault: str = "") -> Response:
    with Session(installation_of(request).database) as session:
        found = _find(session, request, operation_id)
        return page(
            request,
            "coupons_done.html.j2",
            status,
            done=found,
            group=group_of(session, visitor_of(request), found.group_id),
            fault=fault,
            key=new_key(),
            zone=zone_of(request),
        )


ROUTES = (
    Route("/coupons/operations/{operation_id:int}", done, Right.OPERATE),
    Route("/coupons/operations/{operation_id:int}/undo", undo, Right.OPERATE, WRITES),
)
