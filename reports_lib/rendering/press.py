"""The works of a run made side by side, in processes that are warm already.

run -> together([csv, xlsx, html then pdf]) -> renderer, renderer -> bytes
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import partial
from math import inf
from time import monotonic
from typing import Self, TypeVar

from reports_lib.errors import DaybookError, LimitError
from reports_lib.rendering.crew import Batch, Crew
from reports_lib.rendering.renderer import RendererDiedError
from reports_lib.rendering.works import Given, Make, Work

T = TypeVar("T")
Line = Callable[[Make], T]  # works that need one another, done by what it is given
Time = float | Callable[[], float] | None  # seconds that there are, or what says how many are left
TRIES = 2
LOOK = 0.2  # seconds after which somebody who ended the run is noticed


class Press:
    """`processes` renderers, for all threads of this process; each one is replaced after `tasks_each`
    works, and when it holds more than `memory` bytes after one."""

    def __init__(self, processes: int = 2, tasks_each: int = 1000, memory: int = 600_000_000) -> None:
        self._crew = Crew(processes, tasks_each, memory)

    def together(self, lines: Sequence[Line[T]], seconds: Time = None) -> list[T]:
        """What `lines` make, side by side; the first that fails ends the others, and its error is raised.

        Raises `LimitError` when there are no more `seconds`; then, too, nothing of them goes on. A work over which
        its process dies is tried once more in another.
        """
        if not lines:
            return []
        batch = Batch()
        with ThreadPoolExecutor(len(lines), "press") as threads:
            made = [threads.submit(line, partial(self._make, batch)) for line in lines]
            try:
                ended = _ended(made, _left(seconds))
            finally:
                self._crew.end(batch)
        if failed := next((each.exception() for each in made if each in ended and each.exception()), None):
            raise failed
        if len(ended) < len(made):
            raise LimitError("rendering took longer than the run had left (DAYBOOK_RUN_TIMEOUT)")
        return [each.result() for each in made]

    def make(self, work: Work, body: bytes, given: Given, seconds: Time = None) -> bytes:
        """One work; raises as `together` does."""
        lines: list[Line[bytes]] = [lambda make: make(work, body, given)]
        return self.together(lines, seconds)[0]

    def pids(self) -> list[int]:
        """The processes there are now."""
        return self._crew.pids()

    def close(self) -> None:
        """End every process, also those at work: who waits for them gets `StateError`."""
        self._crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make(self, batch: Batch, work: Work, body: bytes, given: Given) -> bytes:
        for _ in range(TRIES):
            renderer = self._crew.take(batch)
            try:
                return renderer.ask(work, body, given)
            except RendererDiedError:
                last_word = renderer.last_word
            finally:
                self._crew.give_back(renderer)
        raise DaybookError(f"making the {work.__name__} ended {TRIES} processes ({last_word}); it may lack memory")


def _ended(made: Sequence[Future[T]], left: Callable[[], float]) -> set[Future[T]]:
    """Those that have ended when all have, or one failed, or no time is left."""
    while True:
        seconds = left()
        ended, others = wait(made, min(seconds, LOOK), FIRST_EXCEPTION)
        if not others or seconds <= 0 or any(each.exception() for each in ended):
            return ended


def _left(seconds: Time) -> Callable[[], float]:
    if callable(seconds):
        return seconds
    deadline = inf if seconds is None else monotonic() + seconds
    return lambda: max(deadline - monotonic(), 0.0)
