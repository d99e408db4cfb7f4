"""The database's copy of the manifests: what lists and searches read. The store is the original."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Snapshot
from reports_lib.errors import UnknownNameError
from reports_lib.snapshots.manifest import ID, Manifest
from reports_lib.snapshots.removal import living
from reports_lib.snapshots.store import Store
from reports_lib.snapshots.tombstone import Tombstone, tombstones


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild found."""

    snapshots: int
    deleted: int
    damaged: tuple[str, ...]  # ids whose manifest or tombstone cannot be believed; their rows are as they were
    lost: tuple[str, ...]  # ids of rows that have neither manifest nor tombstone


def insert(session: Session, manifest: Manifest) -> None:
    """Write the snapshot's row, in the caller's transaction; it is visible once that commits."""
    values = _row(manifest)
    session.execute(upsert(Snapshot).values(values).on_conflict_do_update(index_elements=["id"], set_=values))


def bury(session: Session, stone: Tombstone) -> None:
    """Mark the snapshot's row as deleted and forget what it was asked, in the caller's transaction."""
    gone: dict[str, Any] = {
        "labels": {}, "requested_interval": None, "formats": [], "bytes": 0,
        "deleted_at": stone.at, "deleted_by": stone.by, "delete_reason": stone.reason,
    }  # fmt: skip
    values: dict[str, Any] = {
        "id": stone.snapshot, "family": stone.family, "title": stone.family, "role": "", "user_name": "",
        "company": "", "generated_at": stone.generated_at, "duration_ms": 0,
    }  # fmt: skip
    session.execute(upsert(Snapshot).values(values | gone).on_conflict_do_update(index_elements=["id"], set_=gone))


def recent(session: Session, family: str | None = None, limit: int = 100) -> list[Snapshot]:
    """The newest snapshots that were not deleted, of one family or of all."""
    query = select(Snapshot).where(Snapshot.deleted_at.is_(None))
    if family is not None:
        query = query.where(Snapshot.family == family)
    return list(session.scalars(query.order_by(Snapshot.generated_at.desc(), Snapshot.id).limit(limit)))


def find(session: Session, beginning: str) -> str:
    """The one id that begins so (at least four digits); raises `UnknownNameError` if none or several do."""
    if not ID.fullmatch(beginning.ljust(64, "0")) or len(beginning) < 4:
        raise UnknownNameError("no snapshot of that id")
    found = session.scalars(select(Snapshot.id).where(Snapshot.id.startswith(beginning)).limit(2)).all()
    if len(found) != 1:
        raise UnknownNameError("several snapshots have ids that begin so" if found else "no snapshot of that id")
    return found[0]


def newer(session: Session, snapshot_id: str, visitor: Visitor) -> Snapshot | None:
    """The newest snapshot that came to stand in place of this one, of those whose company is the visitor's."""
    start = select(Snapshot.id).where(Snapshot.supersedes == snapshot_id).cte("later", recursive=True)
    later = start.union(select(Snapshot.id).where(Snapshot.supersedes == start.c.id))
    query = select(Snapshot).where(
        Snapshot.id.in_(select(later.c.id)), Snapshot.deleted_at.is_(None), visitor.sees(Snapshot.company)
    )
    return session.scalars(query.order_by(Snapshot.generated_at.desc(), Snapshot.id).limit(1)).first()


def known(session: Session) -> set[str]:
    """Ids of all rows, deleted ones left out: what `verify` and `collect_garbage` ask for."""
    return set(session.scalars(select(Snapshot.id).where(Snapshot.deleted_at.is_(None))))


def rebuild(session: Session, store: Store) -> Rebuilt:
    """Write every row anew from the manifests and tombstones, in the caller's transaction.

    Links and runs are no part of it: they exist nowhere else, so back up the database for them.
    """
    found, damaged = set(), set()
    for snapshot_id, manifest in living(store):
        if manifest is None:
            damaged.add(snapshot_id)
        else:
            insert(session, manifest)
            found.add(snapshot_id)
    stones = dict(tombstones(store))
    for snapshot_id, stone in stones.items():
        if stone is None:
            damaged.add(snapshot_id)
        else:
            bury(session, stone)
    lost = known(session) - found - damaged
    return Rebuilt(len(found), len(stones), tuple(sorted(damaged)), tuple(sorted(lost)))


def _row(manifest: Manifest) -> dict[str, Any]:
    author = manifest.generated_by
    same = ("id", "family", "title", "set_name", "requested_interval", "as_of", "data_version", "generated_at",
            "duration_ms", "supersedes", "retained_until")  # fmt: skip
    return {name: getattr(manifest, name) for name in same} | {
        "labels": dict(manifest.labels),
        "role": author.role,
        "user_name": author.user,
        "company": author.company,
        "formats": sorted(key for key in manifest.files if ":" not in key),
        "bytes": sum(ref.bytes for ref in manifest.files.values()),
    }
