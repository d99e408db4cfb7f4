"""A program that seals reports and is killed at every step in turn; run by `test_faults.py`.

    python killed.py <store> <database url>

It forks one child for each step: the n-th child sends itself SIGKILL right before its n-th step.
Steps are the calls that change a disk, and those on the database. The first child that comes to
its end alive is the last. Prints the names of the steps at which children died.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from conftest import make_report
from sqlalchemy.orm import Session

from reports_lib.database.engine import engine_of
from reports_lib.snapshots import index, links
from reports_lib.snapshots.store import Store

STEPS = ("open", "mkdir", "fchmod", "fsync", "replace", "unlink")


class Deadline:
    """Counts steps and dies at the given one; tells its name through a pipe first."""

    def __init__(self, at: int, tell: int) -> None:
        self.at, self.tell, self.count = at, tell, 0

    def step(self, name: str) -> None:
        self.count += 1
        if self.count == self.at:
            os.write(self.tell, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, name: str) -> None:
        real = getattr(os, name)

        def counted(*args, **kwargs):
            self.step(name)
            return real(*args, **kwargs)

        setattr(os, name, counted)


def publish(store: Store, url: str, deadline: Deadline) -> None:
    """What a run does at its end."""
    engine = engine_of(url)
    with Session(engine) as session:
        session.connection()
        for name in STEPS:
            deadline.watch(name)
        manifest = make_report(b"<h1>%d</h1>" % deadline.at).sealed(store)
        deadline.step("sealed")
        index.insert(session, manifest)
        links.make(session, manifest.id, by="olena", at=datetime.now(UTC))
        deadline.step("inserted")
        session.commit()
        deadline.step("committed")


def main(root: str, url: str) -> None:
    """Fork until a child lives."""
    died: list[str] = []
    while True:
        hear, tell = os.pipe()
        child = os.fork()
        if child == 0:
            publish(Store(Path(root)), url, Deadline(len(died) + 1, tell))
            os._exit(0)
        os.close(tell)
        _, status = os.waitpid(child, 0)
        name = os.read(hear, 100).decode()
        os.close(hear)
        if not os.WIFSIGNALED(status):
            assert status == 0, "the child failed by itself"
            break
        died.append(name)
    sys.stdout.write(json.dumps(died))


if __name__ == "__main__":
    main(*sys.argv[1:])
