"""Reports with personal data, deleted when their time is over (Q-12): they leave a tombstone, and are never edited."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, Snapshot
from reports_lib.runs.discard import discard
from reports_lib.runs.installation import Installation
from reports_lib.snapshots import index, removal

BY = "daybook"  # in tombstones and in the audit trail
MOST = 500  # reports of one go


@dataclass(frozen=True, slots=True)
class Kept:
    """How many reports hold personal data at a moment, and when the last of them goes; None if there is none."""

    reports: int
    last: datetime | None


def kept(session: Session, companies: Collection[str], now: datetime) -> Kept:
    """The reports with personal data that there are at `now`, made for one of the companies."""
    holding = _is_there(), Snapshot.retained_until > now, Snapshot.company.in_(companies)
    query = select(func.count(), func.max(Snapshot.retained_until)).where(*holding)
    count, last = session.execute(query).one()
    return Kept(count, last)


def expire(installation: Installation, now: datetime) -> int:
    """Delete every report whose time is over; returns how many. Done twice at once, it is done once.

    Raises `StoreError` and `DatabaseError`.
    """
    with Session(installation.database) as session:
        due = _due(session, now)
    for snapshot_id, run_id, until in due:
        reason = f"it held personal data, which was kept until {until.astimezone(UTC):%Y-%m-%d}"
        if run_id is not None:
            discard(installation, run_id, by=BY, reason=reason, at=now)
            continue
        stone = removal.delete(installation.store, snapshot_id, by=BY, reason=reason, at=now)
        with Session(installation.database) as session, session.begin():
            index.bury(session, stone)
    return len(due)


def _due(session: Session, now: datetime) -> Sequence[tuple[str, int | None, datetime]]:
    """Snapshots that are to go, those due longest first, with their runs; an index that was rebuilt knows of none."""
    query = (
        select(Snapshot.id, Run.id, Snapshot.retained_until)
        .outerjoin(Run, (Run.snapshot_id == Snapshot.id) & Run.deleted_at.is_(None))
        .where(_is_there(), Snapshot.retained_until <= now)
        .order_by(Snapshot.retained_until, Snapshot.id)
        .limit(MOST)
    )
    return [(snapshot_id, run_id, until) for snapshot_id, run_id, until in session.execute(query) if until]


def _is_there() -> ColumnElement[bool]:
    return Snapshot.deleted_at.is_(None)
