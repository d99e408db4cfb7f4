"""Whole runs: what is sealed stays, whatever becomes of the data; what cannot be finished leaves nothing."""

import hashlib
import io
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import nbformat
import openpyxl
import psutil
import pytest
import xlrd
from sqlalchemy import update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.errors import (
    DatabaseError,
    DaybookError,
    NotebookError,
    ParameterError,
    RowLimitError,
    StateError,
    StoreError,
    WarehouseError,
)
from reports_lib.parameters.sets import read_set
from reports_lib.rendering.formats import Format
from reports_lib.rendering.notebook_file import parsed
from reports_lib.rendering.tables import tables
from reports_lib.runs import plan as plans
from reports_lib.runs import record
from reports_lib.runs.export import export
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.snapshots.verify import verify
from reports_lib.warehouse import connection, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import latest
from tests.conftest import to_arrow
from tests.runs.conftest import AS_OF, QUARTER, rows

pytestmark = pytest.mark.kernel

RERATING = "UPDATE usage_event SET amount = amount * 2"
REFUNDS = "UPDATE ledger_entry SET amount = amount * 2 WHERE kind = 'usage_charge'"


@pytest.fixture(scope="module")
def report(office):
    """Customer Dynamics of the golden quarter, on the data as they were first written."""
    return office.generate("customer_dynamics", formats="csv", data_version=office.version)


@pytest.fixture(scope="module")
def rerated(office, report):
    """The data version after the usage was rated anew, at twice the price."""
    office.change(RERATING)
    return office.change(REFUNDS)


def hashes(office, outcome):
    return {table.name: table.sha256 for table in open_snapshot(office.store, outcome.id).tables}


def total(office, outcome, folder):
    """The total row of the main table, as it was shown."""
    manifest = open_snapshot(office.store, outcome.id)
    (folder / "customer_dynamics.parquet").write_bytes(open_file(office.store, manifest, "table:customer_dynamics"))
    (table,) = tables(parsed(open_file(office.store, manifest, "ipynb")), folder)
    return table.total


def test_a_link_serves_the_same_bytes_after_a_rerating(office, report, request):  # T-66, JD-73
    manifest = open_snapshot(office.store, report.id)
    before = {form: office.open(report.url, **{"as": form}).content for form in ("html", "csv")}
    request.getfixturevalue("rerated")
    assert {form: office.open(report.url, **{"as": form}).content for form in ("html", "csv")} == before
    assert {form: open_file(office.store, manifest, form) for form in before} == before
    assert not list(verify(office.store))


def test_the_old_data_version_gives_the_same_tables_again(office, report, rerated):  # T-66, G-11
    again = office.generate("customer_dynamics", data_version=report.data_version)
    assert hashes(office, again) == hashes(office, report)
    assert again.id != report.id


def test_the_new_data_version_gives_the_new_figures(office, report, rerated, tmp_path):  # T-66
    anew = office.generate("customer_dynamics", formats="csv")
    assert anew.data_version == rerated != report.data_version
    assert hashes(office, anew) != hashes(office, report)
    assert total(office, report, tmp_path)["payg_total"] == Decimal("29.20")  # as worked by hand
    assert total(office, anew, tmp_path)["payg_total"] == Decimal("58.40")


def test_an_old_report_is_exported_without_its_warehouse(report, without_warehouse):  # T-67, JD-60
    office = without_warehouse
    with pytest.raises(DatabaseError):  # the warehouse has really gone
        office.generate("customer_dynamics")
    csv = office.open(report.url, **{"as": "csv"}).content.decode("utf-8-sig").splitlines()
    xlsx = openpyxl.load_workbook(io.BytesIO(office.open(report.url, **{"as": "xlsx"}).content)).active
    xls = xlrd.open_workbook(file_contents=office.open(report.url, **{"as": "xls"}).content).sheet_by_index(0)
    assert len(csv) == 1 + 3 + 1  # head, months, total
    shown = [cell.value for cell in next(row for row in xlsx.iter_rows() if row[0].value == "2024-02")]
    assert shown[-4:] == [1, 10, 1, 20]  # packages activated and renewed, as worked by hand
    (february,) = [xls.row_values(row) for row in range(xls.nrows) if xls.cell_value(row, 0) == "2024-02"]
    assert february[-4:] == [1, 10, 1, 20]


def test_a_postgres_gives_the_same_tables(office, report, postgres_address, as_reader):  # T-74
    filled = {name: to_arrow(name, given) for name, given in rows().items()}
    writer.write(postgres_address, filled, author="tests", message="golden data")
    address = str(as_reader(postgres_address))
    installation = Installation(replace(office.workspace, warehouse_url=address))
    other = replace(office, installation=installation)
    made = other.generate("customer_dynamics")
    assert hashes(office, made) == hashes(office, report)
    assert made.data_version not in ("", report.data_version)  # the state that it read
    with pytest.raises(WarehouseError, match="Postgres keeps no old data"):
        other.generate("customer_dynamics", data_version="2")
    installation.database.dispose()


def test_last_month_is_the_month_before_the_run(office):  # T-72
    office.write_notebook("sales", "print(interval)")
    given = read_set(office.workspace.set_path("customer_dynamics", "previous-month"))
    assert given["interval"] == "last month"
    for as_of, month in ((datetime(2024, 3, 1, tzinfo=UTC), "2024-02-01/2024-02-29"),
                         (datetime(2024, 2, 29, 23, 59, tzinfo=UTC), "2024-01-01/2024-01-31")):  # fmt: skip
        made = office.generate("sales", {"interval": given["interval"]}, as_of=as_of)
        manifest = open_snapshot(office.store, made.id)
        assert (manifest.asked["interval"], manifest.resolved["interval"]) == ("last month", month)
        assert parsed(open_file(office.store, manifest, "ipynb")).cells[-1].outputs[0].text == f"{month}\n"


def test_a_notebook_that_fails_can_be_mended_and_run_again(office):  # T-73
    office.write_notebook("shaky", "print(6 * 7)")
    good = office.generate("shaky")
    page = office.open(good.url, **{"as": "html"}).content
    before = office.count()

    office.write_notebook("shaky", "print(1)\n1 / 0")
    with pytest.raises(NotebookError):
        office.generate("shaky", run_key="the shaky one")
    (run,) = office.runs(run_key="the shaky one")
    said = "shaky: 'The sums' raised ZeroDivisionError: division by zero"
    assert (run.state, run.error_class, run.exit_code, run.error) == (State.ERROR, "NotebookError", 4, said)
    assert (run.snapshot_id, run.attempt) == (None, 1)
    assert run.formed_at >= run.started_at
    assert office.count() == before  # neither a snapshot nor a link
    kept = nbformat.read(office.workspace.outputs / f"runs/{run.id}/1/executed.ipynb", 4)
    assert kept.cells[-1].outputs[0].text == "1\n"  # what it had shown until then

    office.write_notebook("shaky", "print(2)")
    mended = office.generate("shaky", run_key="the shaky one")
    (run,) = office.runs(run_key="the shaky one")
    assert (mended.run, run.state, run.attempt, run.error, run.exit_code) == (run.id, State.GENERATED, 2, None, None)
    assert not (office.workspace.outputs / f"runs/{run.id}").exists()
    assert office.open(good.url, **{"as": "html"}).content == page  # the old link is as it was


def test_asking_twice_with_one_key_is_one_run(office):
    office.write_notebook("once", "print(1)")
    first = office.generate("once", run_key="just once")
    before = office.count()

    def never(*step):
        pytest.fail("the notebook ran again")

    assert office.generate("once", run_key="just once", progress=never) == first
    assert len(office.runs(run_key="just once")) == 1
    assert office.count() == before


def test_what_was_made_is_returned_though_its_warehouse_is_gone(office, request):
    office.write_notebook("kept", "print(1)")
    first = office.generate("kept", run_key="kept")
    closed = request.getfixturevalue("without_warehouse")
    assert closed.generate("kept", run_key="kept") == first


def test_the_warehouse_is_opened_only_where_something_is_looked_up(office, monkeypatch):
    opened = []

    def connect(*words, **more):
        opened.append(words)
        return real(*words, **more)

    real = connection.connect
    monkeypatch.setattr(connection, "connect", connect)
    monkeypatch.setattr(plans, "_known", {})
    office.write_notebook("plain", "print(1)")
    plain = Request("plain", {}, AS_OF, Author("analyst", "ann"))
    assert plans.plan(plain, office.installation).version == latest(office.installation.warehouse)
    assert not opened
    asked = Request("customer_dynamics", QUARTER, AS_OF, Author("analyst", "ann"))
    first = plans.plan(asked, office.installation)  # its currency is one of those that there are
    assert len(opened) == 1
    again = plans.plan(replace(asked, as_of=AS_OF + timedelta(hours=1)), office.installation)
    assert (again.resolved.literals, len(opened)) == (first.resolved.literals, 1)  # known by now
    with pytest.raises(ParameterError):
        plans.plan(replace(asked, given=QUARTER | {"currency": "Shells"}), office.installation)
    office.change("INSERT INTO currency VALUES ('XAU', 4, 4, 2, NULL)")
    plans.plan(replace(asked, given=QUARTER | {"currency": "XAU"}), office.installation)
    assert len(opened) == 2  # what is new is found
    with pytest.raises(WarehouseError, match="no data version 999"):
        plans.plan(replace(plain, data_version="999"), office.installation)


def test_an_error_that_nobody_expected_says_where_it_came_from(office, monkeypatch):
    office.write_notebook("odd", "print(1)")
    monkeypatch.setattr("reports_lib.runs.make.told", lambda executed: executed.nothing)
    with pytest.raises(DaybookError, match=r"unexpected AttributeError in runs/make.py:\d+: nothing"):
        office.generate("odd", run_key="odd")
    assert office.runs(run_key="odd")[0].state == State.ERROR


def test_a_run_that_was_cancelled_is_not_made_behind_anybodys_back(office):
    office.write_notebook("left", "print(1)")
    with Session(office.installation.database) as session, session.begin():
        asked = Request("left", {}, AS_OF, Author("analyst", "ann"), formats=(), run_key="left")
        record.cancel(session, record.record(session, asked).run.id, "olena")
    with pytest.raises(StateError, match=r"was cancelled by olena; `daybook retry \d+` makes it after all"):
        office.generate("left", run_key="left")


def test_a_run_that_is_being_made_is_not_made_twice(office):
    office.write_notebook("busy", "print(1)")
    refused = []

    def ask_again(step, done, total):
        if not refused:
            with pytest.raises(StateError, match="is being made by somebody else") as refusal:
                office.generate("busy", run_key="busy")
            refused.append(refusal)

    assert office.generate("busy", run_key="busy", progress=ask_again).state == State.GENERATED
    assert refused
    assert [run.attempt for run in office.runs(run_key="busy")] == [1]


def test_an_attempt_that_comes_too_late_publishes_nothing(office):
    office.write_notebook("late", "print(1)")
    before = office.count()

    def taken_over(step, done, total):
        if step == "sealing":
            with Session(office.installation.database) as session, session.begin():
                session.execute(update(Run).where(Run.run_key == "late").values(attempt=Run.attempt + 1))

    with pytest.raises(StateError, match="taken over by another attempt"):
        office.generate("late", run_key="late", progress=taken_over)
    (run,) = office.runs(run_key="late")
    assert (run.state, run.attempt, run.snapshot_id, run.error) == (State.GENERATING, 2, None, None)
    assert office.count() == before


@pytest.mark.parametrize("step", ["The sums", "rendering", "sealing"])
def test_an_interrupt_leaves_nothing_behind(office, step):
    office.write_notebook("stopped", "import os; print(os.getpid())")
    before, stored = office.count(), set(office.store.files())

    def stop(at, done, total):
        if at == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        office.generate("stopped", run_key=f"stopped at {step}", progress=stop)
    (run,) = office.runs(run_key=f"stopped at {step}")
    assert (run.state, run.snapshot_id) == (State.CANCELLED, None)
    assert run.error == "cancelled by ann (KeyboardInterrupt)"
    assert office.count() == before
    assert set(office.store.files()) == stored
    assert not office.store.leftovers()
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in alive if "ipykernel_launcher" in child.cmdline()]


def test_what_a_killed_kernel_had_put_aside_is_cleared_away(office, tmp_path):  # DuckDB's spilled gigabytes
    told = tmp_path / "told"
    begin = f"import os, pathlib, tempfile\naside = tempfile.mkdtemp()\npathlib.Path({str(told)!r}).write_text(aside)\n"
    office.write_notebook("killed", begin + "os.kill(os.getpid(), 9)")
    with pytest.raises(NotebookError, match="the kernel died in 'The sums'"):
        office.generate("killed")
    assert told.read_text()
    assert not Path(told.read_text()).exists()


MANY = 'rows: Whole = 3\ninterval: Interval = "last month"'
HOSTILE = """
from reports_lib.display import Column, Grid
columns = [Column("number", "Number", "quantity"), Column("text", "Text"), Column("owed", "Owed", "money")]
Grid("Sales", [{"number": n, "text": "=1+1", "owed": -n} for n in range(rows)], columns, is_main=True)
"""


def test_text_that_a_spreadsheet_would_run_is_only_text(office):  # T-70
    office.write_notebook("hostile", HOSTILE, MANY)
    made = office.generate("hostile", formats="csv,xlsx")
    csv = office.open(made.url, **{"as": "csv"}).content.decode("utf-8-sig").splitlines()
    assert csv[2] == "1,'=1+1,-1.00"  # a figure below zero is a figure
    sheet = openpyxl.load_workbook(io.BytesIO(office.open(made.url, **{"as": "xlsx"}).content)).active
    (cell,) = [row[1] for row in sheet.iter_rows() if row[0].value == 1]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_a_table_too_long_for_xls_is_refused_whole(office):  # T-71
    office.write_notebook("hostile", HOSTILE, MANY)
    before, stored = office.count(), set(office.store.files())
    with pytest.raises(RowLimitError, match="65,536 by 256: take XLSX or CSV"):
        office.generate("hostile", {"rows": "65537"}, formats="xls", run_key="too long")
    (run,) = office.runs(run_key="too long")
    assert (run.state, run.error_class, run.exit_code) == (State.ERROR, "RowLimitError", 11)
    assert office.count() == before
    assert set(office.store.files()) == stored


def test_a_file_that_was_not_made_is_made_of_what_is_sealed_or_refused(office):
    office.write_notebook("once", "print(1)")
    made = office.generate("once", run_key="just once")
    answer = office.open(made.url, **{"as": "pdf"})
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    manifest = open_snapshot(office.store, made.id)
    with pytest.raises(Exception, match="no table"):
        export(office.store, manifest, Format.CSV)


@pytest.fixture
def cramped(office, tmp_path):
    """The same office, but what a run writes goes to a disk of eight megabytes; the warehouse stays where it is."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "daybook", str(tmp_path)], check=False)
    if done.returncode:
        pytest.skip("only root may mount the small disk that this fills")
    warehouse = str(office.installation.warehouse)
    installation = Installation(replace(office.workspace, outputs=tmp_path, warehouse_url=warehouse))
    yield replace(office, installation=installation)
    installation.database.dispose()
    subprocess.run(["umount", str(tmp_path)], check=True)


# room for nothing while the notebook runs; room for the first of its files when they are sealed
@pytest.mark.parametrize(("step", "left"), [("The sums", 8_192), ("sealing", 110_592)])
def test_a_full_disk_leaves_nothing_half_written(cramped, step, left):
    cramped.write_notebook("large", "print('x' * 100_000)")
    before, disk = cramped.count(), cramped.workspace.outputs
    filler = disk / "filler"

    def fill(at, done, total):
        if at == step and not filler.exists():
            room = os.statvfs(disk)
            filler.write_bytes(bytes(room.f_bavail * room.f_frsize - left))

    with pytest.raises(StoreError, match="No space left on device"):
        cramped.generate("large", run_key=f"large at {step}", progress=fill)
    (run,) = cramped.runs(run_key=f"large at {step}")
    assert (run.state, run.error_class, run.exit_code) == (State.ERROR, "StoreError", 8)
    assert cramped.count() == before
    assert not list(cramped.store.files())
    assert not list(verify(cramped.store))

    filler.unlink()
    made = cramped.generate("large", run_key=f"large at {step}")  # there is room again
    assert open_file(cramped.store, open_snapshot(cramped.store, made.id), "html")
    assert not list(verify(cramped.store))


def test_a_notebook_saved_while_it_runs_is_not_the_one_that_ran(office):
    path = office.write_notebook("sales", "print(1)")
    ran = hashlib.sha256(path.read_bytes()).hexdigest()

    def saved_meanwhile(step, done, total):
        path.write_text(path.read_text().replace("print(1)", "print(2)"))

    request = Request("sales", {}, AS_OF, Author("analyst", "ann"), formats=(Format.HTML,))
    outcome = generate(request, office.installation, saved_meanwhile)
    assert open_snapshot(office.store, outcome.id).notebook_sha256 == ran


def test_a_kernel_needs_neither_password_nor_server(office):  # T9, F6
    office.write_notebook("told", "import os; print(os.environ['DAYBOOK_WAREHOUSE'])")
    made = office.generate("told")
    notebook = parsed(open_file(office.store, open_snapshot(office.store, made.id), "ipynb"))
    address = notebook.cells[-1].outputs[0].text.strip()
    assert address.startswith("ducklake:")
    assert Address.parse(address).version == made.data_version
    assert "@" not in address
