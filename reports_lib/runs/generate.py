"""A request to a sealed snapshot, in the foreground: whoever asks waits, and is told."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.errors import StateError
from reports_lib.runs import record, recovery
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.make import Making, Manner, Tools, utc_now
from reports_lib.runs.outcome import Outcome, outcome_of
from reports_lib.runs.plan import plan
from reports_lib.runs.progress import Progress
from reports_lib.runs.record import Attempt
from reports_lib.runs.request import Request


def generate(
    request: Request, installation: Installation, progress: Progress, clock: Callable[[], datetime] = utc_now
) -> Outcome:
    """Make the report and seal it; asked again with the same key, return what came of it the first time.

    Asked again for a run that failed, it is made anew. Raises `ParameterError`, `UnknownNameError` or
    `WarehouseError` before a run is recorded, and any `DaybookError` after: then the run's row says
    why, and there is no snapshot. Raises `StateError` for a run that somebody else makes or cancelled.
    """
    if (made := _made(request, installation)) is not None:
        return made
    planned = plan(request, installation)  # refuses what cannot be made before anything is recorded
    with Session(installation.database) as session, session.begin():
        attempt = _taken(session, request, installation, clock())
    manner = Manner(progress, clock, planned, is_awaited=True)
    ended = Making(attempt, installation, Tools(), manner).run()
    if ended.error:
        raise ended.error
    return outcome_of(installation, attempt.run)


def _made(request: Request, installation: Installation) -> Outcome | None:
    with Session(installation.database) as session:
        run = session.query(Run).filter_by(run_key=request.run_key).one_or_none()
        run_id = run.id if run and run.state == State.GENERATED else None
    return None if run_id is None else outcome_of(installation, run_id)


def _taken(session: Session, request: Request, installation: Installation, now: datetime) -> Attempt:
    """The run, recorded and taken in one transaction: no worker ever sees it wait."""
    run, is_new = record.record(session, request, now)
    if not is_new:
        recovery.recover(session, installation.workspace)
        session.refresh(run)
        if run.state == State.ERROR:
            record.retry(session, run.id)
    if attempt := record.take(session, run.id, identity()):
        return attempt
    if run.state == State.CANCELLED:
        raise StateError(f"run {run.id} was {run.error}; `daybook retry {run.id}` makes it after all")
    raise StateError(f"run {run.id} is being made by somebody else; see `daybook show {run.id}`")
