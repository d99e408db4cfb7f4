"""Operations on a group and its coupons, in words: what was done, to how many, by whom; whether it can be undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation, OperationState
from reports_lib.ops.coupon_groups import subject
from reports_lib.ops.coupon_undo import UNDOES
from reports_lib.ops.coupons import GENERATE
from reports_lib.ops.operation import listed
from reports_lib.ops.spans import ids_of
from reports_lib.ops.switch import DISABLE, ENABLE
from reports_lib.portal.language import _, ngettext
from reports_lib.portal.runs.rights import strangers

SUBJECT = subject(0).removesuffix("0")  # what the subjects of such operations begin with


@dataclass(frozen=True)
class Done:
    """One operation."""

    operation: Operation
    undone_by: int | None  # the operation that undid it
    who: str  # "" if that is for his own company only

    @classmethod
    def each(cls, session: Session, found: Sequence[Operation], visitor: Visitor) -> list[Self]:
        """These operations."""
        hidden = strangers(session, {each.who for each in found}, visitor)
        query = select(Operation.undoes, Operation.id).where(Operation.undoes.in_([each.id for each in found]))
        undone = {row[0]: row[1] for row in session.execute(query.where(Operation.state == OperationState.DONE))}
        return [cls(each, undone.get(each.id), "" if each.who in hidden else each.who) for each in found]

    @classmethod
    def of_group(cls, session: Session, group_id: int, visitor: Visitor) -> list[Self]:
        """The newest of a group."""
        return cls.each(session, listed(session, visitor, subject(group_id)), visitor)

    @property
    def url(self) -> str:
        """Its page."""
        return f"/coupons/operations/{self.operation.id}"

    @property
    def group_id(self) -> int:
        """The group."""
        return int(self.operation.subject.removeprefix(SUBJECT))

    @property
    def count(self) -> int:
        """How many coupons it made or switched."""
        return len(ids_of((self.operation.after or {}).get("coupons", [])))

    @property
    def has_made(self) -> bool:
        """Whether it made coupons."""
        return self.operation.kind == GENERATE

    @property
    def is_undoable(self) -> bool:
        """Whether it can be undone, as far as is known here."""
        is_made = self.operation.state == OperationState.DONE and self.operation.before is not None
        return is_made and self.operation.kind in UNDOES and self.undone_by is None and self.count > 0

    @property
    def headline(self) -> str:
        """What it did."""
        kind, count = self.operation.kind, self.count
        if kind == GENERATE:
            return ngettext("{count} coupon generated", "{count} coupons generated", count)
        if kind in (ENABLE, DISABLE) or self.operation.undoes:
            if (self.operation.after or {}).get("enabled"):
                return ngettext("{count} coupon enabled", "{count} coupons enabled", count)
            return ngettext("{count} coupon disabled", "{count} coupons disabled", count)
        return _("Group created")

    @property
    def told(self) -> str:
        """What that means."""
        if self.has_made and self.undone_by is None:
            return _("They are enabled and can be redeemed from their first day on.")
        if not self.count:
            return _("They were so already; nothing has changed.")
        if self.operation.undoes:
            return _("This undid an earlier change.")
        return ""
