"""The page of one customer: his card (MS-13 to MS-16), and what was changed of it."""

from collections.abc import Mapping
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.errors import UnknownNameError
from reports_lib.ops import customer
from reports_lib.ops.customer import Card
from reports_lib.portal.customers.history import Done, history
from reports_lib.portal.customers.seen import Seen
from reports_lib.portal.invoices.common import new_key, now, zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.runs.rights import LARGEST

HISTORY = "last 12 months"  # of what was watched


def card_of(request: Request, customer_id: int) -> Card:
    """His card; raises `UnknownNameError`, in the same words whether he is another's or there is none such."""
    try:
        if customer_id <= LARGEST:
            return customer.card(installation_of(request), visitor_of(request), customer_id, now())
    except UnknownNameError:
        pass
    raise UnknownNameError(_("There is no customer of that number."))


def show(request: Request, customer_id: int, status: int = 200, fault: str = "") -> Response:
    """The page of a customer of the visitor's companies; raises as `card_of`."""
    card, visitor = card_of(request, customer_id), visitor_of(request)
    with Session(installation_of(request).database) as session:
        changes = history(session, visitor, card)
    told, done = _done(request, changes)
    return page(
        request,
        "customer.html.j2",
        status,
        card=card,
        seen=Seen(card),
        changes=changes,
        fault=fault,
        told=told,
        done=done,
        key=new_key(),
        zone=zone_of(request),
        reports=reports(request, card),
    )


def reports(request: Request, card: Card | None = None) -> Mapping[str, str]:
    """Where reports about customers are asked for, by family: "" where nobody may, or there is none.

    With a card those of one; without, what follows the address of a card's report is the number of a customer.
    """
    families = installation_of(request).workspace.families() if visitor_of(request).may(Right.ASK) else ()
    asked = {
        "customers": {},
        "customer_card": {"interval": HISTORY, "customer": str(card.client_id) if card else ""},
        "payments": _paid(card, zone_of(request)) if card else {},
    }
    found = {name: urlencode(values) for name, values in asked.items()}
    return {name: f"/ask/{name}?{query}".rstrip("?") if name in families else "" for name, query in found.items()}


def _paid(card: Card, zone: ZoneInfo) -> Mapping[str, str]:
    """All of one's payments: none is older than he is."""
    begun, now_ = (at.astimezone(zone).date() for at in (card.created_at, card.at))
    return {"email": card.fields["email"], "interval": f"{begun}/{now_}"}


def _done(request: Request, changes: list[Done]) -> tuple[str, Done | None]:
    """What was just done here, in words, and the operation, if it was one."""
    text = request.query_params.get("done", "")
    if text == "nothing":
        return _("Nothing was changed: everything stands as it was."), None
    made = next((each for each in changes if str(each.id) == text), None)
    return (made.told, made) if made else ("", None)
