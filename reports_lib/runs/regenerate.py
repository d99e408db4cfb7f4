"""Making a report again (TW-31, Q-26): a new run and a new snapshot; the old ones and their links stay as they are."""

from datetime import datetime

from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run
from reports_lib.errors import StateError
from reports_lib.rendering.formats import Format
from reports_lib.runs import queue
from reports_lib.runs.progress import ENDED
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author

NAMELESS = "–"  # who asks for a report of a company that is not his own: names stay in theirs


def regenerate(session: Session, run: Run, visitor: Visitor, now: datetime) -> Run:
    """Ask for the report of a run that has ended again, in the caller's transaction; returns the new run.

    The parameters are those of then, as they were typed: relative intervals count from `now`, and the
    data are the newest. It stays the report of its company. Nobody is sent a mail. Raises `StateError`
    while the run is being made.
    """
    if run.state not in ENDED:
        raise StateError(f"run {run.id} is being made; it can be made again once it has ended")
    return queue.submit(session, again(run, visitor, now))


def again(run: Run, visitor: Visitor, now: datetime) -> Request:
    """The request that `regenerate` puts in the queue."""
    assert visitor.role is not None
    name = visitor.name if visitor.company == run.company else NAMELESS
    return Request(
        family=run.family,
        given=run.asked,
        as_of=now,
        author=Author(visitor.role, name, run.company),
        set_name=run.set_name,
        formats=tuple(Format(form) for form in run.formats),
        supersedes=run.snapshot_id or run.supersedes,
        name=run.name,
    )
