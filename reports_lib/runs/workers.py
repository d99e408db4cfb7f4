"""Who is there to make runs: each worker's row, and when it last gave a sign of life."""

import os
import socket
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib import __version__
from reports_lib.database.schema import Worker
from reports_lib.runs.identity import is_dead
from reports_lib.runs.installation import Installation
from reports_lib.runs.record import NOW

FORGOTTEN = timedelta(minutes=10)  # a worker that nobody has heard of for so long


def beat(session: Session, worker: str) -> None:
    """A sign of life of this process, in the caller's transaction, whose commit does not wait for the disk."""
    session.execute(select(func.set_config("synchronous_commit", "off", True)))
    row = {"id": worker, "host": socket.gethostname(), "pid": os.getpid(), "version": __version__}
    moments = {"started_at": NOW(), "heartbeat_at": NOW()}
    made = insert(Worker).values(row | moments)
    session.execute(made.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": NOW()}))


def leave(session: Session, worker: str) -> None:
    """This process makes no more runs."""
    session.execute(delete(Worker).where(Worker.id == worker))


def has_worker(session: Session, lease: float) -> bool:
    """Whether anybody is there to make runs."""
    fresh = select(Worker.id).where(Worker.heartbeat_at >= NOW() - timedelta(seconds=lease))
    return any(not is_dead(worker) for worker in session.scalars(fresh))


def is_manned(installation: Installation) -> bool:
    """Whether anybody is there to make the installation's runs; raises `DatabaseError`."""
    with Session(installation.database) as session:
        return has_worker(session, installation.workspace.lease)


def forget(session: Session) -> None:
    """Remove the rows of workers that died or that nobody has heard of for long."""
    silent = Worker.heartbeat_at < NOW() - FORGOTTEN
    dead = [worker for worker in session.scalars(select(Worker.id)) if is_dead(worker)]
    session.execute(delete(Worker).where(silent | Worker.id.in_(dead)))
    session.execute(select(func.procrastinate_prune_stalled_workers_v1(FORGOTTEN.total_seconds())))
