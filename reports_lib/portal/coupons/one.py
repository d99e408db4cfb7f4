"""One group: its coupons, who redeemed them (MS-44), and what can be done with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import CouponGroup
from reports_lib.errors import ParameterError, WarehouseError
from reports_lib.ops.coupon_listing import CouponPage, Coupons
from reports_lib.portal.coupons.address import ListAddress
from reports_lib.portal.coupons.common import group_of, reading, report
from reports_lib.portal.coupons.history import Done
from reports_lib.portal.coupons.rows import Row
from reports_lib.portal.coupons.words import DISCOUNTS, STATES, TYPES, named
from reports_lib.portal.invoices.common import installation_of, now, zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.route import Route
from reports_lib.portal.told import told

NO_COUPONS = CouponPage()


@dataclass(frozen=True)
class Shown:
    """The coupons that the page shows; `idle` says why there are none to show."""

    coupons: CouponPage = NO_COUPONS
    rows: Sequence[Row] = ()
    idle: str = ""


def group(request: Request, group_id: int) -> Response:
    """`GET /coupons/{group}`: its coupons as the address says; 422 where something in it cannot be read."""
    return show(request, group_id)


def show(request: Request, group_id: int, status: int = 200, fault: str = "") -> Response:
    """The page of a group of the visitor's companies; raises `UnknownNameError` if it is another's."""
    visitor, zone = visitor_of(request), zone_of(request)
    asked = ListAddress.read(request.query_params, zone, group_id)
    with Session(installation_of(request).database) as session:
        found = group_of(session, visitor, group_id)
        return page(
            request,
            "coupon_group.html.j2",
            ParameterError.http_status if asked.faults and status == 200 else status,
            group=found,
            asked=asked,
            shown=_read(request, session, found, asked),
            history=Done.of_group(session, found.id, visitor),
            states={"": _("All")} | named(STATES),
            types=named(TYPES),
            discounts=named(DISCOUNTS),
            zone=zone,
            report=report(request),
            fault=fault,
            done=_("The group is there; create coupons in it.") if request.query_params.get("done") == "added" else "",
        )


def _read(request: Request, session: Session, found: CouponGroup, asked: ListAddress) -> Shown:
    listing = Coupons(visitor_of(request), asked.coupons(found.id))
    try:
        with reading(request) as warehouse:
            coupons = listing.page(session, warehouse, now(), before=asked.before, after=asked.after)
            return Shown(coupons, Row.each(coupons.rows, zone_of(request), warehouse))
    except WarehouseError as problem:
        return Shown(idle=told(problem))


ROUTES = (Route("/coupons/{group_id:int}", group, Right.OPERATE),)
