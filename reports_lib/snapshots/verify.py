"""Is every byte of the store what its name says, and is every snapshot whole?

Damage is what keeps a report from being shown; litter costs only room. Nothing is changed here.
"""

import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reports_lib.errors import CorruptSnapshotError, UnknownNameError
from reports_lib.snapshots.manifest import SUFFIX, Manifest, file_name
from reports_lib.snapshots.store import READ_ONLY, Store, is_in_place
from reports_lib.snapshots.tombstone import is_gone, refuse_if_gone, tombstones


class Kind(StrEnum):
    """What can be wrong."""

    CORRUPT = "corrupt"  # bytes that do not match their name, or cannot be read
    MISSING = "missing"  # listed by a manifest or the index, and not there
    INVALID = "invalid"  # a manifest or tombstone that Daybook did not write
    MISPLACED = "misplaced"  # something that is no file of the store, or not in its folder
    MODE = "mode"  # a file that could be changed, or not be read
    UNKNOWN = "unknown"  # a snapshot that the index does not know: not committed, or put there by hand
    ORPHAN = "orphan"  # a file that no manifest lists
    UNFINISHED = "unfinished"  # a deletion that was interrupted
    LEFTOVER = "leftover"  # a file that was being written; perhaps it still is


DAMAGE = frozenset({Kind.CORRUPT, Kind.MISSING, Kind.INVALID})


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one file; `snapshot` is the id of one that needs it, if any does."""

    kind: Kind
    name: str
    message: str
    snapshot: str | None = None

    @property
    def is_damage(self) -> bool:
        """Whether a report cannot be shown, or should not be."""
        return self.kind in DAMAGE

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}: {self.message}"


def verify(store: Store, snapshot_id: str | None = None, known: Collection[str] | None = None) -> Iterator[Finding]:
    """Everything that is wrong with one snapshot, or with the whole store.

    `known` are the ids in the index; without them the store is compared with itself only. Raises
    `UnknownNameError` or `GoneError` if the one snapshot is not there.
    """
    if snapshot_id is None:
        yield from _store(store, known)
    else:
        refuse_if_gone(store, snapshot_id)
        name = file_name(snapshot_id)
        if not os.path.lexists(store.path(name)):
            raise UnknownNameError("no snapshot of that id")
        yield from _file(store, _Need(name))
        for need in _needs(store, name):
            yield from _file(store, need)


def _store(store: Store, known: Collection[str] | None) -> Iterator[Finding]:
    yield from _strays(store)
    yield from _tombstones(store)
    names = [path.name for path in store.files() if is_in_place(path)]
    manifests = [name for name in names if name.endswith(f".{SUFFIX}")]
    needs: dict[str, list[_Need]] = {}
    for name in manifests:
        yield from _manifest(store, name, known)
        for need in _needs(store, name):
            needs.setdefault(need.name, []).append(need)
    for name in sorted({*names, *needs} - {*manifests}):
        for need in needs.get(name, []):
            yield from _file(store, need)
        if name not in needs:
            yield from _file(store, _Need(name))
            yield Finding(Kind.ORPHAN, name, "no snapshot lists it")
    for snapshot_id in sorted(set(known or ()) - {name[:64] for name in manifests}):
        yield Finding(Kind.MISSING, file_name(snapshot_id), "the index lists this snapshot", snapshot_id)


def _strays(store: Store) -> Iterator[Finding]:
    for path in store.leftovers():
        yield Finding(Kind.LEFTOVER, path.name, "left by a writer that was killed, or being written now")
    for path in store.strays():
        yield Finding(Kind.MISPLACED, str(path.relative_to(store.root)), "does not belong here")


def _tombstones(store: Store) -> Iterator[Finding]:
    for snapshot_id, stone in tombstones(store):
        if stone is None:
            yield Finding(Kind.INVALID, f"gone/{file_name(snapshot_id)}", "the tombstone cannot be read")


def _manifest(store: Store, name: str, known: Collection[str] | None) -> Iterator[Finding]:
    snapshot_id = name[:64]
    if is_gone(store, snapshot_id):
        yield Finding(Kind.UNFINISHED, name, "deleted, but its files are not all gone")
        return
    yield from _file(store, _Need(name))
    if known is not None and snapshot_id not in known:
        yield Finding(Kind.UNKNOWN, name, "the index does not know this snapshot", snapshot_id)


class _Need(NamedTuple):
    name: str
    size: int | None = None
    snapshot: str | None = None


def _needs(store: Store, name: str) -> list[_Need]:
    # what a manifest lists; nothing if it was deleted, or cannot be believed
    if is_gone(store, name[:64]):
        return []
    try:
        manifest = Manifest.parse(store.read(name))
    except (CorruptSnapshotError, UnknownNameError):
        return []
    return [_Need(ref.name, ref.bytes, manifest.id) for _key, ref in sorted(manifest.files.items())]


def _file(store: Store, need: _Need) -> Iterator[Finding]:
    name, size, snapshot_id = need
    path = store.path(name)
    try:
        data = store.read_unchecked(path)
    except UnknownNameError:
        yield Finding(Kind.MISSING, name, "a snapshot lists it, and it is not there", snapshot_id)
        return
    except CorruptSnapshotError as error:
        yield Finding(Kind.CORRUPT, name, str(error), snapshot_id)
        return
    digest = hashlib.sha256(data).hexdigest()
    if digest != name[:64]:
        yield Finding(Kind.CORRUPT, name, _what_it_holds(store, digest, len(data), size), snapshot_id)
    elif size is not None and size != len(data):
        yield Finding(Kind.INVALID, name, f"the manifest says {size} bytes, there are {len(data)}", snapshot_id)
    elif name.endswith(f".{SUFFIX}") and not _is_manifest(data):
        yield Finding(Kind.INVALID, name, "not a manifest that this version of Daybook writes")
    if (mode := stat.S_IMODE(path.lstat().st_mode)) != READ_ONLY:
        yield Finding(Kind.MODE, name, f"its mode is {mode:04o}, not {READ_ONLY:04o}", snapshot_id)


def _what_it_holds(store: Store, digest: str, held: int, size: int | None) -> str:
    if others := sorted(path.name for path in (store.root / digest[:2]).glob(f"{digest}.*")):
        return f"it holds the bytes of {others[0]}"
    if size is not None and held != size:
        return f"it holds {held} of its {size} bytes" if held < size else f"it holds {held} bytes instead of {size}"
    return "its bytes have changed"


def _is_manifest(data: bytes) -> bool:
    try:
        Manifest.parse(data)
    except CorruptSnapshotError:
        return False
    return True
