"""Deleting a customer (MS-18), on a page that says what goes and what stays; and undoing what was done to him."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.errors import DaybookError, ParameterError, StateError, UnknownNameError
from reports_lib.ops import deletion
from reports_lib.ops.operation import REMEMBERED, find
from reports_lib.ops.undo import undo
from reports_lib.portal.customers.changing import wished
from reports_lib.portal.customers.one import card_of, show
from reports_lib.portal.customers.seen import Seen
from reports_lib.portal.invoices.common import installation_of, new_key, now, zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told


def ask(request: Request, customer_id: int) -> Response:
    """`GET /customers/{id}/delete`: what goes and what stays, and the button."""
    return _asked(request, customer_id)


def delete(request: Request, customer_id: int) -> Response:
    """`POST /customers/{id}/delete`: what he told goes; refused if somebody has changed him meanwhile."""
    card_of(request, customer_id)
    fields = {name: str(value) for name, value in kept(request).items()}
    installation, visitor = installation_of(request), visitor_of(request)
    try:
        made = deletion.delete(installation, visitor, wished(visitor, fields), customer_id, seen=fields.get("seen", ""))
    except (ParameterError, StateError) as problem:
        return _asked(request, customer_id, problem)
    return RedirectResponse(f"/customers/{customer_id}?done={made.id}", 303)


def take_back(request: Request, customer_id: int, operation_id: int) -> Response:
    """`POST /customers/{id}/operations/{operation}/undo`: all is as it was before; refused if it has changed since."""
    card_of(request, customer_id)
    fields = {name: str(value) for name, value in kept(request).items()}
    installation, visitor = installation_of(request), visitor_of(request)
    try:
        with Session(installation.database) as session:
            of_another = find(session, visitor, operation_id).subject != f"customer {customer_id}"
        if of_another:
            raise UnknownNameError(f"operation {operation_id} is of another customer")
        made = undo(installation, visitor, wished(visitor, fields), operation_id)
    except UnknownNameError:
        raise UnknownNameError(_("There is no such change of this customer.")) from None
    except (ParameterError, StateError) as problem:
        return show(request, customer_id, problem.http_status, told(problem))
    return RedirectResponse(f"/customers/{customer_id}?done={made.id}", 303)


def _asked(request: Request, customer_id: int, problem: DaybookError | None = None) -> Response:
    seen = Seen(card_of(request, customer_id))
    if seen.is_gone and not seen.has_told:
        gone = _("This customer is deleted already; nothing is left to take away.")
        return show(request, customer_id, StateError.http_status, gone)
    plan = deletion.plan_delete(installation_of(request), visitor_of(request), customer_id, now())
    return page(
        request,
        "customer_delete.html.j2",
        problem.http_status if problem else 200,
        card=plan.card,
        seen=Seen(plan.card),
        plan=plan,
        fault=told(problem) if problem else "",
        remembered=REMEMBERED.days,
        key=new_key(),
        zone=zone_of(request),
    )


ROUTES = (
    Route("/customers/{customer_id:int}/delete", ask, Right.OPERATE),
    Route("/customers/{customer_id:int}/delete", delete, Right.OPERATE, WRITES),
    Route("/customers/{customer_id:int}/operations/{operation_id:int}/undo", take_back, Right.OPERATE, WRITES),
)
