"""What can be asked of a renderer: bytes and a few plain values to bytes, in any process alike.

`given` is what JSON holds; times are ISO texts with their offset. Tables travel as the references by
which a notebook shows them: their rows are read from the run's folder.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from nbformat import NotebookNode, v4
from pyarrow.csv import read_csv

from reports_lib.picture import svg
from reports_lib.rendering import csv, xls, xlsx
from reports_lib.rendering.formats import Format
from reports_lib.rendering.html import html
from reports_lib.rendering.tables import TOTAL, StoredTable, read, stored

Given = Mapping[str, Any]
Work = Callable[[bytes, Given], bytes]
Make = Callable[[Work, bytes, Given], bytes]  # does a work, here or in another process


BARS = {  # a chart like any other
    "data": {"values": [{"x": f"2026-{month:02}", "y": month} for month in range(1, 13)]},
    "width": 760,
    "mark": "bar",
    "encoding": {
        "x": {"field": "x", "type": "nominal", "axis": {}, "scale": {"domain": []}},
        "y": {"field": "y", "type": "quantitative", "axis": {"format": ",.2~f"}},
    },
}


def here(work: Work, body: bytes, given: Given) -> bytes:
    """Do `work` in this process."""
    return work(body, given)


def page(notebook: bytes, given: Given) -> bytes:
    """An executed notebook to HTML; `given` brings `title`, `facts` and `lead`."""
    return html(v4.reads_json(notebook.decode()), title=given["title"], facts=given["facts"], lead=given["lead"])


def paper(page: bytes, given: Given) -> bytes:
    """HTML to PDF, dated `created`; raises `NotebookError` if it refers to anything outside itself."""
    from reports_lib.rendering.pdf import pdf  # half a second of imports, for those who want it

    return pdf(page, created=datetime.fromisoformat(given["created"]))


def picture(chart: bytes, given: Given) -> bytes:
    """A chart's `spec`, `title` and `description` to its SVG."""
    words = json.loads(chart)
    return svg(words["spec"], words["title"], words["description"]).encode()


def sheet(references: bytes, given: Given) -> bytes:
    """The tables in `folder` as the `form` CSV, XLSX or XLS, dated `created`; raises `RowLimitError`."""
    found = stored(json.loads(references), Path(given["folder"]))
    return spreadsheet(found, Format(given["form"]), datetime.fromisoformat(given["created"]))


def spreadsheet(tables: Sequence[StoredTable], form: Format, created: datetime) -> bytes:
    """Tables as CSV, XLSX or XLS; raises `RowLimitError`."""
    match form:
        case Format.XLSX:
            return xlsx.render(tables, created=created)
        case Format.XLS:
            return xls.render(tables)
        case _:
            return csv.render(tables)


def warm() -> None:
    """Load and use once what each work needs, so that the first real one takes no longer than the next.

    What cannot be loaded here, such as the libraries of PDFs, is left to the work that needs it, to say so.
    """
    cells = [v4.new_markdown_cell("# Warm\n\nWords, and a table."), v4.new_code_cell("", outputs=[_shown()])]
    given = {"title": "Warm", "facts": {"Made": "before it is needed"}, "lead": "", "created": "2000-01-01T00:00+00:00"}
    shown = page(v4.writes_json(v4.new_notebook(cells=cells)).encode(), given)
    with suppress(Exception):
        paper(shown, given)
        for _ in range(3):  # V8 is at its best after a few
            picture(json.dumps({"spec": BARS, "title": "Warm", "description": ""}).encode(), given)
    sink = io.BytesIO()
    # read, for to make an array of a list loads pandas: a fifth of our start, which no work needs
    pq.write_table(read_csv(io.BytesIO(f"name,{TOTAL}\nwarm,false\n".encode())), sink)
    column = {"name": "name", "label": "Name", "kind": "text", "group": "", "places": 0}
    reference = {"name": "warm", "title": "Warm", "columns": [column], "is_main": True}
    table = read(reference | {"sha256": hashlib.sha256(sink.getvalue()).hexdigest()}, sink.getvalue())
    for form in (Format.CSV, Format.XLSX, Format.XLS):
        spreadsheet([table], form, datetime(2000, 1, 1, tzinfo=UTC))


def _shown() -> NotebookNode:
    return v4.new_output("display_data", {"text/html": '<table class="grid"><tr><td class="n">1.5</td></tr></table>'})
