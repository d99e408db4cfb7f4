"""Coupons of a group switched on or off: those that are ticked, or all; first how many that is, then the button."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import ImmutableMultiDict

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError, StateError
from reports_lib.ops.switch import disable, enable, plan_switch
from reports_lib.portal.coupons.common import group_of, wish
from reports_lib.portal.coupons.one import show
from reports_lib.portal.invoices.common import installation_of, new_key
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told

ON, OFF = "on", "off"
MOST = 1_000  # that are ticked


@dataclass(frozen=True)
class Asked:
    """What is to be switched: these coupons of the group, or all of it where none is ticked and `is_all`."""

    to: str
    ids: Sequence[int]
    is_all: bool

    @classmethod
    def read(cls, fields: ImmutableMultiDict[str, object]) -> Self:
        """What the fields say; raises `ParameterError`."""
        to, texts = str(fields.get("to", "")), [str(each) for each in fields.getlist("id")]
        is_all = fields.get("all") == "yes"
        if to not in (ON, OFF) or not all(each.isascii() and each.isdecimal() and len(each) < 19 for each in texts):
            raise ParameterError(_("Tick the coupons, then say what is to become of them."))
        if not texts and not is_all:
            raise ParameterError(_("Tick the coupons first."))
        if len(texts) > MOST:
            raise ParameterError(_("At most {count} coupons are ticked at once.").format(count=MOST))
        return cls(to, [] if is_all else list(dict.fromkeys(map(int, texts))), is_all)

    def group(self, group_id: int) -> str:
        """The group if it is all of it."""
        return str(group_id) if self.is_all else ""


def look(request: Request, group_id: int) -> Response:
    """`GET /coupons/{group}/switch?to=off&id=…`: how many that would change, and the button that does it."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        group = group_of(session, visitor, group_id)
    try:
        asked = Asked.read(request.query_params)
        change = plan_switch(installation, visitor, asked.to == ON, asked.ids, asked.group(group_id))
    except (ParameterError, StateError) as problem:
        return show(request, group_id, problem.http_status, told(problem))
    return page(
        request, "coupons_switch.html.j2", group=group, asked=asked, count=change.after["coupons"], key=new_key()
    )


def switch(request: Request, group_id: int) -> Response:
    """`POST /coupons/{group}/switch`: they can be redeemed, or no longer; sent twice with one key it is done once."""
    installation, visitor, sent = installation_of(request), visitor_of(request), kept(request)
    with Session(installation.database) as session:
        group_of(session, visitor, group_id)
    try:
        asked = Asked.read(sent)
        do = enable if asked.to == ON else disable
        wanted = wish(request, str(sent.get("key", "")))
        made = do(installation, visitor, wanted, asked.ids, asked.group(group_id))
    except (ParameterError, StateError) as problem:
        return show(request, group_id, problem.http_status, told(problem))
    return RedirectResponse(f"/coupons/operations/{made.id}", 303)


ROUTES = (
    Route("/coupons/{group_id:int}/switch", look, Right.OPERATE),
    Route("/coupons/{group_id:int}/switch", switch, Right.OPERATE, WRITES),
)
