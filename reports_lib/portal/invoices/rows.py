"""The rows of the list (TW-36 to TW-40): what it says of each invoice, and what can be done with it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Invoice
from reports_lib.database.schema.invoices import InvoiceKind, InvoiceState
from reports_lib.invoicing.account import owed
from reports_lib.invoicing.document import Document
from reports_lib.portal import language
from reports_lib.portal.invoices.words import SHAPES, Standing, called, kind_word, standing, standing_word
from reports_lib.portal.language import _


@dataclass(frozen=True)
class Can:
    """What the visitor may do with an invoice as it is now; the rooms below refuse what is not so."""

    record: bool = False
    release: bool = False
    discard: bool = False
    unrecord: bool = False
    send: bool = False
    pay: bool = False
    credit: bool = False
    revise: bool = False

    @classmethod
    def of(cls, invoice: Invoice, visitor: Visitor) -> Self:
        """The actions on that invoice."""
        if not visitor.may(Right.INVOICE) or invoice.state == InvoiceState.VOID:
            return cls()
        if invoice.state == InvoiceState.DRAFT:
            is_held = bool(invoice.held) and invoice.released_at is None
            return cls(record=not is_held, release=is_held, discard=True)
        is_note = invoice.kind == InvoiceKind.CREDIT_NOTE
        is_paid_top_up = invoice.kind == InvoiceKind.TOP_UP and invoice.paid > 0
        is_bound = is_note or is_paid_top_up or invoice.sent_at or invoice.revision or invoice.credited
        return cls(
            unrecord=not is_bound,
            send=invoice.sent_at is None,
            pay=owed(invoice) > 0,
            credit=not is_note and not is_paid_top_up and invoice.total > invoice.credited,
            revise=not is_note,
        )


@dataclass(frozen=True)
class Row:
    """One row."""

    invoice: Invoice
    can: Can
    zone: ZoneInfo

    @property
    def url(self) -> str:
        """Its page."""
        return f"/invoices/{self.invoice.id}"

    @property
    def document_url(self) -> str:
        """The PDF of its latest revision (TW-41)."""
        return f"{self.url}/document"

    @property
    def called(self) -> str:
        """Its account number (TW-36)."""
        return called(self.invoice)

    @property
    def kind(self) -> str:
        """What sort of document it is."""
        return kind_word(self.invoice.kind)

    @property
    def file_name(self) -> str:
        """What its PDF is called (TW-37)."""
        return self.invoice.file_name or _("draft-{number}.pdf").format(number=self.invoice.id)

    @property
    def standing(self) -> Standing:
        """Where it is."""
        return standing(self.invoice)

    @property
    def word(self) -> str:
        """The same in a word."""
        return standing_word(self.standing)

    @property
    def shape(self) -> str:
        """The shape of its badge."""
        return SHAPES[self.standing]

    @property
    def owing(self) -> Decimal:
        """What is still to be paid."""
        return owed(self.invoice)

    @property
    def is_late(self) -> bool:
        """Whether it should have been paid by now."""
        due = self.invoice.due_date
        return self.owing > 0 and due is not None and due < datetime.now(UTC).astimezone(self.zone).date()

    @property
    def period(self) -> str:
        """The days that it is for (TW-39); a dash where it is for none."""
        if self.invoice.period_start is None or self.invoice.period_end is None:
            return "–"
        return spell(self.days)

    @property
    def days(self) -> tuple[date, date]:
        """First and last day, as its document has them."""
        found = Document.parse(self.invoice.facts.encode()).period
        if found is not None:
            return found
        assert self.invoice.period_start is not None
        assert self.invoice.period_end is not None
        last = self.invoice.period_end - timedelta(microseconds=1)
        return self.invoice.period_start.astimezone(self.zone).date(), last.astimezone(self.zone).date()


def spell(days: tuple[date, date]) -> str:
    """`October 2026`, or `1 Oct 2026 to 20 Oct 2026` where it is not a whole month."""
    first, last = days
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and (first.year, first.month) == (last.year, last.month):
        return str(format_skeleton("yMMMM", first, locale=language.current().locale))
    return _("{start} to {end}").format(start=language.day(days[0]), end=language.day(days[1]))
