"""Operations on coupons taken back: what was switched is as it was; what was generated is switched off.

A coupon that was made stays: its code may be printed on paper, and must never be another one's.
"""

from dataclasses import replace

from sqlalchemy import ARRAY, BigInteger, ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Coupon, Operation
from reports_lib.errors import StateError
from reports_lib.ops import operation as operations
from reports_lib.ops.coupons import GENERATE
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.spans import ids_of
from reports_lib.ops.switch import DISABLE, ENABLE, count, switched
from reports_lib.runs.installation import Installation

UNDOES = {kind: f"undo {kind}" for kind in (GENERATE, ENABLE, DISABLE)}


def plan_undo(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> Change:
    """The dry run of `undo`: how many coupons it would switch. Nothing is written; raises as that does."""
    _refuse_redeemed(installation, visitor, wish, operation_id)
    with Session(installation.database) as session:
        found = _found(session, visitor, operation_id)
        operations.refuse_unless_undoable(found, session)
        change, these, enabled = _asked(found)
        return replace(change, after={"coupons": count(session, these, enabled), "enabled": enabled})


def undo(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> Operation:
    """Take back an operation on coupons; asked again with the same key it is the same operation.

    Coupons that somebody has switched since stay as they are. Raises `UnknownNameError` if the visitor has no such
    operation, `StateError` if it is none of `UNDOES`, was undone already, or generated a coupon that was redeemed
    as far as the warehouse knows: whoever did has what it gave. Then nothing is changed.
    """
    _refuse_redeemed(installation, visitor, wish, operation_id)
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        found = _found(session, visitor, operation_id)
        is_asked_again = Operation.key == wish.key, Operation.undoes == operation_id
        if session.scalar(select(Operation.id).where(*is_asked_again)) is None:
            operations.refuse_unless_undoable(found, session)
        return switched(session, replace(wish, company=found.company), *_asked(found))


def _found(session: Session, visitor: Visitor, operation_id: int) -> Operation:
    found = operations.find(session, visitor, operation_id)
    if found.kind not in UNDOES:
        raise StateError(f"operation {operation_id} cannot be undone: it is to {found.kind}")
    return found


def already_redeemed(count: int, operation_id: int) -> str:
    """Why what was generated is not taken back."""
    return f"{count} of the coupons of operation {operation_id} were redeemed; disable the others"


def _asked(found: Operation) -> tuple[Change, ColumnElement[bool], bool]:
    """The wish, the coupons it is about, and whether they are to be enabled."""
    kept = found.after or {}
    these = Coupon.id == func.any(literal(ids_of(kept["coupons"]), ARRAY(BigInteger)))
    return Change(UNDOES[found.kind], found.subject, {}, undoes=found.id), these, not kept["enabled"]


def _refuse_redeemed(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> None:
    from reports_lib.ops import used

    with Session(installation.database) as session:
        found = _found(session, visitor, operation_id)
    if found.kind != GENERATE:
        return
    with installation.opened(wish.at) as warehouse:
        redeemed = len(used.of_coupons(warehouse, ids_of((found.after or {})["coupons"])))
    if redeemed:
        raise StateError(already_redeemed(redeemed, operation_id))
