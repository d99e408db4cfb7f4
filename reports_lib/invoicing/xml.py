"""The document for programs: a Cross Industry Invoice after EN 16931, as Factur-X embeds it.

Written as text rather than through a library: half a millisecond each, and no other package to trust with
the figures. What the norm asks is in `tests/invoicing/test_standards.py`, where its own rules are run.

EN 16931 knows at most two decimals: a document in dinars (three) or the like has no XML, and its PDF says
all there is (`docs/design.md`). A draft has none, for it is not an invoice.
"""

from decimal import Decimal
from xml.sax.saxutils import quoteattr

from reports_lib.invoicing.document import Document, Line, TaxGroup, plain
from reports_lib.invoicing.element import day, tag, text
from reports_lib.invoicing.qr import is_iban
from reports_lib.invoicing.trade_party import buyer, seller
from reports_lib.values.money import round_half_up

PLACES = 2  # the most that EN 16931 knows (BR-DEC-…)
GUIDELINE = "urn:cen.eu:en16931:2017"
SPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
TYPES = {"invoice": "380", "credit_note": "381", "top_up": "386"}  # UNTDID 1001
CORRECTED = "384"
UNITS = {  # UN/ECE recommendation 20; what is not here is counted by the piece
    "s": "SEC",
    "min": "MIN",
    "h": "HUR",
    "day": "DAY",
    "month": "MON",
    "B": "AD",
    "kB": "2P",
    "MB": "4L",
    "GB": "E34",
    "TB": "E35",
}
PIECE = "C62"


def lacks(document: Document) -> list[str]:
    """What EN 16931 asks for and the facts do not say, in words; nothing where `xml` can be written."""
    categories = {group.category for group in document.taxes}
    is_outside = "O" in categories
    asked = {
        f"the currency {document.currency} has more than {PLACES} decimals": document.places <= PLACES,
        "a draft has no number": bool(document.account_number),
        "the supplier has no name": bool(document.supplier.called),
        "the supplier has no country": bool(document.supplier.country),
        "the supplier has no tax number": bool(document.supplier.tax_id) or is_outside,  # BR-S-02 and the like
        "the buyer has no name": bool(document.buyer.called),
        "the buyer has no country": bool(document.buyer.country),
        "the buyer has no tax number": bool(document.buyer.tax_id) or "AE" not in categories,  # BR-AE-02
        "a line has no description": all(line.description for line in document.lines),
    }
    return [fault for fault, is_there in asked.items() if not is_there]


def xml(document: Document, terms: str) -> bytes:
    """`document` as `factur-x.xml`; `terms` is its payment terms in words. Nothing must be lacking (`lacks`)."""
    spaces = "".join(f" xmlns:{prefix}={quoteattr(name)}" for prefix, name in SPACES.items())
    body = (
        tag(
            "rsm:ExchangedDocumentContext",
            tag("ram:GuidelineSpecifiedDocumentContextParameter", text("ram:ID", GUIDELINE)),
        ),
        _head(document),
        tag(
            "rsm:SupplyChainTradeTransaction",
            *(_line(document, line) for line in document.lines),
            _agreement(document),
            _delivery(document),
            _settlement(document, terms),
        ),
    )
    root = f"<rsm:CrossIndustryInvoice{spaces}>{''.join(body)}</rsm:CrossIndustryInvoice>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n'.encode()


def _head(document: Document) -> str:
    return tag(
        "rsm:ExchangedDocument",
        text("ram:ID", document.account_number),
        tag("ram:TypeCode", CORRECTED if document.revision and document.kind == "invoice" else TYPES[document.kind]),
        tag("ram:IssueDateTime", day(document.invoice_date)),
        *(tag("ram:IncludedNote", text("ram:Content", note)) for note in (document.note, document.comment) if note),
    )


def _line(document: Document, line: Line) -> str:
    turned = line.unit_price < 0  # a price is never negative (BR-27), a quantity may be
    quantity, price = (-line.quantity, -line.unit_price) if turned else (line.quantity, line.unit_price)
    group = next(group for group in document.taxes if group.rate == line.tax_rate)
    return tag(
        "ram:IncludedSupplyChainTradeLineItem",
        tag("ram:AssociatedDocumentLineDocument", tag("ram:LineID", str(line.number))),
        tag("ram:SpecifiedTradeProduct", text("ram:Name", line.description)),
        tag(
            "ram:SpecifiedLineTradeAgreement",
            tag("ram:NetPriceProductTradePrice", tag("ram:ChargeAmount", plain(price))),
        ),
        tag(
            "ram:SpecifiedLineTradeDelivery",
            tag("ram:BilledQuantity", plain(quantity), unitCode=UNITS.get(line.unit, PIECE)),
        ),
        tag(
            "ram:SpecifiedLineTradeSettlement",
            tag(
                "ram:ApplicableTradeTax",
                tag("ram:TypeCode", "VAT"),
                tag("ram:CategoryCode", group.category),
                _rate(group),
            ),
            tag(
                "ram:SpecifiedTradeSettlementLineMonetarySummation",
                tag("ram:LineTotalAmount", _money(document, line.net)),
            ),
        ),
    )


def _agreement(document: Document) -> str:
    is_outside = "O" in {group.category for group in document.taxes}  # BR-O-02: then no tax number is named
    return tag(
        "ram:ApplicableHeaderTradeAgreement",
        seller(document.supplier, is_outside=is_outside),
        buyer(document.buyer, is_outside=is_outside),
    )


def _delivery(document: Document) -> str:
    """The last day of what is billed: the schema asks for the element, the norm forbids an empty one."""
    last = document.period[1] if document.period else document.invoice_date
    event = tag("ram:ActualDeliverySupplyChainEvent", tag("ram:OccurrenceDateTime", day(last)))
    return tag("ram:ApplicableHeaderTradeDelivery", event)


def _settlement(document: Document, terms: str) -> str:
    return tag(
        "ram:ApplicableHeaderTradeSettlement",
        text("ram:PaymentReference", document.payment.reference),
        tag("ram:InvoiceCurrencyCode", document.currency),
        _means(document),
        *(_group(document, group) for group in document.taxes),
        _period(document),
        _terms(document, terms),
        _summation(document),
        _corrected(document),
    )


def _means(document: Document) -> str:
    supplier = document.supplier
    if not supplier.bank or document.kind == "credit_note":
        return ""
    is_iban_ = is_iban(supplier.bank)
    return tag(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        tag("ram:TypeCode", "58" if is_iban_ and document.currency == "EUR" else "30"),  # SEPA transfer, transfer
        tag(
            "ram:PayeePartyCreditorFinancialAccount",
            text("ram:IBANID" if is_iban_ else "ram:ProprietaryID", supplier.bank.replace(" ", "")),
        ),
        tag("ram:PayeeSpecifiedCreditorFinancialInstitution", text("ram:BICID", supplier.bic)) if supplier.bic else "",
    )


def _group(document: Document, group: TaxGroup) -> str:
    return tag(
        "ram:ApplicableTradeTax",
        tag("ram:CalculatedAmount", _money(document, group.tax)),
        tag("ram:TypeCode", "VAT"),
        text("ram:ExemptionReason", group.reason),
        tag("ram:BasisAmount", _money(document, group.net)),
        tag("ram:CategoryCode", group.category),
        _rate(group),
    )


def _rate(group: TaxGroup) -> str:
    return "" if group.category == "O" else tag("ram:RateApplicablePercent", plain(group.rate))  # BR-O-05


def _period(document: Document) -> str:
    if document.period is None:
        return ""
    first, last = document.period
    return tag("ram:BillingSpecifiedPeriod", tag("ram:StartDateTime", day(first)), tag("ram:EndDateTime", day(last)))


def _terms(document: Document, terms: str) -> str:
    due = "" if document.due_date is None else tag("ram:DueDateDateTime", day(document.due_date))
    said = text("ram:Description", terms)
    return tag("ram:SpecifiedTradePaymentTerms", said, due) if said or due else ""


def _summation(document: Document) -> str:
    paid = tag("ram:TotalPrepaidAmount", _money(document, document.paid)) if document.paid else ""
    return tag(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        tag("ram:LineTotalAmount", _money(document, document.net)),
        tag("ram:TaxBasisTotalAmount", _money(document, document.net)),
        tag("ram:TaxTotalAmount", _money(document, document.tax), currencyID=document.currency),
        tag("ram:GrandTotalAmount", _money(document, document.gross)),
        paid,
        tag("ram:DuePayableAmount", _money(document, document.gross - document.paid)),  # BR-CO-16: of this one alone
    )


def _corrected(document: Document) -> str:
    before = document.corrects or ((document.account_number, document.invoice_date) if document.revision else None)
    if before is None:
        return ""
    number, issued = before
    return tag(
        "ram:InvoiceReferencedDocument",
        text("ram:IssuerAssignedID", number),
        tag("ram:FormattedIssueDateTime", day(issued, "qdt")),
    )


def _money(document: Document, amount: Decimal) -> str:
    return f"{round_half_up(amount, document.places):f}"
