"""One file of a snapshot; a sheet that was not made at the time is made of the snapshot's own tables.

Nothing is queried: an export holds what the reader saw, whatever became of the warehouse (JD-60).
"""

import tempfile
from pathlib import Path

from reports_lib.errors import UnknownNameError
from reports_lib.rendering.formats import Format
from reports_lib.rendering.notebook_file import parsed
from reports_lib.rendering.tables import tables
from reports_lib.runs.render import SHEETS, sheet
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import Content, open_file
from reports_lib.snapshots.store import Store


def export(store: Store, manifest: Manifest, form: Format) -> Content:
    """The snapshot as `form`; raises `RowLimitError`, `CorruptSnapshotError`, or `UnknownNameError`."""
    if ref := manifest.files.get(str(form)):
        return Content(open_file(store, manifest, str(form)), ref.mime, ref.filename)
    if form not in SHEETS:
        raise UnknownNameError(f"this report was made without {form}; ask for it again with that format")
    with tempfile.TemporaryDirectory(prefix="daybook-") as name:
        folder = Path(name)
        for table in manifest.tables:
            (folder / f"{table.name}.parquet").write_bytes(open_file(store, manifest, f"table:{table.name}"))
        stored = tables(parsed(open_file(store, manifest, "ipynb")), folder)
        return sheet(stored, form, manifest)
