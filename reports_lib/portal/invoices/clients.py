"""Clients of the warehouse, of the visitor's companies: found by number or name, and what invoices say of one."""

from dataclasses import dataclass
from datetime import datetime

import ibis.expr.types as ir
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.errors import UnknownNameError
from reports_lib.invoicing.details import missing
from reports_lib.invoicing.parties import Buyer, Issuer, buyers_in, issuers_in
from reports_lib.portal.language import _
from reports_lib.runs.installation import Installation

MOST = 20  # clients that are offered


@dataclass(frozen=True)
class Client:
    """A client as the warehouse has it."""

    id: int
    name: str
    company: str  # who invoices it, an id of the warehouse
    currency: str
    issuer: Issuer
    buyer: Buyer
    currencies: frozenset[str]  # that there are
    is_gone: bool = False  # deleted, and not invoiced any more

    @property
    def missing(self) -> list[str]:
        """What an invoice to it lacks (TW-58)."""
        return missing(self.issuer.party, self.buyer.party)


@dataclass(frozen=True)
class Found:
    """A client that was looked for."""

    id: int
    name: str
    company: str


def client_of(installation: Installation, session: Session, visitor: Visitor, client_id: int, now: datetime) -> Client:
    """The client; raises `UnknownNameError` if there is none of that number in the visitor's companies."""
    with installation.opened(now, visitor.company) as warehouse:
        table = warehouse.table("client")
        rows = table.filter(table.client_id == client_id).select(
            "client_id", "name", "company_id", "currency", "deleted_at"
        )
        (row,) = rows.to_pyarrow().to_pylist() or (None,)
        if row is None or not visitor.owns(str(row["company_id"])):
            raise UnknownNameError(_("There is no client of that number."))
        company = str(row["company_id"])
        issuer, buyer = issuers_in(warehouse)[company], buyers_in(warehouse, session, [client_id])[client_id]
        codes = frozenset(warehouse.table("currency").select("code").to_pyarrow()["code"].to_pylist())
        name, is_gone = row["name"] or str(client_id), row["deleted_at"] is not None
        return Client(client_id, name, company, row["currency"], issuer, buyer, codes, is_gone)


def search(installation: Installation, visitor: Visitor, words: str, now: datetime) -> list[Found]:
    """Clients whose number is `words`, or whose name holds them; at most `MOST`."""
    with installation.opened(now, visitor.company) as warehouse:
        table, companies = warehouse.table("client"), warehouse.table("company")
        names = companies.select("company_id", company=companies.name)
        found = table.filter(_is_like(table, words)).inner_join(names, "company_id")
        rows = found.select("client_id", "name", "company").order_by(["name", "client_id"]).limit(MOST)
        return [Found(row["client_id"], row["name"] or "", row["company"]) for row in rows.to_pyarrow().to_pylist()]


def _is_like(table: ir.Table, words: str) -> ir.BooleanValue:
    named = table.name.lower().contains(words.lower())
    return (
        named | (table.client_id == int(words)) if words.isascii() and words.isdecimal() and len(words) < 19 else named
    )
