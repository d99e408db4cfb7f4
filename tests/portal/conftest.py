"""A workspace with a sealed report, made of a hand-written executed notebook, and runs as rows: no kernel, no lake."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from reports_lib.portal.server import Server
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.render import contents
from reports_lib.snapshots import index, links
from reports_lib.snapshots.manifest import Author, Manifest
from reports_lib.snapshots.seal import seal
from tests.portal.people import signed_in
from tests.portal.rows import Rows
from tests.rendering.sample import sample

MADE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def installation(workspace):
    installation = Installation(workspace)
    yield installation
    installation.database.dispose()


@pytest.fixture(scope="session")
def sealed(installation, tmp_path_factory):
    """The manifest and the link of the report."""
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYBOOK_TABLES", str(folder))
        executed = sample()
    draft = Manifest(
        family="customer_dynamics",
        title='Customer <b>dynamics</b> & "more"',
        set_name="last-12-months",
        asked={"currency": "USD"},
        resolved={"currency": "USD"},
        labels={"currency": "USD", "client_tags": "<script>alert(1)</script>"},
        requested_interval="2025-11-01/2026-10-31",
        data_interval=(datetime(2025, 11, 1, 0, 3, 12, tzinfo=UTC), datetime(2026, 10, 31, 23, 58, tzinfo=UTC)),
        as_of=MADE,
        time_zone="Europe/Kyiv",
        data_version="17",
        notebook_sha256="0" * 64,
        code_version="0",
        generated_by=Author("analyst", "Ann Secretname"),
        generated_at=MADE,
        duration_ms=1234,
    )
    files, tables = contents(executed, folder, draft, [Format.PDF, Format.CSV])
    manifest = seal(installation.store, replace(draft, tables=tables), files)
    with Session(installation.database) as session, session.begin():
        index.insert(session, manifest)
        token = links.make(session, manifest.id, by="ann", at=MADE)
    return manifest, token


@pytest.fixture
def rows(installation):
    """Rows of runs, gone after the test."""
    rows = Rows(installation)
    yield rows
    rows.clear()


@contextmanager
def served(installation, port=0):
    """A real server on a free port or a given one: itself, and its address."""
    server = Server(installation, port)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def address(installation, sealed):
    """Address of a real server."""
    with served(installation) as (_, address):
        yield address


@pytest.fixture
def client(installation, sealed):
    with signed_in(installation) as client:
        yield client
