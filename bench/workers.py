"""Workers as one would start them, what they hold in memory, and how many reports they make."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.report import BIN, Report
from reports_lib.database.schema import Run, State
from reports_lib.kernels.pool import CALM
from reports_lib.runs.installation import Installation
from reports_lib.runs.queue import submit

READY = 60.0  # seconds that a worker may take to start


@contextmanager
def workers(installation: Installation, count: int, log: Path, **settings: str) -> Iterator[list[psutil.Process]]:
    """`count` processes of `daybook work`, up and warm; ended in order."""
    environment = {**os.environ, "DAYBOOK_HOME": str(installation.workspace.root), **settings}
    command = [BIN / "daybook", "work"]
    started = []
    try:
        for number in range(count):
            with (log / f"worker-{number}.log").open("wb") as said:
                started.append(subprocess.Popen(command, env=environment, stdout=said, stderr=said))
        deadline = time.monotonic() + READY
        while not all(b"ready" in (log / f"worker-{n}.log").read_bytes() for n in range(count)):
            if time.monotonic() > deadline:
                raise SystemExit(f"no worker after {READY:.0f} s; see {log}")
            time.sleep(0.1)
        settle()
        yield [psutil.Process(one.pid) for one in started]
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(30)


def settle() -> None:
    """Until the machine is quiet: what was used is replaced in the background, a moment later."""
    time.sleep(CALM + 0.5)
    deadline = time.monotonic() + 20
    while psutil.cpu_percent(0.4) > 15 and time.monotonic() < deadline:
        pass


def private_memory() -> dict[str, list[int]]:
    """Bytes that nobody shares, of every zygote, kernel kept ready and renderer there is."""
    found: dict[str, list[int]] = {"zygote": [], "kernel, ready": []}
    forked = {
        p.pid: p for p in psutil.process_iter(["cmdline"]) if "reports_lib.kernels.zygote" in (p.info["cmdline"] or [])
    }
    for one in forked.values():
        parent = forked.get(one.ppid())
        if parent is None:
            found["zygote"].append(_private(one.pid))
        elif parent.ppid() in forked:
            found["kernel, ready"].append(_private(one.pid))
    return found


def runs_a_minute(report: Report, count: int) -> float:
    """How many of `count` reports, asked for at once, are made in a minute."""
    begun = time.perf_counter()
    with Session(report.installation.database) as session, session.begin():
        numbers = [submit(session, report.request).id for _ in range(count)]
    while _left(report.installation, numbers):
        time.sleep(0.05)
    seconds = time.perf_counter() - begun
    with Session(report.installation.database) as session:
        made = session.scalar(select(func.count()).where(Run.id.in_(numbers), Run.state == State.GENERATED))
    if made != count:
        raise SystemExit(f"only {made} of {count} reports were made")
    return 60 * count / seconds


def _left(installation: Installation, numbers: list[int]) -> int:
    query = select(func.count()).where(Run.id.in_(numbers), Run.formed_at.is_(None))
    with Session(installation.database) as session:
        return session.scalar(query) or 0


def _private(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
