"""An executed notebook to the files of a snapshot: itself, its tables, and every view of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from reports_lib.rendering import csv, media, xls, xlsx
from reports_lib.rendering.formats import Format
from reports_lib.rendering.html import html
from reports_lib.rendering.tables import StoredTable, tables
from reports_lib.snapshots.manifest import Manifest, TableRef
from reports_lib.snapshots.seal import Content

PARQUET = "application/vnd.apache.parquet"
NOTEBOOK = "application/x-ipynb+json"
SHEETS = (Format.CSV, Format.XLSX, Format.XLS)


@dataclass(frozen=True)
class Told:
    """What the notebook said of its data; nothing where it showed no Info."""

    requested_interval: str | None = None
    data_interval: tuple[datetime, datetime] | None = None
    time_zone: str | None = None
    data_version: str | None = None


def told(executed: NotebookNode) -> Told:
    """The last Info that the notebook shows."""
    found: list[dict[str, Any]] = [
        output.data[media.INFO]
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if media.INFO in output.get("data", {})
    ]
    if not found:
        return Told()
    info = found[-1]
    first_last = info["data_interval"]
    return Told(
        requested_interval=info["requested_interval"],
        data_interval=(datetime.fromisoformat(first_last[0]), datetime.fromisoformat(first_last[1]))
        if first_last
        else None,
        time_zone=info["time_zone"],
        data_version=info["data_version"],
    )


def contents(
    executed: NotebookNode, folder: Path, draft: Manifest, formats: Sequence[Format]
) -> tuple[dict[str, Content], tuple[TableRef, ...]]:
    """The files of the snapshot by their keys, and what its tables are.

    Raises `RowLimitError` if a format that was asked for cannot hold a table.
    """
    stored = tables(executed, folder)
    stem = file_stem(draft)
    # first, for they may refuse, and the page of a table of many thousand rows takes minutes
    sheets = {str(form): sheet(stored, form, draft) for form in SHEETS if form in formats}
    page = html(executed, title=draft.title, lead=lead(draft), facts=facts(draft))
    files = sheets | {
        "ipynb": Content(nbformat.writes(executed).encode(), NOTEBOOK, f"{stem}.ipynb"),
        "html": Content(page, Format.HTML.mime, f"{stem}.html"),
    }
    if Format.PDF in formats:
        from reports_lib.rendering.pdf import pdf  # half a second of imports, for those who want it

        files["pdf"] = Content(pdf(page, created=draft.generated_at), Format.PDF.mime, f"{stem}.pdf")
    for each in stored:
        parquet = f"{each.name}.parquet"
        files[f"table:{each.name}"] = Content((folder / parquet).read_bytes(), PARQUET, parquet)
    return files, tuple(_table_ref(each) for each in stored)


def sheet(stored: Sequence[StoredTable], form: Format, manifest: Manifest) -> Content:
    """The tables as CSV, XLSX or XLS; raises `RowLimitError`."""
    match form:
        case Format.XLSX:
            data = xlsx.render(stored, created=manifest.generated_at)
        case Format.XLS:
            data = xls.render(stored)
        case _:
            data = csv.render(stored)
    return Content(data, form.mime, f"{file_stem(manifest)}.{form}")


def file_stem(manifest: Manifest) -> str:
    """How downloads are called: the family and the interval, nothing that a user typed."""
    interval = (manifest.requested_interval or "").replace("/", "_").replace(":", "")
    return f"{manifest.family}_{interval}" if interval else manifest.family


def lead(manifest: Manifest) -> str:
    """What the report is of, in a line: interval, zone, currency."""
    interval = (manifest.requested_interval or "").replace("/", " to ").replace("T", " ")
    return ", ".join(filter(None, [interval, manifest.time_zone, manifest.labels.get("currency")]))


def facts(manifest: Manifest) -> dict[str, str]:
    """What a report says of itself at its foot, whoever reads it (JD-75: the role, not the name)."""
    return {
        "Generated": f"{manifest.generated_at:%Y-%m-%d %H:%M} UTC by {manifest.generated_by.role}",
        "Family": manifest.family + (f", set {manifest.set_name}" if manifest.set_name else ""),
        "Notebook": manifest.notebook_sha256[:12],
        "Daybook": manifest.code_version,
    }


def _table_ref(table: StoredTable) -> TableRef:
    columns = tuple(asdict(column) for column in table.columns)
    rows = table.height - (table.total is not None)
    return TableRef(table.name, table.title, rows, columns, table.sha256)


def parse(notebook: bytes) -> NotebookNode:
    """A stored notebook."""
    return nbformat.reads(notebook.decode(), as_version=4)
