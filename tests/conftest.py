"""What every test may ask for: a workspace, both engines, and a warehouse that holds given rows.

    def test_it(warehouse_of, rows):                    runs once on the lake, once on Postgres
        warehouse = warehouse_of({"client": [{"client_id": 7}]}, as_of=…)
        assert rows(warehouse.table("client")) == …

Columns that a row does not give are null where they may be, else plain (`PLAIN`, `USUAL`, keys
counted from 1). Every canonical table is there, empty if not given.
"""

import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings
from psycopg import sql

from reports_lib.database import server
from reports_lib.database.roles import as_reader as reader_of
from reports_lib.database.roles import make_database, make_reader
from reports_lib.database.url import connect as connect_database
from reports_lib.database.url import keywords, replaced
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse, connect
from reports_lib.warehouse.tables import TABLES
from reports_lib.workspace import Workspace

AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
READER = "daybook_reader"
SCHEMA = "books"  # of the canonical tables on Postgres
PLAIN = {
    "int64": 1,
    "string": "x",
    "boolean": False,
    "date": date(2024, 1, 1),
    "timestamp(6)": datetime(2024, 1, 1),
    "decimal(18, 6)": Decimal(0),
    "decimal(18, 9)": Decimal(1),
    "float64": 0.0,
}
USUAL = {"currency": "USD", "status": "approved", "origin": "orig", "client_type": "client", "quantity": 1}

# files that take a minute or more: begun first, or one process is left alone with the last of them
LONGEST = (
    "chaos/test_chaos.py",
    "runs/test_worker.py",
    "runs/test_worker_end.py",
    "runs/test_faults.py",
    "cli/test_work.py",
    "cli/test_site.py",
    "rendering/test_press.py",
    "kernels/test_engine.py",
    "kernels/test_guard.py",
    "runs/test_generate.py",
    "test_notebooks.py",
)
HERE = Path(__file__).parent

# no test says how long anything may take: machines are shared
settings.register_profile("daybook", deadline=None)
settings.load_profile("daybook")

_number = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Let pass what ibis 12 calls in DuckDB 1.5, wherever it does: `tests/test_pins.py` says until when."""
    config.addinivalue_line(
        "filterwarnings", r"ignore:fetch_(arrow_table|record_batch)\(\) is deprecated:DeprecationWarning"
    )
    gc.disable()  # thousands of tests are made, and none of them is let go: a quarter of the time is the collector's


def pytest_collection_finish() -> None:
    """From now on there is something to collect, but not among the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of quick tests first, then those that start kernels or browsers, the longest of them first."""
    slow = {item.path for item in items if any(map(item.get_closest_marker, ("kernel", "browser")))}
    rank = {HERE / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (item.path in slow, rank.get(item.path, len(rank))))


@pytest.fixture(scope="session")
def workspace() -> Iterator[Workspace]:
    """An empty workspace whose embedded server runs until the tests end."""
    # not pytest's own folder: that is closed to the user who runs Postgres where we are root
    root = Path(tempfile.mkdtemp(prefix="daybook-tests-"))
    root.chmod(0o755)
    for name in ("notebooks", "parameters", "outputs"):
        (root / name).mkdir()
    found = Workspace(root=root, outputs=root / "outputs")
    url = server.database_url(found)
    with connect_database(url) as con:
        con.execute("alter system set fsync = off")  # the tests' data need not outlive a power cut
        # who connects proves that he knows the password by 4096 rounds of hashing: 2 ms each of the thousands of times
        con.execute("alter system set scram_iterations = 1")
        con.execute("set scram_iterations = 1")
        owner = keywords(url)
        again = sql.SQL("alter role {} password {}")
        con.execute(again.format(sql.Identifier(owner["user"]), sql.Literal(owner["password"])))
        con.execute("select pg_reload_conf()")
    yield found
    server.stop(found)
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def templates(workspace: Workspace) -> dict[str, Address]:
    """A lake and a Postgres with every canonical table, empty, of which each test gets a copy."""
    main = server.database_url(workspace)
    lake = Address(
        make_database(replaced(main, dbname="template_lake"), beside=main), str(workspace.outputs / "template")
    )
    postgres = Address(make_database(replaced(main, dbname="template_postgres"), beside=main), schema=SCHEMA)
    for address, schema in ((lake, "public"), (postgres, SCHEMA)):
        writer.create(address)
        make_reader(address.database, READER, schema)
    return {"lake": lake, "postgres": postgres}


@pytest.fixture(scope="session")
def fresh(workspace: Workspace, templates: dict[str, Address]) -> Callable[[str], AbstractContextManager[Address]]:
    """`with fresh("lake") as address` or `fresh("postgres")`: a new, empty one, as its owner; then gone."""
    main = replaced(server.database_url(workspace), dbname="postgres")

    @contextmanager
    def make(engine: str) -> Iterator[Address]:
        template, name = templates[engine], f"{engine}_{next(_number)}"
        data = workspace.outputs / name
        with connect_database(main) as con:
            con.execute(f'create database "{name}" template "template_{engine}"')
            database = replaced(template.database, dbname=name)
            yield replace(template, database=database, data_path=str(data) if template.is_lake else "")
            con.execute(f'drop database "{name}" with (force)')
        shutil.rmtree(data, ignore_errors=True)

    return make


@pytest.fixture
def lake_address(fresh: Callable[[str], AbstractContextManager[Address]]) -> Iterator[Address]:
    """A new lake with every canonical table, empty; as its owner."""
    with fresh("lake") as address:
        yield address


@pytest.fixture
def postgres_address(fresh: Callable[[str], AbstractContextManager[Address]]) -> Iterator[Address]:
    """A new Postgres with every canonical table, empty; as its owner."""
    with fresh("postgres") as address:
        yield address


@pytest.fixture(params=["lake", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each of the engines in turn."""
    return request.param


@pytest.fixture
def address(engine: str, fresh: Callable[[str], AbstractContextManager[Address]]) -> Iterator[Address]:
    """A new warehouse of each engine in turn, as its owner."""
    with fresh(engine) as address:
        yield address


@pytest.fixture(scope="session")
def as_reader() -> Callable[[Address], Address]:
    """The same warehouse as the role that may only read."""
    return lambda address: replace(address, database=reader_of(address.database, READER))


@pytest.fixture
def reading(as_reader: Callable[[Address], Address]) -> Iterator[Callable[..., Warehouse]]:
    """`reading(address, version=…, as_of=…)`: a connection of the reader, closed after the test."""
    opened: list[Warehouse] = []

    def read(address: Address, *, version: str | None = None, as_of: datetime = AS_OF) -> Warehouse:
        opened.append(connect(as_reader(address), version=version, as_of=as_of))
        return opened[-1]

    yield read
    for warehouse in opened:
        warehouse.close()


@pytest.fixture
def warehouse_of(address: Address, reading: Callable[..., Warehouse]) -> Callable[..., Warehouse]:
    """`warehouse_of({table: rows}, as_of=…)`: a warehouse that holds just these, on each engine in turn."""

    def make(tables: Mapping[str, Sequence[Mapping[str, Any]]], as_of: datetime = AS_OF) -> Warehouse:
        filled = {name: to_arrow(name, given) for name, given in tables.items()}
        writer.write(address, filled, author="tests", message="given rows", replace=True)
        return reading(address, as_of=as_of)

    return make


@pytest.fixture
def rows() -> Callable[[Any], list[dict[str, Any]]]:
    """Rows of an Ibis table, as dicts."""
    return lambda table: table.to_pyarrow().to_pylist()


@pytest.fixture(scope="session")
def arrow() -> Callable[[str, Sequence[Mapping[str, Any]]], pa.Table]:
    """`arrow(table, rows)`: given rows as whole rows of a canonical table."""
    return to_arrow


def to_arrow(name: str, given: Sequence[Mapping[str, Any]]) -> pa.Table:
    """`given` as whole rows of a canonical table."""
    table = TABLES[name]
    unknown = {key for row in given for key in row} - {column.name for column in table.columns}
    assert not unknown, f"{name} has no column {sorted(unknown)}"
    plain = {c.name: None if c.type.nullable else _plain(c) for c in table.columns}
    ids = [key for key in table.key if table.schema[key].is_integer()]
    full = [plain | dict.fromkeys(ids, number) | dict(row) for number, row in enumerate(given, 1)]
    return pa.Table.from_pylist(full, schema=table.schema.to_pyarrow())


def _plain(column: Any) -> Any:
    return USUAL.get(column.name, PLAIN[str(column.type.copy(nullable=True))])
