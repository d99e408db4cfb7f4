"""The queue: it only wakes workers. A job carries a run's number; whether there is anything to do, the row says.

So a job too many does no harm, and one too few is made again by `reconcile`.
"""

from typing import cast

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.errors import DatabaseError
from reports_lib.runs import record
from reports_lib.runs.request import SCHEDULED, Request
from reports_lib.runs.workers import has_worker

__all__ = ["TASK", "has_worker", "reconcile", "retry", "submit", "wake"]

TASK = "run"
PEOPLE, SCHEDULES = 10, 0  # priorities: somebody waits for the one, nobody for the other
AGAIN = 20  # before all others: what was begun already has waited longest, whoever asked for it
LOCK = 0x64617971  # "dayq"; its own among the advisory locks of the database

_app = App(connector=SyncPsycopgConnector())  # never opened: it writes jobs on connections that it is given


@_app.task(name=TASK)
def _run(run: int) -> None:
    """Only a name here; what is done is the worker's."""


def submit(session: Session, request: Request) -> Run:
    """Ask for a report: its run and the job that wakes a worker, both in the caller's transaction.

    Asked twice with one run key it is one run and one job.
    """
    run, is_new = record.record(session, request)
    if is_new:
        wake(session, run)
    return run


def retry(session: Session, run_id: int) -> Run:
    """Put a run that failed or was cancelled back in the queue. Raises `UnknownNameError` and `StateError`."""
    record.retry(session, run_id)
    run = session.get_one(Run, run_id, populate_existing=True)
    wake(session, run)
    return run


def wake(session: Session, run: Run) -> None:
    """A job for the run in the caller's transaction, unless one waits already. Raises `DatabaseError`."""
    priority = AGAIN if run.attempt else SCHEDULES if run.run_key.startswith(SCHEDULED) else PEOPLE
    try:
        with session.begin_nested():
            driver = cast("psycopg.Connection[object]", session.connection().connection.driver_connection)
            _app.configure_task(
                TASK,
                queueing_lock=f"run {run.id}",
                priority=priority,
                connection=driver,
            ).defer(run=run.id)
    except AlreadyEnqueued:  # perhaps since before it was begun
        sooner = "UPDATE procrastinate_jobs SET priority = :priority WHERE queueing_lock = :lock AND status = 'todo'"
        session.execute(text(sooner), {"priority": priority, "lock": f"run {run.id}"})
    except ConnectorException as error:
        raise DatabaseError(f"the queue cannot be written: {error.__cause__}") from None


def reconcile(session: Session, lease: float) -> int:
    """Make the queue what the runs' rows say it must be; returns how many jobs were missing.

    Jobs that ended or whose worker died are removed; each run that is due and has no job gets one.
    Of several processes that do so at a time one does.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return 0
    session.execute(
        text(
            "DELETE FROM procrastinate_jobs j WHERE j.status NOT IN ('todo', 'doing') OR j.status = 'doing'"
            " AND NOT EXISTS (SELECT FROM procrastinate_workers w WHERE w.id = j.worker_id"
            " AND w.last_heartbeat >= clock_timestamp() - make_interval(secs => :silence))"
        ),
        {"silence": 2 * lease},
    )
    has_none = text(
        "NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = 'run ' || run.id AND j.status = 'todo')"
    )
    query = select(Run).where(Run.state == State.QUEUED, Run.due_at <= record.NOW(), has_none)
    missing = session.scalars(query.order_by(Run.id)).all()
    for run in missing:
        wake(session, run)
    return len(missing)
