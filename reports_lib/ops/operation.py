"""An operation: a change that somebody wants made, decided on once, written down, and undone where it can be.

    plan      what it would change: before and after, without writing anything (the dry run)
    begin     its row, under the key that came with the wish: asked twice with one key is one change
    done      its end, with the line of the audit trail in the same transaction; or `refuse`, with the reason

What is ours (coupons) changes in the transaction of `begin` and `done`. What is the warehouse's (customers) changes
between them, in a transaction of the warehouse: whoever dies there leaves the row pending, and who comes next looks
at the warehouse and ends it. The audit trail is kept for ever, so it names what was changed and no values; those
are in the row, and forgotten there in time if they are personal.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import AuditEntry, Operation, OperationState
from reports_lib.errors import ParameterError, StateError, UnknownNameError

REMEMBERED = timedelta(days=30)  # personal values, as long as reports with personal data are kept
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants something changed and when; `key` makes asking twice one change, `company` is his."""

    who: str
    company: str
    key: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.key.strip() or len(self.key) > LONGEST_KEY or not self.key.isprintable():
            raise ParameterError(f"the key of a change has 1 to {LONGEST_KEY} letters that can be printed")


@dataclass(frozen=True)
class Change:
    """What is to change: `before` and `after` by field, as JSON has them, and what was asked for to get there."""

    kind: str  # such as "edit customer"
    subject: str  # such as "customer 17"
    asked: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    is_personal: bool = False
    undoes: int | None = None

    @property
    def changed(self) -> list[str]:
        """The fields whose values differ."""
        names = dict.fromkeys((*self.before, *self.after))
        return [name for name in names if self.before.get(name) != self.after.get(name)]

    @property
    def digest(self) -> str:
        """SHA-256 of the wish, whatever stood there when it was made."""
        said = [self.kind, self.subject, dict(self.asked), self.undoes]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def begin(session: Session, wish: Wish, change: Change) -> Operation:
    """The operation of that wish in the caller's transaction: a new one that is pending, or the one with its key.

    Whoever asks at the same time with the same key waits for this transaction. Look at `state` before going on.
    Raises `StateError` if the key was used for something else, or what it undoes was undone already.
    """
    values = {
        "key": wish.key, "kind": change.kind, "subject": change.subject, "company": wish.company, "who": wish.who,
        "at": wish.at, "before": dict(change.before), "after": dict(change.after), "asked": change.digest,
        "undoes": change.undoes, "forget_at": wish.at + REMEMBERED if change.is_personal else None,
    }  # fmt: skip
    statement = insert(Operation).values(values).on_conflict_do_nothing().returning(Operation.id)
    made = session.scalar(statement)
    if made is not None:
        return session.get_one(Operation, made)
    query = select(Operation).where(Operation.key == wish.key).with_for_update()
    found = session.scalars(query).one_or_none()
    if found is None:
        raise StateError(f"operation {change.undoes} was undone already")
    if found.asked != change.digest:
        raise StateError(f"the key {wish.key!r} was used for another change: {found.kind}, {found.subject}")
    return found


def done(session: Session, operation: Operation, now: datetime, data_version: str = "") -> None:
    """End it in the caller's transaction, as made; `data_version` of the warehouse holds it, "" on Postgres."""
    operation.state, operation.ended_at = OperationState.DONE, now
    operation.data_version = data_version or None
    before, after = operation.before or {}, operation.after or {}
    fields = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    told = {"operation": operation.id, "fields": fields}
    session.add(
        AuditEntry(at=now, who=operation.who, action=operation.kind, object=operation.subject, before=None, after=told)
    )
    session.flush()


def refuse(session: Session, operation: Operation, reason: str, now: datetime) -> None:
    """End it in the caller's transaction, as one that changed nothing."""
    operation.state, operation.ended_at, operation.error = OperationState.REFUSED, now, reason
    session.flush()


def find(session: Session, visitor: Visitor, operation_id: int) -> Operation:
    """The operation, if it is of the visitor's companies; raises `UnknownNameError` in the same words for any other."""
    found = session.get(Operation, operation_id) if operation_id < 2**63 else None
    if found is None or not visitor.owns(found.company):
        raise UnknownNameError(f"there is no operation {operation_id}")
    return found


def listed(session: Session, visitor: Visitor, subject: str = "", limit: int = 20) -> Sequence[Operation]:
    """The newest operations of the visitor's companies, of one subject or of all."""
    query = select(Operation).where(visitor.sees(Operation.company)).order_by(Operation.id.desc()).limit(limit)
    return session.scalars(query.where(Operation.subject == subject) if subject else query).all()


def refuse_unless_undoable(operation: Operation, session: Session) -> None:
    """Raise `StateError` if it was not made, was undone, or what it was before is forgotten."""
    if operation.state != OperationState.DONE:
        raise StateError(f"operation {operation.id} is {operation.state}; there is nothing to undo")
    if operation.before is None:
        raise StateError(f"what operation {operation.id} changed is forgotten; it cannot be undone any more")
    undone = Operation.undoes == operation.id, Operation.state != OperationState.REFUSED
    if session.scalar(select(Operation.id).where(*undone)):
        raise StateError(f"operation {operation.id} was undone already")


def forget(session: Session, now: datetime) -> int:
    """Forget the personal values whose time has come, in the caller's transaction; returns of how many operations."""
    due = Operation.forget_at <= now, Operation.state != OperationState.PENDING
    gone = update(Operation).where(*due).values(before=None, after=None, forget_at=None).returning(Operation.id)
    return len(session.scalars(gone).all())
