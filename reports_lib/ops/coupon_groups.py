"""Groups of coupons: each comes before its coupons, under a name that is one in its company (MS-25)."""

from dataclasses import replace

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import CouponGroup, OperationState
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.ops import operation
from reports_lib.ops.mirrored import GROUP
from reports_lib.ops.operation import Change, Wish
from reports_lib.runs.installation import Installation
from reports_lib.values.formats import quoted

LONGEST_NAME = 100


def find_group(session: Session, visitor: Visitor, called: str) -> CouponGroup:
    """The group with that id, or of that name in any case, if it is of the visitor's companies.

    Raises `UnknownNameError` in the same words for any other, `ParameterError` if two companies have groups of
    that name.
    """
    name = called.strip()
    same: list[ColumnElement[bool]] = [func.lower(CouponGroup.name) == func.lower(name)]
    if name.isascii() and name.isdecimal() and len(name) < 19:
        same.append(CouponGroup.id == int(name))
    found = session.scalars(select(CouponGroup).where(or_(*same), visitor.sees(CouponGroup.company))).all()
    if not found:
        raise UnknownNameError(f"there is no coupon group {quoted(name)}")
    if by_id := [each for each in found if str(each.id) == name]:
        return by_id[0]
    if len(found) > 1:
        ids = ", ".join(str(each.id) for each in found)
        raise ParameterError(f"group: {len(found)} groups are called {quoted(name)}; give the id: {ids}")
    return found[0]


def plan_group(name: str) -> Change:
    """What adding a group of that name comes to; raises `ParameterError`."""
    kept = " ".join(name.split())
    if not 1 <= len(kept) <= LONGEST_NAME or not kept.isprintable():
        raise ParameterError(f"name: a coupon group's name has 1 to {LONGEST_NAME} letters that can be printed")
    return Change("add coupon group", f"coupon group {quoted(kept)}", {"name": kept}, after={"name": kept})


def add_group(installation: Installation, visitor: Visitor, wish: Wish, name: str) -> CouponGroup:
    """A new group of the visitor's company, or the one that this wish made already.

    Raises `ParameterError` if there is a group of that name.
    """
    change = plan_group(name)
    change = replace(change, asked={**change.asked, "company": visitor.company})
    kept = change.after["name"]
    values = {"company": visitor.company, "name": kept, "created_at": wish.at, "created_by": wish.who}
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        made = operation.begin(session, wish, change)
        if made.state == OperationState.DONE:
            kept_id: int = (made.after or {})["group_id"]
            return session.get_one(CouponGroup, kept_id)
        new: CouponGroup | None = session.scalar(
            insert(CouponGroup).values(values).on_conflict_do_nothing().returning(CouponGroup)
        )
        if new is None:
            raise ParameterError(f"name: there is a coupon group {quoted(kept)} already")
        made.subject, made.after = subject(new.id), {**change.after, "group_id": new.id}
        mirror.note(session, GROUP, new.id)
        operation.done(session, made, wish.at)
        return new


def subject(group_id: int) -> str:
    """What operations on a group and its coupons are listed under."""
    return f"coupon group {group_id}"
