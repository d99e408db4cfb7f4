"""What a worker does about invoices beside runs: issues the months that were asked for, and makes documents."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from reports_lib.errors import DatabaseError, DaybookError
from reports_lib.invoicing import asking, making, monthly
from reports_lib.rendering.press import Press
from reports_lib.runs.installation import Installation

REST = 30.0  # seconds until what could not be done is tried again; twice as long after each time, up to
LONGEST = 3600.0
FEW = 20  # documents that one renderer makes sooner than another one is warm

T = TypeVar("T")


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Invoicing:
    """The chore. What fails is said, and tried again, later each time; a database that is away is everybody's."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._rests: dict[object, tuple[float, float]] = {}  # what failed: until when it is left, and for how long
        self._said: list[str] = []

    def __call__(self) -> Mapping[str, object] | None:
        """Whatever there is to do now; returns what was done, if anything."""
        done: dict[str, object] = {}
        if asked := self._tried("asking", lambda: asking.grant(self._installation, utc_now())):
            done["asked"] = asked
        with Session(self._installation.database) as session:
            ready = monthly.ready(session)
        issued = [found for billing in ready if (found := self._issued(billing))]
        for name in ("made", "held", "skipped", "withdrawn") if issued else ():
            done[name] = sum(getattr(each, name) for each in issued)
        self._said += [each.error for each in issued if each.error]
        if documents := self._documents():
            done["documents"] = documents
        if self._said:
            done["error"], self._said = "; ".join(self._said), []
        return done or None

    def _issued(self, billing: int) -> monthly.Issued | None:
        return self._tried(("billing", billing), lambda: monthly.issue(self._installation, billing, utc_now()))

    def _documents(self) -> int:
        """How many documents were made; renderers are there only while some are."""
        resting = {key for key in self._rests if self._is_resting(key) and isinstance(key, tuple)}
        with Session(self._installation.database) as session:
            found = making.awaiting(session, FEW + len(resting))
        wanted = sum((each.invoice, each.revision) not in resting for each in found)
        if not wanted:
            return 0
        processes = self._installation.workspace.concurrency if wanted >= FEW else 1

        def make() -> making.Outcome | None:
            with Press(processes) as press:
                return making.make_all(self._installation, press, utc_now, resting)

        outcome = self._tried("documents", make)
        if outcome is None:
            return 0
        for (invoice, revision), why in outcome.failures.items():
            self._rest((invoice, revision), f"document of invoice {invoice}: {why}")
        return outcome.made

    def _tried(self, what: object, do: Callable[[], T]) -> T | None:
        if self._is_resting(what):
            return None
        try:
            found = do()
        except DatabaseError:
            raise
        except DaybookError as error:
            self._rest(what, str(error))
            return None
        self._rests.pop(what, None)
        return found

    def _is_resting(self, what: object) -> bool:
        return what in self._rests and time.monotonic() < self._rests[what][0]

    def _rest(self, what: object, why: str) -> None:
        seconds = min(self._rests[what][1] * 2, LONGEST) if what in self._rests else REST
        self._rests[what] = time.monotonic() + seconds, seconds
        self._said.append(why)
