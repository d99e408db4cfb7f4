"""Coupons: made in a group, switched on and off (MS-24, MS-30 to MS-42).

    add_group   comes first, see `coupon_groups.py`
    plan        what a draft comes to, without writing anything
    generate    makes its coupons, enabled and ready for use
    enable      lets coupons be redeemed; `disable` no longer, see `switch.py`

Each is one transaction: the operation's row, what it changes, a note for the warehouse's copy. Whether a code is
free the database decides by an index, whoever asks at the same time; codes of other systems are asked for before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Coupon, Operation, OperationState
from reports_lib.errors import ParameterError
from reports_lib.ops import codes, operation
from reports_lib.ops.coupon_groups import add_group, find_group, plan_group, subject
from reports_lib.ops.draft import Draft
from reports_lib.ops.mirrored import COUPON
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.spans import spans
from reports_lib.ops.switch import disable, enable, plan_switch
from reports_lib.runs.installation import Installation
from reports_lib.values.clock import zone

if TYPE_CHECKING:  # half a second, for nobody who only looks at a form
    from reports_lib.warehouse.connection import Warehouse

__all__ = ["add_group", "disable", "enable", "find_group", "generate", "plan", "plan_group", "plan_switch"]

_CODE_IS_ONE = [text("upper(code)")]
GENERATE = "generate coupons"  # kind of operation


def plan(installation: Installation, visitor: Visitor, draft: Draft, now: datetime) -> Change:
    """What `generate` would make at this moment; nothing is written, and no code is drawn.

    Raises `ParameterError` that begins with the name of the field, `UnknownNameError` for the group,
    `WarehouseError` and `DatabaseError`.
    """
    from reports_lib.ops import known

    draft.refuse_past(_today(installation, now))
    with Session(installation.database) as session:
        find_group(session, visitor, str(draft.group))
        if draft.name and session.scalar(select(Coupon.id).where(func.upper(Coupon.code) == func.upper(draft.name))):
            raise is_taken(draft.name)
    with installation.opened(now) as warehouse:
        known.refuse_unknown(warehouse, draft.content_id, draft.package_id)
        if draft.name and known.taken(warehouse, [draft.name]):
            raise is_taken(draft.name)
    return _change(draft)


def generate(installation: Installation, visitor: Visitor, wish: Wish, draft: Draft) -> Operation:
    """Make the coupons, enabled (MS-42); with a key that was used for just this, what was made then.

    `after["coupons"]` of the operation are their ids, in spans. Raises what `plan` does.
    """
    from reports_lib.ops import known

    draft.refuse_past(_today(installation, wish.at))
    with installation.opened(wish.at) as warehouse:
        known.refuse_unknown(warehouse, draft.content_id, draft.package_id)
        wanted = _free(warehouse, draft, draft.quantity)
        with Session(installation.database, expire_on_commit=False) as session, session.begin():
            group = find_group(session, visitor, str(draft.group))
            made = operation.begin(session, replace(wish, company=group.company), _change(draft))
            if made.state == OperationState.DONE:
                return made
            columns = _columns(installation, draft) | {"operation_id": made.id, "created_at": wish.at}
            ids = _inserted(session, columns, wanted)
            while missing := draft.quantity - len(ids):
                if draft.is_reusable:
                    raise is_taken(draft.name)
                ids += _inserted(session, columns, _free(warehouse, draft, missing))
            made.after = {**(made.after or {}), "coupons": spans(ids)}
            mirror.note_all(session, COUPON, ids)
            operation.done(session, made, wish.at)
            return made


def _change(draft: Draft) -> Change:
    told = {name: value for name, value in draft.told.items() if name not in {"group", "quantity", "name"}}
    code = draft.name or f"{codes.LENGTH} letters and digits"
    after = {"coupons": draft.quantity, "code": code, "enabled": True, **told}
    return Change(GENERATE, subject(draft.group), draft.told, after=after)


def _columns(installation: Installation, draft: Draft) -> dict[str, Any]:
    """What all coupons of a draft have in common; its days by the clocks of the workspace's zone (T-63, M-78)."""
    from reports_lib.warehouse.redeemed import moments

    clocks = zone(installation.workspace.time_zone)
    first, last = moments(draft.valid_from, draft.valid_to, clocks)
    _, until = moments(None, draft.trial_until, clocks)
    return {
        "group_id": draft.group,
        "reusable": draft.is_reusable,
        "max_redemptions": draft.max_redemptions if draft.is_reusable else 1,
        "valid_from": first,
        "valid_to": last,
        "detail": draft.detail or None,
        "coupon_type": str(draft.coupon_type),
        "content_id": draft.content_id,
        "package_id": draft.package_id,
        "discount_type": str(draft.discount_type),
        "discount_percent": draft.discount_percent,
        "trial_days": draft.trial_days,
        "trial_until": until,
        "enabled": True,
    }


def _inserted(session: Session, columns: Mapping[str, Any], wanted: Sequence[str]) -> list[int]:
    """Ids of the coupons of those codes that nobody has; who writes the same at this moment is waited for."""
    types = Coupon.__table__.c
    fixed = [literal(value, types[name].type) for name, value in columns.items()]
    rows = select(*fixed, func.unnest(literal(list(wanted), ARRAY(Text))))
    statement = insert(Coupon).from_select([*columns, "code"], rows)
    free = statement.on_conflict_do_nothing(index_elements=_CODE_IS_ONE).returning(Coupon.id)
    return list(session.scalars(free).all())


def _free(warehouse: "Warehouse", draft: Draft, quantity: int) -> list[str]:
    """Codes that no other system has: the draft's own, else so many that are drawn, or fewer where some are taken."""
    from reports_lib.ops import known

    wanted = [draft.name] if draft.is_reusable else codes.drawn(quantity)
    used = known.taken(warehouse, wanted)
    if used and draft.is_reusable:
        raise is_taken(draft.name)
    return [each for each in wanted if each not in used]


def is_taken(code: str) -> ParameterError:
    """What whoever wants a code that there is already is told."""
    return ParameterError(f"name: there is a coupon {code} already; think of another name")


def _today(installation: Installation, now: datetime) -> date:
    return now.astimezone(zone(installation.workspace.time_zone)).date()
