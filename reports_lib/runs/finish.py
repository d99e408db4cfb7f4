"""A run that was asked for, seen to its end: by the workers if there are any, else by this process."""

import time

from sqlalchemy.orm import Session

from reports_lib.database.schema import Run
from reports_lib.runs import queue, record, recovery
from reports_lib.runs.execute import Progress
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.make import Making, Manner, Tools
from reports_lib.runs.record import Attempt

PAUSE = 0.5  # seconds between two looks at a run that somebody else makes


def finish(installation: Installation, run_id: int, progress: Progress) -> Run:
    """The run once it has ended, well or not. Whoever interrupts this process does not end the run: it waits again.

    Raises `UnknownNameError` and `DatabaseError`.
    """
    while True:
        with Session(installation.database, expire_on_commit=False) as session, session.begin():
            attempt = _take(session, installation, run_id)
            run = record.find(session, run_id)
        if run.formed_at is not None:
            return run
        if attempt is None:
            time.sleep(PAUSE)
            continue
        try:
            Making(attempt, installation, Tools(), Manner(progress)).run()
        except BaseException:
            with Session(installation.database) as session, session.begin():
                queue.retry(session, run_id)
            raise


def _take(session: Session, installation: Installation, run_id: int) -> Attempt | None:
    lease = installation.workspace.lease
    if queue.has_worker(session, lease):
        return None
    recovery.recover(session, installation.workspace)
    return record.take(session, run_id, identity())
