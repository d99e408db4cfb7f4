"""Streams of events over real connections: their order and form, many at once, dead clients, the end of the web."""

import json
import socket
import threading
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.accounts import account, sign_in
from reports_lib.database.schema import State
from reports_lib.portal.runs import pages as runs
from reports_lib.portal.runs import watcher
from tests.portal.conftest import served
from tests.portal.people import token_of

ERROR = "'The sums' raised ZeroDivisionError: division by zero"


class Reader:
    """A client of one stream."""

    def __init__(self, address: str, run: int, cookie: str) -> None:
        place = urlsplit(address)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=30)
        head = f"Host: {place.netloc}\r\nCookie: sid={cookie}\r\n"
        self.socket.sendall(f"GET /runs/{run}/events HTTP/1.1\r\n{head}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        lines = iter(self.file.readline, b"\r\n")
        self.headers = {k.lower(): v.strip() for k, v in (line.decode().split(":", 1) for line in lines)}

    def blocks(self):
        """What is sent, block by block, until the stream ends as HTTP has it."""
        while size := int(self.file.readline(), 16):
            yield self.file.read(size).decode()
            self.file.readline()

    def events(self):
        """Name and content of each event; comments and settings left out."""
        for block in self.blocks():
            name, _, data = block.strip().partition("\n")
            if name.startswith("event: "):
                yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture(scope="module")
def cookie(installation):
    """Of an analyst of the whole group."""
    return token_of(installation)


@pytest.fixture
def read(address, cookie):
    """`read(run)`: a signed-in client of the run's stream."""
    opened = []

    def open_(run, at=address, cookie=cookie):
        opened.append(Reader(at, run, cookie))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def web(installation, sealed):
    """A server of the test's own, and its address."""
    with served(installation) as (server, address):
        yield server, address


def listeners(installation) -> int:
    """How many connections to the database wait for notices of runs."""
    with installation.database.connect() as connection:
        return connection.scalar(
            text("select count(*) from pg_stat_activity where query ilike 'listen%' and datname = current_database()")
        )


def until(holds, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_is_told_from_asking_to_its_error(read, rows):
    run = rows.add()
    stream = read(run)
    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "private, no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-content-type-options"] == "nosniff"
    events = stream.events()
    assert next(events)[1]["text"] == {"state": "Waiting", "doing": "Waiting for a worker", "elapsed": "0:00"}
    rows.change(run, state=State.GENERATING, stage="executing", step="Über <b>sums</b>", done=2, total=9)
    name, told = next(events)
    assert name == "standing"
    assert told["text"]["doing"] == "Cell 3 of 9: Über <b>sums</b>"
    rows.change(run, state=State.ERROR, error=ERROR)
    (last, told), (ended, same) = events  # and then the stream ends
    assert (last, ended) == ("standing", "ended")
    assert told == same
    assert (told["state"], told["error"], told["snapshot"]) == ("error", ERROR, None)
    assert told["text"]["doing"] == "In “Über <b>sums</b>”, cell 3 of 9"


def test_one_that_has_ended_is_told_and_let_go(read, rows):
    events = [name for name, _ in read(rows.add(State.CANCELLED)).events()]
    assert events == ["standing", "ended"]


def test_many_streams_share_one_connection_and_keep_none(read, rows, installation, address):
    one, other = rows.add(), rows.add()
    until(lambda: listeners(installation) == 0)
    streams = [read(run) for run in (one, one, other)]
    first, second, third = (stream.events() for stream in streams)
    for events in (first, second, third):
        next(events)
    until(lambda: listeners(installation) == 1)
    rows.change(one, state=State.GENERATING)
    assert next(first)[1]["run"] == next(second)[1]["run"] == one
    rows.change(other, state=State.CANCELLED)
    assert [told["state"] for _, told in third] == ["cancelled", "cancelled"]
    assert listeners(installation) == 1
    rows.change(one, state=State.CANCELLED)
    assert [name for name, _ in first] == [name for name, _ in second] == ["standing", "ended"]
    until(lambda: listeners(installation) == 0)  # nobody watches, so nobody listens


def test_a_client_that_has_gone_is_forgotten(read, rows, web):
    server, address = web
    stream = read(rows.add(), address)
    next(stream.events())
    watching = server.config.app.state.watcher
    assert len(watching) == 1
    stream.close()
    until(lambda: len(watching) == 0)


def test_silence_is_broken_by_a_sign_of_life(read, rows, monkeypatch):
    monkeypatch.setattr(watcher.Stream.standings, "__defaults__", (0.05,))
    blocks = read(rows.add()).blocks()
    assert next(blocks) == f"retry: {runs.RETRY}\n\n"
    assert next(blocks).startswith("event: standing\n")
    assert next(blocks) == next(blocks) == ": still here\n\n"


@pytest.mark.parametrize("happens", ["disable", "sign out"])
def test_who_is_let_out_meanwhile_hears_no_more(read, rows, installation, happens):
    name = f"watcher-{happens[:4].strip()}"
    run = rows.add()
    stream = read(run, cookie=token_of(installation, name=name)).events()
    next(stream)
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        found = account.find(session, name)
        account.disable(session, found, now, "tests") if happens == "disable" else sign_in.end_all(session, found)
    rows.change(run, state=State.GENERATING, step="Secret sums")
    assert next(stream, None) is None  # it ends, and tells nothing


def test_too_many_are_told_to_come_again(read, rows, web):
    server, address = web
    server.config.app.state.watcher._most = 2
    run = rows.add()
    two = [read(run, address) for _ in range(2)]
    third = read(run, address)
    assert (third.status, third.headers["retry-after"]) == (503, "5")
    two[0].close()
    until(lambda: read(run, address).status == 200)


def test_a_change_nobody_told_of_is_seen(read, rows):
    run = rows.add()
    events = read(run).events()
    next(events)
    rows.change(run, quietly=True, state=State.GENERATING)
    assert next(events)[1]["state"] == "generating"


def test_a_listener_that_is_cut_off_ends_its_streams_and_the_next_are_served(read, rows, installation):
    run = rows.add()
    events = read(run).events()
    next(events)
    until(lambda: listeners(installation) == 1)
    with installation.database.connect() as connection:
        connection.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'"))
    assert list(events) == []  # it ends without "ended": whoever watches asks again
    events = read(run).events()
    next(events)
    rows.change(run, state=State.CANCELLED)
    assert [name for name, _ in events] == ["standing", "ended"]


def test_open_streams_do_not_hold_up_the_end_of_the_web(read, rows, installation):
    run = rows.add()
    with served(installation) as (_, address):
        streams = [read(run, address).events() for _ in range(3)]
        for events in streams:
            next(events)
        began = time.monotonic()
    assert time.monotonic() - began < watcher.HEARTBEAT / 2
    assert [list(events) for events in streams] == [[], [], []]


def test_many_changes_in_a_row_end_in_the_last_of_them(read, rows):
    run = rows.add(State.GENERATING, total=300)
    seen = []
    events = read(run).events()
    next(events)

    def work():
        for done in range(1, 301):
            rows.change(run, done=done)
        rows.change(run, state=State.ERROR, error=ERROR)

    worker = threading.Thread(target=work)
    worker.start()
    seen = [told["done"] for _, told in events]
    worker.join()
    assert seen == sorted(seen)
    assert seen[-1] == 300


@pytest.mark.parametrize("run", ["0", "999999999", "9" * 40, "x", "-1", "1.5", "%00"])
@pytest.mark.parametrize("part", ["", "/events", "/notebook"])
def test_a_run_that_there_is_not(address, cookie, run, part):
    answer = httpx2.get(f"{address}/runs/{run}{part}", headers={"Cookie": f"sid={cookie}"})
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
