"""Recording: a draft becomes an invoice. It gets its number, is owed, and is frozen, in one transaction (CD-16).

    release ──> record ──> made (its files) ──> sent
                  ^  └──> unrecord, while it was not sent: a draft again, which keeps its number

What was sent is corrected by a credit note (`correct.py`), what was charged wrongly by a revision (`revise.py`).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database.schema.invoices import (
    ChainSubject,
    EntryKind,
    Invoice,
    InvoiceKind,
    InvoiceRevision,
    InvoiceState,
)
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import account, chain, trail
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.issue import issue
from reports_lib.invoicing.totals import due

ZERO = Decimal(0)
AHEAD = timedelta(hours=14)  # by which the calendar of no place is ahead of UTC by more
MOST = 1_000  # characters that say why


def record(session: Session, invoice_id: int, by: str, now: datetime, on: date | None = None) -> Invoice:
    """Issue a draft: number, debit, link of the chain. One that is recorded is returned as it is.

    `on` is its date if that is not to be the draft's; it falls due so much later. Dates of a series follow its
    numbers: a draft older than the number before gets that one's date. What the client owed before is set as it
    is now, and his credit settles the new invoice as far as it goes. The caller commits, and until then nobody
    else of the series records; who records several at once locks all accounts first. Raises `UnknownNameError`;
    `ParameterError` if `on` lies in the future; `StateError` if it was thrown away, is held and not released,
    `on` is out of order, or its series is that of another company.
    """
    standing = account.with_standing(session, invoice_id)
    found, credit = standing.invoice, standing.credit
    if found.state == InvoiceState.RECORDED:
        return found
    _refuse_unless_ready(found)
    _refuse_strange_series(standing)
    if on is not None and on > (now + AHEAD).date():
        raise ParameterError(f"{on.isoformat()} has not come yet; an invoice is dated today or before")
    paid = ZERO if found.kind == InvoiceKind.TOP_UP else max(min(credit, found.total), ZERO)
    issue(session, standing, paid, by, now, on)
    if paid:
        account.use_credit(session, found)
    return found


def release(session: Session, invoice_id: int, by: str, now: datetime) -> Invoice:
    """Let a draft that is held be recorded: a person has looked at it. Raises as `record`."""
    (found,) = account.locked(session, [invoice_id])
    if found.state != InvoiceState.DRAFT:
        raise StateError(f"invoice {_called(found)} is no draft, so nothing holds it")
    if found.held and found.released_at is None:
        found.released_by, found.released_at = by, now
        trail.write(session, by, "release", found, now, {"held": list(found.held)})
        mirror.note(session, "invoice", found.id)
    return found


def unrecord(session: Session, invoice_id: int, by: str, now: datetime) -> Invoice:
    """Make a draft of it again: credited back, payments are the client's credit, its number stays its own.

    Raises `UnknownNameError`, and `StateError` if it was sent, revised or corrected, is a credit note or a
    top-up that was paid: then a credit note is the way.
    """
    (found,) = account.locked(session, [invoice_id])
    if found.state != InvoiceState.RECORDED:
        raise StateError(f"invoice {_called(found)} is not recorded")
    if reason := _bound(found):
        raise StateError(f"invoice {found.account_number} {reason}; correct it by a credit note")
    account.release(session, found, found.paid)
    account.post(session, found, EntryKind.UNRECORD, -found.total, by, now)
    chain.append(session, ChainSubject.UNRECORD, found, {"at": now.isoformat(), "by": by})
    document = _drafted(Document.parse(found.facts.encode()))
    found.facts, found.facts_sha256 = document.json().decode(), document.sha256
    found.state, found.document_sha256, found.xml_sha256, found.file_name = InvoiceState.DRAFT, None, None, ""
    trail.write(session, by, "unrecord", found, now)
    mirror.note(session, "invoice", found.id)
    session.flush()
    return found


def sent(session: Session, invoice_id: int, by: str, now: datetime) -> Invoice:
    """Note that the client has it: from now on only a credit note corrects it. Raises as `record`."""
    (found,) = account.locked(session, [invoice_id])
    if found.state != InvoiceState.RECORDED:
        raise StateError(f"invoice {_called(found)} is not recorded; record it before it is sent")
    if found.sent_at is None:
        found.sent_at = now
        trail.write(session, by, "send", found, now)
        session.flush()
    return found


def made(session: Session, invoice_id: int, revision: int, files: Mapping[str, str], now: datetime) -> None:
    """Note the files that were made of a recorded revision: `{"document": SHA-256, "xml": SHA-256}`; the chain too.

    With `"facts"` beside, the SHA-256 of what they were made of, that is compared. Again with the same files is
    nothing. Raises `StateError` if there are others, it is not recorded any more, or says something else now.
    """
    made_all(session, {(invoice_id, revision): files}, now)


def made_all(session: Session, files: Mapping[tuple[int, int], Mapping[str, str]], now: datetime) -> None:
    """As `made`, of several invoices and revisions at once, all or none."""
    ids = {invoice for invoice, _ in files}
    query = select(Invoice).where(Invoice.id.in_(ids)).order_by(Invoice.id).with_for_update()
    found = {each.id: each for each in session.scalars(query, execution_options={"populate_existing": True})}
    if missing := ids - set(found):
        raise UnknownNameError(f"there is no invoice {min(missing)}")
    for (invoice_id, revision), own in sorted(files.items(), key=lambda one: (found[one[0][0]].series, one[0])):
        _made(session, found[invoice_id], revision, {f"{name}_sha256": digest for name, digest in own.items()}, now)


def _made(session: Session, found: Invoice, revision: int, hashes: Mapping[str, str], now: datetime) -> None:
    if found.state != InvoiceState.RECORDED or found.revision < revision:
        raise StateError(f"invoice {_called(found)} has no recorded revision {revision}")
    row = found if revision == 0 else session.get_one(InvoiceRevision, (found.id, revision))
    made_of = hashes.get("facts_sha256", row.facts_sha256)
    if made_of != row.facts_sha256:
        raise StateError(f"invoice {found.account_number} was recorded anew meanwhile; its document is made again")
    hashes = {name: digest for name, digest in hashes.items() if name != "facts_sha256"}
    there = {name: getattr(row, name) for name in hashes}
    if there == hashes:
        return
    if any(there.values()):
        raise StateError(f"invoice {found.account_number} has another file already; what was made stays")
    if revision == 0:
        session.execute(update(Invoice).where(Invoice.id == found.id).values(hashes))
    else:
        of_revision = (InvoiceRevision.invoice_id == found.id, InvoiceRevision.revision_no == revision)
        session.execute(update(InvoiceRevision).where(*of_revision).values(hashes))
    chain.append(session, ChainSubject.DOCUMENT, found, {"at": now.isoformat(), "revision": revision, **hashes})
    mirror.note(session, "invoice", found.id)


def facts(session: Session, invoice_id: int, revision: int | None = None) -> bytes:
    """What a revision says, the latest if None: the canonical JSON of its document. Raises `UnknownNameError`."""
    found = session.get(Invoice, invoice_id)
    if found is None:
        raise UnknownNameError(f"there is no invoice {invoice_id}")
    wanted = found.revision if revision is None else revision
    if wanted == 0:
        return found.facts.encode()
    query = select(InvoiceRevision.facts).where(
        InvoiceRevision.invoice_id == invoice_id, InvoiceRevision.revision_no == wanted
    )
    text = session.scalar(query)
    if text is None:
        raise UnknownNameError(f"invoice {_called(found)} has no revision {wanted}")
    return text.encode()


def _refuse_unless_ready(found: Invoice) -> None:
    if found.state == InvoiceState.VOID:
        raise StateError(f"invoice {_called(found)} was thrown away")
    if found.held and found.released_at is None:
        raise StateError(f"invoice {_called(found)} is held: {'; '.join(found.held)}; release it first")


def _refuse_strange_series(standing: account.Standing) -> None:
    found, other = standing.invoice, standing.beginner
    if other is not None and other != found.company:
        raise StateError(f"numbers {found.series}… are those of company {other}; {_elsewhere(found)}")
    if standing.twin:
        raise StateError(f"files of {found.series}… would be called as those of {standing.twin}…; {_elsewhere(found)}")


def _elsewhere(found: Invoice) -> str:
    return f"give company {found.company} another prefix in billing.yaml, then throw the draft away and make it anew"


def _bound(found: Invoice) -> str:
    """Why it cannot be a draft again; empty if it can."""
    if found.sent_at is not None:
        return "has been sent"
    if found.revision:
        return "has been revised"
    if found.credited or found.kind == InvoiceKind.CREDIT_NOTE:
        return "is part of a correction"
    if found.kind == InvoiceKind.TOP_UP and found.paid:
        return "has been paid"
    return ""


def _drafted(document: Document) -> Document:
    reference = document.payment.reference
    kept = "" if reference == document.account_number else reference
    return replace(
        document, account_number="", draft=True, paid=ZERO, payment=replace(document.payment, reference=kept),
        due=due(document.kind, document.gross, document.carried, ZERO),
    )  # fmt: skip


def _called(found: Invoice) -> str:
    return found.account_number or str(found.id)


def refuse_unless_recorded(found: Invoice) -> None:
    """Raise `StateError` if the invoice is a draft or was thrown away."""
    if found.state != InvoiceState.RECORDED:
        raise StateError(f"invoice {_called(found)} is {found.state}; only a recorded one can be paid or corrected")


def reason_of(text: str, name: str) -> str:
    """The text without blanks around it; raises `ParameterError` if nothing is left, or it is no note but a book."""
    found = text.strip()
    if not found:
        raise ParameterError(f"say why: the {name} is empty")
    if len(found) > MOST:
        raise ParameterError(f"the {name} has {len(found):,} characters; there is room for {MOST:,}")
    return found
