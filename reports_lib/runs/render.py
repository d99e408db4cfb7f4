"""An executed notebook to the files of a snapshot: itself, its tables, and every view of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nbformat import NotebookNode

from reports_lib.rendering import media, works
from reports_lib.rendering.formats import Format
from reports_lib.rendering.notebook_file import written
from reports_lib.rendering.press import Press, Time
from reports_lib.rendering.tables import StoredTable, references, tables
from reports_lib.rendering.works import Make, here
from reports_lib.snapshots.manifest import Manifest, TableRef
from reports_lib.snapshots.seal import Content
from reports_lib.values.formats import stretch

PARQUET = "application/vnd.apache.parquet"
NOTEBOOK = "application/x-ipynb+json"
SHEETS = (Format.CSV, Format.XLSX, Format.XLS)
SMALL = 1_000_000  # bytes of a notebook whose page takes some hundredths of a second


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
    executed: NotebookNode,
    folder: Path,
    draft: Manifest,
    formats: Sequence[Format],
    press: Press | None = None,
    seconds: Time = None,
) -> tuple[dict[str, Content], tuple[TableRef, ...]]:
    """The files of the snapshot by their keys, and what its tables are; the same bytes with or without `press`.

    A press makes them side by side, as long as there are `seconds`: a number, or what says how many are left.
    Without one they are made here, one after another. Raises `RowLimitError` if a format that was asked for
    cannot hold a table, `LimitError` past the time.
    """
    stored = tables(executed, folder)
    notebook = written(executed)
    # sheets first, for they may refuse, and the page of a table of many thousand rows takes minutes
    lines = [partial(_sheet, executed, folder, draft, form) for form in SHEETS if form in formats]
    lines.append(partial(_pages, notebook, draft, Format.PDF in formats))
    made = press.together(lines, seconds) if press else [line(here) for line in lines]
    stem = file_stem(draft)
    files = {str(form): Content(data, form.mime, f"{stem}.{form}") for part in made for form, data in part.items()}
    files["ipynb"] = Content(notebook, NOTEBOOK, f"{stem}.ipynb")
    for each in stored:
        parquet = f"{each.name}.parquet"
        files[f"table:{each.name}"] = Content((folder / parquet).read_bytes(), PARQUET, parquet)
    return files, tuple(_table_ref(each) for each in stored)


def _sheet(executed: NotebookNode, folder: Path, draft: Manifest, form: Format, make: Make) -> dict[Format, bytes]:
    given = {"folder": str(folder.resolve()), "form": form, "created": draft.generated_at.isoformat()}
    return {form: make(works.sheet, json.dumps(references(executed)).encode(), given)}


def _pages(notebook: bytes, draft: Manifest, is_printed: bool, make: Make) -> dict[Format, bytes]:
    given = {"title": draft.title, "lead": lead(draft), "facts": facts(draft)}
    # a small page is made in less time than others may keep every renderer busy for
    page = (here if len(notebook) <= SMALL else make)(works.page, notebook, given)
    if not is_printed:
        return {Format.HTML: page}
    return {Format.HTML: page, Format.PDF: make(works.paper, page, {"created": draft.generated_at.isoformat()})}


def sheet(stored: Sequence[StoredTable], form: Format, manifest: Manifest) -> Content:
    """The tables as CSV, XLSX or XLS; raises `RowLimitError`."""
    data = works.spreadsheet(stored, form, manifest.generated_at)
    return Content(data, form.mime, f"{file_stem(manifest)}.{form}")


def file_stem(manifest: Manifest) -> str:
    """How downloads are called: the family and the interval, nothing that a user typed."""
    interval = (manifest.requested_interval or "").replace("/", "_").replace(":", "")
    return f"{manifest.family}_{interval}" if interval else manifest.family


def lead(manifest: Manifest) -> str:
    """What the report is of, in a line: interval, or as-of where there is none, zone, currency."""
    as_of = manifest.as_of.astimezone(ZoneInfo(manifest.time_zone))
    interval = stretch(manifest.requested_interval) or f"as of {as_of:%Y-%m-%d %H:%M}"
    return ", ".join(filter(None, [interval, manifest.time_zone, manifest.labels.get("currency")]))


def facts(manifest: Manifest) -> dict[str, str]:
    """What a report says of itself at its foot, whoever reads it (JD-75: the role, not the name)."""
    until = manifest.retained_until
    return {
        "Generated": f"{manifest.generated_at:%Y-%m-%d %H:%M} UTC by {manifest.generated_by.role}",
        "Family": manifest.family + (f", set {manifest.set_name}" if manifest.set_name else ""),
        "Notebook": manifest.notebook_sha256[:12],
        "Daybook": manifest.code_version,
    } | ({"Personal data": f"kept until {until:%Y-%m-%d}"} if until else {})


def _table_ref(table: StoredTable) -> TableRef:
    columns = tuple(asdict(column) for column in table.columns)
    rows = table.height - (table.total is not None)
    return TableRef(table.name, table.title, rows, columns, table.sha256)
