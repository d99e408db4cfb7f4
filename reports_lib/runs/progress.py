"""How far a run is, as anybody may watch it: its row, read whenever the database says that it has changed."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Float, case, func, select
from sqlalchemy.orm import Session

from reports_lib.database.notices import RUN, listen
from reports_lib.database.schema import Run, State
from reports_lib.database.server import database_url
from reports_lib.errors import DatabaseError
from reports_lib.runs.installation import Installation
from reports_lib.runs.record import find

Progress = Callable[[str, int, int], None]  # is told what is done, how far, out of how many
ENDED = frozenset({State.GENERATED, State.ERROR, State.CANCELLED})
LOOK = 2.0  # seconds after which a follower looks without having been told
PATIENCE = 60.0  # seconds that a database may be away before a follower gives up


@dataclass(frozen=True)
class Standing:
    """How far a run is. Two are equal if nothing but time has passed between them.

    `done` of `total` cells are behind it, and `step` is the heading above the one that runs. `elapsed`
    counts the seconds of this attempt, by the database's clock; while nobody makes it, those since it
    was asked for.
    """

    run: int
    state: State
    attempt: int
    stage: str | None
    step: str | None
    done: int
    total: int
    error: str | None
    snapshot: str | None
    elapsed: float = field(compare=False)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED

    @property
    def cell(self) -> int | None:
        """Number of the cell that runs, or ran last, counted from 1; None if that is not known."""
        return min(self.done + 1, self.total) if self.total else None


def standings(session: Session, run_ids: Collection[int]) -> dict[int, Standing]:
    """How far each of the runs is; those that there are not have none."""
    query = select(
        Run.id,
        Run.state,
        Run.attempt,
        Run.stage,
        Run.step,
        Run.done,
        Run.total,
        Run.error,
        Run.snapshot_id,
        _elapsed(),
    ).where(Run.id.in_(run_ids))
    found = (Standing(run, State(state), *rest) for run, state, *rest in session.execute(query))
    return {standing.run: standing for standing in found}


def unfinished(session: Session, limit: int) -> list[Run]:
    """The newest runs that have no report: still in the making, failed or cancelled."""
    query = select(Run).where(Run.state != State.GENERATED, Run.deleted_at.is_(None))
    return list(session.scalars(query.order_by(Run.requested_at.desc(), Run.id.desc()).limit(limit)))


def look(installation: Installation, run_id: int) -> Standing:
    """How far the run is now; raises `UnknownNameError` and `DatabaseError`."""
    with Session(installation.database) as session:
        return standings(session, [find(session, run_id).id])[run_id]


def follow(
    installation: Installation, run_id: int, seconds: float = LOOK, is_restless: bool = False
) -> Iterator[Standing]:
    """How far the run is now, then again after each change, until it has ended.

    Changes are told by the database and looked for every `seconds`; with `is_restless` each such look
    is told, whether or not anything has changed. A database that goes away is waited for. Raises
    `UnknownNameError`, and `DatabaseError` if the database stays away for a minute.
    """
    last = look(installation, run_id)
    yield last
    answered = time.monotonic()
    while not last.has_ended:
        try:
            for heard in listen(database_url(installation.workspace), [RUN], seconds):
                if heard not in (None, str(run_id)):
                    continue
                standing = look(installation, run_id)
                if is_restless or standing != last:
                    last = standing
                    yield last
                answered = time.monotonic()  # whoever follows may have taken his time
                if last.has_ended:
                    return
        except DatabaseError:
            if time.monotonic() - answered > PATIENCE:
                raise
            time.sleep(0.25)


def _elapsed() -> ColumnElement[float]:
    since = case((Run.state == State.QUEUED, Run.requested_at), else_=func.coalesce(Run.started_at, Run.requested_at))
    passed = func.extract("epoch", func.coalesce(Run.formed_at, func.clock_timestamp()) - since)
    return func.greatest(passed, 0).cast(Float)
