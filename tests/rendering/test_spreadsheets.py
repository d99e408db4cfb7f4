"""CSV, XLSX and XLS, opened again: what the reader saw, exact, and nothing that calculates."""

import csv
import hashlib
import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal

import nbformat.v4 as nb
import openpyxl
import pyarrow as pa
import pytest
import xlrd
from openpyxl.utils.escape import unescape

from reports_lib.display import Column, Grid
from reports_lib.errors import CorruptSnapshotError, NotebookError, RowLimitError, UnknownNameError
from reports_lib.rendering import csv as as_csv
from reports_lib.rendering import sheets, xls, xlsx
from reports_lib.rendering.formats import Format
from reports_lib.rendering.tables import StoredColumn, StoredTable, tables

from .corpus import PAYLOADS
from .sample import CREATED, cell, main_grid

COLUMNS = [
    Column("id", "Account"),
    Column("day", "Day", "date"),
    Column("at", "At", "time"),
    Column("qty", "Qty", "quantity", "Refill"),
    Column("total", "Total", "money", "Refill", places=3),
    Column("avg", "Avg", "ratio", "Refill", of=("total", "qty")),
    Column("share", "Share", "percent"),
]
ROW = {
    "id": 12345678901234567890,
    "day": date(2026, 1, 15),
    "at": datetime(2026, 1, 15, 12, 30, 5),
    "qty": 3,
    "total": Decimal("-10.0005"),
    "share": Decimal("12.345"),
}
NONE = {"id": "x", "day": None, "at": None, "qty": 0, "total": Decimal(0), "share": None}


def grid():
    return Grid("Refills: [1/2]", [ROW, NONE], COLUMNS, total={**ROW, "id": "Total"}, is_main=True)


def opened(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def of_size(rows, columns=1):
    names = [f"c{number}" for number in range(columns)]
    data = pa.table({name: pa.array([1] * rows) for name in names} | {"__total": pa.array([False] * rows)})
    return StoredTable("t", "T", tuple(StoredColumn(n, n, "quantity", "", 0) for n in names), data, "", True)


def test_tables_come_back_as_shown(stored):  # JD-60
    (table,) = stored(grid)
    assert [column.name for column in table.columns] == [column.name for column in COLUMNS]
    assert table.rows[0]["total"] == Decimal("-10.001")  # half away from zero
    assert table.rows[0]["avg"] == Decimal("-3.33")
    assert table.rows[1]["avg"] is None  # G-9
    assert table.total["id"] == "Total"


def test_table_whose_rows_were_changed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    notebook = nb.new_notebook(cells=[cell(grid())])
    path = tmp_path / "refills_1_2.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CorruptSnapshotError):
        tables(notebook, tmp_path)
    path.unlink()
    with pytest.raises(NotebookError, match="kept no rows"):
        tables(notebook, tmp_path)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "", "a" * 61])
def test_a_spoofed_name_reaches_no_file(tmp_path, name):
    reference = {"name": name, "sha256": hashlib.sha256(b"").hexdigest()}
    output = nb.new_output("display_data", {"application/vnd.daybook.table+json": reference})
    (tmp_path / "tables").mkdir()
    (tmp_path / "secret.parquet").write_bytes(b"")
    with pytest.raises(NotebookError):
        tables(nb.new_notebook(cells=[nb.new_code_cell("", outputs=[output])]), tmp_path / "tables")


def test_csv_holds_the_main_table_exactly(stored):  # JD-58, G-9
    data = as_csv.render(stored(main_grid_small, grid))
    assert data.startswith(b"\xef\xbb\xbf")  # Excel
    assert data.decode("utf-8-sig") == (
        "Account,Day,At,Refill: Qty,Refill: Total,Refill: Avg,Share\r\n"
        "12345678901234567890,2026-01-15,2026-01-15 12:30:05,3,-10.001,-3.33,12.35\r\n"
        "x,,,0,0.000,,\r\n"
        "Total,2026-01-15,2026-01-15 12:30:05,3,-10.001,-3.33,12.35\r\n"
    )


def main_grid_small():
    return Grid("Other", [{"a": 1}], [Column("a", "A", "quantity")])


def test_csv_text_is_no_formula_and_figures_are_untouched(stored):  # T-70
    texts = [text for text in PAYLOADS if "\x00" not in text]
    rows = [{"text": text, "n": Decimal("-1.5")} for text in texts]
    (table,) = stored(lambda: Grid("T", rows, [Column("text", "=Label"), Column("n", "N", "money")]))
    head, *found = csv.reader(io.StringIO(as_csv.render([table]).decode("utf-8-sig"), newline=""))
    assert head == ["'=Label", "N"]
    assert not [text for text, _ in found if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [text.removeprefix("'") if text[1:2] in "=+-@" else text for text, _ in found] == texts
    assert {number for _, number in found} == {"-1.50"}
    raw = csv.reader(io.StringIO(as_csv.render([table], is_raw=True).decode("utf-8-sig"), newline=""))
    assert [row[0] for row in raw][1:] == texts


def test_csv_of_a_report_without_tables_is_refused():
    with pytest.raises(NotebookError):
        as_csv.render([])


def test_xlsx_cells_are_typed(stored):  # JD-59
    sheet = opened(xlsx.render(stored(grid), created=CREATED)).active
    assert sheet.title == "Refills   1 2"
    assert [c.value for c in sheet[1]] == ["Account", "Day", "At", "Refill", None, None, "Share"]
    assert [c.value for c in sheet[2]] == [None, None, None, "Qty", "Total", "Avg", None]
    assert [c.value for c in sheet[3]] == [
        "12345678901234567890",  # an id is text
        datetime(2026, 1, 15),
        datetime(2026, 1, 15, 12, 30, 5),
        3,
        -10.001,
        -3.33,
        12.35,
    ]
    assert [c.number_format for c in sheet[3]] == [
        "@", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "#,##0", "#,##0.000", "#,##0.00", '#,##0.00" %"',
    ]  # fmt: skip
    assert [c.value for c in sheet[4]] == ["x", None, None, 0, 0, None, None]  # G-9: empty
    assert all(c.font.bold for c in sheet[5])
    assert sheet.freeze_panes == "D3"


def test_xlsx_holds_no_formula_and_no_link(stored):  # T-70
    rows = [{"text": text, "n": 1} for text in PAYLOADS]
    columns = [Column("text", "=1+1", group="=1+1"), Column("n", "http://x", "quantity", "@SUM(1)")]
    data = xlsx.render(stored(lambda: Grid("=1+1", rows, columns, total={"text": "=1+1", "n": 1})), created=CREATED)
    sheet = opened(data).active
    assert {c.data_type for row in sheet.iter_rows() for c in row} <= {"s", "n"}
    assert not [c for row in sheet.iter_rows() for c in row if c.hyperlink]
    assert [unescape(sheet.cell(place, 1).value) for place in range(3, 3 + len(rows))] == [
        re.sub("\r", "\n", t) for t in PAYLOADS
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert not [name for name in parts.namelist() if b"<f>" in parts.read(name) or b"hyperlink" in parts.read(name)]


@pytest.mark.parametrize(
    ("exact", "cell_value"),
    [
        (Decimal("1234567890123.45"), 1234567890123.45),  # 15 digits
        (Decimal("12345678901234.56"), "12345678901234.56"),  # 16: a float would change it
        (Decimal("100000000000000000000"), 1e20),  # long, but one digit
        (Decimal("-0.10"), -0.1),
    ],
)
def test_figures_beyond_a_float_go_as_text(stored, exact, cell_value):
    found = stored(lambda: Grid("T", [{"n": exact}], [Column("n", "N", "money")]))
    assert opened(xlsx.render(found, created=CREATED)).active["A2"].value == cell_value
    assert xlrd.open_workbook(file_contents=xls.render(found)).sheet_by_index(0).cell_value(1, 0) == cell_value


def test_xls_opens_with_the_same_cells(stored):
    book = xlrd.open_workbook(file_contents=xls.render(stored(grid)), formatting_info=True)
    sheet = book.sheet_by_index(0)
    assert sheet.row_values(0) == ["Account", "Day", "At", "Refill", "", "", "Share"]
    assert sheet.row_values(2)[3:] == [3, -10.001, -3.33, 12.35]
    assert list(sheet.row_types(2)) == [1, 3, 3, 2, 2, 2, 2]  # text, dates, numbers
    assert sheet.cell_value(2, 0) == "12345678901234567890"
    assert xlrd.xldate_as_datetime(sheet.cell_value(2, 2), 0) == datetime(2026, 1, 15, 12, 30, 5)
    assert list(sheet.row_types(3)[1:3]) == [6, 6]  # blank
    formats = [book.format_map[book.xf_list[sheet.cell_xf_index(2, i)].format_key].format_str for i in range(7)]
    assert formats[3:] == ["#,##0", "#,##0.000", "#,##0.00", '#,##0.00" %"']


def test_same_tables_same_bytes(stored):
    found = stored(grid, main_grid)
    assert xlsx.render(found, created=CREATED) == xlsx.render(found, created=CREATED)
    assert xls.render(found) == xls.render(found)
    assert as_csv.render(found) == as_csv.render(found)
    properties = opened(xlsx.render(found, created=CREATED)).properties
    assert properties.created == CREATED.replace(tzinfo=None)


def test_too_many_rows_are_refused_with_the_way_out():  # T-71
    xls.LIMITS.check(of_size(65_535))  # one row is the head
    with pytest.raises(RowLimitError, match=r"65,537 rows.*take XLSX or CSV"):
        xls.render([of_size(65_536)])
    with pytest.raises(RowLimitError, match="257 columns"):
        xls.render([of_size(1, 257)])
    with pytest.raises(RowLimitError, match="take CSV"):
        xlsx.LIMITS.check(of_size(1_048_576))


def test_a_text_longer_than_a_cell_is_refused_not_cut(stored):
    found = stored(lambda: Grid("T", [{"a": "x" * 32_768}], [Column("a", "A")]))
    for make in (lambda: xlsx.render(found, created=CREATED), lambda: xls.render(found)):
        with pytest.raises(RowLimitError, match="32,768 letters"):
            make()


def test_sheets_are_named_by_titles_and_never_twice():
    titled = [of_size(1) for _ in range(4)]
    titles = ["History", "A" * 40, "a" * 40, "'[]:*?/\\'"]
    named = [StoredTable(t.name, title, t.columns, t.data, "", False) for t, title in zip(titled, titles, strict=True)]
    assert sheets.names(named) == ["History 2", "A" * 31, "a" * 29 + " 2", "Table"]
    opened(xlsx.render(named, created=CREATED))
    xlrd.open_workbook(file_contents=xls.render(named))


def test_formats_are_found_by_name():  # JD-24, JD-25, JD-26, JD-27
    assert [Format.parse(name) for name in ("HTML", "csv", "xls", " xlsx ", "pdf")] == [
        Format.HTML, Format.CSV, Format.XLS, Format.XLSX, Format.PDF,
    ]  # fmt: skip
    assert Format.XLSX.mime.endswith("sheet")
    with pytest.raises(UnknownNameError, match="did you mean 'xlsx'"):
        Format.parse("xslx")


def test_a_long_table_is_written_row_by_row_and_holds_all(monkeypatch, stored):  # JD-80
    found = stored(grid, main_grid_small)
    short = opened(xlsx.render(found, created=CREATED))
    monkeypatch.setattr(xlsx, "LONG", 2)
    long = opened(xlsx.render(found, created=CREATED))

    def cells(book):
        return [
            [[(c.value, c.number_format, c.font.bold) for c in row] for row in sheet.iter_rows(3)] for sheet in book
        ]

    assert cells(long) == cells(short)
    heads = [[c.value for c in row] for row in long.worksheets[0].iter_rows(1, 2)]
    assert heads == [
        [None, None, None, "Refill", None, None, None],
        ["Account", "Day", "At", "Qty", "Total", "Avg", "Share"],
    ]
    assert xlsx.render(found, created=CREATED) == xlsx.render(found, created=CREATED)
