"""Rows of runs, as a worker leaves them: written by SQL, told by the database's own notices."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import delete, func, insert, update
from sqlalchemy.orm import Session

from reports_lib.database.notices import RUN, notify
from reports_lib.database.schema import Run, State
from reports_lib.runs.installation import Installation

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
ERROR = {"error_class": "NotebookError", "exit_code": 4}

_key = count(1)


@dataclass(frozen=True)
class Rows:
    """The rows of runs of an installation."""

    installation: Installation

    def add(self, state: State = State.QUEUED, **values) -> int:
        """A run in `state`; returns its number."""
        plain = {
            "run_key": f"key {next(_key)}",
            "family": "customer_dynamics",
            "asked": {"interval": "last 12 months", "currency": ["USD", "EUR"]},
            "formats": ["html", "pdf"],
            "as_of": AS_OF,
            "role": "analyst",
            "user_name": "Ann Secretname",
            "requested_at": func.now(),
        }
        query = insert(Run).values(plain | _of(state) | values).returning(Run.id)
        with Session(self.installation.database) as session, session.begin():
            return session.scalars(query).one()

    def change(self, run_id: int, *, quietly: bool = False, **values) -> None:
        """Change a run's row, with a notice of it unless `quietly`."""
        more = _of(values["state"]) if "state" in values else {}
        with Session(self.installation.database) as session, session.begin():
            session.execute(update(Run).where(Run.id == run_id).values(more | values))
            if not quietly:
                notify(session, RUN, run_id)

    def clear(self) -> None:
        """Leave none."""
        with Session(self.installation.database) as session, session.begin():
            session.execute(delete(Run))


def _of(state: State) -> dict:
    """What a row holds in that state, whatever else it does."""
    if state == State.QUEUED:
        return {"state": state}
    started = {"state": state, "attempt": 1, "started_at": func.now(), "heartbeat_at": func.now()}
    if state == State.GENERATING:
        return started
    ended = started | {"formed_at": func.now()}
    return ended | ERROR | {"error": "it broke"} if state == State.ERROR else ended
