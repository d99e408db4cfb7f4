"""What counts as a server that went away (F6): it heals, a mistake does not."""

import os
import signal
import threading
import time

import nbformat
import psycopg
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.database import server
from reports_lib.database.cluster import Cluster
from reports_lib.database.engine import engine_of
from reports_lib.database.outage import outage, without_passwords
from reports_lib.errors import DatabaseError, NotebookError
from reports_lib.parameters.schema import Resolved
from reports_lib.runs.execute import Sandbox, execute
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.lake import open_lake
from reports_lib.warehouse.postgres import open_postgres
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow

BEGIN = """
import os, time
from datetime import datetime, UTC
from pathlib import Path
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import connect
warehouse = connect(Address.parse(os.environ["DAYBOOK_WAREHOUSE"]), as_of=datetime(2030, 1, 1, tzinfo=UTC))
Path("ready").touch()
"""
ON_AND_ON = "while True: warehouse.table('client').count().to_pyarrow(); time.sleep(0.02)"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("IOException", 'IO Error: Unable to connect to Postgres at "dbname=lake": is the server running?'),
        ("InternalException", "INTERNAL Error: Failed to query: server closed the connection unexpectedly"),
        ("OperationalError", "consuming input failed: server closed the connection unexpectedly\n\tThis probably"),
        ("OperationalError", "the connection is closed"),
        ("Error", 'Failed to execute query "ROLLBACK": '),
        ("AdminShutdown", "terminating connection due to administrator command"),
        ("CannotConnectNow", "FATAL:  the database system is starting up"),
        ("OperationalError", 'connection to server at "db" (10.0.0.1), port 5432 failed: Connection refused'),
        ("TransactionException", "Failed to commit: FATAL: the database system is shutting down"),
        ("WarehouseError", "the lake at db/lake cannot be read: IO Error: … Unable to connect to Postgres at …"),
    ],
)
def test_a_server_that_went_away(error, message):
    assert outage(error, message)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("ZeroDivisionError", "connection refused"),
        ("ValueError", "server closed the connection unexpectedly"),
        ("NotebookError", "the connection is closed"),
        ("IOException", "IO Error: No files found that match the pattern"),
        ("UndefinedTable", 'relation "client" does not exist'),
        ("OutOfMemoryException", "could not allocate block"),
        ("WarehouseError", "the lake has no data version 7; it has 1 to 3"),
        ("OperationalError", 'password authentication failed for user "ann"'),
    ],
)
def test_a_mistake_is_no_outage(error, message):
    assert outage(error, message) is None


def test_passwords_are_left_out():
    told = "at \"user=ann password=s3cret dbname=x\" or password='s3 cret' or postgresql://ann:s3cret@db/x?a=1"
    clean = without_passwords(told)
    assert "cret" not in clean
    assert clean.count("…") == 3
    assert "user=ann" in clean
    assert "@db/x?a=1" in clean


@pytest.mark.parametrize(
    "told", [r"password='s3\'cret' dbname=x", "postgresql://:s3cret@/x", "postgres://ann:s%27cret@db:5432/x"]
)
def test_a_password_is_left_out_however_it_is_written(told):
    assert "cret" not in without_passwords(told)


@pytest.mark.parametrize("told", ["see http://localhost:8080/view?id=1", "postgresql://ann@db:5432/x", "a: b://c"])
def test_an_address_without_a_password_stays_as_it_is(told):
    assert without_passwords(told) == told


@pytest.fixture
def lone(tmp_path_factory, workspace):
    """A workspace with a lake on a server of its own, to be stopped."""
    root = workspace.root / tmp_path_factory.mktemp("lone").name
    (root / "outputs").mkdir(parents=True)
    found = Workspace(root=root, outputs=root / "outputs")
    owner = Address.of(found, reader=False)
    writer.create(owner)
    writer.write(owner, {"client": to_arrow("client", [{"client_id": 7}])}, author="tests", message="one client")
    yield found
    server.stop(found)


def end_server(workspace, signum=signal.SIGQUIT):
    """As `pg_ctl stop -m immediate` does, or a crash."""
    cluster = Cluster.of(workspace.outputs)
    os.kill(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]), signum)
    while cluster.is_running():
        time.sleep(0.01)


@pytest.mark.kernel
@pytest.mark.parametrize("engine", ["lake", "postgres"])
def test_a_server_that_goes_away_in_mid_run_is_told_as_what_heals(lone, tmp_path, engine):  # F6
    reader = Address.of(lone)
    if engine == "postgres":
        with psycopg.connect(server.lake_url(lone), autocommit=True) as con:
            con.execute("create table client as select 7 as client_id")
    address = reader if engine == "lake" else Address(server.lake_url(lone))
    on = (
        ON_AND_ON if engine == "lake" else "while True: warehouse.backend.raw_sql('select 1').close(); time.sleep(0.02)"
    )
    cells = [new_markdown_cell("# Sales"), new_code_cell(BEGIN), new_markdown_cell("## The sums"), new_code_cell(on)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "sales.ipynb")
    sandbox = Sandbox(tmp_path / "run", {"DAYBOOK_WAREHOUSE": str(address)}, 60)

    def moved(step, done, total):
        if step == "The sums" and (sandbox.folder / "ready").exists() and done == 3:
            threading.Timer(0.5, end_server, [lone]).start()

    with pytest.raises(DatabaseError, match=r"^sales: 'The sums' lost the warehouse: [a-z ]+$") as caught:
        execute(tmp_path / "sales.ipynb", Resolved({}, {}, {}, {}), sandbox, moved)
    assert caught.value.can_heal
    assert "password=" not in sandbox.executed.read_text().replace("password=…", "")


@pytest.mark.kernel
def test_a_query_that_is_wrong_stays_the_notebooks_own(lone, tmp_path):
    cells = [new_code_cell(BEGIN), new_code_cell("warehouse.backend.raw_sql('select nothing from client')")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "sales.ipynb")
    sandbox = Sandbox(tmp_path / "run", {"DAYBOOK_WAREHOUSE": str(Address.of(lone))}, 60)
    with pytest.raises(NotebookError, match="BinderException"):
        execute(tmp_path / "sales.ipynb", Resolved({}, {}, {}, {}), sandbox, lambda *_: None)


def test_a_warehouse_whose_server_is_down_heals_too(lone):
    reader = Address.of(lone)
    open_lake(reader, version=1).close()
    end_server(lone, signal.SIGKILL)
    with pytest.raises(DatabaseError, match=r"^the lake at .* cannot be read: ") as caught:
        open_lake(reader, version=1)
    assert "password=…" in str(caught.value)
    with pytest.raises(DatabaseError, match="cannot be reached"):
        open_postgres(Address(reader.database))


def test_a_process_that_stops_in_a_transaction_does_not_keep_its_rows(workspace):  # F4: SIGSTOP while it publishes
    made = engine_of(server.database_url(workspace))
    with Session(made) as session:
        (limit,) = session.execute(text("SHOW idle_in_transaction_session_timeout")).one()
        assert limit == "10s"
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 100"))
        time.sleep(0.5)
        with pytest.raises(DatabaseError, match="idle-in-transaction timeout"):
            session.execute(text("SELECT 1"))
    made.dispose()
