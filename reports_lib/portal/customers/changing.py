"""Changing a customer (MS-17): a form whose changes take effect when they are saved, all of them or none."""

from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.errors import DaybookError, ParameterError, StateError, UnknownNameError
from reports_lib.ops import customer as operations
from reports_lib.ops.customer import Card, plan_edit
from reports_lib.ops.fields import KEY
from reports_lib.ops.operation import Wish
from reports_lib.portal.customers.form import Entered, Form
from reports_lib.portal.customers.one import card_of, show
from reports_lib.portal.customers.seen import Seen
from reports_lib.portal.invoices.common import new_key, now
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told


def form(request: Request, customer_id: int) -> Response:
    """`GET /customers/{id}/edit`: the fields of his card, to be changed; nothing changes before it is saved."""
    card = card_of(request, customer_id)
    try:
        plan_edit(card, {})
    except StateError as problem:
        return show(request, customer_id, problem.http_status, told(problem))
    except ParameterError:  # there is only nothing yet that would change
        pass
    return _shown(request, Form(card))


def edit(request: Request, customer_id: int) -> Response:
    """`POST /customers/{id}/edit`: save what was typed over; refused if somebody has changed the customer meanwhile."""
    fields = {name: str(value) for name, value in kept(request).items()}
    installation, visitor, entered = installation_of(request), visitor_of(request), Entered.sent(fields)
    if not entered.given:
        card_of(request, customer_id)
        return RedirectResponse(f"/customers/{customer_id}?done=nothing", 303)
    try:
        seen, wish = fields.get("seen", ""), wished(visitor, fields)
        made = operations.edit(installation, visitor, wish, customer_id, entered.given, seen=seen)
    except DaybookError as problem:
        card = card_of(request, customer_id)  # first of all whether he is there for whoever asks
        return _shown(request, Form(card, entered, _faults(card, entered, problem)), problem, fields.get("key", ""))
    return RedirectResponse(f"/customers/{customer_id}?done={made.id}", 303)


def wished(visitor: Visitor, fields: Mapping[str, str]) -> Wish:
    """Who wants it, under the key that his form brought."""
    return Wish(visitor.name, visitor.company, f"portal:{fields.get('key', '')[:180] or new_key()}", now())


def _shown(request: Request, form: Form, problem: DaybookError | None = None, key: str = "") -> Response:
    """The form; what could not be decided now is asked for again under its key, what was refused under another."""
    is_undecided = problem is not None and problem.http_status >= DaybookError.http_status
    return page(
        request,
        "customer_edit.html.j2",
        problem.http_status if problem else 200,
        form=form,
        seen=Seen(form.card),
        key=key if key and is_undecided else new_key(),
        fault=told(problem) if problem and not form.faults else "",
    )


def _faults(card: Card, entered: Entered, problem: DaybookError) -> dict[str, str]:
    """Everything that is wrong with what was typed, by field; each field is looked at on its own."""
    found: dict[str, str] = {}
    for name, text in entered.given.items():
        try:
            plan_edit(card, {name: text})
        except (ParameterError, UnknownNameError) as fault:
            found |= _beside(name, fault)
    return found or _beside("email", problem)


def _beside(name: str, fault: DaybookError) -> dict[str, str]:
    """What is wrong with that field, if that is what the error says: it names the field first."""
    if name == KEY:
        return {name: _("Say what this entry is called.")}
    if not str(fault).startswith(f"{name}: "):
        return {}
    return {name: told(fault).removeprefix(f"{name}: ")}


ROUTES = (
    Route("/customers/{customer_id:int}/edit", form, Right.OPERATE),
    Route("/customers/{customer_id:int}/edit", edit, Right.OPERATE, WRITES),
)
