"""How quickly reports are read, from one process: the viewer's page and the sealed bytes; beside plain files.

    .venv/bin/python -m bench.reading [--seconds 5] [--connections 32]

A server of its own answers (`daybook serve`, without a worker), and beside it, in a process like it,
Starlette's StaticFiles: what one would take instead, which knows neither users nor links. What asks is a
third process, of this very file, with connections that stay open, so client and server share the machine.
The answers are counted, and each is looked at: status and length.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple, cast

import uvloop
from sqlalchemy.orm import Session

from bench.measure import machine, markdown
from reports_lib.accounts import account, password, sign_in
from reports_lib.accounts.role import Role
from reports_lib.database.schema import Account
from reports_lib.database.server import stop
from reports_lib.runs.installation import Installation
from reports_lib.snapshots import index, links
from reports_lib.snapshots.manifest import Author, Manifest
from reports_lib.snapshots.seal import Content, seal
from reports_lib.workspace import Workspace

RATE = 200  # a second, of the patient readers
READERS = 50  # users that are signed in
REPORTS = 20  # each with a link
SIZE = 120_000  # bytes of a sealed page
HOST = "127.0.0.1"


class Asked(NamedTuple):
    """What the readers ask for: paths and cookies take turns, so that readers and reports mix."""

    port: int
    paths: list[str]
    cookies: list[str]


class Told(NamedTuple):
    """What came of it."""

    rate: float
    p50: float  # milliseconds
    p99: float
    most: float
    size: int  # bytes of an answer


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--connections", type=int, default=32)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="daybook-reading-") as name, _place(Path(name)) as installation:
        tokens, cookies = _filled(installation)
        page = _sealed_page()
        (Path(name) / "files").mkdir()
        (Path(name) / "files" / "report.html").write_bytes(page)
        rows = []
        with _serving(installation.workspace) as port, _files(Path(name) / "files") as plain:
            ways = {
                "page of the viewer": Asked(port, [f"/view?id={token}" for token in tokens], cookies),
                "sealed bytes": Asked(port, [f"/view?id={token}&as=html" for token in tokens], cookies),
                "StaticFiles, same bytes": Asked(plain, ["/report.html"], [""]),
            }
            for label, asked in ways.items():
                first = _load(asked, given.connections, 0, 0)
                patient = _load(asked, 8, given.seconds, RATE)
                full = _load(asked, given.connections, given.seconds, 0)
                rows.append([label, f"{full.size:,}", f"{first.rate:,.0f}/s", *_told(patient), *_told(full)])
    print(machine("uvicorn", "uvloop", "httptools", "starlette"))
    print(f"{READERS} users, {REPORTS} reports, {given.connections} connections at full speed\n")
    head = ["", "bytes", "for the first time", f"at {RATE}/s: rate", "p50", "p99", "full speed: rate", "p50", "p99"]
    print(markdown(head, rows))


def _told(told: Told) -> list[str]:
    return [f"{told.rate:,.0f}/s", f"{told.p50:.2f} ms", f"{told.p99:.2f} ms"]


@contextmanager
def _place(folder: Path) -> Iterator[Installation]:
    folder.chmod(0o755)
    for name in ("notebooks", "parameters", "outputs"):
        (folder / name).mkdir()
    workspace = Workspace(root=folder, outputs=folder / "outputs", host=HOST)
    installation = Installation(workspace)
    try:
        yield installation
    finally:
        installation.database.dispose()
        stop(workspace)


def _filled(installation: Installation) -> tuple[list[str], list[str]]:
    """Tokens of links to reports, each of other bytes, and cookies of users."""
    now = datetime.now(UTC)
    kept = password.hashed("four plain words here")
    tokens, cookies = [], []
    with Session(installation.database) as session, session.begin():
        for number in range(READERS):
            user = Account(name=f"reader{number}", role=Role.ANALYST, password_hash=kept, password_at=now, made_at=now)
            session.add(user)
            session.flush()
            cookies.append(f"sid={sign_in.begin(session, user, now)}")
        for number in range(REPORTS):
            manifest = _report(installation, number, now)
            index.insert(session, manifest)
            session.flush()
            tokens.append(links.make(session, manifest.id, by=account.__name__, at=now))
    return tokens, cookies


def _report(installation: Installation, number: int, now: datetime) -> Manifest:
    draft = Manifest(
        family="customer_dynamics", title=f"Report {number}", set_name="last-12-months", asked={}, resolved={},
        labels={"currency": "USD", "group_by": "month"}, requested_interval="2025-11-01/2026-10-31",
        data_interval=(now, now), as_of=now, time_zone="Europe/Kyiv", data_version="17", notebook_sha256="0" * 64,
        code_version="0", generated_by=Author("analyst", "bench"), generated_at=now, duration_ms=400,
    )  # fmt: skip
    body = _sealed_page() + f"<!-- {number:02} -->".encode()
    return seal(installation.store, draft, {"html": Content(body, "text/html; charset=utf-8", "report.html")})


def _sealed_page() -> bytes:
    row = "<tr><td>2026-01</td>" + "<td class=n>1,234.56</td>" * 12 + "</tr>\n"
    return f"<!DOCTYPE html><title>Report</title><table>{row * (SIZE // len(row))}</table>".encode()


@contextmanager
def _serving(workspace: Workspace) -> Iterator[int]:
    port = _free_port()
    environment = os.environ | {"DAYBOOK_HOME": str(workspace.root), "DAYBOOK_HOST": HOST, "DAYBOOK_PORT": str(port)}
    with _process([str(Path(sys.executable).parent / "daybook"), "serve", "--no-worker"], environment, port):
        yield port


@contextmanager
def _files(folder: Path) -> Iterator[int]:
    port = _free_port()
    code = (
        "import sys, uvicorn; from starlette.staticfiles import StaticFiles; "
        "uvicorn.run(StaticFiles(directory=sys.argv[1]), host=sys.argv[2], port=int(sys.argv[3]), "
        "log_level='warning', access_log=False, loop='uvloop', http='httptools')"
    )
    with _process([sys.executable, "-c", code, str(folder), HOST, str(port)], dict(os.environ), port):
        yield port


@contextmanager
def _process(command: list[str], environment: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as door:
        return int(door.getsockname()[1])


def _load(asked: Asked, connections: int, seconds: float, rate: int) -> Told:
    """What the load of another process met; `rate` 0 is as quickly as it goes, 0 `seconds` all there is, once."""
    words = json.dumps([asked, connections, seconds, rate])
    done = subprocess.run(
        [sys.executable, "-m", "bench.reading", "--load", words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-1000:])
    return Told(*json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """One connection that asks, waits for the whole answer, and asks again."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._missing = 0
        self._answered: asyncio.Future[int] | None = None
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, and does not say so

    def ask(self, request: bytes) -> "asyncio.Future[int]":
        """The number of bytes of the answer's body."""
        assert self._transport
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._held += data
            end = self._held.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._held[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                raise SystemExit(f"refused: {head[:200]!r}")
            self._size = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
            self._missing = self._size - (len(self._held) - end - 4)
            self._held.clear()
        if not self._missing and self._answered:
            self._answered.set_result(self._size)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(error or ConnectionError("closed"))


async def _loaded(asked: Asked, connections: int, seconds: float, rate: int) -> Told:
    loop = asyncio.get_running_loop()
    begun = time.perf_counter() + 0.1
    taken: list[float] = []
    sizes: set[int] = set()

    async def read(number: int) -> None:
        _, connection = await loop.create_connection(_Connection, HOST, asked.port)
        requests = _requests(asked, number, connections)
        turn = 0
        while True:
            due = begun + (turn * connections + number) / rate if rate else time.perf_counter()
            if turn >= len(requests) if not seconds else max(due, time.perf_counter()) > begun + seconds:
                return
            if due > time.perf_counter():
                await asyncio.sleep(due - time.perf_counter())
            # from when it was due: a reader who waits behind another's answer waits too
            start = due if rate else time.perf_counter()
            sizes.add(await connection.ask(requests[turn % len(requests)]))
            taken.append((time.perf_counter() - start) * 1000)
            turn += 1

    start = time.perf_counter()
    await asyncio.gather(*(read(number) for number in range(connections)))
    seconds = seconds or time.perf_counter() - start
    cuts = quantiles(taken, n=100)
    return Told(len(taken) / seconds, cuts[49], cuts[98], max(taken), max(sizes))


def _requests(asked: Asked, number: int, connections: int) -> list[bytes]:
    """What one connection asks, in turn: it is of one user or of a few, and goes through all reports."""
    cookies = asked.cookies[number::connections] or [asked.cookies[number % len(asked.cookies)]]
    return [
        f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{f'Cookie: {cookie}' if cookie else 'Accept: */*'}\r\n\r\n".encode()
        for path in asked.paths
        for cookie in cookies
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load, *rest = json.loads(sys.argv[2])
        print(json.dumps(uvloop.run(_loaded(Asked(*load), *rest))))
    else:
        main()
