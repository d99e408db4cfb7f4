"""The hold on a run: renewed while it is made, and the end of the attempt once it is lost.

A worker that cannot renew for a whole lease must believe that somebody else has the run by now, and
ends its own; so does one whose run was cancelled. What is told of the progress never makes the run
wait: a thread of its own writes it, the newest only, a few times a second at the most.
"""

import threading
import time
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.errors import CancelledError, DatabaseError, DaybookError, StateError
from reports_lib.kernels.guard import Guard
from reports_lib.runs import record
from reports_lib.runs.record import Attempt, Place

PAUSE = 0.25  # seconds between two writes


class Lease:
    """Renews `attempt` every quarter of a lease of `seconds`, in a `with` statement; ends `guard` when it is lost."""

    def __init__(self, database: Engine, attempt: Attempt, guard: Guard, seconds: float) -> None:
        self._database = database
        self._attempt = attempt
        self._guard = guard
        self._seconds = seconds
        self._place = self._told = Place()
        self._must_look = False
        self._news = threading.Event()
        self._left = threading.Event()
        self._renewed = time.monotonic()
        name = f"lease-{attempt.run}"
        self._threads = [
            threading.Thread(target=self._keep, name=name, daemon=True),
            threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True),
        ]

    def at(self, place: Place) -> None:
        """How far the attempt is now."""
        self._place = place
        self._news.set()

    def look(self) -> None:
        """The run's row may have changed: see whether it is still ours. From any thread."""
        self._must_look = True
        self._news.set()

    def flush(self) -> None:
        """Say now what was not said yet; what cannot be said stays unsaid."""
        if self._place != self._told:
            try:
                self._renew(self._place)
            except DaybookError:
                return

    def __enter__(self) -> Self:
        self._renewed = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._news.set()
        # one that hangs in a dead connection is left behind: it can do no harm
        self._threads[0].join(5.0)

    def _keep(self) -> None:
        due = time.monotonic() + self._seconds / 4
        while not self._left.is_set():
            self._news.wait(max(due - time.monotonic(), 0))
            self._news.clear()
            begun = time.monotonic()
            try:
                if not self._is_kept(is_due=begun >= due):
                    return
            except DaybookError:
                due = begun + 0.25  # the database is away: `_watch` knows how long we may hope
            else:
                due = self._renewed + self._seconds / 4
            self._left.wait(PAUSE)

    def _is_kept(self, is_due: bool) -> bool:
        """Do what there is to do; False once there is nothing to be kept any more."""
        place = self._place if self._place != self._told else None
        if is_due or place:
            return self._renew(place)
        if self._must_look:
            self._must_look = False
            return self._is_ours()
        return True

    def _renew(self, place: Place | None) -> bool:
        begun = time.monotonic()
        with Session(self._database) as session, session.begin():
            is_ours = record.renew(session, self._attempt.run, self._attempt.number, place)
        if not is_ours:
            return self._is_ours()
        self._renewed = begun
        self._told = place or self._told
        return True

    def _is_ours(self) -> bool:
        with Session(self._database) as session:
            run = record.find(session, self._attempt.run)
            is_ours = run.state == State.GENERATING and run.attempt == self._attempt.number
            if not is_ours and not self._left.is_set():
                self._end(run)
        return is_ours

    def _end(self, run: Run) -> None:
        if run.attempt == self._attempt.number and run.state == State.CANCELLED:
            self._guard.end(CancelledError(f"run {run.id} was {run.error}"))
        elif run.attempt != self._attempt.number or run.state != State.GENERATED:
            self._guard.end(lost(run.id))

    def _watch(self) -> None:
        while not self._left.wait(self._seconds / 16):
            if time.monotonic() - self._renewed > self._seconds:
                why = (
                    f"the database did not answer for {self._seconds:g} seconds, so run {self._attempt.run} was let go"
                )
                self._guard.end(DatabaseError(why))
                return


def lost(run_id: int) -> StateError:
    """What an attempt ends with whose run is no longer its own."""
    return StateError(f"run {run_id} was taken over by another attempt; this one is thrown away")
