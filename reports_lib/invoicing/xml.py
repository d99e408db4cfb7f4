"""The document for programs: a Cross Industry Invoice after EN 16931, as Factur-X embeds it.

Written as text rather than through a library: half a millisecond each, and no other package to trust with
the figures. What the norm asks is in `tests/invoicing/test_standards.py`, where its own rules are run.

EN 16931 knows at most two decimals: a document in dinars (three) or the like has no XML, and its PDF says
all there is (`docs/design.md`). A draft has none, for it is not an invoice.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from reports_lib.invoicing.document import Document, Line, Party, TaxGroup, plain
from reports_lib.invoicing.qr import is_iban
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
        _tag("rsm:ExchangedDocumentContext", _tag("ram:GuidelineSpecifiedDocumentContextParameter", _id(GUIDELINE))),
        _head(document),
        _tag(
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
    return _tag(
        "rsm:ExchangedDocument",
        _id(document.account_number),
        _tag("ram:TypeCode", CORRECTED if document.revision and document.kind == "invoice" else TYPES[document.kind]),
        _tag("ram:IssueDateTime", _day(document.invoice_date)),
        *(_tag("ram:IncludedNote", _text("ram:Content", note)) for note in (document.note, document.comment) if note),
    )


def _line(document: Document, line: Line) -> str:
    turned = line.unit_price < 0  # a price is never negative (BR-27), a quantity may be
    quantity, price = (-line.quantity, -line.unit_price) if turned else (line.quantity, line.unit_price)
    group = next(group for group in document.taxes if group.rate == line.tax_rate)
    return _tag(
        "ram:IncludedSupplyChainTradeLineItem",
        _tag("ram:AssociatedDocumentLineDocument", _tag("ram:LineID", str(line.number))),
        _tag("ram:SpecifiedTradeProduct", _text("ram:Name", line.description)),
        _tag(
            "ram:SpecifiedLineTradeAgreement",
            _tag("ram:NetPriceProductTradePrice", _tag("ram:ChargeAmount", plain(price))),
        ),
        _tag(
            "ram:SpecifiedLineTradeDelivery",
            _tag("ram:BilledQuantity", plain(quantity), unitCode=UNITS.get(line.unit, PIECE)),
        ),
        _tag(
            "ram:SpecifiedLineTradeSettlement",
            _tag(
                "ram:ApplicableTradeTax",
                _tag("ram:TypeCode", "VAT"),
                _tag("ram:CategoryCode", group.category),
                _rate(group),
            ),
            _tag(
                "ram:SpecifiedTradeSettlementLineMonetarySummation",
                _tag("ram:LineTotalAmount", _money(document, line.net)),
            ),
        ),
    )


def _agreement(document: Document) -> str:
    is_outside = "O" in {group.category for group in document.taxes}  # BR-O-02: then no tax number is named
    return _tag(
        "ram:ApplicableHeaderTradeAgreement",
        _tag("ram:SellerTradeParty", *_party(document.supplier, is_seller=True, is_outside=is_outside)),
        _tag("ram:BuyerTradeParty", *_party(document.buyer, is_seller=False, is_outside=is_outside)),
    )


def _party(party: Party, *, is_seller: bool, is_outside: bool) -> Iterator[str]:
    is_vat = _is_vat(party) and not is_outside
    yield _text("ram:ID", party.account)
    yield _text("ram:Name", party.called)
    registered = "" if is_seller or is_vat else _text("ram:ID", party.tax_id)
    trading = _text("ram:TradingBusinessName", party.name) if party.name not in {"", party.called} else ""
    if registered or trading:
        yield _tag("ram:SpecifiedLegalOrganization", registered, trading)
    yield _tag(
        "ram:PostalTradeAddress",
        _text("ram:PostcodeCode", party.postal_code),
        _text("ram:LineOne", party.address_line),
        _text("ram:CityName", party.city),
        _text("ram:CountryID", party.country),
    )
    if party.email:
        yield _tag("ram:URIUniversalCommunication", _tag("ram:URIID", escape(party.email), schemeID="EM"))
    if party.tax_id and (is_vat or is_seller):
        number = _tag("ram:ID", escape(party.tax_id), schemeID="VA" if is_vat else "FC")
        yield _tag("ram:SpecifiedTaxRegistration", number)


def _is_vat(party: Party) -> bool:
    """Whether the tax number is one for VAT: it begins with the country (BR-CO-09), in Greece with EL."""
    return party.tax_id[:2] in {party.country or "--", {"GR": "EL", "GB": "XI"}.get(party.country, "--")}


def _delivery(document: Document) -> str:
    """The last day of what is billed: the schema asks for the element, the norm forbids an empty one."""
    day = document.period[1] if document.period else document.invoice_date
    event = _tag("ram:ActualDeliverySupplyChainEvent", _tag("ram:OccurrenceDateTime", _day(day)))
    return _tag("ram:ApplicableHeaderTradeDelivery", event)


def _settlement(document: Document, terms: str) -> str:
    return _tag(
        "ram:ApplicableHeaderTradeSettlement",
        _text("ram:PaymentReference", document.payment.reference),
        _tag("ram:InvoiceCurrencyCode", document.currency),
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
    return _tag(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        _tag("ram:TypeCode", "58" if is_iban_ and document.currency == "EUR" else "30"),  # SEPA transfer, transfer
        _tag(
            "ram:PayeePartyCreditorFinancialAccount",
            _text("ram:IBANID" if is_iban_ else "ram:ProprietaryID", supplier.bank.replace(" ", "")),
        ),
        _tag("ram:PayeeSpecifiedCreditorFinancialInstitution", _text("ram:BICID", supplier.bic))
        if supplier.bic
        else "",
    )


def _group(document: Document, group: TaxGroup) -> str:
    return _tag(
        "ram:ApplicableTradeTax",
        _tag("ram:CalculatedAmount", _money(document, group.tax)),
        _tag("ram:TypeCode", "VAT"),
        _text("ram:ExemptionReason", group.reason),
        _tag("ram:BasisAmount", _money(document, group.net)),
        _tag("ram:CategoryCode", group.category),
        _rate(group),
    )


def _rate(group: TaxGroup) -> str:
    return "" if group.category == "O" else _tag("ram:RateApplicablePercent", plain(group.rate))  # BR-O-05


def _period(document: Document) -> str:
    if document.period is None:
        return ""
    first, last = document.period
    return _tag(
        "ram:BillingSpecifiedPeriod", _tag("ram:StartDateTime", _day(first)), _tag("ram:EndDateTime", _day(last))
    )


def _terms(document: Document, terms: str) -> str:
    due = "" if document.due_date is None else _tag("ram:DueDateDateTime", _day(document.due_date))
    said = _text("ram:Description", terms)
    return _tag("ram:SpecifiedTradePaymentTerms", said, due) if said or due else ""


def _summation(document: Document) -> str:
    paid = _tag("ram:TotalPrepaidAmount", _money(document, document.paid)) if document.paid else ""
    return _tag(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        _tag("ram:LineTotalAmount", _money(document, document.net)),
        _tag("ram:TaxBasisTotalAmount", _money(document, document.net)),
        _tag("ram:TaxTotalAmount", _money(document, document.tax), currencyID=document.currency),
        _tag("ram:GrandTotalAmount", _money(document, document.gross)),
        paid,
        _tag("ram:DuePayableAmount", _money(document, document.gross - document.paid)),  # BR-CO-16: of this one alone
    )


def _corrected(document: Document) -> str:
    before = document.corrects or ((document.account_number, document.invoice_date) if document.revision else None)
    if before is None:
        return ""
    number, issued = before
    when = _tag("qdt:DateTimeString", f"{issued:%Y%m%d}", format="102")
    return _tag(
        "ram:InvoiceReferencedDocument",
        _text("ram:IssuerAssignedID", number),
        _tag("ram:FormattedIssueDateTime", when),
    )


def _money(document: Document, amount: Decimal) -> str:
    return f"{round_half_up(amount, document.places):f}"


def _day(day: date) -> str:
    return _tag("udt:DateTimeString", f"{day:%Y%m%d}", format="102")


def _id(text: str) -> str:
    return _text("ram:ID", text)


def _text(name: str, text: str) -> str:
    """An element that holds `text`, or nothing where there is none: the norm forbids empty elements."""
    return _tag(name, escape(text)) if text else ""


def _tag(name: str, *content: str, **attributes: str) -> str:
    said = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{said}>{''.join(content)}</{name}>"
