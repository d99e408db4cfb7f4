"""What becomes of attempts that did not succeed: another one where that may help, else an error.

What can heal is tried again: a database that was away, a worker that died. What a notebook does
wrong it will do wrong again, so that is an error at once, and its owner is told.
"""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.delivery import outbox
from reports_lib.errors import DaybookError
from reports_lib.runs import queue, record
from reports_lib.runs.identity import is_dead
from reports_lib.workspace import Workspace

LONGEST_WAIT = 60.0  # seconds between two attempts


class Lost(NamedTuple):
    """A run that somebody took and lost."""

    run: int
    attempt: int
    worker: str
    state: State  # what became of it


def settle(session: Session, run_id: int, attempt: int, error: DaybookError, workspace: Workspace) -> State | None:
    """Say what becomes of a run whose attempt ended in `error`; None if the attempt is no longer the run's.

    In the caller's transaction: back to the queue, or an error and the mail that tells its owner.
    """
    if not error.can_heal:
        return State.ERROR if give_up(session, run_id, attempt, error, workspace) else None
    wait = min(2.0 ** (attempt - 1), LONGEST_WAIT)
    return _try_again(session, run_id, attempt, error, workspace, wait)


def give_up(session: Session, run_id: int, attempt: int, error: DaybookError, workspace: Workspace) -> bool:
    """Record the error and write the mail to the run's owner; False if the attempt is no longer the run's."""
    if not record.fail(session, run_id, attempt, error):
        return False
    outbox.write_failure(session, session.get_one(Run, run_id, populate_existing=True), workspace)
    return True


def recover(session: Session, workspace: Workspace) -> list[Lost]:
    """Take every run away whose maker is dead or silent for longer than the lease, by the database's clock."""
    making = Run.state == State.GENERATING
    workers = session.scalars(select(Run.worker).where(making).distinct())
    dead = [worker for worker in workers if worker and is_dead(worker)]
    silent = Run.heartbeat_at < record.NOW() - timedelta(seconds=workspace.lease)
    never_heard = Run.heartbeat_at.is_(None)  # no row is so; if one were, a comparison alone would never find it
    is_lost = or_(silent, never_heard, Run.worker.in_(dead))
    query = select(Run.id, Run.attempt, Run.worker).where(making, is_lost).order_by(Run.id)
    found = []
    for run_id, attempt, worker in session.execute(query.with_for_update(skip_locked=True)).all():
        why = "its worker died" if worker in dead else f"its worker was silent for {workspace.lease} seconds"
        state = _try_again(session, run_id, attempt, DaybookError(why), workspace, 0)
        if state == State.QUEUED:
            queue.wake(session, session.get_one(Run, run_id, populate_existing=True))
        if state:
            found.append(Lost(run_id, attempt, worker or "", state))
    return found


def _try_again(
    session: Session, run_id: int, attempt: int, error: DaybookError, workspace: Workspace, wait: float
) -> State | None:
    if attempt < workspace.attempts:
        return State.QUEUED if record.again(session, run_id, attempt, error, wait) else None
    final = type(error)(f"given up after {attempt} attempts: {error}")
    return State.ERROR if give_up(session, run_id, attempt, final, workspace) else None
