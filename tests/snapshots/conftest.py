"""A store in a folder of its own, a report to seal, and a database with our tables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from reports_lib.database import migrations, server
from reports_lib.database.engine import engine_of
from reports_lib.database.roles import make_database
from reports_lib.database.url import replaced
from reports_lib.snapshots.manifest import Author, Manifest, TableRef
from reports_lib.snapshots.seal import Content, seal
from reports_lib.snapshots.store import Store, name_of
from reports_lib.workspace import Workspace

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ROWS = b"PAR1 rows of the clients table PAR1"


@dataclass
class Report:
    """What a run hands to the store."""

    draft: Manifest
    files: dict[str, Content]

    def sealed(self, store: Store) -> Manifest:
        return seal(store, self.draft, self.files)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "snapshots")


@pytest.fixture
def report() -> Callable[..., Report]:
    """`report(html=b"…")`: a draft with three files, of which the HTML may be given."""
    return make_report


@pytest.fixture
def sealed(store: Store) -> Manifest:
    """One snapshot, already in the store."""
    return make_report().sealed(store)


@pytest.fixture(scope="session")
def database(workspace: Workspace) -> Iterator[Engine]:
    """An engine on a database of our own, with all tables."""
    main = server.database_url(workspace)
    made = engine_of(make_database(replaced(main, dbname="tests_snapshots"), beside=main))
    migrations.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A session on empty tables."""
    with Session(database) as opened:
        yield opened
        opened.rollback()
        opened.execute(text("TRUNCATE run, link, snapshot, audit CASCADE"))
        opened.commit()


def make_report(html: bytes = b"<h1>Clients</h1>") -> Report:
    columns = ({"name": "client", "label": "Client", "kind": "text", "group": "", "places": 0},)
    draft = Manifest(
        family="customer_dynamics",
        title="Customer Dynamics",
        set_name="previous-month",
        asked={"interval": "last month", "client_tags": ["vip", "Ж"], "active_duration": "1"},
        resolved={"interval": "2026-10-01/2026-10-31", "client_tags": ["vip", "Ж"], "active_duration": 1},
        labels={"Interval": "October 2026"},
        requested_interval="2026-10-01/2026-10-31",
        data_interval=(datetime(2026, 10, 1, 3, tzinfo=UTC), datetime(2026, 10, 30, 22, 15, 1, 5, tzinfo=UTC)),
        as_of=NOON,
        time_zone="Europe/Kyiv",
        data_version="17",
        notebook_sha256="0" * 64,
        code_version="0.1.0",
        generated_by=Author("analyst", "olena", "holding"),
        generated_at=NOON,
        duration_ms=450,
        tables=(TableRef("clients", "Clients", 1, columns, name_of(ROWS, "parquet")[:64]),),
    )
    files = {
        "html": Content(html, "text/html; charset=utf-8", "customer-dynamics.html"),
        "csv": Content(b"client\r\nann\r\n", "text/csv", "customer-dynamics.csv"),
        "table:clients": Content(ROWS, "application/vnd.apache.parquet", "clients.parquet"),
    }
    return Report(draft, files)
