"""The codes of a group as a file, to be printed or sent (MS-34): text that no spreadsheet takes for a formula (T-70).

Who redeemed them is not in it, for it goes to others.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.ops.coupon_listing import CouponRow, Coupons
from reports_lib.parameters.query import slug
from reports_lib.portal.coupons.address import ListAddress
from reports_lib.portal.coupons.common import group_of, reading
from reports_lib.portal.coupons.words import DISCOUNTS, STATES, TYPES, local_day
from reports_lib.portal.invoices.common import installation_of, now, zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of
from reports_lib.portal.route import Route
from reports_lib.rendering.csv import neutral
from reports_lib.warehouse.redeemed import days

PART = 5_000  # coupons that are read at a time


def codes(request: Request, group_id: int) -> Response:
    """`GET /coupons/{group}/codes`: all of its coupons, or those that the address says, newest first, as CSV."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(_heads())
    asked = ListAddress.read(request.query_params, zone_of(request), group_id)
    with Session(installation_of(request).database) as session:
        found = group_of(session, visitor_of(request), group_id)
        name = f"coupons-{slug(found.name)[:40].strip('-') or found.id}.csv"
        for row in _rows(request, session, asked, found.id):
            writer.writerow([neutral(cell) for cell in _cells(request, row)])
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(sink.getvalue().encode("utf-8-sig"), media_type="text/csv", headers=headers)


def _rows(request: Request, session: Session, asked: ListAddress, group_id: int) -> Iterator[CouponRow]:
    listing, before = Coupons(visitor_of(request), asked.coupons(group_id)), None
    with reading(request) as warehouse:
        while True:
            part = listing.page(session, warehouse, now(), before=before, size=PART)
            yield from part.rows
            session.expunge_all()
            if part.older is None:
                return
            before = part.older


def _heads() -> list[str]:
    return [
        _("Code"), _("Group"), _("Detail"), _("Coupon type"), _("Media"), _("Plan"), _("Discount type"),
        _("Percentage"), _("Trial days"), _("Trial until"), _("Availability from"), _("Availability to"),
        _("Redemptions at most"), _("Redeemed"), _("State"),
    ]  # fmt: skip


def _cells(request: Request, row: CouponRow) -> list[str]:
    coupon, zone = row.coupon, zone_of(request)
    first, last = days(coupon.valid_from, coupon.valid_to, zone)
    percent = coupon.discount_percent
    return [
        coupon.code, row.group, coupon.detail or "", _(TYPES[coupon.coupon_type]), _number(coupon.content_id),
        _number(coupon.package_id), _(DISCOUNTS[coupon.discount_type]), f"{percent.normalize():f}" if percent else "",
        _number(coupon.trial_days), _day(local_day(coupon.trial_until, zone)), _day(first), _day(last),
        _number(coupon.max_redemptions), str(row.use.redemptions), _(STATES[row.state]),
    ]  # fmt: skip


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


ROUTES = (Route("/coupons/{group_id:int}/codes", codes, Right.OPERATE),)
