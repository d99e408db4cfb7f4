import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reports_lib.display import Column, Grid, Info, Tile, Tiles
from reports_lib.errors import NotebookError

TABLE = "application/vnd.daybook.table+json"
COLUMNS = [
    Column("month", "Month"),
    Column("qty", "Qty", "quantity", "Refill"),
    Column("total", "Total", "money", "Refill"),
    Column("avg", "Avg", "ratio", "Refill", of=("total", "qty")),
]
ROWS = [
    {"month": "2026-01", "qty": 3, "total": Decimal("10.000000")},
    {"month": "2026-02", "qty": 0, "total": Decimal("-1.005000")},
]


def shown(column, **row):
    grid = Grid("T", [row], [column])
    return grid.shown_rows[0][column.name]


def test_html_of_a_small_table():
    html = Grid("Refills", ROWS, COLUMNS, total=ROWS[0], note="All & any")._repr_mimebundle_()["text/html"]
    first = '<tr><th scope="row"><bdi>2026-01</bdi></th><td class="n g">3</td><td class="n">10.00</td>'
    assert html.splitlines() == [
        '<table class="grid">',
        '<caption><span class="title">Refills</span> <span class="note">All &amp; any</span></caption>',
        "<thead>",
        '<tr><th scope="col" rowspan="2">Month</th><th scope="colgroup" colspan="3" class="g">Refill</th></tr>',
        '<tr><th scope="col" class="n g">Qty</th><th scope="col" class="n">Total</th>'
        '<th scope="col" class="n">Avg</th></tr>',
        "</thead>",
        "<tbody>",
        first + '<td class="n">3.33</td></tr>',
        '<tr><th scope="row"><bdi>2026-02</bdi></th><td class="n g">0</td><td class="n minus">−1.01</td>'
        '<td class="n none">—</td></tr>',
        "</tbody>",
        "<tfoot>",
        first + '<td class="n">3.33</td></tr>',
        "</tfoot>",
        "</table>",
    ]


@pytest.mark.parametrize(
    ("numerator", "places", "text"),
    [
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),
        ("2.5", 0, "3"),
        ("0.004999999999", 2, "0.00"),
        ("1E+3", 2, "1000.00"),
    ],
)
def test_money_is_rounded_once_half_away_from_zero(numerator, places, text):  # G-7
    assert str(shown(Column("a", "A", "money", places=places), a=Decimal(numerator))) == text


def test_ratio_is_worked_out_from_unrounded_figures():  # G-7, M-10
    # 0.005 / 0.5 is 0.01; from the rounded 0.01 it would be 0.02
    assert shown(Column("r", "R", "ratio", of=("n", "d")), n=Decimal("0.005"), d=Decimal("0.5")) == Decimal("0.01")


def test_nothing_divided_or_divided_by_nothing_is_nothing():  # G-9
    ratio = Column("r", "R", "ratio", of=("n", "d"))
    assert shown(ratio, n=Decimal(1), d=0) is None
    assert shown(ratio, n=None, d=1) is None
    assert shown(Column("p", "P", "percent", of=("n", "d")), n=1, d=8) == Decimal("12.50")


@pytest.mark.parametrize("value", [1.5, float("nan"), True, "12", Decimal("NaN"), Decimal("Infinity")])
def test_a_figure_that_is_not_exact_is_refused(value):  # G-7
    with pytest.raises(NotebookError, match="column 'a'"):
        shown(Column("a", "A", "money"), a=value)


def test_missing_columns_are_named_all_at_once():
    with pytest.raises(NotebookError, match="lack qty, total; they have month"):
        Grid("T", [{"month": "x"}], COLUMNS)


@pytest.mark.parametrize("columns", [[], [COLUMNS[0], COLUMNS[0]]])
def test_columns_must_be_there_and_differ(columns):
    with pytest.raises(NotebookError):
        Grid("T", [], columns)


def test_a_wrong_column_is_refused():
    with pytest.raises(NotebookError, match="there is text, quantity"):
        Column("a", "A", "number")
    with pytest.raises(NotebookError):
        Column("a", "A", "money", of=("b", "c"))
    for kind, value in (("date", "2026-01-01"), ("time", date(2026, 1, 1))):
        with pytest.raises(NotebookError):
            shown(Column("a", "A", kind), a=value)


def test_rows_of_every_kind():
    column = [Column("a", "A", "quantity")]
    table = pa.table({"a": [1]})

    class Expression:
        runs = 0

        def to_pyarrow(self):
            Expression.runs += 1
            return table

    expression = Expression()
    grids = [Grid("T", rows, column) for rows in ([{"a": 1}], table, expression)]
    for grid in grids:
        grid._repr_mimebundle_()
    assert [grid.shown_rows for grid in grids] == [[{"a": 1}]] * 3
    assert Expression.runs == 1  # run once, however often it is shown


def test_kept_rows_are_those_shown(tmp_path, monkeypatch):  # JD-60
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    bundle = Grid("Refills", ROWS, COLUMNS, total=ROWS[0], is_main=True)._repr_mimebundle_()
    reference = bundle[TABLE]
    json.dumps(reference)
    kept = pq.read_table(tmp_path / reference["file"])
    assert (reference["rows"], reference["has_total"], reference["is_main"]) == (2, True, True)
    assert kept.schema.field("total").type == pa.decimal128(38, 2)
    assert kept.to_pylist()[1] == {
        "month": "2026-02", "qty": 0, "total": Decimal("-1.01"), "avg": None, "__total": False,
    }  # fmt: skip
    assert kept["__total"].to_pylist() == [False, False, True]


def test_two_tables_of_one_name_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    Grid("Refills", ROWS, COLUMNS)
    Grid("Refills", ROWS, COLUMNS)  # the same again does no harm
    with pytest.raises(NotebookError, match="another table is named 'refills'"):
        Grid("Refills", ROWS[:1], COLUMNS)


def test_name_is_made_of_the_title():
    assert [Grid(t, [], COLUMNS).name for t in ("Пакети", "../../x", "A  b!" * 40)] == [
        "table",
        "x",
        ("a_b_" * 15)[:60],
    ]


def test_table_without_rows_says_so():
    assert "No data" in Grid("T", [], COLUMNS)._repr_mimebundle_()["text/html"]


def test_info_shows_both_intervals_in_the_zone_of_the_report():  # G-6, JD-68, JD-74
    moment = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    info = Info({"Currency": "EUR"}, "2026-01-01/2026-02-01", (moment, moment), moment, "Europe/Kyiv", "17")
    assert info.lines["Requested interval"] == "2026-01-01 to 2026-02-01"
    assert info.lines["Data interval"] == "2026-02-01 01:30:00 to 2026-02-01 01:30:00"
    bundle = info._repr_mimebundle_()
    assert bundle["application/vnd.daybook.info+json"] == {
        "requested_interval": "2026-01-01/2026-02-01",
        "data_interval": ["2026-02-01T01:30:00+02:00"] * 2,
        "as_of": "2026-02-01T01:30:00+02:00",
        "time_zone": "Europe/Kyiv",
        "data_version": "17",
    }


def test_info_without_facts_says_no_data():  # G-6
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    info = Info({}, "2026-01-01/2026-02-01", None, moment, "UTC", "17")
    assert info.lines["Data interval"] == "no data"
    assert info._repr_mimebundle_()["application/vnd.daybook.info+json"]["data_interval"] is None


def test_tiles_show_figures_and_changes():
    tiles = Tiles([Tile("A", 1234, Decimal("3.2")), Tile("B", Decimal("-1.50"), Decimal("-1")), Tile("C", None, "new")])
    assert tiles._repr_mimebundle_()["text/plain"] == "A: 1,234 +3.2 %\nB: −1.50 −1 %\nC: — new"


def batches(*parts):
    kinds = {"month": pa.string(), "qty": pa.int64(), "total": pa.decimal128(18, 6), "at": pa.timestamp("us")}
    schema = pa.schema({name: kinds[name] for name in parts[0]})
    return pa.RecordBatchReader.from_batches(schema, (pa.record_batch(part, schema=schema) for part in parts))


def test_rows_that_come_in_batches_are_kept_as_any_others(tmp_path, monkeypatch):  # JD-80, G-7
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    at = datetime(2026, 1, 15, 12, 30)
    rows = [
        {"month": month, "qty": qty, "total": Decimal(total), "at": at}
        for month, qty, total in (("a", 1, "0.125"), ("b", 2, "-0.125"), ("c", 3, "2.345"))
    ] + [{"month": None, "qty": None, "total": None, "at": None}]
    columns = [*COLUMNS[:3], Column("at", "At", "time")]
    parts = [{name: [row[name] for row in part] for name in rows[0]} for part in (rows[:1], rows[1:])]
    lazy = Grid("Lazy", batches(*parts), columns, total=ROWS[0] | {"at": None}, first=2, note="Newest first.")
    whole = Grid("Whole", rows, columns, total=ROWS[0] | {"at": None})
    kept = [pq.read_table(tmp_path / f"{name}.parquet") for name in ("lazy", "whole")]
    assert kept[0].equals(kept[1])
    assert lazy.shown_rows == whole.shown_rows[:2]
    assert [str(row["total"]) for row in lazy.shown_rows] == ["0.13", "-0.13"]
    bundle = lazy._repr_mimebundle_()
    assert bundle[TABLE]["rows"] == lazy.count == 4
    assert "Newest first. The first 2 of 4 rows; files have all of them." in bundle["text/html"]
    assert "The first" not in whole._repr_mimebundle_()["text/html"]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".parquet", ".parquet"]


def test_of_rows_at_hand_the_first_are_shown_too(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    grid = Grid("T", ROWS, COLUMNS, first=1)
    assert [row["month"] for row in grid.shown_rows] == ["2026-01"]
    assert (grid.count, pq.read_table(tmp_path / "t.parquet").num_rows) == (2, 2)


@pytest.mark.parametrize(
    "column", [Column("gone", "G"), COLUMNS[3], Column("month", "M", "money"), Column("qty", "Q", "time")]
)
def test_batches_that_a_table_cannot_show_are_refused_and_leave_nothing(column, tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    with pytest.raises(NotebookError, match=r"column|lack"):
        Grid("T", batches({"month": ["a"], "qty": [1]}), [column])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("streamed", [False, True])
def test_a_column_may_stand_on_the_page_or_in_files_alone(streamed, tmp_path, monkeypatch):  # MS-12
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    name, phone, way = Column("name", "Name"), Column("phone", "Phone", only="files"), Column("w", "Way", only="page")
    rows = [{"name": "Ann", "phone": "+44 70", "w": "View"}]
    bundle = Grid("T", pa.Table.from_pylist(rows).to_reader() if streamed else rows, [name, way, phone], total={})
    shown = bundle._repr_mimebundle_()
    assert not any(word in shown[page] for word in ("Phone", "+44") for page in ("text/html", "text/plain"))
    assert shown["text/plain"].splitlines()[1:] == ["Name\tWay", "Ann\tView", "Total\t—"]
    assert [column["name"] for column in shown[TABLE]["columns"]] == ["name", "phone"]
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == [
        {"name": "Ann", "phone": "+44 70", "__total": False},
        {"name": "Total", "phone": None, "__total": True},
    ]
    for nothing in ([phone], [way]):
        with pytest.raises(NotebookError, match="columns must be there"):
            Grid("T", [], nothing)
