"""Issuing: the number of a document, its row, its debit and its link of the chain, as one statement (Q-18).

Whoever else records in the series waits from that statement until the caller commits, and for nothing else.
"""

import secrets
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from reports_lib.database.schema.invoices import ChainSubject, EntryKind, Invoice, InvoiceKind, InvoiceState
from reports_lib.errors import StateError
from reports_lib.invoicing import chain
from reports_lib.invoicing.account import Standing
from reports_lib.invoicing.document import Document, plain
from reports_lib.invoicing.number import HELD, Number
from reports_lib.invoicing.totals import check, due

_RECORD = text(f"""
    WITH {HELD}, issued AS MATERIALIZED (
        SELECT issued.* FROM held, daybook_issue(
            held.series, :year, :invoice_date, :beginning, :kept, :token, :facts, :subject, :invoice, :body
        ) AS issued
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
""")  # noqa: S608 - ours


def issue(  # what, as it stands, how much of it credit settles, by whom, when, dated
    session: Session, standing: Standing, paid: Decimal, by: str, now: datetime, on: date | None
) -> None:
    """Give the draft its number and freeze it. Raises as `record.record`, and if the chain lacks its last link."""
    found, balance = standing.invoice, standing.balance
    token = secrets.token_hex()  # stands where the number will, for the statement that gives it
    document = _numbered(_issued(found, balance, paid, now, on), token)
    check(document)
    session.flush()  # whatever is left to do comes before the one statement that others wait for
    if (neighbour := _write(session, found, document, token, by)) is None:
        return
    if on is not None:
        raise _disorder(found, neighbour, on)
    if _write(session, found, _dated(document, neighbour), token, by) is not None:  # now nobody else goes on
        raise _disorder(found, neighbour, document.invoice_date)


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


def _write(session: Session, found: Invoice, document: Document, token: str, by: str) -> date | None:
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
