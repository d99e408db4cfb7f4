"""The renderers that are kept ready: who is idle, who works for whom, who is still warming up.

One that has done its share of works, or has grown fat, is worn: it goes on working until a successor is
warm, and goes between two works. One that died is replaced at once.
"""

from dataclasses import dataclass
from threading import Condition, Thread, current_thread

from reports_lib.errors import CancelledError, DaybookError, StateError
from reports_lib.rendering.renderer import Renderer, RendererDiedError


@dataclass(eq=False)
class Batch:
    """What one caller wants together; it ends as one."""

    has_ended: bool = False


class Crew:
    """`size` renderers, each worn after `tasks_each` works or with more than `memory` bytes."""

    def __init__(self, size: int, tasks_each: int, memory: int) -> None:
        self._size, self._tasks_each, self._memory = size, tasks_each, memory
        self._changed = Condition()  # guards all below
        self._idle: list[Renderer] = []
        self._busy: dict[Renderer, Batch] = {}
        self._cold: set[Renderer] = set()
        self._worn: set[Renderer] = set()
        self._coming: set[Thread] = set()
        self._failures = 0  # starts that came to nothing
        self._reason = ""  # of the last one
        self._is_closed = False
        with self._changed:
            self._fill()

    def pids(self) -> list[int]:
        """The processes there are now."""
        with self._changed:
            return [renderer.pid for renderer in (*self._idle, *self._busy, *self._cold)]

    def take(self, batch: Batch) -> Renderer:
        """A renderer for `batch` alone, waited for; raises `DaybookError` if none can be started."""
        with self._changed:
            self._fill()
            before = self._failures
            while True:
                if self._is_closed:
                    raise StateError("what renders has been closed")
                if batch.has_ended:
                    raise CancelledError("what was to be rendered is not wanted any more")
                if renderer := self._first():
                    self._busy[renderer] = batch
                    return renderer
                if not self._busy and not self._coming:
                    if self._failures - before > self._size:
                        raise DaybookError(f"a process that renders cannot be started: {self._reason}")
                    self._fill()
                self._changed.wait()

    def give_back(self, renderer: Renderer) -> None:
        """Take back what `take` gave, in whatever state."""
        is_worn = renderer.tasks >= self._tasks_each or renderer.memory > self._memory
        with self._changed:
            del self._busy[renderer]
            if renderer.is_alive and not self._is_closed:
                self._idle.append(renderer)
                self._worn |= {renderer} if is_worn else set()
            else:
                self._drop(renderer)
            self._fill()
            self._trim()
            self._changed.notify_all()

    def end(self, batch: Batch) -> None:
        """End `batch`: what works for it is killed, what waits for it waits no longer."""
        with self._changed:
            batch.has_ended = True
            for renderer in [each for each, of in self._busy.items() if of is batch]:
                renderer.kill()
            self._changed.notify_all()

    def close(self) -> None:
        """End every process, also those at work."""
        with self._changed:
            self._is_closed = True
            for renderer in (*self._busy, *self._cold):
                renderer.kill()
            while self._idle:
                self._idle.pop().close()
            self._changed.notify_all()
            coming = list(self._coming)
        for thread in coming:
            thread.join()

    def _first(self) -> Renderer | None:
        """An idle renderer that lives; a worn one only if there is no other."""
        for renderer in sorted(self._idle, key=self._worn.__contains__):
            self._idle.remove(renderer)
            if renderer.is_alive:
                return renderer
            self._drop(renderer)
            self._fill()
        return None

    def _fill(self) -> None:
        """Have as many renderers coming as lack; those that are worn do not count."""
        fresh = sum(renderer not in self._worn for renderer in (*self._idle, *self._busy))
        for _ in range(0 if self._is_closed else self._size - fresh - len(self._coming)):
            thread = Thread(target=self._start, name="press", daemon=True)
            self._coming.add(thread)
            thread.start()

    def _trim(self) -> None:
        """Let those that are worn go, as far as others have come for them."""
        for renderer in [each for each in self._idle if each in self._worn]:
            if len(self._idle) + len(self._busy) > self._size:
                self._idle.remove(renderer)
                self._drop(renderer)

    def _start(self) -> None:
        try:
            renderer = self._warmed()
        except Exception as error:  # whoever waits for it must hear of it, whatever it is
            renderer, reason = None, str(error) or "it says why among the messages of this process"
        with self._changed:
            self._coming.discard(current_thread())
            if renderer is None:
                self._failures, self._reason = self._failures + 1, reason
            elif self._is_closed:
                self._drop(renderer)
            else:
                self._idle.append(renderer)
                self._trim()
            self._changed.notify_all()

    def _warmed(self) -> Renderer:
        renderer = Renderer()
        with self._changed:
            self._cold.add(renderer)
            if self._is_closed:
                renderer.kill()
        try:
            renderer.wait_until_ready()
        except RendererDiedError:
            renderer.close()
            raise
        finally:
            with self._changed:
                self._cold.discard(renderer)
        return renderer

    def _drop(self, renderer: Renderer) -> None:
        self._worn.discard(renderer)
        renderer.close()
