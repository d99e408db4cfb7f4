"""Undoing: the rows of a customer put back as they were before he was edited or deleted, as an operation of its own."""

from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation
from reports_lib.errors import StateError
from reports_lib.ops import customer, settle
from reports_lib.ops import operation as operations
from reports_lib.ops.customer import EDIT
from reports_lib.ops.deletion import DELETE
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.state import without_traces
from reports_lib.ops.swap import changed_meanwhile
from reports_lib.runs.installation import Installation

UNDOES = {EDIT: f"undo {EDIT}", DELETE: f"undo {DELETE}"}


def plan_undo(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> Change:
    """The dry run of `undo`: nothing is written. Raises as that does."""
    undone = _found(installation, visitor, operation_id)
    return _planned(installation, visitor, wish, undone)[0]


def undo(installation: Installation, visitor: Visitor, wish: Wish, operation_id: int) -> Operation:
    """Put back what an operation changed; asked again with the same key it is the same operation.

    Raises `UnknownNameError` if the visitor has no such operation; `StateError` if it cannot be undone, was undone
    already or is forgotten, or somebody has changed the customer since; `WarehouseError` where the warehouse may
    not be written, and `DatabaseError`. Nothing is changed then.
    """
    undone = _found(installation, visitor, operation_id)
    return settle.carry_out(
        installation, visitor, wish, _asked(undone), lambda: _planned(installation, visitor, wish, undone)
    )


def is_of_customer(operation: Operation) -> bool:
    """Whether what it changed are a customer's rows."""
    return operation.subject.startswith(settle.SUBJECT)


def is_undoable(operation: Operation) -> bool:
    """Whether it is of a kind that can be undone, was made, and is not forgotten."""
    return operation.kind in UNDOES and operation.state == "done" and operation.before is not None


def _found(installation: Installation, visitor: Visitor, operation_id: int) -> Operation:
    with Session(installation.database) as session:
        found = operations.find(session, visitor, operation_id)
    if found.kind not in UNDOES:
        raise StateError(f"operation {operation_id} cannot be undone: it is to {found.kind}")
    return found


def _asked(undone: Operation) -> Change:
    return Change(UNDOES[undone.kind], undone.subject, {}, undoes=undone.id)


def _planned(installation: Installation, visitor: Visitor, wish: Wish, undone: Operation) -> tuple[Change, str]:
    with Session(installation.database) as session:
        again = operations.find(session, visitor, undone.id)  # as it now is: it may just have been forgotten
        operations.refuse_unless_undoable(again, session)
        before, after = again.after or {}, again.before or {}
    client_id = int(undone.subject.removeprefix(settle.SUBJECT))
    card = customer.card(installation, visitor, client_id, wish.at)
    if card.state != without_traces(before):
        raise StateError(changed_meanwhile(client_id))
    asked = _asked(undone)
    return Change(asked.kind, asked.subject, {}, before, after, is_personal=True, undoes=undone.id), card.company
