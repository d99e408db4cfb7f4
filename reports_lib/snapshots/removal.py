"""Taking files out of the store: of a snapshot deleted on purpose, or that no snapshot needs.

Whoever removes holds the store alone, so nothing that a seal counts on disappears under it.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from fcntl import LOCK_EX
from pathlib import Path

from reports_lib.errors import CorruptSnapshotError, StoreError, UnknownNameError
from reports_lib.snapshots.manifest import SUFFIX, Manifest, file_name
from reports_lib.snapshots.store import Store, is_in_place
from reports_lib.snapshots.tombstone import Tombstone, is_gone, tombstone
from reports_lib.snapshots.tombstone import path as tombstone_path

GRACE = timedelta(days=1)  # far longer than any run needs from its first file to its row


def delete(store: Store, snapshot_id: str, *, by: str, reason: str, at: datetime) -> Tombstone:
    """Delete a snapshot for good; returns its tombstone. Files that others share are kept.

    The tombstone is written first: from then on nobody is shown the snapshot. Called again after an
    interruption, it finishes the work and keeps the first tombstone. Raises `UnknownNameError`.
    """
    with store.lock(LOCK_EX):
        path = store.path(file_name(snapshot_id))
        stone = tombstone(store, snapshot_id)
        try:
            manifest = Manifest.parse(store.read(path.name))
        except UnknownNameError:
            if stone:
                return stone
            raise UnknownNameError("no snapshot of that id") from None
        except CorruptSnapshotError:
            manifest = None  # its files are found later, as ones that nobody needs
        if not stone:
            family, generated_at = (manifest.family, manifest.generated_at) if manifest else ("", at)
            stone = Tombstone(snapshot_id, family, generated_at, by, reason, at)
            store.write(tombstone_path(store, snapshot_id), stone.json())
        _remove(store, path, manifest)
    return stone


def collect_garbage(store: Store, known: Collection[str], now: datetime, grace: timedelta = GRACE) -> list[str]:
    """Remove what no snapshot needs and return the names; nothing younger than `grace` is touched.

    That is: files being written when their writer was killed, snapshots whose id is not among `known`
    (the index's: their run never committed), and files that no manifest lists. Also finishes
    deletions that were interrupted. Raises `StoreError`, before anything is removed, if the index
    knows none of the snapshots there are, for then it is the index that is missing.
    """
    with store.lock(LOCK_EX):
        gone: list[Path] = []
        kept: list[Path] = []
        for path in _files(store, manifests=True):
            (gone if is_gone(store, path.stem) else kept).append(path)
        if kept and not any(path.stem in known for path in kept):
            raise StoreError(f"the index knows none of the {len(kept)} snapshots in {store.root}; rebuild it first")
        old = [*store.leftovers(), *(path for path in kept if path.stem not in known)]
        removed = gone + [path for path in old if _is_older(path, now, grace)]
        for path in removed:
            store.remove(path)
        unneeded = [path for path in _unneeded(store) if _is_older(path, now, grace)]
        for path in unneeded:
            store.remove(path)
    return sorted(path.name for path in [*removed, *unneeded])


def living(store: Store) -> Iterator[tuple[str, Manifest | None]]:
    """Id and manifest of every snapshot that was not deleted; None where the manifest is damaged."""
    for path in _files(store, manifests=True):
        if not is_gone(store, path.stem):
            try:
                yield path.stem, Manifest.parse(store.read(path.name))
            except (CorruptSnapshotError, UnknownNameError):
                yield path.stem, None


def _remove(store: Store, path: Path, manifest: Manifest | None) -> None:
    needed = _needed(store)
    refs = manifest.files.values() if manifest and needed is not None else ()
    for name in sorted({ref.name for ref in refs} - (needed or set())):
        store.remove(store.path(name))
    store.remove(path)  # last: it says which files are still to go


def _needed(store: Store) -> set[str] | None:
    # None where a damaged manifest cannot tell what it needs: then everything must be kept
    needed: set[str] = set()
    for _id, manifest in living(store):
        if manifest is None:
            return None
        needed.update(ref.name for ref in manifest.files.values())
    return needed


def _unneeded(store: Store) -> Sequence[Path]:
    needed = _needed(store)
    if needed is None:
        return ()
    return [path for path in _files(store, manifests=False) if path.name not in needed]


def _files(store: Store, *, manifests: bool) -> list[Path]:
    return [path for path in store.files() if is_in_place(path) and (path.suffix == f".{SUFFIX}") == manifests]


def _is_older(path: Path, now: datetime, grace: timedelta) -> bool:
    return path.lstat().st_mtime < (now - grace).timestamp()
