"""Recording: a draft becomes an invoice. It gets its number, is owed, and is frozen, in one transaction (CD-16).

    release ──> record ──> made (its files) ──> sent
                  ^  └──> unrecord, while it was not sent: a draft again, which keeps its number

What was sent is corrected by a credit note (`correct.py`), what was charged wrongly by a revision (`revise.py`).
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

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
from reports_lib.invoicing.document import Document, plain
from reports_lib.invoicing.number import Number
from reports_lib.invoicing.totals import check, due

ZERO = Decimal(0)
AHEAD = timedelta(hours=14)  # by which the calendar of no place is ahead of UTC by more
MOST = 1_000  # characters that say why
_RECORD = text("""
    WITH issued AS MATERIALIZED (
        SELECT * FROM daybook_issue(
            :series, :year, :invoice_date, :beginning, :kept, :token, :facts, :subject, :invoice, :body
        )
    ), recorded AS (
        UPDATE invoice
           SET state = 'RECORDED', year = :year, number = issued.number, account_number = called,
               file_name = called || :after, invoice_date = :invoice_date, due_date = :due_date,
               facts = written, facts_sha256 = digest, recorded_at = :now, recorded_by = :by
          FROM issued WHERE invoice.id = :invoice AND digest IS NOT NULL
    ), posted AS (
        INSERT INTO account_entry (company, client_id, currency, posted_at, kind, amount, invoice_id, by)
        SELECT :company, :client, :currency, :now, :entry, :amount, :invoice, :by
          FROM issued WHERE digest IS NOT NULL AND :amount <> 0
    ), noted AS (  -- as mirror.note does, without a way to the database of its own
        INSERT INTO mirror_note (subject, subject_id) SELECT 'invoice', :invoice
          FROM issued WHERE digest IS NOT NULL
    )
    SELECT number, called, written, digest, neighbour FROM issued
""")


def record(session: Session, invoice_id: int, by: str, now: datetime, on: date | None = None) -> Invoice:
    """Issue a draft: number, debit, link of the chain. One that is recorded is returned as it is.

    `on` is its date if that is not to be the draft's; it falls due so much later. Dates of a series follow its
    numbers: a draft older than the number before gets that one's date. What the client owed before is set as it
    is now, and his credit settles the new invoice as far as it goes. The caller commits, and until then nobody
    else of the series records; who records several at once locks all accounts first. Raises `UnknownNameError`;
    `ParameterError` if `on` lies in the future; `StateError` if it was thrown away, is held and not released, or
    `on` is out of order.
    """
    found, balance, credit = account.with_standing(session, invoice_id)
    if found.state == InvoiceState.RECORDED:
        return found
    _refuse_unless_ready(found)
    if on is not None and on > (now + AHEAD).date():
        raise ParameterError(f"{on.isoformat()} has not come yet; an invoice is dated today or before")
    paid = ZERO if found.kind == InvoiceKind.TOP_UP else max(min(credit, found.total), ZERO)
    token = secrets.token_hex()  # stands where the number will, for the statement that gives it
    document = _numbered(_issued(found, balance, paid, now, on), token)
    check(document)
    session.flush()  # whatever is left to do comes before the one statement that others wait for
    if (neighbour := _issue(session, found, document, token, by)) is not None:
        if on is not None:
            raise _disorder(found, neighbour, on)
        if _issue(session, found, _dated(document, neighbour), token, by) is not None:  # now nobody else goes on
            raise _disorder(found, neighbour, document.invoice_date)
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


def said(document: Document, invoice: Invoice, by: str, facts_sha256: str) -> dict[str, object]:
    """What a link of the chain says of a document."""
    corrects = document.corrects and document.corrects[0]
    return {
        "at": document.made_at.isoformat(),
        "by": by,
        "revision": document.revision,
        "facts_sha256": facts_sha256,
        "date": document.invoice_date.isoformat(),
        "seller": document.supplier.called,
        "seller_tax_id": document.supplier.tax_id,
        "buyer": document.buyer.called,
        "client": invoice.client_id,
        "currency": document.currency,
        "net": plain(document.net),
        "tax": plain(document.tax),
        "gross": plain(document.gross),
        "corrects": corrects,
    }


def _refuse_unless_ready(found: Invoice) -> None:
    if found.state == InvoiceState.VOID:
        raise StateError(f"invoice {_called(found)} was thrown away")
    if found.held and found.released_at is None:
        raise StateError(f"invoice {_called(found)} is held: {'; '.join(found.held)}; release it first")


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


def _issued(found: Invoice, balance: Decimal, paid: Decimal, now: datetime, on: date | None) -> Document:
    """The draft's document as it stands at the moment of its recording, without its number.

    What `account.use_credit` will settle of it is paid already, and so not carried over as well.
    """
    draft = Document.parse(found.facts.encode())
    changes: dict[str, object] = {"made_at": now, "draft": False}
    if draft.kind != "credit_note":
        carried = balance + paid
        changes |= {"carried": carried, "paid": paid, "due": due(draft.kind, draft.gross, carried, paid)}
    issued = replace(draft, **changes)  # type: ignore[arg-type]  # names and types as declared
    return issued if on is None else _dated(issued, on)


def _dated(document: Document, on: date) -> Document:
    due_date = document.due_date and document.due_date + (on - document.invoice_date)
    return replace(document, invoice_date=on, due_date=due_date)


def _disorder(found: Invoice, neighbour: date, on: date) -> StateError:
    whose = found.account_number or f"the next number of {found.series}"
    other = f"the number {'before' if neighbour > on else 'after'} it is of {neighbour.isoformat()}"
    return StateError(f"{whose} cannot be of {on.isoformat()}: {other}, and dates follow numbers")


def _first(found: Invoice, day: date) -> Number:
    """The number it has, if it was recorded before, or what the next of its series begins with."""
    if found.number is None:
        return Number(found.series, day.year, day.month, 0)
    assert found.year is not None
    assert found.account_number is not None
    month = int(found.account_number.removeprefix(f"{found.series}{found.year:04}")[:2])
    return Number(found.series, found.year, month, found.number)


def _numbered(document: Document, called: str) -> Document:
    reference = document.payment.reference or called
    return replace(document, account_number=called, payment=replace(document.payment, reference=reference))


def _drafted(document: Document) -> Document:
    reference = document.payment.reference
    kept = "" if reference == document.account_number else reference
    return replace(
        document, account_number="", draft=True, paid=ZERO, payment=replace(document.payment, reference=kept),
        due=due(document.kind, document.gross, document.carried, ZERO),
    )  # fmt: skip


def _issue(session: Session, found: Invoice, document: Document, token: str, by: str) -> date | None:
    """Number, row, debit and link of the chain, in one statement; raises `StateError` if the link before is missing.

    If it is dated before the number before, or after the number after, nothing is done and that one's date returned.
    """
    number, is_credit = _first(found, document.invoice_date), found.kind == InvoiceKind.CREDIT_NOTE
    subject = ChainSubject.CREDIT_NOTE if is_credit else ChainSubject.INVOICE
    told = said(document, found, by, f"{token} facts")
    frozen = {"invoice_date": document.invoice_date, "due_date": document.due_date}
    given = {
        "series": found.series, "year": number.year, "beginning": number.beginning, "kept": found.number,
        "token": token, "facts": document.json().decode(), "subject": subject, "invoice": found.id,
        "body": chain.body(subject, found, told | {"number": token}, f"{token} position"),
        "after": f"_{found.created_at.date().isoformat()}.pdf", "now": document.made_at, "by": by,
        "company": found.company, "client": found.client_id, "currency": found.currency, "amount": found.total,
        "entry": EntryKind.CREDIT_NOTE if is_credit else EntryKind.INVOICE,
    }  # fmt: skip
    issued = session.execute(_RECORD, given | frozen).one()
    if issued.neighbour is not None:
        neighbour: date = issued.neighbour
        return neighbour
    if issued.digest is None:
        raise chain.broken(found.series)
    written = frozen | {
        "state": InvoiceState.RECORDED, "year": number.year, "number": issued.number, "account_number": issued.called,
        "file_name": issued.called + given["after"], "facts": issued.written, "facts_sha256": issued.digest,
        "recorded_at": document.made_at, "recorded_by": by,
    }  # fmt: skip
    for column, value in written.items():
        set_committed_value(found, column, value)
    return None


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
