"""A draft and its files to a snapshot, and back."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import NamedTuple

from reports_lib.errors import CorruptSnapshotError, UnknownNameError
from reports_lib.snapshots.manifest import SUFFIX, FileRef, Manifest, file_name
from reports_lib.snapshots.store import Store, name_of
from reports_lib.snapshots.tombstone import refuse_if_gone


class Content(NamedTuple):
    """What will become a file of a snapshot; the suffix of `filename` is kept in the store."""

    data: bytes
    mime: str
    filename: str

    @property
    def suffix(self) -> str:
        """`html` of `report.html`."""
        return PurePath(self.filename).suffix.removeprefix(".")


def seal(store: Store, draft: Manifest, files: Mapping[str, Content]) -> Manifest:
    """Store all files and, once they are safe, the manifest that lists them; returns it.

    Keys are `html`, `pdf`, `csv`, `xlsx`, `xls`, `ipynb` and `table:<name>`. The snapshot becomes
    visible when the caller commits its row in the index and not before. Raises `StoreError`, in
    which case nothing is left behind, and `ValueError` if the draft does not fit the files.
    """
    refs = {
        key: FileRef(name_of(c.data, c.suffix), len(c.data), c.mime, c.filename) for key, c in sorted(files.items())
    }
    manifest = replace(draft, files=refs)
    manifest.check()
    blobs = [(content.data, content.suffix) for content in files.values()]
    store.put_all([*blobs, (manifest.json(), SUFFIX)])
    return manifest


def open_snapshot(store: Store, snapshot_id: str) -> Manifest:
    """The manifest of that id.

    Raises `UnknownNameError` if there is none, `GoneError` if it was deleted, `CorruptSnapshotError`.
    """
    name = file_name(snapshot_id)
    refuse_if_gone(store, snapshot_id)
    try:
        data = store.read(name)
    except UnknownNameError:
        raise UnknownNameError("no snapshot of that id") from None
    return Manifest.parse(data)


def open_file(store: Store, manifest: Manifest, key: str) -> bytes:
    """The bytes of one of the snapshot's files, checked.

    Raises `UnknownNameError` if the snapshot has no such file, `CorruptSnapshotError`.
    """
    if key not in manifest.files:
        raise UnknownNameError.of("file of this snapshot", key, manifest.files)
    ref = manifest.files[key]
    try:
        return store.read(ref.name)
    except UnknownNameError:
        raise CorruptSnapshotError(f"stored file {ref.name} is missing; run `verify`") from None
