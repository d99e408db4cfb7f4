"""The notebook of Customer Dynamics: its form, its saved sets, and what it shows of known data."""

import ast
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports_lib.notebook import Column, chart
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sets import read_set

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "customer_dynamics.ipynb"
SETS = sorted((ROOT / "parameters" / "customer_dynamics").glob("*.yaml"))
sys.path.append(str(ROOT / "tests" / "metrics"))

import golden  # noqa: E402  the data are those of the metrics' tests


@pytest.fixture(scope="module")
def notebook():
    return json.loads(NOTEBOOK.read_text())


def test_is_stored_stripped(notebook):
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert "".join(notebook["cells"][0]["source"]).startswith("# Customer Dynamics")


def test_form_has_the_blocks_of_the_manual():  # JD-02, JD-14
    schema = Schema.read(NOTEBOOK)
    sections = {parameter.name: parameter.section for parameter in schema}
    assert list(dict.fromkeys(sections.values())) == ["Filters", "By clients", "Extras", "Group by", "Output"]
    assert sections["client_tags"] == sections["company"] == sections["owner_user"] == "By clients"
    assert sections["package"] == "Extras"
    assert schema["interval"].required  # JD-07, JD-08


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_saved_sets_resolve(path):
    assert Schema.read(NOTEBOOK).resolve(read_set(path), datetime(2026, 11, 1, tzinfo=UTC)).values["interval"]


def _execute(name, source, space, shown):
    """Run a cell as a kernel does; what its last line is worth is what it shows."""
    *statements, last = ast.parse(source).body
    exec(compile(ast.Module(statements, []), name, "exec"), space)
    if isinstance(last, ast.Expr):
        shown[name] = eval(compile(ast.Expression(last.value), name, "eval"), space)
    else:
        exec(compile(ast.Module([last], []), name, "exec"), space)


@pytest.fixture
def run(notebook, warehouse_of, address, as_reader, monkeypatch, tmp_path):
    """`run(name=value, …)`: everything the code cells made, and what each shows, on the golden data."""

    def execute(**changes):
        warehouse_of(golden.tables())
        monkeypatch.setenv("DAYBOOK_WAREHOUSE", str(as_reader(address)))
        monkeypatch.setenv("DAYBOOK_COMPANY", "")
        monkeypatch.setenv("DAYBOOK_AS_OF", "2024-06-01T00:00:00+00:00")
        monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
        shown = {}
        space = {
            "__name__": "__main__",
            "display": lambda *all_of_it: shown.update(
                {each.title: each for each in all_of_it if hasattr(each, "title")}
            ),
        }
        try:
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    _execute(cell["id"], "".join(cell["source"]).strip(), space, shown)
                if cell["id"] == "parameters":
                    space.update(changes)
        finally:
            if "warehouse" in space:
                space["warehouse"].close()
        return space, shown

    return execute


QUESTION = {"interval": "2024-01-01/2024-03-31", "time_zone": "Europe/Kyiv", "client_type": ["client"]}


@pytest.mark.parametrize("engine", ["lake"])
def test_shows_the_golden_table(run):  # JD-01, JD-33 … JD-54, JD-62 … JD-65, JD-68
    space, shown = run(**QUESTION)
    grid = shown["table"]
    groups = dict.fromkeys(column.group for column in grid.columns if column.group)
    assert list(groups) == [
        "Clients - Active",
        "Clients - Overall Active",
        "Clients - All",
        "Balance Refill",
        "Pay As You Go",
        "Packages",
    ]
    assert len(space["measures"]) == 21
    february = [str(grid.shown_rows[1][column.name]) for column in space["measures"]]
    assert " ".join(february) == (
        "3 15.00 -9.45 5.55 4 22.00 -9.45 12.55 5 25.00 -9.45 15.55 1 3.00 3.0000 10.20 3.4000 1 10.00 1 20.00"
    )
    total = [str(grid.shown_total[column.name]) for column in space["measures"]]
    assert " ".join(total) == (
        "2 13.00 -17.85 -4.85 4 20.00 -17.85 2.15 5 23.00 -17.85 5.15 6 85.50 14.2500 29.20 14.6000 2 10.00 3 48.40"
    )
    charts = [shown[name].title for name in shown if name.startswith("chart-") and shown[name] is not None]
    assert charts == [
        "Clients - Active: Qty",
        "Balance Refill: Total",
        "Pay as you Go: Total",
        "Packages: Renew Total",
    ]
    assert shown["facts"].lines["Data interval"] == "2024-01-03 12:00:00 to 2024-03-31 23:59:59"


@pytest.mark.parametrize("engine", ["lake"])
def test_compares_with_an_earlier_interval(run):  # JD-78, G-14
    _, shown = run(**QUESTION | {"interval": "2024-03-01/2024-03-31", "compare_to": "previous_month"})
    first = shown["Compared: counts"].shown_rows[0]
    assert (first["current"], first["compared"], first["difference"], str(first["percent"])) == (2, 3, -1, "-33.33")
    assert [row["compared_bucket"] for row in shown["Compared: active clients"].shown_rows] == ["2024-02"]


@pytest.mark.parametrize("engine", ["lake"])
def test_every_grouping_is_shown(run):  # JD-22, JD-23
    _, shown = run(**QUESTION | {"group_by": ["month", "package"], "chargebacks": True})
    assert [row["package"] for row in shown["table"].shown_rows[:3]] == ["Basic", "Europe", "(no package)"]
    for name, family in (("chart-active", "xdr_list"), ("chart-pay-as-you-go", "orig_term")):  # JD-69, JD-70
        behind = shown[name].behind
        given = {key: value for key, value in behind.given.items() if value}
        asked = Schema.read(NOTEBOOK.with_name(f"{family}.ipynb")).resolve(given, datetime(2024, 6, 1, tzinfo=UTC))
        assert behind.family == family
        assert {key: asked.literals[key] for key in QUESTION} == QUESTION, "the same criteria"
    assert asked.values["group_by"] == ["month"]  # by package is nothing that Orig-Term knows
    assert all(bundle._repr_mimebundle_() for name, bundle in shown.items() if name.startswith("chart-") and bundle)


def test_chart_of_many_series_shows_the_largest():
    rows = [{"month": "2024-01", "package": f"P{n}", "qty": n} for n in range(12)]
    drawn = chart(rows, {"x": "month", "color": "package"}, Column("qty", "Qty", "quantity"), "Held", adds_up=True)
    assert drawn.title == "Held (8 largest of 12)"
    assert [row["package"] for row in drawn.rows] == [f"P{n}" for n in range(4, 12)]
