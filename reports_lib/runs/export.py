"""One file of a snapshot; one that was not made at the time is made of the snapshot's own tables, or its page.

Nothing is queried: an export holds what the reader saw, whatever became of the warehouse (JD-60).
"""

import tempfile
from pathlib import Path

from reports_lib.errors import LimitError, UnknownNameError
from reports_lib.rendering.formats import Format
from reports_lib.rendering.notebook_file import parsed
from reports_lib.rendering.press import Press
from reports_lib.rendering.tables import tables
from reports_lib.rendering.works import paper
from reports_lib.runs.render import SHEETS, file_stem, sheet
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import Content, open_file
from reports_lib.snapshots.store import Store

PRINTING = 60  # seconds


def export(store: Store, manifest: Manifest, form: Format) -> Content:
    """The snapshot as `form`.

    Raises `RowLimitError`, `CorruptSnapshotError`, `UnknownNameError`, or `LimitError` if printing takes too long.
    """
    if ref := manifest.files.get(str(form)):
        return Content(open_file(store, manifest, str(form)), ref.mime, ref.filename)
    if form is Format.PDF:
        return _printed(open_file(store, manifest, str(Format.HTML)), manifest)
    if form not in SHEETS:
        raise UnknownNameError(f"this report was made without {form}; ask for it again with that format")
    with tempfile.TemporaryDirectory(prefix="daybook-") as name:
        folder = Path(name)
        for table in manifest.tables:
            (folder / f"{table.name}.parquet").write_bytes(open_file(store, manifest, f"table:{table.name}"))
        stored = tables(parsed(open_file(store, manifest, "ipynb")), folder)
        return sheet(stored, form, manifest)


def _printed(page: bytes, manifest: Manifest) -> Content:
    """The page on paper, byte for byte as it would have been made with the report; in a process of its own."""
    try:
        with Press(processes=1) as press:
            made = press.make(paper, page, {"created": manifest.generated_at.isoformat()}, PRINTING)
    except LimitError:
        raise LimitError(f"this takes more than {PRINTING} s to print; ask for the report again, with PDF") from None
    return Content(made, Format.PDF.mime, f"{file_stem(manifest)}.{Format.PDF}")
