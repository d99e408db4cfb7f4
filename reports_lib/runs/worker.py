"""A worker: makes the runs that are asked for, watches over those of others, sends the mail.

    waker      hears of jobs, and hands each run's number to a thread
    hands      threads that make runs, with one pool of kernels and one press between them
    sweeper    every second: our sign of life, runs that were lost, runs that have no job
    listener   tells a run that its row has changed: it may have been cancelled
    post       mail that is due
    chores     whatever else is to be done now and then, each in a thread of its own

Any number of workers may share a database, on any machines. Nothing that a worker knows is the
truth: it may be killed at any moment, and another one goes on by what the rows say.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from sqlalchemy.orm import Session

from reports_lib.database.notices import MAIL, RUN, listen
from reports_lib.database.server import database_url
from reports_lib.delivery.post import deliver
from reports_lib.delivery.sender import sender_of
from reports_lib.errors import DatabaseError, DaybookError, StateError
from reports_lib.kernels.pool import Pool
from reports_lib.picture import LATER, PICTURES
from reports_lib.rendering.press import Press
from reports_lib.runs import queue, record, recovery, workers
from reports_lib.runs.chore import Chore
from reports_lib.runs.faults import where
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.journal import Journal, Say, entry, on_stderr
from reports_lib.runs.make import Ended, Making, Manner, Tools, patiently
from reports_lib.runs.record import Attempt
from reports_lib.runs.waker import Waker
from reports_lib.warehouse.versions import latest

SWEEP = 1.0  # seconds between two looks at everything
POST = 5.0  # seconds after which mail is looked for without a notice
GRACE = 8.0  # seconds that runs get to end when the worker is told to
LAST = 10.0  # seconds for everything after that


class Worker:
    """Makes runs until it is told to stop; one to a process."""

    def __init__(self, installation: Installation, say: Say = on_stderr, chores: Sequence[Chore] = ()) -> None:
        self.id = identity()
        self._chores = chores
        self._installation = installation
        self._workspace = installation.workspace
        self._say = say
        self._makings: dict[int, Making] = {}
        self._tools = Tools()
        self._hands: ThreadPoolExecutor
        self._waker: Waker | None = None
        self._ending = threading.Event()
        self._hurry = threading.Event()
        self._done = threading.Event()
        self._is_away = False

    def run(self, once: bool = False) -> None:
        """Work until `stop`; with `once` make what waits now, do each chore, send what mail is due, and end.

        Raises `DatabaseError` if the database cannot be reached at the beginning, and `SettingError`;
        later it waits for a database that went away.
        """
        url = database_url(self._workspace)
        sender_of(self._workspace).close()  # says now what is wrong with its settings
        self._sweep()
        size = self._workspace.concurrency
        with ExitStack() as stack:
            stack.callback(self._ended)
            stack.callback(Journal(self._say).close)
            kernels, idle, largest = self._workspace.kernels, self._workspace.kernel_idle, self._workspace.run_output
            pool = stack.enter_context(Pool(kernels, idle, largest=largest, expected=self._expected))
            press = stack.enter_context(Press(size))
            self._tools = Tools(pool, press)
            self._hands = stack.enter_context(ThreadPoolExecutor(size, "run"))
            self._waker = Waker(url, self._job, size, self._workspace.lease / 4)
            if self._ending.is_set():
                return
            threads = self._threads(once)
            stack.callback(self._join, threads)
            self._say(entry("ready", worker=self.id, concurrency=size, kernels=self._workspace.kernels))
            asyncio.run(self._waker.run(once))
            self._ending.set()
        if once:
            for chore in self._chores:
                self._guarded(chore.name, self._done_once(chore))
            self._post()

    def stop(self) -> None:
        """Take no more runs and end: runs get some seconds to finish, then others get them. Again: at once.

        From any thread, or a signal handler.
        """
        if self._ending.is_set():
            self._hurry.set()
            return
        self._ending.set()
        if self._waker:
            self._waker.stop()
        threading.Thread(target=self._see_out, name="see-out", daemon=True).start()

    def _threads(self, once: bool) -> list[threading.Thread]:
        loops = [("sweeper", self._sweeping)]
        if not once:
            loops += [("listener", self._listening), ("post", self._posting)]
            loops += [(chore.name, self._doing(chore)) for chore in self._chores]
        threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops]
        for thread in threads:
            thread.start()
        return threads

    async def _job(self, run: int) -> None:
        await asyncio.get_running_loop().run_in_executor(self._hands, self._make, run)

    def _make(self, run_id: int) -> None:
        try:
            attempt = patiently(lambda: self._taken(run_id), self._workspace.lease)
            if attempt is None:
                return
            begun = time.monotonic()
            making = self._makings[run_id] = Making(attempt, self._installation, self._tools, Manner())
            if self._hurry.is_set():
                self._give_back(making)
            ended = making.run()
            self._say(_told(attempt, ended, time.monotonic() - begun))
        except Exception as error:  # whatever it is, the next run is made; whoever sweeps finds this one
            self._say(entry("trouble", run=run_id, where=where(error), error=f"{type(error).__name__}: {error}"))
        finally:
            self._makings.pop(run_id, None)

    def _taken(self, run_id: int) -> Attempt | None:
        with Session(self._installation.database) as session, session.begin():
            return record.take(session, run_id, self.id)

    def _expected(self) -> dict[str, str]:
        """What the next run will be told in all likelihood: the newest version, if it needs no password."""
        told = {PICTURES: LATER}
        with suppress(DaybookError):  # the run itself will say so
            reading = self._installation.reading(latest(self._installation.warehouse))
            told |= {"DAYBOOK_WAREHOUSE": str(reading)} if reading.catalogue else {}
        return told

    def _sweeping(self) -> None:
        while not self._ending.wait(SWEEP):
            self._guarded("sweep", self._sweep)
        self._guarded("leave", self._leave)  # nobody is to count on us

    def _sweep(self) -> None:
        self._beat()
        with Session(self._installation.database) as session, session.begin():
            workers.forget(session)
            lost = recovery.recover(session, self._workspace)
        for run, attempt, worker, state in lost:
            self._say(entry("lost", run=run, attempt=attempt, worker=worker, state=state))
        with Session(self._installation.database) as session, session.begin():
            queue.reconcile(session, self._workspace.lease)

    def _beat(self) -> None:
        with Session(self._installation.database) as session, session.begin():
            workers.beat(session, self.id)

    def _listening(self) -> None:
        while not self._ending.is_set():
            self._guarded("listen", self._listen)
            self._ending.wait(SWEEP / 2)

    def _listen(self) -> None:
        for heard in listen(database_url(self._workspace), [RUN], SWEEP):
            if self._done.is_set():
                return
            making = self._makings.get(int(heard)) if heard and heard.isdecimal() else None
            if making:
                making.lease.look()

    def _posting(self) -> None:
        while not self._ending.is_set():
            self._guarded("post", self._post_as_it_comes)
            self._ending.wait(SWEEP)

    def _post_as_it_comes(self) -> None:
        for _ in listen(database_url(self._workspace), [MAIL], POST):
            if self._ending.is_set():
                return
            self._post()

    def _post(self) -> None:
        sender = sender_of(self._workspace)
        count = deliver(
            self._installation.database, self._installation.store, sender, self._workspace, self._hurry.is_set
        )
        if count:
            self._say(entry("mail", sent=count))

    def _doing(self, chore: Chore) -> Callable[[], None]:
        def loop() -> None:
            while not self._ending.wait(chore.every):
                self._guarded(chore.name, self._done_once(chore))

        return loop

    def _done_once(self, chore: Chore) -> Callable[[], None]:
        def do() -> None:
            if facts := chore.do():
                self._say(entry(chore.name, **facts))

        return do

    def _guarded(self, what: str, do: Callable[[], None]) -> None:
        """Do it; what goes wrong is said, and it is done again another time."""
        try:
            do()
        except DatabaseError as error:
            self._away(error)
        except Exception as error:
            self._say(entry("trouble", what=what, where=where(error), error=f"{type(error).__name__}: {error}"))
        else:
            if self._is_away:
                self._is_away = False
                self._say(entry("database", state="back"))

    def _away(self, error: DatabaseError) -> None:
        if self._done.is_set():
            return
        if not self._is_away:
            self._is_away = True
            self._say(entry("database", state="away", error=error))
        try:
            database_url(self._workspace)  # starts our own server if it is that one that died
        except DatabaseError:
            return

    def _see_out(self) -> None:
        self._hurry.wait(GRACE)
        self._hurry.set()
        for making in list(self._makings.values()):
            self._give_back(making)
        if not self._done.wait(LAST):
            os._exit(1)  # something hangs for good; kernels end with us, and the rows say what is to be done

    def _give_back(self, making: Making) -> None:
        run, number = making.attempt.run, making.attempt.number

        def give() -> None:
            with Session(self._installation.database) as session, session.begin():
                if record.release(session, run, number):
                    queue.wake(session, record.find(session, run))

        self._guarded("give back", lambda: patiently(give, 2.0))
        making.guard.end(StateError(f"run {run} was given back: its worker ends"))

    def _join(self, threads: list[threading.Thread]) -> None:
        self._ending.set()  # also if the waker gave up: nobody is to count on us, or find us at the post
        self._done.set()
        for thread in threads:
            thread.join(SWEEP * 2)

    def _ended(self) -> None:
        self._done.set()
        self._guarded("leave", self._leave)
        self._say(entry("ended", worker=self.id))

    def _leave(self) -> None:
        with Session(self._installation.database) as session, session.begin():
            workers.leave(session, self.id)


def _told(attempt: Attempt, ended: Ended, seconds: float) -> str:
    return entry(
        "run",
        run=attempt.run,
        family=attempt.request.family,
        set=attempt.request.set_name,
        attempt=attempt.number,
        state=ended.state or "thrown-away",
        waited=attempt.waited,
        took=seconds,
        snapshot=ended.snapshot and ended.snapshot[:12],
        error=ended.error and f"{type(ended.error).__name__}: {ended.error}",
    )
