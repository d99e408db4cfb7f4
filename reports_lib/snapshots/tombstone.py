"""What stays of a deleted snapshot: a tombstone that says when, by whom and why (Q-12, Q-27)."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from reports_lib.errors import CorruptSnapshotError, GoneError, UnknownNameError
from reports_lib.snapshots.manifest import ID, file_name
from reports_lib.snapshots.store import Store


@dataclass(frozen=True)
class Tombstone:
    """What remains of a deleted snapshot; nothing of what it showed or was asked."""

    snapshot: str
    family: str
    generated_at: datetime
    by: str
    reason: str
    at: datetime

    def json(self) -> bytes:
        """The tombstone's file."""
        times = {name: getattr(self, name).astimezone(UTC).isoformat() for name in ("generated_at", "at")}
        return json.dumps(asdict(self) | times, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `json` wrote; raises `CorruptSnapshotError`."""
        try:
            given = json.loads(data)
            times = {name: datetime.fromisoformat(given[name]) for name in ("generated_at", "at")}
            return cls(**given | times)
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptSnapshotError("a tombstone in the snapshot store cannot be read") from error


def tombstone(store: Store, snapshot_id: str) -> Tombstone | None:
    """The snapshot's tombstone, None if it was not deleted. Raises `CorruptSnapshotError`."""
    try:
        return Tombstone.parse(store.read_unchecked(path(store, snapshot_id)))
    except UnknownNameError:
        return None


def tombstones(store: Store) -> Iterator[Tombstone]:
    """Every tombstone, in the order of ids. Raises `CorruptSnapshotError`."""
    for path in sorted((store.root / "gone").glob("*.json")):
        if ID.fullmatch(path.stem):
            yield Tombstone.parse(store.read_unchecked(path))


def refuse_if_gone(store: Store, snapshot_id: str) -> None:
    """Raise `GoneError` if the snapshot was deleted."""
    if stone := tombstone(store, snapshot_id):
        raise GoneError(f"this snapshot was deleted on {stone.at:%Y-%m-%d}: {stone.reason}")


def path(store: Store, snapshot_id: str) -> Path:
    """Where the snapshot's tombstone is or would be; raises `UnknownNameError` unless it is an id."""
    return store.root / "gone" / file_name(snapshot_id)
