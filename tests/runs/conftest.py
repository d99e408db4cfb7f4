"""An office: a workspace of its own with the real notebooks, a small lake and a database, for whole runs."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database import server
from reports_lib.database.roles import make_database
from reports_lib.database.schema import Link, Run, Snapshot
from reports_lib.database.server import database_url
from reports_lib.database.url import replaced
from reports_lib.rendering.formats import Format
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.outcome import Outcome
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow
from tests.metrics import golden
from tests.portal.people import signed_in
from tests.runs.crew import AS_OF, LEAN, WAITS, Crew

ROOT = Path(__file__).parents[2]
QUARTER = {"interval": "2024-01-01/2024-03-31", "time_zone": "Europe/Kyiv", "client_type": "client"}
PARAMETERS = "from reports_lib.parameters.kinds import Interval, Whole"

_number = count(1)


def quiet(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def rows() -> dict[str, list[dict[str, Any]]]:
    """The golden data, in their two currencies and one that nobody has a rate of."""
    places = {"details_precision": 4, "totals_precision": 2}
    return golden.tables() | {"currency": [{"code": code} | places for code in ("USD", "EUR", "UAH")]}


@dataclass(frozen=True)
class Office:
    """A workspace and everything that reports need."""

    installation: Installation
    environment: Mapping[str, str]  # what a process needs to work here
    version: str  # of the data as they were first written

    @property
    def workspace(self) -> Workspace:
        return self.installation.workspace

    @property
    def store(self):
        return self.installation.store

    def write_notebook(self, family: str, source: str, parameters: str = 'interval: Interval = "last month"') -> Path:
        """A family of three cells; `source` stands under the heading "The sums"."""
        cells = [
            new_markdown_cell(f"# {family.capitalize()}\n\nHow much was sold?"),
            new_code_cell(PARAMETERS),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            new_markdown_cell("## The sums"),
            new_code_cell(source),
        ]
        path = self.workspace.notebooks / f"{family}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    def generate(self, family: str, given=None, progress: Callable[[str, int, int], None] = quiet, **more) -> Outcome:
        """Make a report, of the golden quarter unless `given` says otherwise."""
        forms = tuple(Format.parse(name) for name in more.pop("formats", "").split(",") if name)
        asked = {"as_of": AS_OF, "author": Author("analyst", "ann"), "formats": forms} | more
        given = QUARTER if given is None and family == "customer_dynamics" else given or {}
        return generate(Request(family, given, **asked), self.installation, progress)

    def change(self, statement: str) -> str:
        """Change the warehouse by SQL; returns the new data version."""
        owner = Address.of(self.workspace, reader=False)
        return writer.execute(owner, statement, author="billing", message="a rerating")

    def runs(self, **where) -> list[Run]:
        """Rows of runs, in the order they were asked for."""
        with Session(self.installation.database) as session:
            return list(session.scalars(select(Run).filter_by(**where).order_by(Run.id)))

    def count(self) -> tuple[int, int]:
        """How many snapshots are listed, and how many links there are."""
        with Session(self.installation.database) as session:
            return session.query(Snapshot).count(), session.query(Link).count()

    def open(self, url: str, **query: str):
        """What the portal answers a user at a link; `**{"as": "csv"}` for a format."""
        with signed_in(self.installation) as client:
            return client.get(httpx2.URL(url.removeprefix(self.installation.url)).copy_merge_params(query))


@pytest.fixture(scope="module")
def office(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A workspace that one module of tests has to itself."""
    name = f"office_{next(_number)}"
    root = tmp_path_factory.mktemp(name)
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(ROOT / "parameters", root / "parameters")
    (root / "parameters/schedule.yaml").unlink(missing_ok=True)
    main = database_url(workspace)
    own = Workspace(root, root / "outputs", database_url=make_database(replaced(main, dbname=name), beside=main))
    owner = Address.of(own, reader=False)
    writer.create(owner)
    filled = {table: to_arrow(table, given) for table, given in rows().items()}
    version = writer.write(owner, filled, author="tests", message="golden data")
    installation = Installation(own)
    environment = {"DAYBOOK_HOME": str(root), "DAYBOOK_DATABASE_URL": own.database_url} | LEAN
    yield Office(installation, environment, version)
    installation.database.dispose()


@pytest.fixture
def without_warehouse(office: Office) -> Iterator[Office]:
    """The same office when its warehouse has gone: the lake's files are away, its address leads nowhere."""
    away = office.workspace.root / "away"
    office.workspace.lake.rename(away)
    closed = replace(office.workspace, warehouse_url="postgresql://nobody@127.0.0.1:1/gone")
    installation = Installation(closed)
    yield replace(office, installation=installation)
    installation.database.dispose()
    away.rename(office.workspace.lake)


@pytest.fixture(scope="module")
def crews(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """The office's workers."""
    made = Crew(office.installation, dict(office.environment), tmp_path_factory.mktemp("crew"), [])
    yield made
    made.dismiss()


@pytest.fixture
def crew(crews: Crew) -> Iterator[Crew]:
    """The office's workers; each test has a family of its own, named as it is, and leaves the next one a worker."""
    yield crews
    crews.tidy()


@pytest.fixture
def house(tmp_path):
    """A workspace with a database server of its own, which a test may stop."""
    root = Path(tempfile.mkdtemp(prefix="daybook-house-"))
    root.chmod(0o755)
    (root / "notebooks").mkdir()
    (root / "parameters").mkdir()
    cells = [
        new_markdown_cell("# Restarted"),
        new_code_cell(PARAMETERS),
        new_code_cell('interval: Interval = "last month"', metadata={"tags": ["parameters"]}),
        new_code_cell(WAITS.format(folder=str(tmp_path))),
    ]
    nbformat.write(new_notebook(cells=cells), root / "notebooks/restarted.ipynb")
    environment = {"DAYBOOK_HOME": str(root)}
    own = Workspace.find(environ=environment)
    writer.create(Address.of(own, reader=False))
    installation = Installation(own)
    made = Crew(installation, environment, tmp_path, [])
    yield made
    made.dismiss()
    installation.database.dispose()
    server.stop(own)
    shutil.rmtree(root)
