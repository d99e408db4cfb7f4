"""What was changed of a customer: the operations on him, newest first, and which of them can be undone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation, OperationState
from reports_lib.ops.customer import EDIT, Card
from reports_lib.ops.deletion import DELETE
from reports_lib.ops.fields import KEY, NETWORK
from reports_lib.ops.operation import listed
from reports_lib.ops.state import State, is_registered, without_traces
from reports_lib.ops.undo import UNDOES, is_undoable
from reports_lib.portal.customers.address import PATH
from reports_lib.portal.customers.seen import label_of, word_of
from reports_lib.portal.language import N_, _
from reports_lib.portal.runs.rights import strangers
from reports_lib.portal.told import told

SHOWN = 20  # operations
KINDS = {
    EDIT: N_("Edited"),
    DELETE: N_("Deleted"),
    UNDOES[EDIT]: N_("Edit undone"),
    UNDOES[DELETE]: N_("Deletion undone"),
}


@dataclass(frozen=True)
class Step:
    """One field that was changed, with its values as people read them."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Done:
    """One operation; `who` is "" if that is for his own company only."""

    operation: Operation
    who: str
    steps: Sequence[Step]
    may_undo: bool

    @property
    def id(self) -> int:
        """Its number."""
        return self.operation.id

    @property
    def at(self) -> datetime:
        """When it was asked for."""
        return self.operation.at

    @property
    def word(self) -> str:
        """What was done."""
        word = _(KINDS[self.operation.kind]) if self.operation.kind in KINDS else self.operation.kind
        if self.operation.state == OperationState.DONE:
            return word
        unmade = _("not made") if self.operation.state == OperationState.REFUSED else _("not made yet")
        return f"{word}: {unmade}"

    @property
    def error(self) -> str:
        """Why it was refused."""
        return told(self.operation.error) if self.operation.error else ""

    @property
    def is_forgotten(self) -> bool:
        """Whether what it changed is not kept any more."""
        return self.operation.before is None

    @property
    def is_whole(self) -> bool:
        """Whether it took away, or put back, all that was told."""
        return is_registered(self.operation.before or {}) != is_registered(self.operation.after or {})

    @property
    def undo(self) -> str:
        """Where it is undone."""
        return f"{PATH}/{self.operation.subject.rpartition(' ')[2]}/operations/{self.operation.id}/undo"

    @property
    def told(self) -> str:
        """What is said right after it."""
        if self.operation.kind == EDIT:
            return _("Saved: {fields}.").format(fields=", ".join(step.label for step in self.steps))
        if self.operation.kind == DELETE:
            return _("The customer is deleted.")
        return _("It is undone: all is as it was before.")


def history(session: Session, visitor: Visitor, card: Card) -> list[Done]:
    """The newest operations on him."""
    found = listed(session, visitor, f"customer {card.client_id}", SHOWN)
    hidden = strangers(session, {each.who for each in found}, visitor)
    undone = {each.undoes for each in found if each.state != OperationState.REFUSED}
    return [
        Done(
            each,
            "" if each.who in hidden else each.who,
            steps(card, each),
            # only while he is as it left him; somebody may come first nevertheless, and is told so then
            is_undoable(each) and each.id not in undone and without_traces(each.after or {}) == card.state,
        )
        for each in found
    ]


def steps(card: Card, operation: Operation) -> list[Step]:
    """The fields that it changed; nothing where it is forgotten, or all that he told, or he is deleted."""
    before, after = operation.before or {}, operation.after or {}
    if not all(map(is_registered, (card.state, before, after))):
        return []
    old, new = _texts(card, before), _texts(card, after)
    changed = [name for name in dict.fromkeys((*old, *new)) if old.get(name, "") != new.get(name, "")]
    changed.sort(key=lambda name: (name.startswith(KEY), name.startswith(NETWORK)))  # as the blocks stand
    return [Step(label_of(n), word_of(n, old.get(n, "")), word_of(n, new.get(n, ""))) for n in changed]


def _texts(card: Card, state: State) -> dict[str, str]:
    return replace(card, state=state).texts
