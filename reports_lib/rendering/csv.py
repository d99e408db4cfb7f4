"""The main table as CSV: for spreadsheets first, and still for programs.

UTF-8 with a byte order mark, for without it Excel takes the text for the machine's old code page;
commas, CRLF, text quoted where needed. Figures have a point and no grouping, nothing is an empty
cell (G-9). Text that a spreadsheet would take for a formula gets an apostrophe before it (T-70).
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any

from reports_lib.rendering.tables import StoredColumn, StoredTable, main, plain

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def render(tables: Sequence[StoredTable], *, is_raw: bool = False) -> bytes:
    """The main table, its total last; `is_raw` leaves text as it is, for readers that are no spreadsheet.

    Raises `NotebookError` if there is no table.
    """
    table = main(tables)
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow([_text(column.heading, is_raw) for column in table.columns])
    for row in chain(table.stream(), filter(None, [table.total])):
        writer.writerow([_cell(column, row[column.name], is_raw) for column in table.columns])
    return sink.getvalue().encode("utf-8-sig")


def _cell(column: StoredColumn, value: Any, is_raw: bool) -> str:  # noqa: ANN401 - whatever Parquet held
    if value is None:
        return ""
    if column.is_number:
        return plain(value, column.places)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, date) else _text(str(value), is_raw)


def _text(text: str, is_raw: bool) -> str:
    return text if is_raw else neutral(text)


def neutral(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text
