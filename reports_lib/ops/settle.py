"""Ending operations on customers, whose rows are the warehouse's: the same for a new one and one left pending.

One at a time for each customer: whoever comes ends first what another one left, so that what he then sees is
settled. The row of an operation is committed before the warehouse is written, and ended after; who dies in between
leaves it pending, and the rows in the warehouse tell which it is:

    as `after`      it was made, and is written down as made
    as `before`     it was not, and is made now
    neither         somebody else has changed them: it is refused
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation, OperationState
from reports_lib.errors import DatabaseError, DaybookError, StateError, WarehouseError
from reports_lib.ops import operation as operations
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.state import without_traces
from reports_lib.ops.swap import swap
from reports_lib.runs.installation import Installation
from reports_lib.values.formats import quoted
from reports_lib.warehouse.address import Address

SUBJECT = "customer "  # what subjects of such operations begin with

Plan = Callable[[], tuple[Change, str]]
"""What is to be done, with before and after, and the company of the customer; raises what refuses it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How many operations that were left pending are done and refused now, and why others still are, "" if none is."""

    done: int = 0
    refused: int = 0
    trouble: str = ""


def carry_out(installation: Installation, visitor: Visitor, wish: Wish, asked: Change, plan: Plan) -> Operation:
    """The operation of a wish, made: planned and written down unless one with its key is there already.

    Raises what `plan` does; `StateError` if it is refused, `WarehouseError` and `DatabaseError`.
    """
    database = installation.database
    with _alone(database, asked.subject):
        found = _with_key(database, visitor, wish, asked)
        for each in _pending(database, asked.subject):
            if each != found:
                _end(installation, each, wish.at)
        if found is None:
            change, company = plan()
            with Session(database) as session, session.begin():
                found = operations.begin(session, replace(wish, company=company), change).id
        ended, error = _end(installation, found, wish.at)
    if error:
        raise error
    return ended


def settle(installation: Installation, now: datetime) -> Settled:
    """End what was left pending. Raises `DatabaseError` if the database that keeps operations is down."""
    database, count = installation.database, Counter[str]()
    for operation_id, subject in _pending(database).items():
        try:
            with _alone(database, subject):
                if operation_id in _pending(database, subject):  # still: whoever was at it may just have ended it
                    count[_end(installation, operation_id, now)[0].state] += 1
        except (DatabaseError, WarehouseError) as error:  # the others would fare no better
            return Settled(count[OperationState.DONE], count[OperationState.REFUSED], str(error))
    return Settled(count[OperationState.DONE], count[OperationState.REFUSED])


def _end(installation: Installation, operation_id: int, now: datetime) -> tuple[Operation, DaybookError | None]:
    """The operation, made or refused, and why the latter; raises where the warehouse cannot be asked: then it waits."""
    with Session(installation.database) as session:
        found = session.get_one(Operation, operation_id)
    if found.state == OperationState.REFUSED:
        return found, StateError(str(found.error))
    if found.state == OperationState.DONE:
        return found, None
    try:
        version = _swap(installation, found)
    except StateError as error:
        return _refused(installation.database, found, error, now)
    except WarehouseError as error:
        if not _is_unmade(installation, found, now):
            raise
        return _refused(installation.database, found, error, now)
    with _writing(installation.database, operation_id) as (session, operation):
        operations.done(session, operation, now, version)
    return operation, None


def _swap(installation: Installation, operation: Operation) -> str:
    address = Address.of(installation.workspace, reader=False)
    client_id = int(operation.subject.removeprefix(SUBJECT))
    message = f"{operation.kind.capitalize()} {client_id}: operation {operation.id}"
    before, after = operation.before or {}, operation.after or {}
    return swap(address, client_id, before, after, author=operation.who, message=message)


def _is_unmade(installation: Installation, operation: Operation, now: datetime) -> bool:
    """Whether the customer's rows can be read, and are what they were before."""
    # half a second, for workers that settle nothing
    from reports_lib.ops import look

    try:
        with installation.opened(now) as warehouse:
            found = look.read(warehouse, int(operation.subject.removeprefix(SUBJECT)))
    except (DatabaseError, WarehouseError):
        return False
    return found is not None and found.state == without_traces(operation.before or {})


def _refused(
    database: Engine, operation: Operation, error: DaybookError, now: datetime
) -> tuple[Operation, DaybookError]:
    with _writing(database, operation.id) as (session, ours):
        operations.refuse(session, ours, str(error), now)
    return ours, error


@contextmanager
def _writing(database: Engine, operation_id: int) -> Iterator[tuple[Session, Operation]]:
    with Session(database, expire_on_commit=False) as session, session.begin():
        yield session, session.get_one(Operation, operation_id)


def _with_key(database: Engine, visitor: Visitor, wish: Wish, asked: Change) -> int | None:
    with Session(database) as session:
        found = session.scalars(select(Operation).where(Operation.key == wish.key)).one_or_none()
    if found is not None and (found.asked != asked.digest or not visitor.owns(found.company)):
        raise StateError(f"the key {quoted(wish.key)} was used for another change; use a new one for this")
    return found.id if found else None


def _pending(database: Engine, subject: str = "") -> dict[int, str]:
    """Subjects of what is pending, by id, the oldest first."""
    query = select(Operation.id, Operation.subject).where(Operation.state == OperationState.PENDING)
    query = query.where(Operation.subject == subject if subject else Operation.subject.startswith(SUBJECT))
    with Session(database) as session:
        return {each.id: each.subject for each in session.execute(query.order_by(Operation.id))}


@contextmanager
def _alone(database: Engine, subject: str) -> Iterator[None]:
    """Nobody else has an operation on it under way while the block runs."""
    key = func.hashtextextended(f"operation on {subject}", 0)
    # outside any transaction: one that idles while the warehouse is written would be ended
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(select(func.pg_advisory_lock(key)))
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(key)))
