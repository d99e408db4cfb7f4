"""Is everything still as it was issued: chains, numbers, facts, sums, accounts, and every byte of the files?

Nothing is changed here. What the chain alone cannot show, that its end was cut off, is seen by the counters, and
for good by anchors: heads of an earlier time, kept where nobody who is at this database can change them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from reports_lib.database.schema.invoices import (
    AccountEntry,
    Invoice,
    InvoiceAllocation,
    InvoiceChain,
    InvoiceLine,
    InvoicePayment,
    InvoiceRevision,
    InvoiceSeries,
    InvoiceState,
)
from reports_lib.invoicing import chain, number
from reports_lib.invoicing.chain import Head
from reports_lib.invoicing.proof import Kept, Witness, defects
from reports_lib.snapshots.store import Store

ZERO = Decimal(0)
BATCH = 500  # invoices in memory at a time


@dataclass(slots=True)
class Report:
    """What was looked at and what is wrong: one line each in `defects`, none if all is as it was issued."""

    invoices: int = 0
    links: int = 0
    files: int = 0
    unmade: int = 0  # recorded, and their documents are still to be made: no defect
    defects: list[str] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)


def verify(session: Session, store: Store | None, anchors: Iterable[Head] = ()) -> Report:
    """Look at everything; without a store not at files. The session should see one moment (repeatable read)."""
    report = Report(heads=chain.heads(session))
    witnesses: dict[int, Witness] = defaultdict(Witness)
    kept = list(anchors)
    for series in _series(session, kept):
        told = {head.position: head.hash for head in kept if head.series == series}
        report.defects += chain.faults(session, series, told, lambda link: _hear(report, witnesses, link))
        report.defects += _gaps(session, series)
    for each in _invoices(session):
        report.invoices += 1
        _count_files(report, each)
        report.defects += defects(each, witnesses.pop(each.invoice.id, Witness()), store)
    report.defects += [f"the chain has an invoice {lost}, which is not there" for lost in sorted(witnesses)]
    report.defects += _payments(session)
    return report


def _series(session: Session, anchors: Sequence[Head]) -> list[str]:
    """Every series that anything of ours names."""
    numbered = select(Invoice.series).where(Invoice.number.is_not(None))
    found = session.scalars(union(select(InvoiceSeries.series), select(InvoiceChain.series), numbered))
    return sorted({*found, *(head.series for head in anchors)})


def _hear(report: Report, witnesses: dict[int, Witness], link: InvoiceChain) -> None:
    report.links += 1
    try:
        said = json.loads(link.body)
    except ValueError:  # said to be changed already
        return
    if isinstance(said, dict):
        witnesses[link.invoice_id].hear(link.subject, said)


def _gaps(session: Session, series: str) -> Iterator[str]:
    """Numbers that are missing, and those that nobody gave."""
    counters = select(InvoiceSeries.year, InvoiceSeries.last).where(
        InvoiceSeries.series == series, InvoiceSeries.year != number.CHAIN
    )
    given = dict(session.execute(counters).all())
    query = select(Invoice.year, Invoice.number).where(Invoice.series == series, Invoice.number.is_not(None))
    there: dict[int, set[int]] = defaultdict(set)
    for year, one in session.execute(query):
        there[year or 0].add(one or 0)
    for year in sorted({*given, *there}):
        last = given.get(year, 0)
        yield from (
            f"{series}: number {one} of {year} is missing" for one in range(1, last + 1) if one not in there[year]
        )
        yield from (f"{series}: number {one} of {year} was never given" for one in sorted(there[year]) if one > last)


def _invoices(session: Session) -> Iterator[Kept]:
    """All invoices with all that belongs to them, a batch in memory at a time."""
    last = 0
    while True:
        query = select(Invoice).where(Invoice.id > last).order_by(Invoice.id).limit(BATCH)
        found = session.scalars(query, execution_options={"populate_existing": True}).all()
        if not found:
            return
        yield from _kept(session, found)
        last = found[-1].id
        for each in found:
            session.expunge(each)


def _kept(session: Session, found: Sequence[Invoice]) -> Iterator[Kept]:
    ids = [each.id for each in found]
    revisions: dict[int, list[InvoiceRevision]] = defaultdict(list)
    for revision in session.scalars(select(InvoiceRevision).where(InvoiceRevision.invoice_id.in_(ids))):
        revisions[revision.invoice_id].append(revision)
    lines: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id.in_(ids))):
        lines[line.invoice_id].append(line)
    allocated = _summed(session, InvoiceAllocation.invoice_id, InvoiceAllocation.amount, ids)
    credited = _summed(session, Invoice.corrects_id, -Invoice.total, ids, Invoice.state == InvoiceState.RECORDED)
    posted = _summed(session, AccountEntry.invoice_id, AccountEntry.amount, ids)
    for each in found:
        yield Kept(
            invoice=each,
            revisions=sorted(revisions[each.id], key=lambda one: one.revision_no),
            lines=sorted(lines[each.id], key=lambda one: (one.revision, one.number)),
            allocated=allocated.get(each.id, ZERO),
            credited=credited.get(each.id, ZERO),
            posted=posted.get(each.id, ZERO),
        )


def _summed(
    session: Session,
    key: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    amount: SQLColumnExpression[Decimal],
    ids: Sequence[int],
    *conditions: ColumnElement[bool],
) -> dict[int, Decimal]:
    query = select(key, func.sum(amount)).where(key.in_(ids), *conditions).group_by(key)
    return {row[0] or 0: row[1] for row in session.execute(query)}


def _count_files(report: Report, kept: Kept) -> None:
    made = [row.document_sha256 is not None for row in kept.papers]
    report.files += sum(made) + bool(kept.invoice.annex and kept.invoice.state != InvoiceState.VOID)
    if kept.invoice.state == InvoiceState.RECORDED:
        report.unmade += len(made) - sum(made)


def _payments(session: Session) -> Iterator[str]:
    """Each payment is on its account, and settles no more than it is."""
    posted = (
        select(AccountEntry.payment_id, func.sum(AccountEntry.amount).label("amount"))
        .where(AccountEntry.payment_id.is_not(None))
        .group_by(AccountEntry.payment_id)
        .subquery()
    )
    spent = (
        select(InvoiceAllocation.payment_id, func.sum(InvoiceAllocation.amount).label("amount"))
        .group_by(InvoiceAllocation.payment_id)
        .subquery()
    )
    query = (
        select(InvoicePayment, func.coalesce(posted.c.amount, 0), func.coalesce(spent.c.amount, 0))
        .outerjoin(posted, posted.c.payment_id == InvoicePayment.id)
        .outerjoin(spent, spent.c.payment_id == InvoicePayment.id)
        .order_by(InvoicePayment.id)
    )
    for payment, on_account, settling in session.execute(query, execution_options={"yield_per": BATCH}):
        amount = ZERO if payment.cancelled_at else payment.amount
        if on_account != -amount:
            yield f"payment {payment.id}: {on_account} are on the account, and should be {-amount}"
        if settling > amount:
            yield f"payment {payment.id}: it settles {settling}, and is {amount}"
