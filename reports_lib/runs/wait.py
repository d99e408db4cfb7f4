"""Waiting for a run: whoever asked is told how far it is, and makes it himself if nobody else is there to."""

from sqlalchemy.orm import Session

from reports_lib.database.schema import State
from reports_lib.errors import CancelledError, DaybookError, named
from reports_lib.runs import record, recovery
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.outcome import Outcome, outcome_of
from reports_lib.runs.progress import Progress, Standing, follow
from reports_lib.runs.record import Attempt
from reports_lib.runs.workers import has_worker


def wait(installation: Installation, run_id: int, progress: Progress) -> Outcome:
    """The run's outcome once it has ended; raises the error that it ended with, or `CancelledError`.

    Raises `UnknownNameError`, and `DatabaseError` if the database stays away. An interrupt leaves
    the run with the worker that makes it, and cancels it if that is this process.
    """
    for standing in follow(installation, run_id, is_restless=True):
        if standing.has_ended:
            return _outcome(installation, standing)
        progress(standing.step or standing.stage or standing.state, standing.done, standing.total)
        if attempt := _untended(installation, run_id):
            from reports_lib.runs.make import Making, Manner, Tools  # a second, where a worker does without

            Making(attempt, installation, Tools(), Manner(progress, is_awaited=True)).run()
    raise AssertionError("a run ends")


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
