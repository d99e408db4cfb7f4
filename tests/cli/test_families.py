"""A new family in five minutes: `new`, `lint`, and the first run of what was written."""

import json

import nbformat
import pytest
from nbformat.v4 import new_output

from reports_lib.rendering.notebook_file import parsed
from reports_lib.rendering.tables import tables
from reports_lib.snapshots.seal import open_file, open_snapshot


@pytest.fixture
def sales(daybook, office):
    """A family just written, gone after the test."""
    answer = daybook("new", "sales")
    assert (answer.code, answer.err) == (0, "")
    yield answer.out.splitlines()
    for name in answer.out.splitlines():
        (office.workspace.root / name).unlink()


@pytest.mark.kernel
def test_a_new_family_runs_as_it_was_written(daybook, office, sales, tmp_path):
    assert sales == ["notebooks/sales.ipynb", "parameters/sales/last-month.yaml"]
    assert daybook("lint", "sales").out == "1 notebooks keep the rules\n"
    assert "sales\tSales\tlast-month\t-\tHow many clients were there" in daybook("families").out

    answer = daybook("run", "sales", "-s", "last-month", "--as-of", "2024-03-10", "--json")
    assert (answer.code, answer.err) == (0, "")
    made = json.loads(answer.out)
    assert made["tables"] == {"clients_by_type": 1}
    assert made["requested_interval"] == "2024-02-01/2024-02-29"
    assert made["data_interval"] == ["2024-02-10T00:00:00+00:00"] * 2  # the one client of February
    assert set(made["files"]) == {"html", "pdf", "csv", "xlsx", "ipynb"}
    manifest = open_snapshot(office.store, made["id"])
    (tmp_path / "clients_by_type.parquet").write_bytes(open_file(office.store, manifest, "table:clients_by_type"))
    (table,) = tables(parsed(open_file(office.store, manifest, "ipynb")), tmp_path)
    assert table.rows == [{"client_type": "client", "clients": 1}]
    assert table.total == {"client_type": "Total", "clients": 1}
    assert office.open(made["url"]).status_code == 200


@pytest.mark.kernel
def test_a_new_family_runs_where_there_is_nothing(daybook, sales):
    made = json.loads(daybook("run", "sales", "-p", "interval=2001-01-01/2001-01-31", "--json").out)
    assert made["tables"] == {"clients_by_type": 0}
    assert made["data_interval"] is None


def test_lint_says_all_that_is_to_be_mended(daybook, office, sales):
    path = office.workspace.notebooks / "sales.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source = "Sales"
    notebook.cells[3].source = 'open("/home/ann/sales.csv")'
    notebook.cells[3].outputs = [new_output("stream", text="1")]
    del notebook.cells[-1]
    notebook.metadata["daybook"] |= {"type": ["no text"], "needs": ["client", "clients"]}
    nbformat.write(notebook, path)
    answer = daybook("lint")
    assert (answer.code, answer.err) == (13, "daybook: 7 to mend\n")
    told = answer.out.splitlines()
    assert all(line.startswith("sales: ") for line in told)
    for said in (
        "the first cell is not a heading",
        "cell 4 is stored with outputs",
        "cell 4 names a path of one machine",
        "no cell calls begin(globals())",
        "no cell shows facts(…)",
        "its metadata do not say which service and type",
        "it needs 'clients', which is no table of the warehouse",
    ):
        assert any(said in line for line in told), said


def test_a_parameters_cell_that_cannot_be_read_is_a_fault(daybook, office, sales):
    path = office.workspace.notebooks / "sales.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[2].source = "interval: Perod = 'last month'"
    nbformat.write(notebook, path)
    answer = daybook("lint", "sales")
    assert answer.code == 13
    assert "Perod" in answer.out
