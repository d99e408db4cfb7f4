"""Invoices as Daybook issued them, with everything that makes them undeniable.

    invoice  <──  invoice_line, invoice_revision, invoice_allocation ──>  invoice_payment
       └──<──  account_entry          invoice_series: counters          invoice_chain: what was recorded, in order

Append-only by triggers of the database (step 0007), so that not even a mistake of ours changes them:
`invoice_chain`, `account_entry`, `invoice_revision`, and of a recorded invoice what stands on its paper.
Money is exact, six places; a sum is in the currency of its row.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, Numeric
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from reports_lib.database.schema.base import Base, one_of

FIRST_ID = 1_000_000_000
"""Ids begin here; the warehouse has them below 0, beside those of other systems (`warehouse/ours.py`)."""

Money = Annotated[Decimal, mapped_column(Numeric(18, 6))]
# what the list of invoices is narrowed, searched and counted by
LISTED = [
    *("company", "client_id", "client_name", "state", "account_number"),
    *("period_start", "period_end", "total", "paid", "credited"),
]
_SHA256 = "{0} IS NULL OR {0} ~ '^[0-9a-f]{{64}}$'"


class InvoiceKind(StrEnum):
    """What an invoice is for."""

    MONTHLY = "monthly"
    TOP_UP = "top_up"  # an amount that a client pays in advance (TW-54)
    CREDIT_NOTE = "credit_note"  # takes back what another invoice charged
    OTHER = "other"


class InvoiceState(StrEnum):
    """Where an invoice is (CD-14); whether it is paid follows from its sums."""

    DRAFT = "DRAFT"  # a proposal: touches no balance, may change
    RECORDED = "RECORDED"  # issued: has its number, and is owed
    VOID = "VOID"  # thrown away; if it had been numbered its number stays taken


class EntryKind(StrEnum):
    """What moved an account."""

    INVOICE = "invoice"
    UNRECORD = "unrecord"
    REVISION = "revision"  # the difference to the total before
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    TOP_UP = "top_up"  # what a paid top-up adds to the balance (TW-57)
    CANCELLATION = "cancellation"  # of a payment that came to nothing


class ChainSubject(StrEnum):
    """What a link of the chain says."""

    INVOICE = "invoice"
    REVISION = "revision"
    CREDIT_NOTE = "credit_note"
    UNRECORD = "unrecord"
    VOID = "void"
    DOCUMENT = "document"  # the files that were made of what an earlier link froze


class InvoiceSeries(Base):
    """The last number of a series in a year; the row of year 0 counts the links of the series' chain.

    Locked by whoever records, so numbers have no gap: a sequence of the database would leave some.
    """

    __tablename__ = "invoice_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("last > 0", name="last"),)


class Invoice(Base):
    """One invoice or credit note, from draft to its latest revision.

    `facts` are the original's, revision 0, and so are `facts_sha256`, `document_sha256` and `xml_sha256`;
    those of later ones are in `invoice_revision`. `net`, `tax`, `total` are of the latest revision, and
    **negative for a credit note**, whose paper says the same amounts without a sign.
    What is still owed is `total - paid - credited`.
    """

    __tablename__ = "invoice"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=FIRST_ID), primary_key=True)
    company: Mapped[str]  # who issues it, an id of the warehouse: whose it is to see
    client_id: Mapped[int] = mapped_column(BigInteger)
    client_name: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str]
    key: Mapped[str]  # asking twice with one key is one invoice: "monthly:7:2026-10:EUR", or the caller's
    state: Mapped[str] = mapped_column(server_default=InvoiceState.DRAFT)
    currency: Mapped[str]
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]  # the first moment after it
    month: Mapped[str | None]  # such as "2026-10"
    invoice_date: Mapped[date]
    due_date: Mapped[date | None]
    series: Mapped[str]  # the prefix of its number
    year: Mapped[int | None] = mapped_column(Integer)
    number: Mapped[int | None] = mapped_column(BigInteger)
    account_number: Mapped[str | None] = mapped_column(unique=True)  # what people call its number
    file_name: Mapped[str] = mapped_column(server_default="")
    net: Mapped[Money]
    tax: Mapped[Money]
    total: Mapped[Money]
    paid: Mapped[Money] = mapped_column(server_default="0")  # of payments, at most the total
    credited: Mapped[Money] = mapped_column(server_default="0")  # by credit notes
    facts: Mapped[str]  # canonical JSON of invoicing/document.py
    facts_sha256: Mapped[str]
    document_sha256: Mapped[str | None]  # of the PDF, once it is made
    xml_sha256: Mapped[str | None]
    annex: Mapped[str | None]  # the store's name of the Parquet file of its calls
    held: Mapped[list[str]] = mapped_column(server_default="{}")  # why a person has to look at it first
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))  # of a credit note
    evidence: Mapped[str | None]  # the snapshot that its figures come from
    revision: Mapped[int] = mapped_column(Integer, server_default="0")  # the latest
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    recorded_at: Mapped[datetime | None]
    recorded_by: Mapped[str | None]
    deleted_at: Mapped[datetime | None]  # when it was thrown away

    __table_args__ = (
        CheckConstraint(one_of("kind", InvoiceKind), name="kind"),
        CheckConstraint(one_of("state", InvoiceState), name="state"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("month IS NULL OR month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="month"),
        CheckConstraint("kind <> 'monthly' OR month IS NOT NULL", name="monthly"),
        CheckConstraint("(period_start IS NULL) = (period_end IS NULL) AND period_start < period_end", name="period"),
        CheckConstraint(
            "(number IS NULL) = (account_number IS NULL) AND (number IS NULL) = (year IS NULL) AND number > 0",
            name="number",
        ),
        CheckConstraint(
            "state <> 'RECORDED' OR (number IS NOT NULL AND recorded_at IS NOT NULL AND recorded_by IS NOT NULL)",
            name="recorded",
        ),
        CheckConstraint("state <> 'RECORDED' OR cardinality(held) = 0 OR released_at IS NOT NULL", name="held"),
        CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="released"),
        CheckConstraint("state = 'RECORDED' OR (sent_at IS NULL AND revision = 0)", name="draft"),
        CheckConstraint("(state = 'VOID') = (deleted_at IS NOT NULL)", name="void"),
        CheckConstraint("state = 'RECORDED' OR (paid = 0 AND credited = 0)", name="unpaid"),
        CheckConstraint("total = net + tax", name="total"),
        CheckConstraint("paid >= 0 AND credited >= 0 AND paid + credited <= greatest(total, 0)", name="paid"),
        CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="corrects"),
        CheckConstraint("kind <> 'credit_note' OR total <= 0", name="credit_note"),
        CheckConstraint("facts_sha256 ~ '^[0-9a-f]{64}$'", name="facts"),
        CheckConstraint(_SHA256.format("document_sha256"), name="document"),
        CheckConstraint(_SHA256.format("xml_sha256"), name="xml"),
        CheckConstraint("revision >= 0", name="revision"),
        Index("invoice_key_unique", "key", unique=True, postgresql_where=sql("state <> 'VOID'")),
        Index("invoice_number_unique", "series", "year", "number", unique=True),
        Index("invoice_list_index", "created_at", "id", postgresql_include=LISTED),
        Index(None, "client_id", "currency", "state"),
        Index(None, "month", "company"),
        Index(None, "corrects_id", postgresql_where=sql("corrects_id IS NOT NULL")),
    )


class InvoiceLine(Base):
    """One line of a revision of an invoice, as its facts have it; the truth is there, this is for SQL."""

    __tablename__ = "invoice_line"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    description: Mapped[str]
    kind: Mapped[str]
    service_id: Mapped[int | None] = mapped_column(BigInteger)
    package_id: Mapped[int | None] = mapped_column(BigInteger)
    quantity: Mapped[Money]
    unit: Mapped[str] = mapped_column(server_default="")
    unit_price: Mapped[Money]
    net: Mapped[Money]
    tax_rate: Mapped[Money]  # percent


class InvoiceRevision(Base):
    """A changed invoice (TW-43 … TW-50): its own facts and its own document, for good."""

    __tablename__ = "invoice_revision"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    revision_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)  # from 1
    paid_amount: Mapped[Money]  # already paid for the period
    total: Mapped[Money]
    facts: Mapped[str]
    facts_sha256: Mapped[str]
    document_sha256: Mapped[str | None]
    xml_sha256: Mapped[str | None]
    revised_at: Mapped[datetime]
    by_name: Mapped[str]
    by_email: Mapped[str]
    comment: Mapped[str]

    __table_args__ = (
        CheckConstraint("revision_no > 0", name="revision_no"),
        CheckConstraint("paid_amount >= 0", name="paid_amount"),
        CheckConstraint("facts_sha256 ~ '^[0-9a-f]{64}$'", name="facts"),
        CheckConstraint(_SHA256.format("document_sha256"), name="document"),
        CheckConstraint(_SHA256.format("xml_sha256"), name="xml"),
    )


class InvoicePayment(Base):
    """Money that came in from a client; what is not allocated to invoices is credit on the account."""

    __tablename__ = "invoice_payment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=FIRST_ID), primary_key=True)
    client_id: Mapped[int] = mapped_column(BigInteger)
    company: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[Money]
    paid_at: Mapped[datetime]
    method: Mapped[str]  # card, cash, transfer, wallet, store or other; top_up is what a paid top-up adds
    reference: Mapped[str] = mapped_column(server_default="")
    key: Mapped[str] = mapped_column(unique=True)  # asking twice with one key is one payment
    asked: Mapped[str | None]  # SHA-256 of what was asked for with the key; none where we made it up ourselves
    by: Mapped[str]
    at: Mapped[datetime]  # when it was entered
    cancelled_at: Mapped[datetime | None]  # it came to nothing: a debit that was returned, a slip
    cancelled_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("method IN ('card', 'cash', 'transfer', 'wallet', 'store', 'other', 'top_up')", name="method"),
        CheckConstraint("(cancelled_at IS NULL) = (cancelled_by IS NULL)", name="cancelled"),
        Index(None, "client_id", "currency", "paid_at"),
    )


class InvoiceAllocation(Base):
    """How much of a payment settles which invoice."""

    __tablename__ = "invoice_allocation"

    payment_id: Mapped[int] = mapped_column(ForeignKey("invoice_payment.id"), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True, index=True)
    amount: Mapped[Money]

    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)


class AccountEntry(Base):
    """One movement of a client's account with a company; positive is owed, so a balance below zero is his credit.

    Its cause is either an invoice or a payment.
    """

    __tablename__ = "account_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=FIRST_ID), primary_key=True)
    company: Mapped[str]
    client_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    posted_at: Mapped[datetime]
    kind: Mapped[str]
    amount: Mapped[Money]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("invoice_payment.id"))
    by: Mapped[str]

    __table_args__ = (
        CheckConstraint(one_of("kind", EntryKind), name="kind"),
        CheckConstraint("num_nonnulls(invoice_id, payment_id) = 1", name="cause"),
        Index(None, "client_id", "currency", "company", "posted_at", postgresql_include=["amount"]),
        Index(None, "invoice_id"),
        Index(None, "payment_id"),
    )


class InvoiceChain(Base):
    """The links of a series, each with the SHA-256 of the one before and of what it says."""

    __tablename__ = "invoice_chain"

    series: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # from 1
    subject: Mapped[str]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    body: Mapped[str]  # canonical JSON
    previous: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (
        CheckConstraint(one_of("subject", ChainSubject), name="subject"),
        CheckConstraint("position > 0", name="position"),
        CheckConstraint("hash ~ '^[0-9a-f]{64}$' AND previous ~ '^[0-9a-f]{64}$'", name="hash"),
    )


class BillingDetails(Base):
    """What invoices to a client need to say of him, as billing staff entered it."""

    __tablename__ = "billing_details"

    client_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    legal_name: Mapped[str] = mapped_column(server_default="")
    address_line: Mapped[str] = mapped_column(server_default="")
    city: Mapped[str] = mapped_column(server_default="")
    postal_code: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str] = mapped_column(server_default="")  # ISO 3166 alpha-2
    tax_id: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="")
    tax_rate: Mapped[Money | None]  # percent; none is that of the company's settings
    tax_category: Mapped[str | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]

    __table_args__ = (
        CheckConstraint("country = '' OR country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("tax_rate BETWEEN 0 AND 100", name="tax_rate"),
        CheckConstraint("tax_category IN ('S', 'Z', 'E', 'AE', 'O')", name="tax_category"),
    )


class BillingState(StrEnum):
    """Where the billing of a month is."""

    ASKED = "asked"
    ISSUED = "issued"
    FAILED = "failed"


class BillingRun(Base):
    """One time that the invoices of a month were asked for."""

    __tablename__ = "billing_run"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    month: Mapped[str]
    company: Mapped[str]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    state: Mapped[str] = mapped_column(server_default=BillingState.ASKED)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    made: Mapped[int] = mapped_column(Integer, server_default="0")
    held: Mapped[int] = mapped_column(Integer, server_default="0")
    skipped: Mapped[int] = mapped_column(Integer, server_default="0")
    withdrawn: Mapped[int] = mapped_column(Integer, server_default="0")  # drafts without charges, thrown away
    error: Mapped[str | None]  # one line

    __table_args__ = (
        CheckConstraint(one_of("state", BillingState), name="state"),
        CheckConstraint("month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="month"),
        CheckConstraint("(state = 'issued') = (issued_at IS NOT NULL)", name="issued"),
        Index(None, "month", "company", "asked_at"),
        Index(None, "run_id", postgresql_where=sql("run_id IS NOT NULL")),
    )
