"""A program that seals reports and is killed at every step in turn; run by `test_faults.py`.

    python killed.py <store> <database url>

It forks one child for each step, which sends itself SIGKILL right before it: before its first
`mkdir`, its second, … until a child has no more of them and lives, then before its first `open`.
Steps are the calls that change a disk, and those on the database. Prints the steps at which
children died, and how many lived.
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

CALLS = ("mkdir", "open", "fchmod", "fsync", "replace", "unlink")
STEPS = (*CALLS, "sealed", "inserted", "committed")


class Deadline:
    """Dies at the n-th step of one name."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.left = name, number

    def step(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, name: str) -> None:
        real = getattr(os, name)

        def counted(*args, **kwargs):
            self.step(name)
            return real(*args, **kwargs)

        setattr(os, name, counted)


def publish(store: Store, url: str, html: bytes, deadline: Deadline) -> None:
    """What a run does at its end."""
    engine = engine_of(url)
    with Session(engine) as session:
        session.connection()
        for name in CALLS:
            deadline.watch(name)
        manifest = make_report(html).sealed(store)
        deadline.step("sealed")
        index.insert(session, manifest)
        links.make(session, manifest.id, by="olena", at=datetime.now(UTC))
        deadline.step("inserted")
        session.commit()
        deadline.step("committed")


def is_killed(store: Store, url: str, name: str, number: int) -> bool:
    """Whether a child died at that step, rather than came to its end."""
    child = os.fork()
    if child == 0:
        publish(store, url, f"<h1>{name} {number}</h1>".encode(), Deadline(name, number))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, "the child failed by itself"
    return os.WIFSIGNALED(status)


def main(root: str, url: str) -> None:
    """For each name fork until a child lives."""
    store, died = Store(Path(root)), []
    for name in STEPS:
        number = 1
        while is_killed(store, url, name, number):
            died.append(name)
            number += 1
    sys.stdout.write(json.dumps({"died": died, "lived": len(STEPS)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
