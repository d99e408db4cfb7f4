"""What the API says of invoices, and what it takes. Amounts are texts: JSON's numbers are binary floats to many."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from reports_lib.portal.api.bodies import In, Name
from reports_lib.portal.api.models import Out

Amount = Annotated[str, Field(max_length=30, description="Such as 120.50, in the invoice's currency.")]
Key = Annotated[str, Field(max_length=200, description="Sent twice with one key it is done once.")]
Kind = Literal["monthly", "top_up", "credit_note", "other"]
Category = Literal["all", "draft", "unpaid", "paid", "void"]


class Line(Out):
    """A line of an invoice's latest revision; `tax_rate` in percent."""

    number: int
    description: str
    quantity: Amount
    unit: str
    unit_price: Amount
    net: Amount
    tax_rate: Amount


class Revision(Out):
    """A revision: what was already paid, the new total, who made it and why."""

    number: int
    paid: Amount
    total: Amount
    revised_at: datetime
    by_name: str
    by_email: str
    comment: str
    document: str = Field(description="Address of its PDF.")


class Payment(Out):
    """A payment, and how much of it settles this invoice."""

    id: int
    amount: Amount
    of_this: Amount
    paid_at: datetime
    method: str
    reference: str


class Bill(Out):
    """An invoice as lists have it. What was not recorded yet has no `account_number`."""

    id: int
    account_number: str | None
    file_name: str
    kind: Kind
    state: Literal["DRAFT", "RECORDED", "VOID"]
    standing: str = Field(description="draft, held, unpaid, partly, paid, credited, note or void.")
    company: str
    client: int
    client_name: str
    currency: str
    amount: Amount = Field(description="Total of the latest revision; negative for a credit note.")
    paid: Amount
    credited: Amount
    owing: Amount
    first_day: date | None
    last_day: date | None
    invoice_date: date
    due_date: date | None
    created_at: datetime
    revision: int
    document: str = Field(description="Address of the PDF of the latest revision.")


class Bills(Out):
    """A page of them, newest first; `next` is the `before` of the next page, null at the end."""

    invoices: list[Bill]
    next: str | None


class WholeBill(Bill):
    """An invoice with all that belongs to it."""

    net: Amount
    tax: Amount
    lines: list[Line]
    revisions: list[Revision]
    payments: list[Payment]
    credit_notes: list[int]
    corrects: int | None
    held: list[str] = Field(description="Why a person has to look at the draft; released once `released_at` is set.")
    released_at: datetime | None
    recorded_at: datetime | None
    sent_at: datetime | None
    document_sha256: str | None = Field(description="Of the original's PDF, once it is made.")


class Paid(Out):
    """The payments that were entered."""

    payments: list[int]


class Balance(Out):
    """What a client owes, by currency; below 0 it is credit. `missing` is what an invoice to it lacks."""

    client: int
    name: str
    company: str
    owes: dict[str, Amount]
    missing: list[str]


class ListedBills(BaseModel):
    """Which invoices are listed; moments are of the workspace's time zone where they do not say."""

    state: Category = "all"
    q: Annotated[str, Field(max_length=200, description="Words in the account number or the client's name.")] = ""
    since: Annotated[str, Field(max_length=40, description="Such as 2026-10-01T00:00; of the period.")] = ""
    until: Annotated[str, Field(max_length=40, description="Exclusive.")] = ""
    client: Annotated[str, Field(max_length=20, description="Number of a client.")] = ""
    before: Annotated[str, Field(max_length=40, description="The `next` of an answer.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Pay(In):
    """A payment of one invoice; what is more than is owed becomes credit of the client."""

    amount: Amount
    paid_at: Name = Field("", description="Such as 2026-11-05T10:30; now by default.")
    method: Literal["card", "cash", "transfer", "wallet", "store", "other"] = "transfer"
    reference: Name = ""
    key: Key = ""


class PaySeveral(In):
    """Invoices that are paid in full, each by a payment of its own; all of them or none."""

    invoices: Annotated[list[Annotated[int, Field(ge=1, lt=2**63)]], Field(min_length=1, max_length=500)]
    paid_at: Name = ""
    method: Literal["card", "cash", "transfer", "wallet", "store", "other"] = "transfer"
    reference: Name = ""
    key: Key = ""


class Change(In):
    """A line of a new revision or a credit note: the `number` of one that there is, or a new one's description."""

    number: int | None = None
    description: Annotated[str, Field(max_length=500)] = ""
    net: Amount
    tax_rate: Amount = Field("", description="Of a new line, in percent: one that the invoice has.")


Changes = Annotated[list[Change], Field(min_length=1, max_length=1_000)]


class Revise(In):
    """A revision: all its `lines` where they change, or what is already `paid`, or both."""

    comment: Annotated[str, Field(max_length=1_000)]
    paid: Amount | None = None
    lines: Changes | None = None
    after: int | None = Field(None, description="The revision that these are changes to; refused if there is a newer.")


class Credit(In):
    """A credit note; without `lines` of the whole invoice."""

    reason: Annotated[str, Field(max_length=500)]
    lines: Changes | None = None
    key: Key = ""


class AskFor(In):
    """An invoice for an amount, which adds to the client's balance once it is paid."""

    amount: Amount
    currency: Name = Field("", description="The client's by default.")
    key: Key


class Details(Out):
    """What invoices say of a client, as it was entered; empty where nothing was."""

    legal_name: str = ""
    address_line: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = Field("", description="Two letters such as DE (ISO 3166).")
    tax_id: str = ""
    email: str = ""
    language: str = Field("", description="Of documents: en, ru, es or de; the company's by default.")
    tax_rate: str = Field("", description="In percent; the company's by default.")
    tax_category: str = Field("", description="S, Z, E, AE or O (EN 16931); the company's by default.")
    version: str = Field(description="Tells these details from those of another time.")


Entry = Annotated[str, Field(max_length=200)]


class ChangedDetails(In):
    """Details of a client that change; what is not sent stays."""

    legal_name: Entry = ""
    address_line: Entry = ""
    city: Entry = ""
    postal_code: Entry = ""
    country: Entry = ""
    tax_id: Entry = ""
    email: Entry = ""
    language: Entry = ""
    tax_rate: Entry = ""
    tax_category: Entry = ""
    version: Entry = Field("", description="The details that these are changes to; refused if there are newer.")
