"""What was read a moment ago, kept at hand: a report that is read again needs neither disk nor database.

What it promises:

- **Nobody is shown what he may not see.** Who asks, what a link allows and until when are remembered for
  `FRESH` seconds, and looked at anew at every request: a link that has expired opens nothing. A page is
  shown to no other than the visitor that it was made for, being what he was then.
- **What changes is forgotten before it counts.** Whatever is written through this process empties the whole
  memory before its answer is sent, so the very next request finds a link revoked, a user disabled. What
  other processes write, the database tells (`notices.ACCESS`, sent by triggers), in a fraction of a second.
- **Without news there is no memory.** It is believed only as long as the connection that listens has
  answered less than `BELIEF` seconds ago. When it breaks, every request goes the long way, until it is back.
- **No answer is older than its question.** What was read before a change and comes to be remembered
  after it, is not: each change begins a new `era`, and what belongs to another one is dropped.
- **Bytes are those that were sealed.** Files are kept by the hash of what is in them, checked when they
  were read, no more than `ROOM` bytes of them.

What it does not promise: that a company which moves below another, or a sign-in that ends by itself
after hours without a page, is noticed sooner than `FRESH` seconds later; nor a new family of reports on
pages that are at hand sooner than `LASTING`.

Programs that show a token of their own always go the long way.
"""

import gzip
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple, Self, TypeVar

from reports_lib.accounts.visitor import Visitor
from reports_lib.snapshots.links import Grant

FRESH = 10.0  # seconds
LASTING = 60.0  # seconds; of pages
BELIEF = 1.5  # seconds
ROOM = 64_000_000  # bytes of files; packed ones count too
LARGEST = 8_000_000  # bytes of a file that is kept
MOST = 4_000  # visitors, links and pages, each
PACKED = ("text/",)  # media types that gzip makes smaller

K = TypeVar("K")
V = TypeVar("V")
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class File:
    """Bytes that never change: as they are and, if it makes them smaller, packed by gzip."""

    data: bytes
    packed: bytes | None
    tag: str  # names the bytes; the hash of what is in them

    @classmethod
    def of(cls, data: bytes, tag: str, mime: str) -> Self:
        """The file, packed if its kind is worth it."""
        packed = gzip.compress(data, 6, mtime=0) if mime.startswith(PACKED) and len(data) <= LARGEST else None
        return cls(data, packed if packed and len(packed) < len(data) else None, tag)

    def __len__(self) -> int:
        return len(self.data) + len(self.packed or b"")


class Opened(NamedTuple):
    """A link that was followed: what it allows, and the page of its report by its hash."""

    grant: Grant
    page: str  # name of the sealed page in the store
    mime: str


class Page(NamedTuple):
    """A page of the viewer, ready to be sent."""

    headers: Headers
    body: bytes


class Asker(NamedTuple):
    """All that an answer depends on besides the address: what the browser showed, word for word."""

    cookie: bytes
    languages: bytes


class Shelf:
    """The memory of one process; its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._era = 0
        self._believed_until = 0.0
        self._visitors: dict[bytes, tuple[float, Visitor]] = {}
        self._links: dict[str, tuple[float, Opened]] = {}
        self._pages: dict[tuple[Asker, bytes], tuple[float, Visitor, Page]] = {}
        self._files: OrderedDict[str, File] = OrderedDict()
        self._held = 0

    @property
    def is_believed(self) -> bool:
        """Whether what is remembered may be used."""
        return time.monotonic() < self._believed_until

    @property
    def era(self) -> int:
        """To be asked for before anything is read that is to be remembered."""
        return self._era

    def believe(self, until: float) -> None:
        """The database has told all news; trust the memory until then (`time.monotonic`)."""
        self._believed_until = until

    def doubt(self) -> None:
        """No news can be heard: use nothing that is remembered."""
        self._believed_until = 0.0
        self.forget()

    def forget(self) -> None:
        """Something has changed: who may see what must be asked anew. Bytes of files stay what they are."""
        with self._lock:
            self._era += 1
            for memory in (self._visitors, self._links, self._pages):
                memory.clear()

    def remember(self, era: int, asker: Asker, visitor: Visitor, opened: Opened) -> None:
        """That this browser is `visitor`'s and the link is open; dropped if something has changed since `era`."""
        until = time.monotonic() + FRESH
        with self._lock:
            if era == self._era:
                _put(self._visitors, asker.cookie, (until, visitor))
                _put(self._links, opened.grant.token, (until, opened))

    def remember_page(self, era: int, asker: Asker, query: bytes, visitor: Visitor, page: Page) -> None:
        """The viewer's page as it was just made for `visitor`."""
        with self._lock:
            if era == self._era:
                _put(self._pages, (asker, query), (time.monotonic() + LASTING, visitor, page))

    def opened(self, asker: Asker, token: str) -> Opened | None:
        """The link, if it is remembered and open to who asks; None says nothing."""
        now = time.monotonic()
        until, visitor = self._visitors.get(asker.cookie, (0.0, None))
        fresh, opened = self._links.get(token, (0.0, None))
        if now >= self._believed_until or now >= until or now >= fresh or visitor is None or opened is None:
            return None
        return opened if opened.grant.lets_in(visitor, datetime.now(UTC)) else None

    def page(self, asker: Asker, query: bytes) -> Page | None:
        """The viewer's page, if it is remembered for this very visitor; to be asked for only after `opened`."""
        until, visitor, page = self._pages.get((asker, query), (0.0, None, None))
        _, known = self._visitors.get(asker.cookie, (0.0, None))
        return page if time.monotonic() < until and visitor == known else None

    def file_at_hand(self, name: str) -> File | None:
        """The file of that name, if it is in memory."""
        return self._files.get(name)

    def file(self, name: str, mime: str, read: Callable[[], bytes]) -> File:
        """The file of that name, by `read`, which checks it, if it is not in memory; raises as that does."""
        with self._lock:
            if found := self._files.get(name):
                self._files.move_to_end(name)
                return found
        made = File.of(read(), name[:32], mime)
        if len(made) <= LARGEST:
            with self._lock:
                self._keep(name, made)
        return made

    def _keep(self, name: str, file: File) -> None:
        if name in self._files:
            return
        self._files[name] = file
        self._held += len(file)
        while self._held > ROOM:
            _, dropped = self._files.popitem(last=False)
            self._held -= len(dropped)


def _put(memory: dict[K, V], key: K, value: V) -> None:
    """Remember one more; what was remembered first makes room."""
    memory.pop(key, None)
    if len(memory) >= MOST:
        del memory[next(iter(memory))]
    memory[key] = value
