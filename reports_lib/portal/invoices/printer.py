"""What draws documents for the web: a renderer that is started when one is wanted, and goes when nobody wants more.

Most documents were made by a worker long before somebody reads them; drafts never are.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reports_lib.rendering.press import Press

IDLE = 120.0  # seconds after the last document


class Printer:
    """One renderer for the whole web, in turn."""

    def __init__(self, idle: float = IDLE) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._press: Press | None = None
        self._users = 0
        self._timer: threading.Timer | None = None

    @contextmanager
    def press(self) -> Iterator[Press]:
        """The press, while the block runs at least."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            self._press = self._press or Press(processes=1)
            self._users += 1
            press = self._press
        try:
            yield press
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._timer = threading.Timer(self._idle, self.close)
                    self._timer.daemon = True
                    self._timer.start()

    def close(self) -> None:
        """End the renderer, unless somebody is at it; the next one who wants it starts another."""
        with self._lock:
            if self._users:
                return
            if self._timer:
                self._timer.cancel()
            press, self._press = self._press, None
        if press:
            press.close()
