"""All tables as XLSX: a sheet a table, typed cells, nothing that calculates and nothing that links."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from reports_lib.rendering import sheets
from reports_lib.rendering.tables import StoredColumn, StoredTable, main

LIMITS = sheets.Limits("XLSX", 1_048_576, 16_384, "take CSV, or narrow the report")
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_HEAD = {"bold": True, "text_wrap": True, "valign": "bottom", "bg_color": "#F5F7FA", "bottom": 1}


def render(tables: Sequence[StoredTable], *, created: datetime) -> bytes:
    """A workbook dated `created` (aware): identical bytes for identical input.

    Figures are numbers with their places; ids, and figures of more than 15 digits, are text. Raises
    `RowLimitError` if a table does not fit a sheet, `NotebookError` if there is none.
    """
    main(tables)
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, _OPTIONS)
    book.set_properties({"created": created.astimezone(UTC).replace(tzinfo=None, microsecond=0), "author": "Daybook"})
    for table, name in zip(tables, sheets.names(tables), strict=True):
        LIMITS.check(table)
        _sheet(book, book.add_worksheet(name), table)
    book.close()
    return sink.getvalue()


def _sheet(book: xlsxwriter.Workbook, sheet: Worksheet, table: StoredTable) -> None:
    top, rows, total = sheets.heads(table), table.rows, table.total
    _head(book, sheet, table)
    for place, column in enumerate(table.columns):
        look = book.add_format(_look(column))
        for offset, row in enumerate(rows):
            _write(sheet, (top + offset, place), sheets.content(column, row[column.name]), look)
        if total is not None:
            bold = book.add_format(_look(column) | {"bold": True, "top": 1})
            _write(sheet, (top + len(rows), place), sheets.content(column, total[column.name]), bold)
    for place, width in enumerate(sheets.widths(table, rows + ([total] if total else []))):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(top, sheets.keys(table))
    sheet.repeat_rows(0, top - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")


def _head(book: xlsxwriter.Workbook, sheet: Worksheet, table: StoredTable) -> None:
    left = book.add_format(_HEAD)
    right = book.add_format(_HEAD | {"align": "right"})
    for heading in sheets.headings(table):
        look = right if table.columns[heading.left].is_number and not heading.is_group else left
        corners = (heading.top, heading.left, heading.bottom, heading.right)
        if corners[:2] != corners[2:]:
            sheet.merge_range(*corners, "", look)
        sheet.write_string(heading.top, heading.left, heading.text, look)


def _look(column: StoredColumn) -> dict[str, Any]:
    return {"num_format": sheets.number_format(column)} | ({"align": "right"} if column.is_number else {})


def _write(sheet: Worksheet, place: tuple[int, int], value: str | float | date | None, look: Format) -> None:
    """One cell, by the method of its type: what a text looks like never decides what it is (T-70)."""
    if value is None:
        sheet.write_blank(*place, None, look)
    elif isinstance(value, str):
        sheet.write_string(*place, value, look)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, look)
    else:
        sheet.write_number(*place, value, look)
