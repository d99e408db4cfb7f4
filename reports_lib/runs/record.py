"""The run's row: the truth about how far a request has come.

    queued ──take──> generating ──succeed──> generated
       ^ ^               │ │ └─────fail────> error ─────┐
       │ └─again, release┘ └────cancel────> cancelled ──┤
       └───────────────────────retry────────────────────┘       queued ──cancel──> cancelled

Each change is one guarded UPDATE. One that an attempt reports names that attempt, and changes
nothing if it is no longer the run's; whoever is told False throws his work away. Moments are the
database's own, so no worker's clock counts. Whoever listens is told of every change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib.database.notices import RUN, notify
from reports_lib.database.schema import AuditEntry, Run, State
from reports_lib.errors import DaybookError, StateError, UnknownNameError
from reports_lib.rendering.formats import Format
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author, Manifest

LONGEST = 2_000  # letters of an error or a step that a row keeps

NOW = func.clock_timestamp  # the moment of the statement, not of the transaction around it
EMPTY: dict[str, Any] = {"error": None, "error_class": None, "exit_code": None, "formed_at": None}
AT_START: dict[str, Any] = {"step": None, "done": 0, "total": 0}


class Place(NamedTuple):
    """How far an attempt is: its stage, the heading above the running cell, cells done and in all."""

    stage: str = "starting"
    step: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Attempt:
    """A run that somebody has taken."""

    run: int
    number: int
    request: Request
    waited: float  # seconds that it was due and nobody took it


class Recorded(NamedTuple):
    """A request's run, and whether it was made just now."""

    run: Run
    is_new: bool


def record(session: Session, request: Request, now: datetime | None = None) -> Recorded:
    """The run of the request's key, made now unless somebody asked with that key before."""
    row = {
        "run_key": request.run_key,
        "family": request.family,
        "set_name": request.set_name,
        "name": request.name,
        "asked": dict(request.given),
        "formats": [str(f) for f in request.formats],
        "as_of": request.as_of,
        "data_version": request.data_version,
        "role": request.author.role,
        "user_name": request.author.user,
        "company": request.author.company,
        "requested_at": now or NOW(),
        "supersedes": request.supersedes,
        "entry": request.entry,
        "recipients": list(request.recipients),
        "owner": request.owner,
    }
    made = insert(Run).values(row).on_conflict_do_nothing(index_elements=["run_key"]).returning(Run.id)
    is_new = session.scalars(made).one_or_none() is not None
    run = session.scalars(select(Run).where(Run.run_key == request.run_key)).one()
    if is_new:
        notify(session, RUN, run.id)
    return Recorded(run, is_new)


def request_of(run: Run) -> Request:
    """What was asked for, as it was asked."""
    return Request(
        family=run.family,
        given=run.asked,
        as_of=run.as_of,
        author=Author(run.role, run.user_name, run.company),
        set_name=run.set_name,
        name=run.name,
        formats=tuple(Format(name) for name in run.formats),
        data_version=run.data_version,
        supersedes=run.supersedes,
        recipients=tuple(run.recipients),
        owner=run.owner,
        entry=run.entry,
        run_key=run.run_key,
    )


def take(session: Session, run_id: int, worker: str) -> Attempt | None:
    """Take a queued run that is due for a new attempt; None if it is not there to be taken."""
    is_there = [Run.state == State.QUEUED, Run.due_at <= NOW()]
    begun = {"attempt": Run.attempt + 1, "worker": worker, "started_at": NOW(), "heartbeat_at": NOW()}
    if not _change(session, run_id, is_there, state=State.GENERATING, stage=Place().stage, **begun, **AT_START):
        return None
    run = session.get_one(Run, run_id, populate_existing=True)
    assert run.started_at is not None
    return Attempt(run_id, run.attempt, request_of(run), (run.started_at - run.due_at).total_seconds())


def renew(session: Session, run_id: int, attempt: int, place: Place | None = None) -> bool:
    """Give a sign of life, and say how far the attempt has come if it has; False if it is no longer the run's.

    That transaction should do nothing else, for its commit does not wait for the disk.
    """
    session.execute(select(func.set_config("synchronous_commit", "off", True)))
    if place is None:
        return _set(session, run_id, _is(attempt), heartbeat_at=NOW())
    news = {"stage": place.stage, "step": _line(place.step) or None, "done": place.done, "total": place.total}
    return _change(session, run_id, _is(attempt), heartbeat_at=NOW(), **news)


def succeed(session: Session, run_id: int, attempt: int, manifest: Manifest) -> bool:
    """Record the snapshot; False if the attempt is no longer the run's."""
    made = {"snapshot_id": manifest.id, "resolved": dict(manifest.resolved), "data_version": manifest.data_version}
    return _change(session, run_id, _is(attempt), state=State.GENERATED, formed_at=NOW(), **made)


def fail(session: Session, run_id: int, attempt: int, error: DaybookError) -> bool:
    """Record why there is no snapshot, for good; False if the attempt is no longer the run's."""
    told = {"error": _line(str(error)), "error_class": type(error).__name__, "exit_code": error.exit_code}
    return _change(session, run_id, _is(attempt), state=State.ERROR, formed_at=NOW(), **told)


def again(session: Session, run_id: int, attempt: int, error: DaybookError, wait: float = 0.0) -> bool:
    """Back to the queue, to be taken after `wait` seconds; False if the attempt is no longer the run's."""
    told = {"stage": "waiting", "step": _line(f"attempt {attempt}: {error}"), "done": 0, "total": 0}
    due = NOW() + timedelta(seconds=wait)
    return _change(session, run_id, _is(attempt), state=State.QUEUED, due_at=due, **told)


def release(session: Session, run_id: int, attempt: int) -> bool:
    """Give the run back: whoever made it must go. False if the attempt is no longer the run's."""
    return _change(session, run_id, _is(attempt), state=State.QUEUED, due_at=NOW(), stage="given back", **AT_START)


def cancel(session: Session, run_id: int, by: str, attempt: int | None = None) -> None:
    """Cancel a run that has not ended; whoever makes it is stopped. Raises `UnknownNameError` and `StateError`.

    With an `attempt` it is only cancelled if that attempt is still the run's, else left as it is.
    """
    guard = _is(attempt) if attempt else [Run.state.in_([State.QUEUED, State.GENERATING])]
    if _change(session, run_id, guard, state=State.CANCELLED, formed_at=NOW(), error=_line(f"cancelled by {by}")):
        said = {"at": NOW(), "who": by, "action": "cancel run", "object": f"run {run_id}"}
        session.execute(insert(AuditEntry).values(said))
    elif attempt is None:
        raise StateError(f"run {run_id} {_ended(find(session, run_id))} and cannot be cancelled")


def retry(session: Session, run_id: int) -> None:
    """Put a run that failed or was cancelled back in the queue. Raises `UnknownNameError` and `StateError`."""
    has_failed = [Run.state.in_([State.ERROR, State.CANCELLED])]
    fresh = {"due_at": NOW(), "stage": None, **AT_START, **EMPTY}
    if not _change(session, run_id, has_failed, state=State.QUEUED, **fresh):
        raise StateError(
            f"run {run_id} {_ended(find(session, run_id))}; only one that failed or was cancelled is retried"
        )


def recent(session: Session, limit: int, family: str | None = None, state: State | None = None) -> list[Run]:
    """The newest runs first, of one family or of all, in one state or in any."""
    query = select(Run).where(Run.deleted_at.is_(None)).order_by(Run.requested_at.desc(), Run.id.desc()).limit(limit)
    if family:
        query = query.where(Run.family == family)
    if state:
        query = query.where(Run.state == state)
    return list(session.scalars(query))


def find(session: Session, run_id: int) -> Run:
    """The run of that number; raises `UnknownNameError`."""
    if run := session.get(Run, run_id):
        return run
    last = session.scalar(select(func.max(Run.id)))
    raise UnknownNameError(f"no run numbered {run_id}; " + (f"the last is {last}" if last else "there is none yet"))


def _change(session: Session, run_id: int, guard: Sequence[ColumnElement[bool]], **values: object) -> bool:
    changed = _set(session, run_id, guard, **values)
    if changed:
        notify(session, RUN, run_id)
    return changed


def _set(session: Session, run_id: int, guard: Sequence[ColumnElement[bool]], **values: object) -> bool:
    query = update(Run).where(Run.id == run_id, *guard).values(**values).returning(Run.id)
    return session.scalars(query.execution_options(synchronize_session=False)).one_or_none() is not None


def _is(attempt: int) -> Sequence[ColumnElement[bool]]:
    return [Run.attempt == attempt, Run.state == State.GENERATING]


def _ended(run: Run) -> str:
    words = {State.GENERATED: "has made its report", State.ERROR: "has failed", State.CANCELLED: "was cancelled"}
    return words.get(State(run.state), f"is {run.state}")


def _line(text: str) -> str:
    """What a row can keep: one line, no letter that Postgres refuses, and not a whole page."""
    plain = " ".join(text.replace("\0", "\\0").split()).encode("utf-8", "backslashreplace").decode()
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
