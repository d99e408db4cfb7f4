"""The run's row: the truth about how far a request has come.

    queued -> generating -> generated
                         -> error

Every change names the attempt it belongs to; the report of an attempt that is no longer the run's
changes nothing.
"""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.errors import DaybookError, UnknownNameError
from reports_lib.runs.request import Request


def record(session: Session, request: Request, now: datetime) -> Run:
    """The run of the request's key, made now unless somebody asked with that key before."""
    row = {
        "run_key": request.run_key,
        "family": request.family,
        "set_name": request.set_name,
        "asked": dict(request.given),
        "formats": [str(f) for f in request.formats],
        "as_of": request.as_of,
        "data_version": request.data_version,
        "role": request.author.role,
        "user_name": request.author.user,
        "company": request.author.company,
        "requested_at": now,
    }
    session.execute(insert(Run).values(row).on_conflict_do_nothing(index_elements=["run_key"]))
    return session.scalars(select(Run).where(Run.run_key == request.run_key)).one()


def start(session: Session, run_id: int, now: datetime) -> int | None:
    """Take the run for a new attempt; returns its number, or None if it is not there to be taken."""
    taken = (
        update(Run)
        .where(Run.id == run_id, Run.state.in_([State.QUEUED, State.ERROR]))
        .values(
            state=State.GENERATING,
            attempt=Run.attempt + 1,
            started_at=now,
            heartbeat_at=now,
            formed_at=None,
            error=None,
            error_class=None,
            exit_code=None,
        )
        .returning(Run.attempt)
    )
    return session.scalars(taken).one_or_none()


def succeed(session: Session, run_id: int, attempt: int, snapshot_id: str, now: datetime) -> bool:
    """Record the snapshot; False if the attempt is no longer the run's."""
    return _end(session, run_id, attempt, state=State.GENERATED, snapshot_id=snapshot_id, formed_at=now)


def fail(session: Session, run_id: int, attempt: int, error: DaybookError, now: datetime) -> bool:
    """Record why there is no snapshot; False if the attempt is no longer the run's."""
    return _end(
        session,
        run_id,
        attempt,
        state=State.ERROR,
        error=str(error),
        error_class=type(error).__name__,
        exit_code=error.exit_code,
        formed_at=now,
    )


def recent(session: Session, limit: int, family: str | None = None) -> list[Run]:
    """The newest runs first, of one family or of all."""
    query = select(Run).where(Run.deleted_at.is_(None)).order_by(Run.requested_at.desc(), Run.id.desc()).limit(limit)
    if family:
        query = query.where(Run.family == family)
    return list(session.scalars(query))


def find(session: Session, run_id: int) -> Run:
    """The run of that number; raises `UnknownNameError`."""
    if run := session.get(Run, run_id):
        return run
    last = session.scalar(select(func.max(Run.id)))
    raise UnknownNameError(f"no run numbered {run_id}; " + (f"the last is {last}" if last else "there is none yet"))


def _end(session: Session, run_id: int, attempt: int, **values: object) -> bool:
    ended = (
        update(Run)
        .where(Run.id == run_id, Run.attempt == attempt, Run.state == State.GENERATING)
        .values(**values)
        .returning(Run.id)
    )
    return session.scalars(ended).one_or_none() is not None
