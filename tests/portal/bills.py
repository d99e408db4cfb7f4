"""Invoices as a company has them after some months: drafts, held ones, paid, owed, corrected and revised."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from sqlalchemy.orm import Session

from reports_lib.database.schema import Invoice
from reports_lib.invoicing import correct, draft, pay, record, revise
from reports_lib.invoicing.document import Document, Line
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.revise import Person
from reports_lib.invoicing.totals import due, totals
from reports_lib.runs.installation import Installation
from tests.invoicing.samples import BUYER, SUPPLIER, document, line

ANN = Person("ann", "Ann Petrova", "ann@example.com")
BEGUN = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
COMPANY = {  # a company of the warehouse that lacks nothing
    "currency": "EUR", "legal_name": "Northwind Telecom GmbH", "address_line": "Invalidenstraße 34",
    "city": "Berlin", "postal_code": "10115", "country": "DE", "tax_id": "DE136695976",
    "bank_details": "DE89370400440532013000 COBADEFFXXX",
}  # fmt: skip

_number = count(1)


@dataclass(frozen=True)
class Bills:
    """What makes invoices of one company for one client; each call is a transaction of its own."""

    installation: Installation
    company: str = "1"
    client: int = 1
    name: str = "Meyer & Söhne OHG"
    series: str = "NW-"
    by: str = "ann"

    def document(self, *lines: Line, **changes: object) -> Document:
        """The document of a draft."""
        plain = {"account_number": "", "draft": True, "made_at": BEGUN}
        made = document(lines, **plain | changes) if lines else document(**plain | changes)
        return replace(
            made,
            supplier=replace(SUPPLIER, account=self.company),
            buyer=replace(BUYER, name=self.name, account=str(self.client)),
        )

    def draft(self, *lines: Line, key: str = "", month: str | None = "2026-10", **more: object) -> int:
        """A draft; returns its id."""
        order_of = ("held", "evidence", "period")
        order = {name: more.pop(name) for name in order_of if name in more}
        period = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)) if month else None
        key = key or f"key {self.company} {next(_number)}"
        at = BEGUN + timedelta(minutes=next(_number))
        with Session(self.installation.database) as session, session.begin():
            made = draft.make(
                session, self.document(*lines, **more), Order(key, self.series, month, **{"period": period} | order),
                self.by, at,
            )  # fmt: skip
            return made.id

    def recorded(self, *lines: Line, **more: object) -> int:
        """A recorded invoice; returns its id."""
        made = self.draft(*lines, **more)
        return self.do(record.record, made)

    def do(self, what, invoice_id: int, **more: object) -> int:
        """Do something with an invoice as the pages do; returns the id of what comes back."""
        with Session(self.installation.database) as session, session.begin():
            found = what(session, invoice_id, self.by, datetime.now(UTC), **more)
            return found.id

    def pay(self, amounts: Mapping[int, str], **more: object) -> int:
        """One payment; returns its id."""
        at = datetime(2026, 11, 5, 10, 30, tzinfo=UTC)
        receipt = pay.Receipt(at, **{"method": "transfer", "reference": "SEPA 77-1"} | more)
        with Session(self.installation.database) as session, session.begin():
            sums = {each: Decimal(amount) for each, amount in amounts.items()}
            return pay.pay(session, sums, receipt, self.by, datetime.now(UTC)).id

    def credit(self, invoice_id: int, reason: str = "Charged twice", lines: list[Line] | None = None) -> int:
        """A credit note, of the whole if of no lines; returns its id."""
        with Session(self.installation.database) as session, session.begin():
            return correct.credit_note(session, invoice_id, lines, reason, self.by, datetime.now(UTC)).id

    def revise(self, invoice_id: int, comment: str, *lines: Line, paid: str = "") -> None:
        """A revision."""
        with Session(self.installation.database) as session, session.begin():
            revise.revise(
                session, invoice_id, comment=comment, by=replace(ANN, name=self.by), now=datetime.now(UTC),
                lines=lines or None, paid=Decimal(paid) if paid else None,
            )  # fmt: skip

    def top_up(self, amount: str) -> int:
        """A recorded invoice for an amount."""
        asked = line(1, amount, description="Top-up", kind="top_up", tax_rate=Decimal(0), service_id=None)
        sums = totals([asked], 2, {Decimal(0): ("E", "Payment in advance")})
        made = replace(
            self.document(), kind="top_up", lines=sums.lines, taxes=sums.taxes, net=sums.net, tax=sums.tax,
            gross=sums.gross, due=due("top_up", sums.gross, Decimal(0), Decimal(0)), period=None,
        )  # fmt: skip
        with Session(self.installation.database) as session, session.begin():
            key = f"top-up of {self.company} {next(_number)}"
            return record.record(
                session, draft.make(session, made, Order(key, self.series), self.by, BEGUN).id, self.by, BEGUN
            ).id

    def get(self, invoice_id: int) -> Invoice:
        """Its row, as it is now."""
        with Session(self.installation.database) as session:
            return session.get_one(Invoice, invoice_id)


def furnish_bills(installation: Installation) -> dict[str, str]:
    """Invoices in every state; the addresses of their pages by name."""
    bills = Bills(installation)
    others = [
        replace(bills, client=2, name="Иванова и партнёры"),
        replace(bills, client=3, name="عميل الشبكة"),
        replace(bills, client=4, name="Lighthouse Hospitality Services and Consulting Ltd. of Northumberland"),
    ]
    owed = [each.recorded(due_date=date(2026, 11, 14 + number)) for number, each in enumerate(others)]
    paid = bills.recorded(line(1, "420", description="Team 500 GB", kind="package"), key="monthly:1:2026-09:EUR")
    bills.pay({paid: "499.80"})
    partly = bills.recorded(line(1, "1200", description="Calls to Germany", quantity=Decimal(48000), unit="min"))
    bills.pay({partly: "500"})
    bills.credit(others[0].recorded(line(1, "19.99")))
    bills.pay({bills.top_up("250"): "250"}, reference="Card 4711")
    bills.do(draft.discard, others[1].draft(line(1, "5")))
    changed = replace(bills, client=5, name="Zürich Rück")
    ours = changed.recorded()
    bills.do(record.sent, ours)
    bills.revise(ours, "The client paid 100 before the invoice was ready", paid="100")
    bills.revise(ours, "Roaming of 3 October is not charged", line(1, "80", description="Calls to mobile networks"))
    held = others[0].draft(held=["3 calls of 2026-10-14 have no line", "no CDRs on 2026-10-22"])
    others[2].draft(line(1, "77.10"), line(2, "12"))
    return {
        "invoices": "/invoices",
        "invoice": f"/invoices/{ours}",
        "invoice-held": f"/invoices/{held}",
        "invoice-partly": f"/invoices/{partly}",
        "invoices-pay": f"/invoices/pay?id={owed[0]}&id={partly}",
        "balances": "/account-balance?q=e",
        "balance": "/account-balance?client=1",
    }
