"""Which runs a visitor is shown, and what he may do with one."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account, Run
from reports_lib.errors import UnknownNameError
from reports_lib.portal.language import _
from reports_lib.runs.listing import seen
from reports_lib.runs.progress import ENDED

LARGEST = 2**63 - 1  # number of a run


def shown(session: Session, run_id: int, visitor: Visitor) -> Run:
    """The run, if it is on the visitor's lists; raises `UnknownNameError`, in the same words whatever the reason."""
    if run_id <= LARGEST:
        run = session.scalars(select(Run).where(Run.id == run_id, *seen(visitor))).one_or_none()
        if run is not None:
            return run
    raise UnknownNameError(_("There is no run of that number, or it was deleted."))


def strangers(session: Session, names: set[str], visitor: Visitor) -> frozenset[str]:
    """Those of the users whose account is of another company than the visitor's: their names stay there (Q-15)."""
    query = select(Account.name).where(Account.name.in_(names), Account.company != visitor.company)
    return frozenset(session.scalars(query)) if names else frozenset()


@dataclass(frozen=True)
class Actions:
    """What the visitor may do with a run as it is now."""

    cancel: bool
    again: bool  # ask with the same parameters, or regenerate
    delete: bool

    @classmethod
    def of(cls, run: Run, visitor: Visitor) -> Self:
        """The actions on that run."""
        has_ended, asks = run.state in ENDED, visitor.may(Right.ASK)
        return cls(cancel=asks and not has_ended, again=asks and has_ended, delete=has_ended and owns(run, visitor))


def owns(run: Run, visitor: Visitor) -> bool:
    """Whether he may delete it: it is his own, or he may delete what others have made."""
    is_his = run.user_name == visitor.name and run.company == visitor.company
    return visitor.may(Right.DELETE) or (is_his and visitor.may(Right.ASK))
