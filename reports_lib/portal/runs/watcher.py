"""One ear for all who watch runs in a browser: a thread listens to the database and tells each stream its news.

However many browsers watch, there is one connection to the database, and none while nobody watches.
A stream holds the newest standing and no queue: who reads slowly skips what was between.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from sqlalchemy.orm import Session

from reports_lib.database.notices import RUN, listen
from reports_lib.database.server import database_url
from reports_lib.errors import DatabaseError
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import LOOK, Standing, standings

STREAMS = 200  # at a time in one process
HEARTBEAT = 15.0  # seconds of silence after which a stream says that it is there


class Stream:
    """The news of one run for one browser; made and read in the web's own loop."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self._loop = asyncio.get_running_loop()
        self._newest: Standing | None = None
        self._is_over = False
        self._news = asyncio.Event()

    async def standings(self, present: Standing, heartbeat: float = HEARTBEAT) -> AsyncIterator[Standing | None]:
        """`present`, then each change until the run has ended; None after `heartbeat` seconds without one.

        It ends early when the web does, or when the database goes away: then whoever watches asks again.
        """
        last = present
        yield last
        while not last.has_ended:
            self._news.clear()
            if self._newest is not None and self._newest != last:
                last = self._newest
                yield last
            elif self._is_over:
                return
            else:
                try:
                    await asyncio.wait_for(self._news.wait(), heartbeat)
                except TimeoutError:
                    yield None

    def tell(self, standing: Standing) -> None:
        """Pass on how far the run is; from any thread."""
        self._call(standing)

    def end(self) -> None:
        """End the stream; from any thread."""
        self._call(None)

    def _call(self, standing: Standing | None) -> None:
        with suppress(RuntimeError):  # the web has ended, and its loop with it
            self._loop.call_soon_threadsafe(self._take, standing)

    def _take(self, standing: Standing | None) -> None:
        if standing is None:
            self._is_over = True
        else:
            self._newest = standing
        self._news.set()


class Watcher:
    """Who watches what, and the thread that listens for them."""

    def __init__(self, installation: Installation, streams: int = STREAMS) -> None:
        self._installation = installation
        self._most = streams
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def join(self, run_id: int) -> Stream | None:
        """A new stream of the run's news, to be left when done; None if there are too many or the web ends."""
        with self._lock:
            if self._is_closed or len(self._streams) >= self._most:
                return None
            stream = Stream(run_id)
            self._streams.add(stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="daybook-watcher", daemon=True)
                self._thread.start()
            return stream

    def leave(self, stream: Stream) -> None:
        """Forget the stream; the last to leave sends the thread home."""
        with self._lock:
            self._streams.discard(stream)

    def close(self) -> None:
        """End every stream and take no new one; safe to call twice."""
        with self._lock:
            self._is_closed = True
            for stream in self._streams:
                stream.end()

    def __len__(self) -> int:
        return len(self._streams)

    def _watch(self) -> None:
        try:
            with suppress(DatabaseError):
                for heard in listen(database_url(self._installation.workspace), [RUN], LOOK):
                    if not self._pass_on(heard):
                        return
        finally:
            with self._lock:  # it went wrong: whoever joins from now on gets a thread of his own
                if self._thread is threading.current_thread():
                    self._thread = None
                    for stream in self._streams:
                        stream.end()

    def _pass_on(self, heard: str | None) -> bool:
        """Tell each stream what is new about the run that was heard of, or about any; False if nobody watches."""
        with self._lock:
            if not self._streams or self._is_closed:
                self._thread = None
                return False
            concerned = [s for s in self._streams if heard in (None, str(s.run_id))]
        if concerned:
            with Session(self._installation.database) as session:
                found = standings(session, {s.run_id for s in concerned})
            for stream in concerned:
                if standing := found.get(stream.run_id):
                    stream.tell(standing)
        return True
