"""The short way to a report that is at hand: no thread, no database, no disk. All else goes the long way.

An answer is the same on both ways, byte for byte; `sealed` makes it for both.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reports_lib.portal.route import READS
from reports_lib.portal.view.shelf import Asker, File, Headers, Opened, Shelf
from reports_lib.portal.view.views import Counter

PATH = "/view"
PAGE_FORMAT = "html"

# A sealed report may show pictures and styles it carries itself, and nothing else; it runs in an
# origin of its own, so that it could reach neither cookies nor pages of ours even with a script.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
# A browser may keep what never changes, but asks each time whether it may still be shown.
KEPT = "private, max-age=0, must-revalidate"


class Asked(NamedTuple):
    """What the query of `/view` asks for. A `frame` is that of the report's own page."""

    token: str
    form: str
    in_frame: bool


class Wanted(NamedTuple):
    """What a request says about the form of the answer."""

    asker: Asker
    accepted: bytes  # encodings
    held: bytes  # tags of what the browser has
    has_token: bool  # it is a program's


class Answer(NamedTuple):
    """Status, headers and body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@lru_cache(4096)
def asked(query: bytes) -> Asked | None:
    """What a query asks for; None if it is not one of ours, which the long way looks at."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=4)
    except ValueError:
        return None
    words = dict(pairs)
    if len(words) != len(pairs) or not words.keys() <= {"id", "as", "frame"} or "id" not in words:
        return None
    return Asked(words["id"], words.get("as", ""), words.get("frame") == "1")


def wanted(headers: Iterable[tuple[bytes, bytes]]) -> Wanted:
    """The headers that matter, in one go."""
    cookie = languages = accepted = held = b""
    has_token = False
    for name, value in headers:
        if name == b"cookie":
            cookie += value
        elif name == b"accept-language":
            languages += value
        elif name == b"accept-encoding":
            accepted = value
        elif name == b"if-none-match":
            held = value
        elif name == b"authorization":
            has_token = True
    return Wanted(Asker(cookie, languages), accepted, held, has_token)


def sealed(file: File, mime: str, want: Wanted) -> Answer:
    """The bytes of a sealed page or file; packed where that is understood, and none where they are held already."""
    is_packed = file.packed is not None and takes_gzip(want.accepted)
    tag = f'"{file.tag}{"-gz" if is_packed else ""}"'.encode()
    headers = [
        (b"content-security-policy", POLICY.encode()),
        (b"cache-control", KEPT.encode()),
        (b"etag", tag),
        (b"vary", b"Accept-Encoding, Cookie"),
    ]
    if any(each.strip().removeprefix(b"W/") in (tag, b"*") for each in want.held.split(b",")):
        return Answer(304, headers, b"")
    headers.append((b"content-type", mime.encode()))
    if is_packed and file.packed:
        headers.append((b"content-encoding", b"gzip"))
        return Answer(200, headers, file.packed)
    return Answer(200, headers, file.data)


@lru_cache(256)
def takes_gzip(accepted: bytes) -> bool:
    """Whether an Accept-Encoding takes gzip."""
    for part in accepted.lower().split(b","):
        name, _, rest = part.partition(b";")
        if name.strip() == b"gzip":
            return rest.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


class Quick:
    """Answers reads of reports that are on the shelf; empties it after whatever may have changed something."""

    def __init__(self, app: ASGIApp, shelf: Shelf, views: Counter, headers: Headers) -> None:
        self._app = app
        self._shelf = shelf
        self._views = views
        self._headers = headers  # of every answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] not in READS:
            try:
                await self._app(scope, receive, self._forgetting(send))
            finally:
                self._shelf.forget()
        elif (answer := self._answer(scope)) is None:
            scope["daybook.era"] = self._shelf.era if self._shelf.is_believed else None
            await self._app(scope, receive, send)
        else:
            headers = [*answer.headers, *self._headers, (b"content-length", str(len(answer.body)).encode())]
            if answer.status != 200:
                headers.pop()
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else answer.body
            await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Scope) -> Answer | None:
        """What is asked for, if it is at hand and may be shown."""
        if scope["path"] != PATH or (ask := asked(scope["query_string"])) is None or ask.form not in ("", PAGE_FORMAT):
            return None
        want = wanted(scope["headers"])
        opened = None if want.has_token else self._shelf.opened(want.asker, ask.token)
        if opened is None:
            return None
        answer = self._found(scope["query_string"], ask, want, opened)
        if answer and not ask.in_frame and scope["method"] == "GET":
            self._views.seen(ask.token, datetime.now(UTC))
        return answer

    def _found(self, query: bytes, ask: Asked, want: Wanted, opened: Opened) -> Answer | None:
        if not ask.form:
            page = self._shelf.page(want.asker, query)
            return Answer(200, list(page.headers), page.body) if page else None
        file = self._shelf.file_at_hand(opened.page)
        return sealed(file, opened.mime, want) if file else None

    def _forgetting(self, send: Send) -> Send:
        """`send`, before which all is forgotten: what was written may change who sees what."""

        async def forget_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._shelf.forget()
            await send(message)

        return forget_and_send
