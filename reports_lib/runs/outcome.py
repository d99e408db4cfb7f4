"""What came of a run, for people and for programs."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Link, Run
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import open_snapshot


@dataclass(frozen=True)
class Outcome:
    """A finished run: its snapshot, its link, where its files are and how many rows its tables have."""

    run: int
    id: str
    url: str
    family: str
    set_name: str | None
    state: str
    data_version: str
    requested_interval: str | None
    data_interval: tuple[str, str] | None
    duration_ms: int
    files: dict[str, str]  # format: path in the store
    tables: dict[str, int]  # name: rows

    def json(self) -> dict[str, Any]:
        """The object that `daybook run --json` prints."""
        return {
            "id": self.id,
            "url": self.url,
            "family": self.family,
            "set": self.set_name,
            "run": self.run,
            "state": self.state,
            "data_version": self.data_version,
            "requested_interval": self.requested_interval,
            "data_interval": list(self.data_interval) if self.data_interval else None,
            "duration_ms": self.duration_ms,
            "files": self.files,
            "tables": self.tables,
        }


def outcome_of(installation: Installation, run_id: int) -> Outcome:
    """The outcome of a run that made a snapshot."""
    with Session(installation.database) as session:
        run = session.get_one(Run, run_id)
        token = session.scalars(
            select(Link.token).where(Link.snapshot_id == run.snapshot_id).order_by(Link.made_at, Link.token)
        ).first()
        snapshot_id, state = run.snapshot_id or "", run.state
    manifest = open_snapshot(installation.store, snapshot_id)
    return Outcome(
        run=run_id,
        id=manifest.id,
        url=installation.link(token or ""),
        family=manifest.family,
        set_name=manifest.set_name,
        state=state,
        data_version=manifest.data_version,
        requested_interval=manifest.requested_interval,
        data_interval=_texts(manifest),
        duration_ms=manifest.duration_ms,
        files=paths(installation, manifest),
        tables={t.name: t.rows for t in manifest.tables},
    )


def paths(installation: Installation, manifest: Manifest) -> dict[str, str]:
    """Where the snapshot's files lie, by format; the tables' Parquet files are left out."""
    shown = {key: ref for key, ref in manifest.files.items() if not key.startswith("table:")}
    return {key: str(installation.store.path(ref.name)) for key, ref in shown.items()}


def _texts(manifest: Manifest) -> tuple[str, str] | None:
    if manifest.data_interval is None:
        return None
    first, last = manifest.data_interval
    return first.isoformat(), last.isoformat()
