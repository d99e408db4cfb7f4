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
from tests.portal import ask_site
from tests.portal.people import let_in, signed_in
from tests.portal.rows import Rows
from tests.rendering.sample import sample

MADE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

# texts whose colour is too close to that of the ground they stand on
CONTRASTS = """() => {
  const part = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; }
    return [255, 255, 255]; };
  return [...document.querySelectorAll("body *")]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && e.checkVisibility())
    .map((e) => { const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.className || e.tagName, e.textContent.trim().slice(0, 30)]; })
    .filter(([ratio]) => ratio < 4.5);
}"""

FLAGS = (
    "--no-sandbox",  # root, on a machine of tests
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


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


@pytest.fixture(scope="module")  # no longer: while it is there no other test of this process can run an event loop
def browser():
    """Debian's Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def desk(browser, address, installation):
    """`desk(**settings)`: a page of a desk's size in which a new analyst of the whole group is signed in."""
    opened = []

    def open_(at=address, role="analyst", company="", **settings):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **settings)
        let_in(context, installation, at, role, company)
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


@pytest.fixture(params=[(1400, 900), (360, 740)], ids=["desk", "phone"])
def page(request, browser, address, installation):
    """A page of a desk's and of a phone's size in which an analyst of the whole group is signed in."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    let_in(context, installation, address)
    page = context.new_page()
    page.seen = []
    page.on("console", lambda message: page.seen.append(message.text))
    page.on("dialog", lambda dialog: page.seen.append("dialog"))
    page.on("request", lambda asked: None if _is_own(asked.url, address) else page.seen.append(asked.url))
    yield page
    assert page.seen == []  # no complaint, no script that spoke, no address but our own
    context.close()


def _is_own(url, address):
    return url.startswith((address, "data:"))


@pytest.fixture(scope="session")
def asking(workspace, fresh, as_reader):
    """An installation of its own that can be asked: two families, and a lake with 50,000 tags of clients."""
    with ask_site.site(workspace, fresh, as_reader) as installation:
        yield installation


@pytest.fixture(scope="session")
def ask_address(asking):
    """Address of a real server of it."""
    with served(asking) as (_, address):
        yield address


@pytest.fixture
def asker(asking):
    """An analyst of the whole group there; runs that were asked for are gone after the test."""
    with signed_in(asking) as client:
        yield client
    Rows(asking).clear()
