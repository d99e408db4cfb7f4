"""What the pages of coupons share: whose group it is, who wants something, the warehouse, the report of all of it."""

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import CouponGroup
from reports_lib.errors import UnknownNameError
from reports_lib.ops.operation import Wish
from reports_lib.portal.invoices.common import new_key, now
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, visitor_of
from reports_lib.portal.runs.rights import LARGEST
from reports_lib.warehouse.connection import Warehouse

FAMILY = "coupons"  # the report of all groups and coupons


def group_of(session: Session, visitor: Visitor, group_id: int) -> CouponGroup:
    """The group, if it is of the visitor's companies; raises `UnknownNameError` in the same words for any other."""
    found = session.get(CouponGroup, group_id) if group_id <= LARGEST else None
    if found is None or not visitor.owns(found.company):
        raise UnknownNameError(_("There is no group of coupons of that number."))
    return found


def wish(request: Request, key: str) -> Wish:
    """What is wanted here and now, by whom; a form that is sent twice has the same key both times."""
    visitor = visitor_of(request)
    kept = "".join(letter for letter in key if letter.isprintable())[:100]
    return Wish(visitor.name, visitor.company, f"portal:{kept or new_key()}", now())


def reading(request: Request) -> Warehouse:
    """The warehouse as it is now, of the visitor's companies; to be closed. Raises what `connect` does."""
    return installation_of(request).opened(now(), visitor_of(request).company)


def report(request: Request) -> str:
    """Where the report of all coupons is asked for, "" if there is none or not for the visitor."""
    is_there = FAMILY in installation_of(request).workspace.families()
    return f"/ask/{FAMILY}" if is_there and visitor_of(request).may(Right.ASK) else ""
