"""Views of links: counted in memory, written down about once a second.

A view is one opening of a report's page, or one file taken away; what the page's own frame loads is
part of the page. A process that dies takes the views of its last second with it.
"""

from collections.abc import Callable
from datetime import datetime
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from reports_lib.snapshots import links
from reports_lib.snapshots.links import Views


class Counter:
    """Views that are not written down yet. Where nobody writes them down now and then, each is at once."""

    def __init__(self, database: Callable[[], Engine]) -> None:
        self._database = database
        self._lock = Lock()
        self._seen: dict[str, Views] = {}
        self.is_kept = False  # somebody calls `write` now and then

    def seen(self, token: str, at: datetime) -> None:
        """Count a view of the link; from any thread. Asks the database only if nobody else does."""
        with self._lock:
            number, last = self._seen.get(token, Views(0, at))
            self._seen[token] = Views(number + 1, max(last, at))
        if not self.is_kept:
            self.write()

    def write(self) -> None:
        """Write down what was counted; what cannot be is kept for the next time. Raises `DatabaseError`."""
        with self._lock:
            seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            with Session(self._database()) as session, session.begin():
                links.count(session, seen)
        except BaseException:
            with self._lock:
                for token, (number, last) in seen.items():
                    more, later = self._seen.get(token, Views(0, last))
                    self._seen[token] = Views(number + more, max(last, later))
            raise
