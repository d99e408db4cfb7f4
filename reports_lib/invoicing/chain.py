"""The chain of a series: what was recorded, in order, each link with the hash of the one before.

    hash = SHA-256(hash before ‖ body)      body: canonical JSON, with series and position in it

A row that is changed, taken out, put elsewhere or slipped in breaks it at that place. What no chain can show
by itself is that its end was cut off; so `head` gives what to write down elsewhere, and `links` are compared
with it. Links are only ever appended, by the functions of this room, in the transaction of what they say.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import ChainSubject, Invoice, InvoiceChain
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import number

BEGINNING = "0" * 64  # what stands before the first link
BATCH = 1_000

_APPEND = text("""
    INSERT INTO invoice_chain (series, position, subject, invoice_id, revision, body, previous, hash)
    SELECT :series, :position, :subject, :invoice, :revision, :body, before.hash,
           encode(sha256(convert_to(before.hash || :body, 'UTF8')), 'hex')
      FROM (SELECT :beginning AS hash WHERE :position = 1
             UNION ALL
            SELECT hash FROM invoice_chain WHERE series = :series AND position = :position - 1) AS before
    RETURNING hash
""")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a series, or an older one that somebody wrote down: an anchor."""

    series: str
    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.series}:{self.position}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The anchor that is written so; raises `ParameterError`."""
        series, _, rest = text.strip().partition(":")
        position, _, digest = rest.partition(":")
        if not (series and position.isascii() and position.isdecimal() and len(digest) == len(BEGINNING)):
            raise ParameterError(
                f"{text[:60]!r} is no anchor: SERIES:POSITION:HASH, as `daybook invoice verify` says it"
            )
        return cls(series, int(position), digest)


def append(session: Session, subject: ChainSubject, invoice: Invoice, said: Mapping[str, object]) -> str:
    """Say it of the invoice, at the next place of its series; returns the link's hash.

    `said` are texts and whole numbers; what every link says of its invoice is added. Raises `StateError` if the
    link before is missing, for then somebody was at the database.
    """
    place = number.position(session, invoice.series)  # before the link before is looked for
    row = {
        "series": invoice.series, "position": place, "subject": str(subject), "invoice": invoice.id,
        "revision": said.get("revision", 0), "body": body(subject, invoice, said, place), "beginning": BEGINNING,
    }  # fmt: skip
    digest: str | None = session.execute(_APPEND, row).scalar_one_or_none()
    if digest is None:
        raise broken(invoice.series)
    return digest


def body(subject: ChainSubject, invoice: Invoice, said: Mapping[str, object], position: int | str) -> str:
    """What a link says: `said`, and what every link says of its invoice."""
    told = {
        "series": invoice.series,
        "position": position,
        "subject": str(subject),
        "invoice": invoice.id,
        "number": invoice.account_number,
    }
    return canonical({**told, **said})


def broken(series: str) -> StateError:
    """Why nothing can be appended to a chain."""
    return StateError(
        f"the chain of {series} lacks its last link, so nothing is recorded; see `daybook invoice verify`"
    )


def canonical(said: Mapping[str, object]) -> str:
    """The one way to write it."""
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(previous: str, body: str) -> str:
    """The hash of a link."""
    return hashlib.sha256((previous + body).encode()).hexdigest()


def heads(session: Session) -> list[Head]:
    """The newest link of every series: what to keep where nobody who is at this database can change it."""
    newest = select(InvoiceChain.series, func.max(InvoiceChain.position).label("position"))
    last = newest.group_by(InvoiceChain.series).subquery()
    query = select(InvoiceChain.series, InvoiceChain.position, InvoiceChain.hash).join(
        last, (last.c.series == InvoiceChain.series) & (last.c.position == InvoiceChain.position)
    )
    return [Head(*row) for row in session.execute(query.order_by(InvoiceChain.series))]


def links(session: Session, series: str) -> Iterator[InvoiceChain]:
    """All links of a series, in order, a batch in memory at a time."""
    query = select(InvoiceChain).where(InvoiceChain.series == series).order_by(InvoiceChain.position)
    for link in session.scalars(query, execution_options={"yield_per": BATCH}):
        yield link
        session.expunge(link)


def faults(
    session: Session, series: str, anchors: Mapping[int, str], hear: Callable[[InvoiceChain], None] = lambda link: None
) -> Iterator[str]:
    """Everything that is wrong with the chain itself; `anchors` are hashes that some positions must have.

    `hear` gets every link, in order.
    """
    expected, previous = 1, BEGINNING
    missing = dict(anchors)
    for link in links(session, series):
        hear(link)
        if link.position != expected:
            yield f"{series}: link {_between(expected, link.position - 1)} missing"
        elif link.previous != previous:
            yield f"{series}: link {link.position} does not follow the one before"
        if digest(link.previous, link.body) != link.hash:
            yield f"{series}: link {link.position} was changed"
        if not _says_what_it_is(link):
            yield f"{series}: link {link.position} says something else than its row"
        if missing.pop(link.position, link.hash) != link.hash:
            yield f"{series}: link {link.position} is not the one that was written down"
        expected, previous = link.position + 1, link.hash
    for position in sorted(missing):
        yield f"{series}: link {position} was written down and is missing; the end of the chain was cut off"
    yield from _counted(session, series, expected - 1)


def _between(first: int, last: int) -> str:
    return f"{first} is" if first == last else f"{first} to {last} are"


def _says_what_it_is(link: InvoiceChain) -> bool:
    try:
        said = json.loads(link.body)
    except ValueError:
        return False
    row = {"series": link.series, "position": link.position, "subject": link.subject, "invoice": link.invoice_id}
    return isinstance(said, dict) and said.items() >= row.items() and said.get("revision", 0) == link.revision


def _counted(session: Session, series: str, last: int) -> Iterator[str]:
    counted = session.scalar(text("SELECT last FROM invoice_series WHERE series = :s AND year = 0"), {"s": series}) or 0
    if counted > last:
        yield f"{series}: {counted} links were made and {last} are there; the end of the chain was cut off"
    elif counted < last:
        yield f"{series}: {last} links are there and {counted} were made"
