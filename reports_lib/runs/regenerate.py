"""Making a report again (TW-31, Q-26): a new run and a new snapshot; the old ones and their links stay as they are."""

import secrets
from datetime import datetime

from sqlalchemy import select
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
    data are the newest. It stays the report of its company. Nobody is sent a mail. Asked again by the
    same user while the new run is being made, it is that one. Raises `StateError` while `run` is.
    """
    if run.state not in ENDED:
        raise StateError(f"run {run.id} is being made; it can be made again once it has ended")
    session.execute(select(Run.id).where(Run.id == run.id).with_for_update(key_share=True))  # two at once take turns
    asked = again(run, visitor, now)
    is_same = Run.run_key.startswith(_key(run)), Run.user_name == asked.author.user, Run.role == asked.author.role
    is_there = select(Run).where(*is_same, Run.state.not_in(ENDED), Run.deleted_at.is_(None))
    return session.scalars(is_there.limit(1)).first() or queue.submit(session, asked)


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
        run_key=f"{_key(run)}{secrets.token_hex(16)}",
    )


def _key(run: Run) -> str:
    """How the keys of the runs begin that make this one again."""
    return f"again:{run.id}:"
