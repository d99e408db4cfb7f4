"""Ready kernels, each used once.

    with Pool(size=2, idle=900) as pool, pool.take(environment, cwd, log) as kernel:
        ...  # kernel.client and kernel.manager, for nbclient

A thread keeps `size` kernels forked, connected and warm, so that a run need not wait for one.
"""

import itertools
import shutil
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import zmq.asyncio

from reports_lib.errors import NotebookError
from reports_lib.kernels.fingerprint import fingerprint
from reports_lib.kernels.kernel import Kernel
from reports_lib.kernels.processes import can_fork

__all__ = ["Kernel", "Pool"]

PATIENCE = 60.0  # seconds that somebody waits for a kernel
LOOK = 1.0  # seconds between looks at those that are ready
LARGEST = 2**28  # bytes of one output of a kernel
CALM = 1.5  # seconds before one that was taken is replaced: warming it beside the run would cost the run a third more
AGAIN = 2.0  # seconds before the next try where a kernel could not be started


class Pool:
    """Ready, connected, single-use kernels of one process.

    `size` of them are kept, and let go after `idle` seconds without `take()`; with size 0 each is
    started when it is asked for. They are forked by a zygote of the pool's own, which ends with us
    however we end, or by the shared one of `zygote_folder`. Without `fork` they are plain processes.
    Of an output of more than `largest` bytes nothing reaches us but that there was one. `expected`
    says which variables the next run will have in all likelihood, no secret among them: a kernel gets
    ready for those.
    """

    def __init__(
        self,
        size: int,
        idle: float,
        zygote_folder: Path | None = None,
        *,
        fork: bool = True,
        largest: int = LARGEST,
        expected: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._size = size
        self._expected = expected
        self._idle = idle
        self._folder = Path(tempfile.mkdtemp(prefix="daybook-"))
        self._removal = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)  # also if never closed
        self._provisioner: dict[str, Any] = {"fork": fork and can_fork()}
        if self._provisioner["fork"]:
            from reports_lib.kernels.forking import Zygote

            self._zygote = Zygote(zygote_folder or self._folder, shared=zygote_folder is not None)
            self._provisioner["zygote"] = self._zygote
        self._context = _context(largest)
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()  # guards all that follows
        self._ready: deque[tuple[str, Kernel]] = deque()  # with the fingerprint of what it has imported
        self._waiting = 0
        self._making = 0
        self._used = time.monotonic()
        self._failed_at = float("-inf")
        self._short_since = float("-inf")  # the first are made at once
        self._failure: tuple[float, BaseException | None] = float("-inf"), None  # of which start, and why
        self._closed = False
        self._hands = ThreadPoolExecutor(max_workers=4, thread_name_prefix="daybook-kernel")
        self._thread = threading.Thread(target=self._tend, name="daybook-pool", daemon=True)
        self._thread.start()

    def take(self, environment: Mapping[str, str], cwd: Path, log: IO[bytes] | None = None) -> Kernel:
        """A kernel in `cwd` with the variables of `environment`, a home of its own, and nothing else of ours.

        What the process itself has to say is written to `log` when the kernel is closed. Safe to
        call from several threads. Raises `NotebookError` if there is none within a minute.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            kernel = self._next(deadline)
            try:
                kernel.dress(environment, cwd, log)
                return kernel
            except NotebookError:  # it may have died since we looked
                alive = kernel.alive
                kernel.close()
                if alive or time.monotonic() > deadline:
                    raise

    def let_go(self, kernel: Kernel) -> None:
        """End a kernel that has done its work, without waiting for the end of it."""
        kernel.log = None
        if kernel.keeper:
            kernel.kill()
        with self._changed:
            if not self._closed:
                self._hands.submit(kernel.close)
                return
        kernel.close()

    def close(self) -> None:
        """End every kernel, also those that were taken, and the zygote if it is ours."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._hands.shutdown()
        for _, kernel in self._ready:
            kernel.close()
        if self._provisioner["fork"]:
            self._zygote.close()
        self._context.term() if self._context.closed else self._context.destroy(linger=0)
        self._removal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self, deadline: float) -> Kernel:
        asked = time.monotonic()
        now = fingerprint()
        with self._changed:
            self._used = asked
            self._waiting += 1
            self._changed.notify_all()
            try:
                while not self._closed and (left := deadline - time.monotonic()) > 0:
                    while self._ready:
                        made_of, kernel = self._ready.popleft()
                        if made_of == now and kernel.alive:
                            return kernel
                        self._hands.submit(kernel.close)
                        self._changed.notify_all()
                    begun, failure = self._failure
                    if failure and begun > asked:  # one that began before may have met what is over by now
                        raise _none(str(failure)) from failure
                    self._changed.wait(left)
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        raise _none("no kernel is to be had: the pool is closed or the machine too busy")

    def _tend(self) -> None:
        """Let go of kernels that are dead, stale or not needed, and have new ones made."""
        while True:
            now = fingerprint()
            with self._changed:
                if self._closed:
                    return
                moment = time.monotonic()
                wanted = self._waiting + (self._size if moment < self._used + self._idle else 0)
                good = [(made_of, kernel) for made_of, kernel in self._ready if made_of == now and kernel.alive]
                gone = [kernel for made_of, kernel in self._ready if (made_of, kernel) not in good[:wanted]]
                self._ready = deque(good[:wanted])
                for kernel in gone:
                    self._hands.submit(kernel.close)
                lacking = wanted - len(self._ready) - self._making
                self._short_since = min(self._short_since, moment) if lacking > 0 else float("inf")
                if self._waiting or moment > max(self._failed_at + AGAIN, self._short_since + CALM):
                    for _ in range(lacking):
                        self._making += 1
                        self._hands.submit(self._make)
                self._changed.wait(LOOK)

    def _likely(self) -> Mapping[str, str]:
        with suppress(Exception):  # an expectation costs no kernel
            return self._expected()
        return {}

    def _make(self) -> None:
        made_of, begun = fingerprint(), time.monotonic()
        kernel = None
        failure = None
        warm = None if self._waiting else self._likely()  # who waits need not wait for what may not be used
        try:
            kernel = Kernel(self._folder / f"k{next(self._numbers)}", self._context, self._provisioner)
            kernel.start(PATIENCE, warm=warm)
        except Exception as error:
            kernel, failure = None, error
        with self._changed:
            self._making -= 1
            if kernel:
                self._ready.append((made_of, kernel))
                self._used = time.monotonic()  # slow starts are not idleness
                self._short_since = float("inf")  # it may be taken before anybody looks whether one is lacking
            else:
                self._failure, self._failed_at = (begun, failure), time.monotonic()
            self._changed.notify_all()


def _context(largest: int) -> zmq.asyncio.Context:
    """Where the clients' sockets are from: they find a kernel as soon as it listens, and close at once."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.RECONNECT_IVL, 3)  # milliseconds
    context.setsockopt(zmq.LINGER, 0)
    context.setsockopt(zmq.MAXMSGSIZE, largest)
    return context


def _none(why: str) -> NotebookError:
    """What is raised where no kernel could be started: no fault of the notebook, so another time it may be."""
    error = NotebookError(why)
    error.can_heal = True
    return error
