"""Operations on coupons taken back: what was switched is as it was; what was generated is switched off.

A coupon that was made stays: its code may be printed on paper, and must never be another one's.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import ARRAY, BigInteger, func, literal, select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Coupon, Operation
from reports_lib.errors import StateError
from reports_lib.ops import operation as operations
from reports_lib.ops.coupons import GENERATE
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.spans import ids_of
from reports_lib.ops.switch import DISABLE, ENABLE, switched
from reports_lib.runs.installation import Installation


def undo_generation(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> Operation:
    """Switch off what an operation generated; raises `StateError` if any of it was redeemed.

    That is asked of the warehouse, so what was redeemed a moment ago may not be known yet: whoever did has it.
    """
    from reports_lib.ops import known, used

    with Session(installation.database) as session:
        found = operations.find(session, visitor, operation_id)
        ids = ids_of((found.after or {})["coupons"])
    with known.opened(installation, wish.at) as warehouse:
        redeemed = len(used.of_coupons(warehouse, ids))
    if redeemed:
        raise StateError(f"{redeemed} of the coupons of operation {operation_id} were redeemed; disable the others")
    return _undone(installation, visitor, wish, operation_id, enabled=False)


def undo_switch(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> Operation:
    """Switch back the coupons that an operation switched, where nobody has done so since."""
    with Session(installation.database) as session:
        found = operations.find(session, visitor, operation_id)
        enabled = bool((found.before or {})["enabled"])
    return _undone(installation, visitor, wish, operation_id, enabled=enabled)


UNDO: Mapping[str, Callable[[Installation, Visitor, Wish, int], Operation]] = {
    GENERATE: undo_generation,
    ENABLE: undo_switch,
    DISABLE: undo_switch,
}
"""How operations of each kind are undone; others cannot be."""


def _undone(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int, *, enabled: bool) -> Operation:
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        found = operations.find(session, visitor, operation_id)
        asked_before = Operation.key == wish.key, Operation.undoes == operation_id
        if session.scalar(select(Operation.id).where(*asked_before)) is None:
            operations.refuse_unless_undoable(found, session)
        change = Change(f"undo {found.kind}", found.subject, {"operation": operation_id}, undoes=operation_id)
        these = Coupon.id == func.any(literal(ids_of((found.after or {})["coupons"]), ARRAY(BigInteger)))
        return switched(session, replace(wish, company=found.company), change, these, enabled)
