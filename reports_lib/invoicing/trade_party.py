"""Supplier and buyer as EN 16931 names them, their numbers each in the place that its kind has."""

from collections.abc import Iterator

from reports_lib.invoicing.document import Party
from reports_lib.invoicing.element import tag, text

PREFIXES = {"GR": "EL", "GB": "XI"}  # of VAT numbers, where it is not the country: Greece, Northern Ireland


def seller(party: Party, *, is_outside: bool) -> str:
    """The supplier; `is_outside` the scope of VAT no VAT number is named (BR-O-02)."""
    scheme = "VA" if _is_vat(party) and not is_outside else "FC"
    return tag("ram:SellerTradeParty", *_party(party, registered="", tax_id=_tax_id(party, scheme)))


def buyer(party: Party, *, is_outside: bool) -> str:
    """The buyer; a number that is none for VAT is the one by which he is registered."""
    is_vat = _is_vat(party) and not is_outside
    registered = "" if is_vat else text("ram:ID", party.tax_id)
    return tag(
        "ram:BuyerTradeParty", *_party(party, registered=registered, tax_id=_tax_id(party, "VA") if is_vat else "")
    )


def _party(party: Party, *, registered: str, tax_id: str) -> Iterator[str]:
    yield text("ram:ID", party.account)
    yield text("ram:Name", party.called)
    trading = text("ram:TradingBusinessName", party.name) if party.name != party.called else ""
    if registered or trading:
        yield tag("ram:SpecifiedLegalOrganization", registered, trading)
    yield tag(
        "ram:PostalTradeAddress",
        text("ram:PostcodeCode", party.postal_code),
        text("ram:LineOne", party.address_line),
        text("ram:CityName", party.city),
        text("ram:CountryID", party.country),
    )
    if party.email:
        yield tag("ram:URIUniversalCommunication", text("ram:URIID", party.email, schemeID="EM"))
    yield tax_id


def _tax_id(party: Party, scheme: str) -> str:
    number = text("ram:ID", party.tax_id, schemeID=scheme)
    return tag("ram:SpecifiedTaxRegistration", number) if number else ""


def _is_vat(party: Party) -> bool:
    """Whether the tax number is one for VAT: it begins with its country (BR-CO-09)."""
    return bool(party.country) and party.tax_id[:2] in {party.country, PREFIXES.get(party.country)}
