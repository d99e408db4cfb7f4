"""Coupons switched on and off: those that are named, or all of a group."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import ARRAY, BigInteger, ColumnElement, func, literal, select, update
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Coupon, CouponGroup, Operation, OperationState
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.ops import operation
from reports_lib.ops.coupon_groups import find_group, subject
from reports_lib.ops.mirrored import COUPON
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.spans import spans
from reports_lib.runs.installation import Installation

ENABLE, DISABLE = "enable coupons", "disable coupons"  # kinds of operations


def enable(
    installation: Installation, visitor: Visitor, wish: Wish, coupon_ids: Collection[int] = (), group: str = ""
) -> Operation:
    """Let these coupons, or all of a group, be redeemed; of those that may be already nothing is changed.

    Raises `UnknownNameError` where one of them is not of the visitor's companies.
    """
    return _switched(installation, visitor, wish, True, coupon_ids, group)


def disable(
    installation: Installation, visitor: Visitor, wish: Wish, coupon_ids: Collection[int] = (), group: str = ""
) -> Operation:
    """Let these coupons, or all of a group, be redeemed no longer; as `enable`."""
    return _switched(installation, visitor, wish, False, coupon_ids, group)


def plan_switch(
    installation: Installation, visitor: Visitor, enabled: bool, coupon_ids: Collection[int] = (), group: str = ""
) -> Change:
    """What `enable` or `disable` would change now: how many coupons. Raises what they do."""
    with Session(installation.database) as session:
        change, _company, these = _switch(session, visitor, enabled, coupon_ids, group)
        return replace(change, after={"coupons": count(session, these, enabled), "enabled": enabled})


def count(session: Session, these: ColumnElement[bool], enabled: bool) -> int:
    """How many of `these` would be switched."""
    return session.scalar(select(func.count()).select_from(Coupon).where(these, Coupon.enabled != enabled)) or 0


def switched(session: Session, wish: Wish, change: Change, these: ColumnElement[bool], enabled: bool) -> Operation:
    """The operation that switches `these` coupons in the caller's transaction, and which of them it was."""
    made = operation.begin(session, wish, change)
    if made.state == OperationState.DONE:
        return made
    groups = select(Coupon.group_id).where(these).distinct()
    # in one order, or two who switch the same coupons could wait for each other
    locked = select(CouponGroup.id).where(CouponGroup.id.in_(groups)).order_by(CouponGroup.id).with_for_update()
    session.execute(locked)
    other = update(Coupon).where(these, Coupon.enabled != enabled).values(enabled=enabled).returning(Coupon.id)
    ids = session.scalars(other.execution_options(synchronize_session=False)).all()
    made.before = {"enabled": not enabled, "coupons": spans(ids)}
    made.after = {"enabled": enabled, "coupons": spans(ids)}
    mirror.note_all(session, COUPON, ids)
    operation.done(session, made, wish.at)
    return made


def _switched(
    installation: Installation, visitor: Visitor, wish: Wish, enabled: bool, coupon_ids: Collection[int], group: str
) -> Operation:
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        change, company, these = _switch(session, visitor, enabled, coupon_ids, group)
        return switched(session, replace(wish, company=company), change, these, enabled)


def _switch(
    session: Session, visitor: Visitor, enabled: bool, coupon_ids: Collection[int], group: str
) -> tuple[Change, str, ColumnElement[bool]]:
    """What is asked for, of which company, and which coupons that are."""
    kind = ENABLE if enabled else DISABLE
    if bool(coupon_ids) == bool(group):
        raise ParameterError("say which coupons, or which group of them")
    if group:
        found = find_group(session, visitor, group)
        return Change(kind, subject(found.id), {"group": found.id}), found.company, Coupon.group_id == found.id
    ids = sorted(set(coupon_ids))
    these = Coupon.id == func.any(literal(ids, ARRAY(BigInteger)))
    query = select(Coupon.id, Coupon.group_id, CouponGroup.company).join(CouponGroup).where(these)
    rows = session.execute(query.where(visitor.sees(CouponGroup.company))).all()
    if missing := set(ids) - {row.id for row in rows}:
        raise UnknownNameError(f"there is no coupon {min(missing)}")
    if len({row.group_id for row in rows}) > 1:
        raise ParameterError("these coupons are of several groups; switch those of one group at a time")
    return Change(kind, subject(rows[0].group_id), {"coupons": ids}), rows[0].company, these
