"""One attempt's watch: whatever ends it early ends its kernel at once, with everything that descends from it.

    guard = Guard(Limits.of(workspace))          # the run's time begins
    with guard.watching(kernel, folder):         # memory, processes, files and time
        ...
    guard.check()                                # between steps

Somebody else may end it from any thread: `guard.end(CancelledError(…))`.
"""

import itertools
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reports_lib.errors import DaybookError, LimitError
from reports_lib.kernels import usage
from reports_lib.kernels.kernel import Kernel
from reports_lib.kernels.limits import Limits, size

LOOK = 0.2  # seconds between looks
FILES = 4  # looks from one look at the files to the next


class Guard:
    """Watches one attempt; its reason to end, once there is one, never changes.

    `at` says in messages who takes what: whoever makes the report keeps it up to date.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.at = "the run"
        self._deadline = time.monotonic() + limits.run_seconds
        self._lock = threading.Lock()  # guards what follows
        self._reason: DaybookError | None = None
        self._watched: list[Kernel] = []
        self._shown = 0  # bytes of the kernel's messages

    def end(self, why: DaybookError) -> None:
        """End what is watched, and whatever comes under this watch later; the first reason stays."""
        with self._lock:
            self._reason = self._reason or why
            watched = tuple(self._watched)
        for kernel in watched:
            kernel.end()

    def check(self) -> None:
        """Raise the reason to end, if there is one."""
        if self._reason is None and self.remaining <= 0:
            self.end(self._too_late())
        if self._reason is not None:
            raise self._reason

    @property
    def remaining(self) -> float:
        """Seconds until the run has taken all its time; none if it has been ended."""
        return 0.0 if self._reason else max(self._deadline - time.monotonic(), 0.0)

    def shown(self, count: int) -> None:
        """Take note of `count` bytes that the notebook printed or showed; raises if they are too many by now."""
        self._shown += count
        if self._shown > self.limits.output:
            self.overflow()

    def overflow(self) -> None:
        """End a run that printed or showed more than it may, and raise the reason."""
        self.end(self._too_much())
        self.check()

    @contextmanager
    def watching(self, kernel: Kernel, folder: Path) -> Iterator[None]:
        """Watch a kernel that works in `folder`; raises the reason to end, also one that comes to light at the end."""
        with self._lock:
            self._watched.append(kernel)
        stop = threading.Event()
        watch = threading.Thread(target=self._watch, args=(kernel, folder, stop), name="daybook-guard", daemon=True)
        try:
            self.check()
            _restrain(kernel, self.limits)
            watch.start()
            yield
            self._end_for(self._too_much_written(folder))
            self.check()
        finally:
            stop.set()
            if watch.ident:
                watch.join()
            with self._lock:
                self._watched.remove(kernel)

    def _watch(self, kernel: Kernel, folder: Path, stop: threading.Event) -> None:
        try:
            self._look_on(kernel, folder, stop)
        except Exception as error:  # whatever it is: a run that nobody watches could take all there is
            self.end(LimitError(f"{self.at} could not be watched any longer: {type(error).__name__}: {error}"))

    def _look_on(self, kernel: Kernel, folder: Path, stop: threading.Event) -> None:
        spilled = 0
        for count in itertools.count():
            if stop.wait(LOOK) or self._reason:
                return
            if count % FILES == 0:
                spilled = sum(usage.written(kernel.home).values())
                self._end_for(self._too_much_written(folder))
            pids = kernel.pids()
            self._end_for(self._too_many(pids) or self._too_large(pids, spilled))
            if self.remaining <= 0:
                self.end(self._too_late())

    def _end_for(self, why: DaybookError | None) -> None:
        if why:
            self.end(why)

    def _too_many(self, pids: list[int]) -> LimitError | None:
        if len(pids) <= self.limits.processes:
            return None
        ((name, count),) = usage.names(pids).most_common(1)
        what = f"{count} of {len(pids)} were {name}"
        most = f"{self.limits.processes} processes at a time (DAYBOOK_RUN_PROCESSES)"
        return LimitError(f"{self.at} had more than {most}; {what}")

    def _too_large(self, pids: list[int], spilled: int) -> LimitError | None:
        limit = self.limits.memory
        taken = usage.memory(pids, limit - spilled)
        if sum(taken.values()) + spilled <= limit:
            return None
        largest = max(taken, key=lambda pid: taken[pid], default=0)
        what = f"{usage.name(largest)} held {size(taken.get(largest, 0))}"
        put_aside = f", {size(spilled)} were put aside on disk" if spilled else ""
        return LimitError(f"{self.at} took more than {size(limit)} of memory (DAYBOOK_RUN_MEMORY); {what}{put_aside}")

    def _too_much_written(self, folder: Path) -> LimitError | None:
        files = usage.written(folder)
        if self._shown + sum(files.values()) <= self.limits.output:
            return None
        largest = max(files, key=lambda path: files[path], default="")
        return self._too_much(f"; {largest} has {size(files[largest])}" if files else "")

    def _too_much(self, what: str = "") -> LimitError:
        most = f"{size(self.limits.output)} (DAYBOOK_RUN_OUTPUT)"
        return LimitError(f"{self.at} brought what the run prints, shows and writes to more than {most}{what}")

    def _too_late(self) -> LimitError:
        return LimitError(
            f"{self.at} ran when the run's {self.limits.run_seconds:g} seconds (DAYBOOK_RUN_TIMEOUT) were over"
        )


def _restrain(kernel: Kernel, limits: Limits) -> None:
    """What the system itself can hold a kernel to, and all that it starts: no core dumps, no endless file."""
    if not hasattr(resource, "prlimit"):
        return
    largest = max(limits.memory, limits.output)
    with suppress(ProcessLookupError, PermissionError):
        resource.prlimit(kernel.pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(kernel.pid, resource.RLIMIT_FSIZE, (largest, largest))
