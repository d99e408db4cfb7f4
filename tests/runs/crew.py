"""Workers as processes, and how a test looks at what they do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.database.schema import Link, Run, Snapshot, State, Worker
from reports_lib.rendering.formats import Format
from reports_lib.runs import queue, record
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.seal import open_file, open_snapshot

AS_OF = datetime(2024, 4, 10, 9, 30, tzinfo=UTC)
DAYBOOK = Path(sys.executable).with_name("daybook")
LEASE = 4  # seconds
TAKEOVER = 60  # seconds; what is promised is fifteen, with two processors to itself
GIVEN_BACK = 7  # seconds, where it would get eight to finish
# one run at a time, and no kernel is kept ready: each run would cost a second to warm one for the next
LEAN = {"DAYBOOK_KERNELS": "0", "DAYBOOK_CONCURRENCY": "1"}
WAITS = """
import os, pathlib, time
place = pathlib.Path({folder!r})
(place / f"begun-{{os.getpid()}}").touch()
while not (place / "go").exists():
    time.sleep(0.02)
print("gone on")
"""


@dataclass
class Crew:
    """Workers of an installation, and how a test looks at what they do."""

    installation: Installation
    environment: dict[str, str]
    folder: Path  # where notebooks that wait say so, and what they wait for
    workers: list[subprocess.Popen]

    def hire(self, *words: str, **settings: str) -> subprocess.Popen:
        """Start a worker; it is there when this returns."""
        log = (self.folder / f"worker-{len(self.workers)}.log").open("w+b")
        env = os.environ | self.environment | LEAN | {"DAYBOOK_LEASE": str(LEASE)} | settings
        worker = subprocess.Popen([DAYBOOK, "work", *words], env=env, stderr=log, stdout=log)
        log.close()
        (self.folder / "victim").write_text(str(worker.pid))
        self.workers.append(worker)
        until(lambda: worker.poll() is not None or "ready" in self.log(worker), 60)
        return worker

    def worker(self) -> subprocess.Popen:
        """One that is there; hired only if nobody is: to start one costs more than most of what is asked of it."""
        there = [worker for worker in self.workers if worker.poll() is None]
        return there[0] if there else self.hire()

    def log(self, worker: subprocess.Popen) -> str:
        return (self.folder / f"worker-{self.workers.index(worker)}.log").read_text()

    def ask(self, family: str, **more) -> int:
        asked = {"as_of": AS_OF, "author": Author("analyst", "ann"), "formats": (Format.HTML,)} | more
        with Session(self.installation.database) as session, session.begin():
            return queue.submit(session, Request(family, {}, **asked)).id

    def run(self, run: int) -> Run:
        with Session(self.installation.database) as session:
            return record.find(session, run)

    def counts(self, worker: str) -> bool:
        """Whether it is one of the workers that there are."""
        with Session(self.installation.database) as session:
            return session.get(Worker, worker) is not None

    def begun(self) -> list[int]:
        """Kernels that have come to the cell that waits."""
        return [int(path.name.removeprefix("begun-")) for path in self.folder.glob("begun-*")]

    def go(self) -> None:
        (self.folder / "go").touch()

    def ends(self, run: int, seconds: float = 2 * TAKEOVER) -> Run:
        until(lambda: self.run(run).formed_at, seconds)
        return self.run(run)

    def is_published_once(self, run: int) -> None:
        found = self.run(run)
        assert found.state == State.GENERATED
        with Session(self.installation.database) as session:
            snapshots = session.query(Snapshot).filter_by(family=found.family).all()
            assert [each.id for each in snapshots] == [found.snapshot_id]
            assert session.query(Link).filter_by(snapshot_id=found.snapshot_id).count() == 1
        manifest = open_snapshot(self.installation.store, found.snapshot_id)
        assert b"gone on" in open_file(self.installation.store, manifest, "ipynb")
        until(lambda: not (self.installation.workspace.outputs / f"runs/{run}").exists())

    def tidy(self) -> None:
        """Leave the next test one worker at the most, nothing to do, and a folder without marks."""
        there = [worker for worker in self.workers if worker.poll() is None]
        self.dismiss(there[1:])
        for worker in there[:1]:
            worker.send_signal(signal.SIGCONT)
        with Session(self.installation.database) as session, session.begin():
            session.execute(text("UPDATE run SET state = 'cancelled', formed_at = now() WHERE formed_at IS NULL"))
            session.execute(text("DELETE FROM procrastinate_jobs WHERE status = 'todo'"))
        for mark in (*self.folder.glob("begun-*"), self.folder / "go"):
            mark.unlink(missing_ok=True)

    def dismiss(self, workers: Sequence[subprocess.Popen] | None = None) -> None:
        for worker in self.workers if workers is None else workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()


def until(is_so, seconds=TAKEOVER):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come to that within {seconds} s"
        time.sleep(0.05)


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
