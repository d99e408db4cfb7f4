"""What a process remembers of reports: the same answers, sooner; and nothing that has changed, not even once."""

import gzip
import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import NOBODY, Visitor
from reports_lib.database.schema import Account, Audience, Link
from reports_lib.errors import DatabaseError
from reports_lib.portal.view import shelf as shelves
from reports_lib.portal.view.shelf import Asker, Opened, Page, Shelf
from reports_lib.portal.view.views import Counter
from reports_lib.snapshots.links import Grant
from tests.portal.conftest import served
from tests.portal.people import token_of
from tests.portal.shared import another, link, revoke

SOON = 2.0  # seconds that other processes' news may take here, where nine work at once; it is milliseconds


OPEN: list[http.client.HTTPConnection] = []  # of this test


class Reader:
    """A browser with one connection that stays open."""

    def __init__(self, address, cookie=""):
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        OPEN.append(self._connection)
        self._headers = {"Cookie": f"sid={cookie}"} if cookie else {}

    def get(self, path, method="GET", body=None, **headers):
        own = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, own)
        answer = self._connection.getresponse()
        return SimpleNamespace(
            status=answer.status, headers={k.lower(): v for k, v in answer.getheaders()}, content=answer.read()
        )


@pytest.fixture(autouse=True)
def closed():
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture(scope="module")
def server(installation, sealed):
    with served(installation) as (server, address):
        server.address = address
        yield server


@pytest.fixture
def shelf(server):
    """The memory of the real server, once it is believed."""
    found = server.config.app.state.shelf
    _until(lambda: found.is_believed)
    return found


@pytest.fixture
def reader(server, shelf, installation):
    """`reader(role)`: a browser in which a new user is signed in."""
    return lambda role="analyst", company="": Reader(server.address, token_of(installation, role, company))


@pytest.fixture
def statements(installation):
    """`with statements() as seen`: what the database is asked meanwhile."""

    @contextmanager
    def watch():
        seen = []

        def remember(_con, _cursor, statement, *_):
            seen.append(statement)

        event.listen(installation.database, "before_cursor_execute", remember)
        yield seen
        event.remove(installation.database, "before_cursor_execute", remember)

    return watch


def _until(is_so, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def views(installation, token) -> int:
    with Session(installation.database) as session:
        return session.get_one(Link, token).views


@pytest.mark.parametrize("form", ["", "&as=html", "&as=html&frame=1"])
def test_what_is_read_again_asks_nobody_and_is_the_same(reader, sealed, installation, statements, form):
    token = link(installation, sealed[0])
    browser = reader()
    first = browser.get(f"/view?id={token}{form}")
    assert first.status == 200
    with statements() as seen:
        again = [browser.get(f"/view?id={token}{form}") for _ in range(5)]
    assert [each for each in seen if "unnest" not in each and "SET LOCAL" not in each] == []  # but for views
    for each in again:
        assert each.content == first.content
        assert _plain(each.headers) == _plain(first.headers)
    assert first.headers["cache-control"].startswith("private, max-age=0" if form else "private, no-store")
    head = browser.get(f"/view?id={token}{form}", "HEAD")
    assert (head.status, head.content, _plain(head.headers)) == (200, b"", _plain(first.headers))


def _plain(headers):
    return {name: value for name, value in headers.items() if name != "date"}


def test_bytes_that_never_change_are_packed_once_and_sent_once(reader, sealed, installation):
    manifest, _ = sealed
    address = f"/view?id={link(installation, manifest)}&as=html"
    browser, whole = reader(), installation.store.read(manifest.files["html"].name)
    for _ in range(2):  # the long way, then the short one
        plain = browser.get(address)
        packed = browser.get(address, Accept_Encoding="br, gzip")
        assert plain.content == whole
        assert gzip.decompress(packed.content) == whole
        assert len(packed.content) < len(whole) / 2
        assert packed.headers["content-encoding"] == "gzip"
        assert plain.headers["etag"] != packed.headers["etag"]
        for answer, accepted in ((plain, "identity"), (packed, "gzip")):
            held = browser.get(address, Accept_Encoding=accepted, If_None_Match=f'"x", {answer.headers["etag"]}')
            assert (held.status, held.content) == (304, b"")
            assert held.headers["etag"] == answer.headers["etag"]
        assert browser.get(address, If_None_Match='"another"').status == 200
        assert browser.get(address, Accept_Encoding="gzip;q=0").content == whole


def test_a_link_that_is_revoked_here_is_refused_at_the_next_request(reader, sealed, installation):
    browser, other = reader(), reader("viewer")
    kept = link(installation, sealed[0])
    for _ in range(14):
        token = link(installation, sealed[0])
        for form in ("", "&as=html"):
            assert {each.get(f"/view?id={token}{form}").status for each in (browser, other, browser, other)} == {200}
        held = browser.get(f"/view?id={token}&as=html").headers["etag"]
        said = {"Sec_Fetch_Site": "same-origin", "Content_Type": "application/x-www-form-urlencoded"}
        assert browser.get(f"/view/revoke?id={kept}", "POST", f"link={token}", **said).status == 303
        for form in ("", "&as=html"):
            assert other.get(f"/view?id={token}{form}", If_None_Match=held).status == 404


def test_a_link_that_is_revoked_elsewhere_is_refused_in_a_moment(reader, sealed, installation, shelf):
    browser = reader()
    for form in ("", "&as=html"):
        token = link(installation, sealed[0])
        assert {browser.get(f"/view?id={token}{form}").status for _ in range(3)} == {200}
        revoke(installation, token)
        _until(lambda t=token, f=form: browser.get(f"/view?id={t}{f}").status == 404, SOON)
        assert shelf.is_believed  # it was told, and did not merely stop believing


def test_a_user_who_is_disabled_or_signed_out_elsewhere_is_out_in_a_moment(reader, sealed, installation):
    for change in ("update account set disabled_at = now() where id = ", "delete from sign_in where account_id = "):
        browser, token = reader("viewer"), link(installation, sealed[0])
        assert {browser.get(f"/view?id={token}").status for _ in range(3)} == {200}
        with Session(installation.database) as session, session.begin():
            newest = session.query(Account).order_by(Account.id.desc()).first()
            session.execute(text(f"{change}{newest.id}"))
        _until(lambda b=browser, t=token: b.get(f"/view?id={t}").status == 303, SOON)


def test_a_link_ends_to_the_moment_without_any_news(reader, sealed, installation):
    browser = reader()
    end = datetime.now(UTC) + timedelta(seconds=1.2)
    token = link(installation, sealed[0], expires_at=end)
    seen = []
    while datetime.now(UTC) < end + timedelta(seconds=0.1):
        asked = datetime.now(UTC)
        status = browser.get(f"/view?id={token}&as=html").status
        seen.append(status)
        assert status != 200 or asked < end
    assert seen.count(200) > 3


def test_a_page_made_for_one_is_not_shown_to_another(reader, server, sealed, installation):
    manifest, _ = sealed
    token = link(installation, another(installation, manifest, generated_by=manifest.generated_by))
    analyst, viewer, foreign = reader(), reader("viewer"), reader("admin", "77")
    for _ in range(3):
        assert b"/view/share" in analyst.get(f"/view?id={token}").content
        assert b"/view/share" not in viewer.get(f"/view?id={token}").content
        assert b"Secretname" in viewer.get(f"/view?id={token}").content
        assert b"Secretname" not in foreign.get(f"/view?id={token}").content
        assert Reader(server.address).get(f"/view?id={token}").status == 303
        assert Reader(server.address).get(f"/view?id={token}&as=html").status == 303
        for language, word in (("ru", 'lang="ru"'), ("es", 'lang="es"'), ("en", 'lang="en"')):
            assert word.encode() in analyst.get(f"/view?id={token}", Accept_Language=language).content


def test_no_link_shows_what_another_does(reader, sealed, installation):
    pages = {}
    for number in range(12):
        html = f"<!DOCTYPE html><title>{number}</title>{'x' * 500}".encode()
        pages[link(installation, another(installation, sealed[0], html=html, title=f"Report {number}."))] = number, html

    def read(_):
        browser, wrong = reader("viewer"), []
        for _ in range(4):
            for token, (number, html) in pages.items():
                wrong += [token] * (browser.get(f"/view?id={token}&as=html").content != html)
                wrong += [token] * (f"Report {number}.".encode() not in browser.get(f"/view?id={token}").content)
        return wrong

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, range(4))) == [[]] * 4


def test_views_are_exact_after_many_at_once(reader, sealed, installation):
    token, other = link(installation, sealed[0]), link(installation, sealed[0])

    def read(number):
        browser = reader("viewer")
        for _ in range(50):
            assert browser.get(f"/view?id={token}" + ("&as=html" if number % 2 else "")).status == 200
        assert browser.get(f"/view?id={other}&as=html&frame=1").status == 200  # a part of the page: no view
        assert browser.get(f"/view?id={other}", "HEAD").status == 200

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(read, range(10)))
    _until(lambda: views(installation, token) == 500, 5)
    assert views(installation, other) == 0


def test_views_are_written_when_the_web_ends_and_it_begins_anew(installation, sealed):
    token = link(installation, sealed[0])
    cookie = token_of(installation)
    for number in (1, 2):
        with served(installation) as (server, address):
            browser = Reader(address, cookie)
            _until(lambda s=server: s.config.app.state.shelf.is_believed)
            assert {browser.get(f"/view?id={token}").status for _ in range(7)} == {200}
        assert views(installation, token) == 7 * number


def test_without_news_nothing_is_remembered(reader, sealed, installation, shelf, statements):
    browser, token = reader(), link(installation, sealed[0])
    assert browser.get(f"/view?id={token}").status == 200
    with Session(installation.database) as session, session.begin():
        asks = "query = 'SELECT 1' or query like 'LISTEN%daybook_access%'"
        ended = session.execute(text(f"select pg_terminate_backend(pid) from pg_stat_activity where {asks}")).all()
        assert ended
    _until(lambda: not shelf.is_believed or not shelf._links)
    with statements() as seen:
        assert browser.get(f"/view?id={token}").status == 200
    assert seen  # the long way
    _until(lambda: shelf.is_believed)  # it listens again
    browser.get(f"/view?id={token}")
    with statements() as seen:
        browser.get(f"/view?id={token}")
    assert [each for each in seen if "unnest" not in each and "SET LOCAL" not in each] == []


def test_programs_go_the_long_way(server, reader, sealed, installation, statements):
    browser, token = reader(), link(installation, sealed[0])
    assert browser.get(f"/view?id={token}&as=html").status == 200
    assert browser.get(f"/view?id={token}&as=html", Authorization="Bearer wrong").status in (303, 401)


ASKER = Asker(b"sid=1", b"")
VISITOR = Visitor("ann", role="viewer")


def opened(token="A" * 22, **values) -> Opened:
    plain = {"audience": Audience.ANY_USER, "company": None, "readers": frozenset(), "expires_at": None}
    return Opened(Grant(token, "5" * 64, **plain | {"is_revoked": False} | values), "x.html", "text/html")


@pytest.fixture
def memory():
    found = Shelf()
    found.believe(time.monotonic() + 60)
    return found


def test_what_was_read_before_a_change_is_not_remembered_after_it(memory):
    era = memory.era
    memory.forget()
    memory.remember(era, ASKER, VISITOR, opened())
    memory.remember_page(era, ASKER, b"id=x", VISITOR, Page((), b""))
    assert memory.opened(ASKER, "A" * 22) is None
    assert memory.page(ASKER, b"id=x") is None
    memory.remember(memory.era, ASKER, VISITOR, opened())
    assert memory.opened(ASKER, "A" * 22) == opened()


def test_what_is_remembered_is_old_after_a_while(memory, monkeypatch):
    monkeypatch.setattr(shelves, "FRESH", 0.02)
    memory.remember(memory.era, ASKER, VISITOR, opened())
    time.sleep(0.03)
    assert memory.opened(ASKER, "A" * 22) is None


def test_a_page_is_for_the_visitor_as_he_was_then(memory):
    memory.remember(memory.era, ASKER, VISITOR, opened())
    memory.remember_page(memory.era, ASKER, b"id=x", VISITOR, Page((), b"ann's"))
    assert memory.page(ASKER, b"id=x") == Page((), b"ann's")
    memory.remember(memory.era, ASKER, replace(VISITOR, companies=frozenset({"7"})), opened())
    assert memory.page(ASKER, b"id=x") is None


def test_only_whom_the_link_names_is_let_in_from_memory(memory):
    stranger = Asker(b"", b"")
    memory.remember(memory.era, stranger, NOBODY, opened("P" * 22, audience=Audience.PUBLIC))
    memory.remember(memory.era, ASKER, VISITOR, opened())
    assert memory.opened(stranger, "P" * 22)
    assert memory.opened(stranger, "A" * 22) is None  # remembered, and not for him
    assert memory.opened(ASKER, "P" * 22)
    memory.doubt()
    assert memory.opened(ASKER, "P" * 22) is None


def test_memory_has_an_end(memory, monkeypatch):
    monkeypatch.setattr(shelves, "ROOM", 10_000)
    monkeypatch.setattr(shelves, "MOST", 5)
    for number in range(20):
        memory.file(f"{number}.html", "x/y", lambda n=number: bytes([n]) * 3_000)
        memory.remember(memory.era, Asker(b"%d" % number, b""), VISITOR, opened(f"{number:022}"))
    assert [number for number in range(20) if memory.file_at_hand(f"{number}.html")] == [17, 18, 19]
    assert sum(memory.opened(Asker(b"19", b""), f"{number:022}") is not None for number in range(20)) == 5


def test_views_that_cannot_be_written_are_kept_for_the_next_time(installation, sealed):
    token, is_away = link(installation, sealed[0]), True

    def database():
        if is_away:
            raise DatabaseError("away")
        return installation.database

    counter, at = Counter(database), datetime.now(UTC)
    counter.is_kept = True
    for _ in range(3):
        counter.seen(token, at)
        with pytest.raises(DatabaseError):
            counter.write()
    is_away = False
    counter.write()
    counter.write()
    assert views(installation, token) == 3
