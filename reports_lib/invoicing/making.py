"""Documents of invoices: made of the frozen facts by renderers, kept in a store of their own, named in the row.

    awaiting   recorded invoices and revisions without a document
      --press, as many at a time as it has processes--> PDF, and the XML inside it
      --store, a batch for the disk at a time--> then the hashes, in one transaction

A document that cannot be made is tried again, with the same number and the same facts. Two who make one get the
same bytes, so whoever comes second changes nothing.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import Invoice, InvoiceRevision, InvoiceState
from reports_lib.errors import DatabaseError, DaybookError, StateError, StoreError, UnknownNameError
from reports_lib.invoicing import record
from reports_lib.invoicing.alone import alone
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.pdf import pdf
from reports_lib.invoicing.xml import lacks, xml
from reports_lib.rendering.press import Press
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.store import Store

BATCH = 32  # documents that are kept and named together
PDF, XML = "pdf", "xml"  # suffixes in the store
LOCK = "invoice documents"  # held by whoever makes all that are awaited


class Awaited(NamedTuple):
    """A document to be made: of which invoice and revision (0 the original), of which facts and calls."""

    invoice: int
    revision: int
    facts: str
    annex: str | None


class Made(NamedTuple):
    """A document: its bytes, and those of its XML if it has one."""

    pdf: bytes
    xml: bytes | None


@dataclass(frozen=True)
class Outcome:
    """How many documents were made, and why others were not, by invoice and revision."""

    made: int
    failures: Mapping[tuple[int, int], str]


def store_of(installation: Installation) -> Store:
    """Where documents of invoices are kept."""
    return Store(installation.workspace.outputs / "invoices")


def awaiting(session: Session, limit: int = 1_000) -> list[Awaited]:
    """Documents that are to be made, the oldest invoices first."""
    is_issued = Invoice.state == InvoiceState.RECORDED
    first = select(Invoice.id, literal(0), Invoice.facts, Invoice.annex).where(
        is_issued, Invoice.document_sha256.is_(None)
    )
    later = (
        select(InvoiceRevision.invoice_id, InvoiceRevision.revision_no, InvoiceRevision.facts, Invoice.annex)
        .join(Invoice, Invoice.id == InvoiceRevision.invoice_id)
        .where(is_issued, InvoiceRevision.document_sha256.is_(None))
    )
    both = union_all(first, later).subquery()
    query = select(both).order_by(both.c[0], both.c[1]).limit(limit)
    return [Awaited(*row) for row in session.execute(query)]


def make_all(
    installation: Installation,
    press: Press,
    now: Callable[[], datetime],
    passed_over: Collection[tuple[int, int]] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome | None:
    """Make every document that is awaited, but for those `passed_over`; `progress` hears how many there are so far.

    None if somebody else is at it. Raises `DatabaseError` and `StoreError`; what is made and named by then stays.
    """
    with alone(installation, LOCK) as is_ours:
        return _all(installation, press, now, passed_over, progress) if is_ours else None


def _all(
    installation: Installation,
    press: Press,
    now: Callable[[], datetime],
    passed_over: Collection[tuple[int, int]],
    progress: Callable[[int], None],
) -> Outcome:
    failures: dict[tuple[int, int], str] = {}
    done, skipped = 0, set(passed_over)
    with ThreadPoolExecutor(2 * BATCH, "documents") as threads:
        while wanted := _next(installation, skipped):
            skipped |= {(each.invoice, each.revision) for each in wanted}
            for batch in _batches(installation, press, threads, wanted, failures):
                done += _kept(installation, batch, now(), failures)
                progress(done)
    return Outcome(done, failures)


def document(installation: Installation, press: Press, invoice: int, revision: int | None, now: datetime) -> bytes:
    """The PDF of an invoice: as it was made, or made now and kept; of a draft made now, and kept nowhere (CD-15).

    `revision` None is the latest. Raises `UnknownNameError`, and why it cannot be made or read.
    """
    with Session(installation.database) as session:
        found = session.get(Invoice, invoice)
        if found is None:
            raise UnknownNameError(f"there is no invoice {invoice}")
        wanted = found.revision if revision is None else revision
        facts = record.facts(session, invoice, wanted).decode()
        is_draft, annex = found.state != InvoiceState.RECORDED, found.annex
        row = found if wanted == 0 else session.get_one(InvoiceRevision, (invoice, wanted))
        kept = row.document_sha256
    if kept and not is_draft:
        return store_of(installation).read(f"{kept}.{PDF}")
    awaited = Awaited(invoice, wanted, facts, annex)
    made = _made(installation, press, awaited)
    if not is_draft:
        failures: dict[tuple[int, int], str] = {}
        _kept(installation, [(awaited, made)], now, failures)
    return made.pdf


def _next(installation: Installation, skipped: set[tuple[int, int]]) -> list[Awaited]:
    with Session(installation.database) as session:
        found = awaiting(session, BATCH * 8 + len(skipped))
    return [each for each in found if (each.invoice, each.revision) not in skipped]


def _batches(
    installation: Installation,
    press: Press,
    threads: ThreadPoolExecutor,
    wanted: Sequence[Awaited],
    failures: dict[tuple[int, int], str],
) -> Iterator[list[tuple[Awaited, Made]]]:
    """What is made of `wanted`, in batches as it comes; the renderers go on while a batch is kept."""
    asked: dict[Future[Made], Awaited] = {threads.submit(_made, installation, press, each): each for each in wanted}
    ready: list[tuple[Awaited, Made]] = []
    for future in as_completed(asked):
        each = asked[future]
        try:
            ready.append((each, future.result()))
        except (DatabaseError, StoreError):
            raise
        except DaybookError as error:
            failures[each.invoice, each.revision] = str(error)
        if len(ready) == BATCH:
            yield ready
            ready = []
    if ready:
        yield ready


def _made(installation: Installation, press: Press, each: Awaited) -> Made:
    given = {"calls": str(store_of(installation).path(each.annex))} if each.annex else {}
    facts = each.facts.encode()
    paper = press.make(pdf, facts, given)
    read = Document.parse(facts)
    return Made(paper, None if lacks(read) else xml(read, read.payment.text))


def _kept(
    installation: Installation,
    batch: Sequence[tuple[Awaited, Made]],
    now: datetime,
    failures: dict[tuple[int, int], str],
) -> int:
    """Keep a batch for the disk, then name it in the rows; returns how many were named."""
    contents = [content for _, made in batch for content in _contents(made)]
    names = iter(store_of(installation).put_all(contents))
    named = [(each, {suffix: next(names)[:64] for _, suffix in _contents(made)}) for each, made in batch]
    try:
        _name(installation, named, now)
        return len(named)
    except StateError:  # of one of them, that was taken back meanwhile
        done = 0
        for each, files in named:
            try:
                _name(installation, [(each, files)], now)
                done += 1
            except StateError as error:
                failures[each.invoice, each.revision] = str(error)
        return done


def _contents(made: Made) -> list[tuple[bytes, str]]:
    return [(made.pdf, PDF)] + ([(made.xml, XML)] if made.xml else [])


def _name(installation: Installation, named: Sequence[tuple[Awaited, Mapping[str, str]]], now: datetime) -> None:
    with Session(installation.database) as session, session.begin():
        hashes = {
            (each.invoice, each.revision): {
                "document": files[PDF],
                "facts": hashlib.sha256(each.facts.encode()).hexdigest(),
                **({"xml": files[XML]} if XML in files else {}),
            }
            for each, files in named
        }
        record.made_all(session, hashes, now)
