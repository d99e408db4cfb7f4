"""Deleting a report (TW-33, Q-27): off the lists, its files gone, its links answering that it was deleted.

The tombstone comes first: from then on nobody is shown the report, whatever happens to the process that
deletes it. The run leaves the lists last, so what was interrupted is still there to be deleted again,
and that finishes it.
"""

import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from reports_lib.database.notices import RUN, notify
from reports_lib.database.schema import AuditEntry, Run
from reports_lib.errors import StateError, UnknownNameError
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import ENDED
from reports_lib.runs.record import find
from reports_lib.snapshots import index, removal
from reports_lib.snapshots.tombstone import Tombstone

LONGEST = 500  # letters of a reason


def discard(installation: Installation, run_id: int, *, by: str, reason: str, at: datetime) -> None:
    """Delete a run that has ended, and for good what it made; does nothing to one that was deleted already.

    Its link answers 410 from the first moment on. Raises `UnknownNameError`, and `StateError` while it is
    being made.
    """
    reason = " ".join(reason.replace("\0", "").split())[:LONGEST]
    with Session(installation.database) as session:
        run = find(session, run_id)
        if run.deleted_at is not None:
            return
        _check_ended(run)
        snapshot_id = run.snapshot_id
    stone = _bury(installation, snapshot_id, by, reason, at) if snapshot_id else None
    _remove(installation.workspace.outputs / "runs" / str(run_id))
    with Session(installation.database) as session, session.begin():
        if stone is not None:
            index.bury(session, stone)
        _take_off(session, run_id, by, reason, at)


def _check_ended(run: Run) -> None:
    if run.state not in ENDED:
        raise StateError(f"run {run.id} is being made: cancel it, then delete it")


def _bury(installation: Installation, snapshot_id: str, by: str, reason: str, at: datetime) -> Tombstone:
    try:
        return removal.delete(installation.store, snapshot_id, by=by, reason=reason, at=at)
    except UnknownNameError:  # the store has lost it: there are no files to remove, but a row to close
        with Session(installation.database) as session:
            run = session.query(Run).filter(Run.snapshot_id == snapshot_id).one()
            return Tombstone(snapshot_id, run.family, run.formed_at or at, by, reason, at)


def _remove(folder: Path) -> None:
    """Remove what a run that failed left behind; a notebook's code wrote there, so links are not followed."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _take_off(session: Session, run_id: int, by: str, reason: str, at: datetime) -> None:
    is_there = [Run.id == run_id, Run.deleted_at.is_(None), Run.state.in_(ENDED)]
    taken = update(Run).where(*is_there).values(deleted_at=at).returning(Run.family, Run.company, Run.snapshot_id)
    row = session.execute(taken).one_or_none()
    if row is None:  # deleted by somebody else meanwhile, or tried again
        run = find(session, run_id)
        if run.deleted_at is None:
            _check_ended(run)
        return
    notify(session, RUN, run_id)
    before = {"family": row.family, "company": row.company, "snapshot": row.snapshot_id, "reason": reason}
    session.add(AuditEntry(at=at, who=by, action="delete report", object=f"run {run_id}", before=before))
