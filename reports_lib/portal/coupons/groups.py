"""The groups of coupons (MS-26 to MS-29), a new one (MS-25), and the search for a coupon or a group (MS-43 to 45)."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from ibis import _ as row
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError, StateError, WarehouseError
from reports_lib.ops.coupon_groups import LONGEST_NAME, add_group
from reports_lib.ops.coupon_listing import CouponPage, Coupons, GroupPage, Groups
from reports_lib.portal.coupons.address import ListAddress
from reports_lib.portal.coupons.common import reading, report, wish
from reports_lib.portal.coupons.form import of_field
from reports_lib.portal.coupons.rows import Row
from reports_lib.portal.coupons.words import DISCOUNTS, STATES, TYPES, named
from reports_lib.portal.invoices.common import installation_of, new_key, now, zone_of
from reports_lib.portal.invoices.one import NOTHING, Entered
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told
from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.statement import Tables

NO_GROUPS, NO_COUPONS = GroupPage(), CouponPage()
FEW = 10  # coupons below the groups that a search finds


@dataclass(frozen=True)
class Shown:
    """What the page shows; `idle` says why there is nothing to show."""

    groups: GroupPage = NO_GROUPS
    coupons: CouponPage = NO_COUPONS
    rows: Sequence[Row] = ()
    others: int = 0  # groups of other systems
    idle: str = ""

    @classmethod
    def of(cls, request: Request, asked: ListAddress) -> "Shown":
        """That of an address: a page of groups, with the first coupons if something is looked for; or of coupons."""
        visitor, zone = visitor_of(request), zone_of(request)
        groups, coupons = Groups(visitor, asked.groups), Coupons(visitor, asked.coupons())
        before, after, at = asked.before, asked.after, now()
        try:
            with reading(request) as warehouse, Session(installation_of(request).database) as session:
                if asked.is_of_coupons:
                    of_groups, of_coupons = NO_GROUPS, coupons.page(session, warehouse, at, before=before, after=after)
                else:
                    of_groups = groups.page(session, warehouse, before=before, after=after)
                    of_coupons = coupons.page(session, warehouse, at, size=FEW) if asked.text else NO_COUPONS
                rows = Row.each(of_coupons.rows, zone, warehouse)
                return cls(of_groups, of_coupons, rows, others(warehouse))
        except WarehouseError as problem:  # without such tables this place is not in use (MS-01)
            return cls(idle=told(problem))


def coupons(request: Request) -> Response:
    """`GET /coupons`: groups of coupons, or what a search finds; 422 where something in the address cannot be read."""
    return _shown(request)


def add(request: Request) -> Response:
    """`POST /coupons`: a new group, and on to it; sent twice with one key it is one."""
    texts = {name: str(value) for name, value in kept(request).items()}
    try:
        made = add_group(
            installation_of(request), visitor_of(request), wish(request, texts.get("key", "")), texts.get("name", "")
        )
    except (ParameterError, StateError) as problem:
        return _shown(request, Entered("group", of_field(problem)[1], texts))
    return RedirectResponse(f"/coupons/{made.id}?done=added", 303)


def others(warehouse: Warehouse) -> int:
    """How many groups of other systems there are."""
    warehouse.check(["coupon_group"])
    return int(warehouse.ask(_of_others)[0]["groups"])


def _of_others(tables: Tables, _shape: object) -> ir.Table:
    theirs = tables("coupon_group").filter(row.group_id >= 0)
    return theirs.aggregate(groups=theirs.count())


def _shown(request: Request, entered: Entered = NOTHING) -> Response:
    asked = ListAddress.read(request.query_params, zone_of(request))
    return page(
        request,
        "coupons.html.j2",
        ParameterError.http_status if asked.faults or entered.fault else 200,
        asked=asked,
        shown=Shown.of(request, asked),
        used={"": _("All"), "yes": _("Used"), "no": _("Not used")},
        states={"": _("All")} | named(STATES),
        types=named(TYPES),
        discounts=named(DISCOUNTS),
        zone=zone_of(request),
        report=report(request),
        entered=entered,
        longest=LONGEST_NAME,
        key=new_key(),
    )


ROUTES = (
    Route("/coupons", coupons, Right.OPERATE),
    Route("/coupons", add, Right.OPERATE, WRITES),
)
