"""All tables as XLSX: a sheet a table, typed cells, nothing that calculates and nothing that links."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from reports_lib.rendering import sheets
from reports_lib.rendering.tables import StoredColumn, StoredTable, main

LIMITS = sheets.Limits("XLSX", 1_048_576, 16_384, "take CSV, or narrow the report")
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
LONG = 20_000  # rows of all sheets: from here on they are put aside on disk as they are written
_HEAD = {"bold": True, "text_wrap": True, "valign": "bottom", "bg_color": "#F5F7FA", "bottom": 1}


def render(tables: Sequence[StoredTable], *, created: datetime) -> bytes:
    """A workbook dated `created` (aware): identical bytes for identical input.

    Figures are numbers with their places; ids, and figures of more than 15 digits, are text. Raises
    `RowLimitError` if a table does not fit a sheet, `NotebookError` if there is none.
    """
    main(tables)
    for table in tables:
        LIMITS.check(table)
    sink = io.BytesIO()
    is_long = sum(table.height for table in tables) > LONG
    book = xlsxwriter.Workbook(sink, _OPTIONS | ({"in_memory": False, "constant_memory": True} if is_long else {}))
    book.set_properties({"created": created.astimezone(UTC).replace(tzinfo=None, microsecond=0), "author": "Daybook"})
    for table, name in zip(tables, sheets.names(tables), strict=True):
        _sheet(book, book.add_worksheet(name), table, is_long=is_long)
    book.close()
    return sink.getvalue()


def _sheet(book: xlsxwriter.Workbook, sheet: Worksheet, table: StoredTable, *, is_long: bool) -> None:
    top, total = sheets.heads(table), table.total
    _head(book, sheet, table, is_long=is_long)
    looks = [book.add_format(_look(column)) for column in table.columns]
    for row, each in enumerate(table.stream(), top):  # row by row, for what is on disk is not written to again
        _row(sheet, row, table.columns, each, looks)
    if total is not None:
        bold = [book.add_format(_look(column) | {"bold": True, "top": 1}) for column in table.columns]
        _row(sheet, top + table.height - 1, table.columns, total, bold)
    measured = [*table.first(1000), *([total] if total else [])]
    for place, width in enumerate(sheets.widths(table, measured)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(top, sheets.keys(table))
    sheet.repeat_rows(0, top - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")


def _head(book: xlsxwriter.Workbook, sheet: Worksheet, table: StoredTable, *, is_long: bool) -> None:
    left = book.add_format(_HEAD)
    right = book.add_format(_HEAD | {"align": "right"})
    for heading in sorted(sheets.headings(table), key=lambda heading: heading.bottom):
        look = right if table.columns[heading.left].is_number and not heading.is_group else left
        top = heading.bottom if is_long else heading.top  # row by row, no cell is as high as two
        corners = (top, heading.left, heading.bottom, heading.right)
        if corners[:2] != corners[2:]:
            sheet.merge_range(*corners, "", look)
        sheet.write_string(top, heading.left, heading.text, look)


def _row(
    sheet: Worksheet, row: int, columns: Sequence[StoredColumn], values: Mapping[str, Any], looks: Sequence[Format]
) -> None:
    for place, (column, look) in enumerate(zip(columns, looks, strict=True)):
        _write(sheet, (row, place), sheets.content(column, values[column.name]), look)


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
