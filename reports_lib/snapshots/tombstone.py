"""What stays of a deleted snapshot: a tombstone that says when, by whom and why (Q-12, Q-27)."""

import json
import os
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


def is_gone(store: Store, snapshot_id: str) -> bool:
    """Whether there is a tombstone, readable or not."""
    return os.path.lexists(path(store, snapshot_id))


def tombstone(store: Store, snapshot_id: str) -> Tombstone | None:
    """The snapshot's tombstone, None if it was not deleted. Raises `CorruptSnapshotError`."""
    try:
        stone = Tombstone.parse(store.read_unchecked(path(store, snapshot_id)))
    except UnknownNameError:
        return None
    if stone.snapshot != snapshot_id:
        raise CorruptSnapshotError("a tombstone in the snapshot store is another snapshot's")
    return stone


def tombstones(store: Store) -> Iterator[tuple[str, Tombstone | None]]:
    """Id and tombstone of every deleted snapshot, in the order of ids; None where it is damaged."""
    for file in sorted((store.root / "gone").glob("*.json")):
        if ID.fullmatch(file.stem):
            try:
                yield file.stem, tombstone(store, file.stem)
            except CorruptSnapshotError:
                yield file.stem, None


def refuse_if_gone(store: Store, snapshot_id: str) -> None:
    """Raise `GoneError` if the snapshot was deleted."""
    if stone := tombstone(store, snapshot_id):
        raise GoneError(f"this snapshot was deleted on {stone.at:%Y-%m-%d}: {stone.reason}")


def path(store: Store, snapshot_id: str) -> Path:
    """Where the snapshot's tombstone is or would be; raises `UnknownNameError` unless it is an id."""
    return store.root / "gone" / file_name(snapshot_id)
