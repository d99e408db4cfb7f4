"""All tables as XLS, the format of Excel before 2007: for those whose programs read nothing newer."""

import io
from collections.abc import Sequence
from typing import Any

import xlwt

from reports_lib.rendering import sheets
from reports_lib.rendering.tables import StoredColumn, StoredTable, main

LIMITS = sheets.Limits("XLS", 65_536, 256, "take XLSX or CSV, or narrow the report")
_LETTER = 256  # xlwt measures widths in 256ths of a letter


def render(tables: Sequence[StoredTable]) -> bytes:
    """A workbook with a sheet a table: identical bytes for identical input.

    Cells are typed as in XLSX. Raises `RowLimitError` if a table does not fit a sheet (T-71), `NotebookError`
    if there is none.
    """
    main(tables)
    for table in tables:
        LIMITS.check(table)
    book = xlwt.Workbook(encoding="utf-8")
    for table, name in zip(tables, sheets.names(tables), strict=True):
        _sheet(book.add_sheet(name), table)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _sheet(sheet: Any, table: StoredTable) -> None:  # noqa: ANN401 - xlwt has no types
    top, rows, total = sheets.heads(table), table.rows, table.total
    left, right = (
        xlwt.easyxf("font: bold on; align: wrap on"),
        xlwt.easyxf("font: bold on; align: wrap on, horiz right"),
    )
    for heading in sheets.headings(table):
        look = right if table.columns[heading.left].is_number and not heading.is_group else left
        sheet.write_merge(heading.top, heading.bottom, heading.left, heading.right, heading.text, look)
    for place, column in enumerate(table.columns):
        look, bold = _look(column, ""), _look(column, "font: bold on; borders: top thin; ")
        for offset, row in enumerate(rows):
            sheet.write(top + offset, place, sheets.content(column, row[column.name]), look)
        if total is not None:
            sheet.write(top + len(rows), place, sheets.content(column, total[column.name]), bold)
    for place, width in enumerate(sheets.widths(table, rows + ([total] if total else []))):
        sheet.col(place).width = int(width * _LETTER)
    sheet.set_panes_frozen(True)
    sheet.set_horz_split_pos(top)
    sheet.set_vert_split_pos(sheets.keys(table))


def _look(column: StoredColumn, extra: str) -> Any:  # noqa: ANN401 - xlwt has no types
    side = "right" if column.is_number else "general"
    return xlwt.easyxf(f"{extra}align: horiz {side}", num_format_str=sheets.number_format(column))
