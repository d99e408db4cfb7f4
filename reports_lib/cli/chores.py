"""What workers do now and then beside runs; the rooms that know how stand above the one that workers are in."""

import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.cdr import mirrored as cdr
from reports_lib.cdr.watch import dropped, is_waiting
from reports_lib.cli.companion import tied
from reports_lib.cli.invoicing import Invoicing
from reports_lib.errors import WarehouseError
from reports_lib.invoicing import mirrored
from reports_lib.ops import mirrored as coupons
from reports_lib.ops import operation, settle
from reports_lib.runs import retention
from reports_lib.runs.chore import Chore
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.address import Address

SUBJECTS: mirror.Subjects = {**mirrored.SUBJECTS, **cdr.SUBJECTS, **coupons.SUBJECTS}
SOON = 2.0  # seconds between two looks for what is noted
LOOK = 60.0  # seconds between two looks whether the warehouse still has what was copied
PAUSE = 60.0  # seconds that a warehouse which refused is left alone
PATIENCE = 10.0  # seconds that a command waits for another one that copies


def chores(installation: Installation) -> list[Chore]:
    """All of them, for a worker of this installation."""
    return [
        Chore("cdr", SOON, CdrLoading(installation)),
        Chore("invoices", SOON, Invoicing(installation)),
        Chore("mirror", SOON, Mirroring(installation)),  # of what those have done
        Chore("operations", LOOK, Settling(installation)),
        Chore("retention", LOOK, lambda: _expired(installation)),
    ]


def _expired(installation: Installation) -> Mapping[str, object] | None:
    """Delete the reports with personal data whose time is over."""
    count = retention.expire(installation, datetime.now(UTC))
    return {"deleted": count} if count else None


def copy_now(installation: Installation) -> str:
    """Copy what a command has changed to the warehouse; returns why it could not, in one line, or "".

    Then nothing is lost: it is noted, and a worker tries again. Raises `DatabaseError`.
    """
    if not mirror.is_behind(installation.database, SUBJECTS):
        return ""
    writing = Address.of(installation.workspace, reader=False)
    return mirror.sync(installation.database, writing, SUBJECTS, patience=PATIENCE).trouble


class Mirroring:
    """The chore that keeps the warehouse's copy of our own rows."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._rests_until = self._looks_at = 0.0
        self._seen = ""  # the data version that was looked at last
        self._told = ""

    def __call__(self) -> Mapping[str, object] | None:
        """Copy what is noted, all where the warehouse has lost some; what it refuses is told once, until it changes."""
        if time.monotonic() < self._rests_until:
            return None
        database = self._installation.database
        address = Address.of(self._installation.workspace, reader=False)
        try:
            if time.monotonic() >= self._looks_at:
                self._looks_at = time.monotonic() + LOOK
                self._seen = mirror.heal(database, address, SUBJECTS, self._seen)
            if not mirror.is_behind(database, SUBJECTS):
                return None
            done = mirror.sync(database, address, SUBJECTS)
        except WarehouseError as error:
            done = mirror.Synced(trouble=str(error))
        if done.trouble:
            self._rests_until = time.monotonic() + PAUSE
        is_news, self._told = done.trouble != self._told, done.trouble
        if done.copied or (is_news and done.trouble):
            return {"copied": done.copied, "error": done.trouble or None}
        return None


class Settling:
    """The chore that ends what was left pending, and forgets what is personal when its time is over."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._told = ""

    def __call__(self) -> Mapping[str, object] | None:
        """Both; why something still is pending is told once, until it changes."""
        now = datetime.now(UTC)
        with Session(self._installation.database) as session, session.begin():
            forgotten = operation.forget(session, now)
        settled = settle.settle(self._installation, now)
        is_news, self._told = settled.trouble != self._told, settled.trouble
        if settled.done or settled.refused or forgotten or (is_news and settled.trouble):
            return {
                "done": settled.done, "refused": settled.refused, "forgotten": forgotten,
                "error": settled.trouble or None,
            }  # fmt: skip
        return None


class CdrLoading:
    """The chore that has files of call records loaded, by a process of its own: it takes memory, and may be killed."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._process: subprocess.Popen[bytes] | None = None
        self._found: frozenset[Path] = frozenset()  # in the drop folder when the process began
        self._rests_until = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether a process was begun that has not been seen to end."""
        return self._process is not None

    def __call__(self) -> Mapping[str, object] | None:
        """Begin such a process if there is anything for it and none is at it; one that failed is told."""
        code = self._process.poll() if self._process else 0
        if code is None:
            return None
        there = dropped(self._installation)
        if self._process and (code or there & self._found):  # what it left there it would leave again
            self._rests_until = time.monotonic() + PAUSE
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None
        if time.monotonic() >= self._rests_until and (there or is_waiting(self._installation)):
            self._process = tied("cdr", "watch", "--once", home=self._installation.workspace.root)
            self._found = there
        return {"error": f"the process that loads files ended with {code}"} if code else None
