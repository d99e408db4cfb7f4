"""What invoices are called: their states, kinds, and how far they are paid."""

from enum import StrEnum

from reports_lib.database.schema import Invoice
from reports_lib.database.schema.invoices import InvoiceKind, InvoiceState
from reports_lib.invoicing.account import owed
from reports_lib.portal.language import N_, _

ZERO = 0


class Standing(StrEnum):
    """Where an invoice is as people see it; the states of payment are those of a recorded one (CD-14)."""

    DRAFT = "draft"
    HELD = "held"
    UNPAID = "unpaid"
    PARTLY = "partly"
    PAID = "paid"
    CREDITED = "credited"
    NOTE = "note"
    VOID = "void"


STANDINGS = {
    Standing.DRAFT: N_("Draft"),
    Standing.HELD: N_("Held"),
    Standing.UNPAID: N_("Unpaid"),
    Standing.PARTLY: N_("Partly paid"),
    Standing.PAID: N_("Paid"),
    Standing.CREDITED: N_("Credited"),
    Standing.NOTE: N_("Recorded"),
    Standing.VOID: N_("Discarded"),
}
KINDS = {
    InvoiceKind.MONTHLY: N_("Monthly invoice"),
    InvoiceKind.TOP_UP: N_("Top-up"),
    InvoiceKind.CREDIT_NOTE: N_("Credit note"),
    InvoiceKind.OTHER: N_("Invoice"),
}
METHODS = {
    "transfer": N_("Bank transfer"),
    "card": N_("Card"),
    "cash": N_("Cash"),
    "wallet": N_("Wallet"),
    "store": N_("App store"),
    "other": N_("Other"),
    "top_up": N_("Credit of a top-up"),
}
ENTRIES = {
    "invoice": N_("Invoice"),
    "unrecord": N_("Made a draft again"),
    "revision": N_("Revision"),
    "credit_note": N_("Credit note"),
    "payment": N_("Payment"),
    "top_up": N_("Top-up added"),
    "cancellation": N_("Payment cancelled"),
}
SHAPES = {  # of the badge
    Standing.DRAFT: "queued",
    Standing.HELD: "error",
    Standing.UNPAID: "owed",
    Standing.PARTLY: "partly",
    Standing.PAID: "generated",
    Standing.CREDITED: "generated",
    Standing.NOTE: "generated",
    Standing.VOID: "cancelled",
}


LACKS = (  # what `details.missing` says
    N_("name of the company"),
    N_("address line of the company"),
    N_("city of the company"),
    N_("postal code of the company"),
    N_("country of the company"),
    N_("tax id of the company"),
    N_("bank account of the company"),
    N_("name of the client"),
    N_("address line of the client"),
    N_("city of the client"),
    N_("postal code of the client"),
    N_("country of the client"),
)


def standing(invoice: Invoice) -> Standing:
    """Where an invoice is."""
    if invoice.state == InvoiceState.VOID:
        return Standing.VOID
    if invoice.state == InvoiceState.DRAFT:
        return Standing.HELD if invoice.held and invoice.released_at is None else Standing.DRAFT
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return Standing.NOTE
    if owed(invoice) > ZERO:
        return Standing.PARTLY if invoice.paid or invoice.credited else Standing.UNPAID
    return Standing.CREDITED if invoice.credited >= invoice.total > ZERO else Standing.PAID


def standing_word(found: Standing) -> str:
    """Its word."""
    return _(STANDINGS[found])


def kind_word(kind: str) -> str:
    """What sort of document it is."""
    return _(KINDS[InvoiceKind(kind)])


def called(invoice: Invoice) -> str:
    """Its number, or what a draft without one is called."""
    return invoice.account_number or _("Draft {number}").format(number=invoice.id)
