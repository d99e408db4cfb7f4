"""Waiting for a run: whoever asked is told how far it is, and makes it himself if nobody else is there to."""

import time
from collections.abc import Iterator

from sqlalchemy.orm import Session

from reports_lib.database.notices import RUN, listen
from reports_lib.database.schema import State
from reports_lib.database.server import database_url
from reports_lib.errors import CancelledError, DatabaseError, DaybookError, named
from reports_lib.runs import record, recovery
from reports_lib.runs.execute import Progress
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.make import Making, Manner, Tools
from reports_lib.runs.outcome import Outcome, outcome_of
from reports_lib.runs.progress import PATIENCE, Standing, look
from reports_lib.runs.record import Attempt
from reports_lib.runs.workers import has_worker

LOOK = 2.0  # seconds after which we look without having been told of a change


def wait(installation: Installation, run_id: int, progress: Progress) -> Outcome:
    """The run's outcome once it has ended; raises the error that it ended with, or `CancelledError`.

    Raises `UnknownNameError`, and `DatabaseError` if the database stays away. An interrupt leaves
    the run with the worker that makes it, and cancels it if that is this process.
    """
    for standing in _standings(installation, run_id):
        if standing.has_ended:
            return _outcome(installation, standing)
        progress(standing.step or standing.stage or standing.state, standing.done, standing.total)
        if attempt := _untended(installation, run_id):
            Making(attempt, installation, Tools(), Manner(progress, is_awaited=True)).run()
    raise AssertionError("a run ends")


def _standings(installation: Installation, run_id: int) -> Iterator[Standing]:
    """How far the run is, whenever something may have changed."""
    yield look(installation, run_id)
    answered = time.monotonic()
    while True:
        try:
            for heard in listen(database_url(installation.workspace), [RUN], LOOK):
                if heard in (None, str(run_id)):
                    yield look(installation, run_id)
                    answered = time.monotonic()
        except DatabaseError:
            if time.monotonic() - answered > PATIENCE:
                raise
            time.sleep(0.25)


def _untended(installation: Installation, run_id: int) -> Attempt | None:
    """The run, taken by this process, if there is no worker."""
    workspace = installation.workspace
    with Session(installation.database) as session, session.begin():
        if has_worker(session, workspace.lease):
            return None
        recovery.recover(session, workspace)
        return record.take(session, run_id, identity())


def _outcome(installation: Installation, standing: Standing) -> Outcome:
    if standing.state == State.GENERATED:
        return outcome_of(installation, standing.run)
    with Session(installation.database) as session:
        run = record.find(session, standing.run)
        error = run.error or f"run {run.id} was {run.state}"
        if run.state == State.CANCELLED:
            raise CancelledError(f"run {run.id} was {error}")
        raise named(run.error_class or "", error) or DaybookError(error)
