"""The rows of files of call records: the one truth about where each is.

    (none) ──register──> waiting ──claim──> processing ──succeed──> success
                            └<── release ───┘    └────────fail────> error ──register──> deleted, and a new row

A claim is one attempt of one process. It lasts as long as its heartbeats do; whoever else claims the
file after that makes every word of the first about it void. Each change is noted for the warehouse.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.cdr.originals import Arrived
from reports_lib.database.schema import CdrFile, CdrState
from reports_lib.errors import IngestError, StateError, UnknownNameError
from reports_lib.warehouse.ingest.report import Report

SUBJECT = "cdr_file"
NOW = func.clock_timestamp  # the database's, so that no machine's own clock counts


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one file, by whoever holds this."""

    id: int
    attempt: int
    name: str
    format: str
    company: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Given:
    """What is said of a file when it comes."""

    format: str
    company: str
    by: str


def register(session: Session, arrived: Arrived, given: Given) -> int:
    """A new row, waiting, in the caller's transaction; returns its id.

    A file that could not be loaded may come again: its new row takes the place of the old. Raises
    `IngestError` if the same content is there already.
    """
    only_one(session, arrived.sha256)
    now = session.scalar(select(NOW()))
    if there := of_content(session, arrived.sha256):
        if there.state != CdrState.ERROR:
            raise IngestError(f"{arrived.name} {_already(there)}")
        there.deleted_at = now  # each try has an id of its own, so that no late word is taken for another's
        session.flush()
        mirror.note(session, SUBJECT, there.id)
    made = CdrFile(
        name=arrived.name,
        sha256=arrived.sha256,
        size_bytes=arrived.size,
        format=given.format,
        company=given.company,
        uploaded_by=given.by,
        uploaded_at=now,
    )
    session.add(made)
    session.flush()
    mirror.note(session, SUBJECT, made.id)
    return made.id


def only_one(session: Session, sha256: str) -> None:
    """Until the caller's transaction ends nobody else takes in that content, or takes its bytes away."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"cdr {sha256}"))))


def of_content(session: Session, sha256: str) -> CdrFile | None:
    """The file of that content which is not deleted."""
    return session.scalar(select(CdrFile).where(CdrFile.sha256 == sha256, CdrFile.deleted_at.is_(None)))


def _already(there: CdrFile) -> str:
    if there.state == CdrState.SUCCESS:
        when = there.processed_at.strftime("%Y-%m-%d %H:%M UTC") if there.processed_at else ""
        return f"was loaded on {when} as {there.name} (file {there.id})"
    return f"is {there.state} as {there.name} (file {there.id})"


def claim(session: Session, lease: float, only: Iterable[int] | None = None) -> Claim | None:
    """Take the oldest file that waits, or whose process has been silent for a lease; None if there is none.

    With `only`, one of these. Files that others are just claiming are passed over.
    """
    query = select(CdrFile).where(*_free(lease)).order_by(CdrFile.id).limit(1)
    if only is not None:
        query = query.where(CdrFile.id.in_(list(only)))
    found = session.scalar(query.with_for_update(skip_locked=True))
    if found is None:
        return None
    now = session.scalar(select(NOW()))
    found.state, found.attempt, found.heartbeat_at = CdrState.PROCESSING, found.attempt + 1, now
    session.flush()
    mirror.note(session, SUBJECT, found.id)
    return Claim(found.id, found.attempt, found.name, found.format, found.company, found.sha256)


def beat(session: Session, held: Claim) -> bool:
    """Say that the attempt is still made; False if it is somebody else's now."""
    return _set(session, held, heartbeat_at=NOW())


def release(session: Session, held: Claim) -> bool:
    """Give it back: the fault is not the file's. False if it is somebody else's now."""
    return _told(session, held, state=CdrState.WAITING, attempt=held.attempt - 1)


def succeed(session: Session, held: Claim, report: Report, rejects: str | None) -> bool:
    """The file is loaded; False if it is somebody else's now."""
    counts = {name: getattr(report, name) for name in ("lines", "loaded", "rejected", "blank")}
    version = report.version or None
    return _told(
        session, held, state=CdrState.SUCCESS, processed_at=NOW(), rejects=rejects, data_version=version, **counts
    )


def fail(session: Session, held: Claim, error: str, rejects: str | None = None) -> bool:
    """The file cannot be loaded, for this reason; False if it is somebody else's now."""
    told = " ".join(error.split())
    return _told(session, held, state=CdrState.ERROR, processed_at=NOW(), error=told, rejects=rejects)


def delete(session: Session, file_id: int) -> CdrFile:
    """Mark a file deleted: its original goes, its calls stay. Raises `UnknownNameError`, `StateError`."""
    found = session.scalar(select(CdrFile).where(CdrFile.id == file_id, CdrFile.deleted_at.is_(None)).with_for_update())
    if found is None:
        raise UnknownNameError.of("file of call records", str(file_id))
    if found.state == CdrState.PROCESSING:
        raise StateError(f"file {file_id} is being loaded; wait until it is, then delete it")
    found.deleted_at = session.scalar(select(NOW()))
    mirror.note(session, SUBJECT, file_id)
    return found


def listed(
    session: Session, states: Iterable[str] = (), limit: int = 50, companies: Iterable[str] | None = None
) -> list[CdrFile]:
    """The newest files that are not deleted; of some states if they are given, and of some companies."""
    query = select(CdrFile).where(CdrFile.deleted_at.is_(None)).order_by(CdrFile.id.desc()).limit(limit)
    if wanted := list(states):
        query = query.where(CdrFile.state.in_(wanted))
    if companies is not None:
        query = query.where(CdrFile.company.in_(list(companies)))
    return list(session.scalars(query))


def is_free(session: Session, lease: float) -> bool:
    """Whether there is a file to claim."""
    return bool(session.scalar(select(exists().where(*_free(lease)))))


def _free(lease: float) -> tuple[ColumnElement[bool], ...]:
    """Files that wait, and those whose process has been silent for a lease."""
    silent = CdrFile.heartbeat_at < NOW() - timedelta(seconds=lease)
    free = or_(CdrFile.state == CdrState.WAITING, (CdrFile.state == CdrState.PROCESSING) & silent)
    return free, CdrFile.deleted_at.is_(None)


def _told(session: Session, held: Claim, **news: object) -> bool:
    is_ours = _set(session, held, **news)
    if is_ours:
        mirror.note(session, SUBJECT, held.id)
    return is_ours


def _set(session: Session, held: Claim, **news: object) -> bool:
    ours = (CdrFile.id == held.id, CdrFile.attempt == held.attempt, CdrFile.state == CdrState.PROCESSING)
    found = session.execute(update(CdrFile).where(*ours).values(**news).returning(CdrFile.id))
    return found.first() is not None
