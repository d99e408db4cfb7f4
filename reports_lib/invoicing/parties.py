"""Who invoices whom: companies and clients as the warehouse has them, and what billing staff entered laid over.

A client's details come from `billing_details`, else from its registration (`client_profile`), else it has but
its name. `bank_details` of a company is free text: an IBAN in it is found, and a BIC beside it; other accounts
stay the text they are.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import BillingDetails
from reports_lib.errors import UnknownNameError
from reports_lib.invoicing.details import laid_over
from reports_lib.invoicing.document import Party
from reports_lib.invoicing.qr import is_iban
from reports_lib.runs.installation import Installation

if TYPE_CHECKING:  # half a second, for workers that have nothing to invoice
    from reports_lib.warehouse.connection import Warehouse

IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{1,4}){3,8}\b")
BIC = re.compile(r"\b[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Issuer:
    """A company that invoices: as a party, its currency, and the zone of its clocks, "" if it does not say."""

    party: Party
    currency: str
    time_zone: str


@dataclass(frozen=True)
class Buyer:
    """A client as a party, with the language and taxes that were entered for it."""

    party: Party
    details: BillingDetails | None


def issuers(installation: Installation, as_of: datetime) -> dict[str, Issuer]:
    """Every company, by its id. Raises `WarehouseError` and `DatabaseError`."""
    from reports_lib.warehouse.connection import connect

    with connect(installation.warehouse, as_of=as_of) as warehouse:
        return issuers_in(warehouse)


def issuers_in(warehouse: "Warehouse") -> dict[str, Issuer]:
    """The companies of an open warehouse."""
    rows = warehouse.table("company").to_pyarrow().to_pylist()
    return {str(row["company_id"]): _issuer(row) for row in sorted(rows, key=lambda row: row["company_id"])}


def issuer(installation: Installation, as_of: datetime, company: str) -> Issuer:
    """One company; raises `UnknownNameError` if there is none of that id, and as `issuers`."""
    found = issuers(installation, as_of)
    if company not in found:
        raise UnknownNameError(f"there is no company {company[:40]!r}")
    return found[company]


def buyers(installation: Installation, session: Session, as_of: datetime, clients: Collection[int]) -> dict[int, Buyer]:
    """These clients, by id; one that the warehouse lacks is left out. Raises as `issuers`."""
    from reports_lib.warehouse.connection import connect

    with connect(installation.warehouse, as_of=as_of) as warehouse:
        return buyers_in(warehouse, session, clients)


def buyers_in(warehouse: "Warehouse", session: Session, clients: Collection[int]) -> dict[int, Buyer]:
    """These clients of an open warehouse."""
    names = _rows(warehouse, "client", clients, ("client_id", "name"))
    profiles = _rows(warehouse, "client_profile", clients, ("client_id", "email", "address", "city", "country"))
    query = select(BillingDetails).where(BillingDetails.client_id.in_(list(clients)))
    kept = {each.client_id: each for each in session.scalars(query)}
    return {
        client: Buyer(laid_over(_client(row, profiles.get(client, {})), kept.get(client)), kept.get(client))
        for client, row in names.items()
    }


def _rows(warehouse: "Warehouse", name: str, clients: Collection[int], columns: tuple[str, ...]) -> dict[int, Row]:
    table = warehouse.table(name).select(*columns)
    if len(clients) < 1_000:  # else it is quicker to read all of them
        table = table.filter(table.client_id.isin(sorted(clients)))
    return {row["client_id"]: row for row in table.to_pyarrow().to_pylist() if row["client_id"] in clients}


def _issuer(row: Row) -> Issuer:
    names = ("name", "legal_name", "address_line", "city", "postal_code", "country", "tax_id")
    bank, bic = _bank(row["bank_details"] or "")
    texts = {name: row[name] or "" for name in names}
    party = Party(**texts, bank=bank, bic=bic, account=str(row["company_id"]))
    return Issuer(party, row["currency"], row["timezone"] or "")


def _client(row: Row, profile: Row) -> Party:
    texts = {"email": "email", "address_line": "address", "city": "city", "country": "country"}
    known = {field: profile.get(column) or "" for field, column in texts.items()}
    return Party(row["name"], **known, account=str(row["client_id"]))


def _bank(text: str) -> tuple[str, str]:
    """IBAN and BIC; where there is no IBAN the whole text, as it is."""
    for found in IBAN.finditer(text):
        groups = found[0].split()
        for count in range(len(groups), 0, -1):  # words that follow may look like more of it
            iban = "".join(groups[:count])
            if is_iban(iban):
                bic = BIC.search(text.replace(" ".join(groups[:count]), " "))
                return iban, bic[0] if bic else ""
    return " ".join(text.split()), ""
