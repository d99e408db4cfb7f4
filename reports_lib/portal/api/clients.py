"""Clients: what one owes, what invoices say of it, and asking it for an amount."""

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import BillingDetails
from reports_lib.errors import ParameterError
from reports_lib.invoicing import details
from reports_lib.invoicing.document import plain
from reports_lib.portal.api import invoice_models as models
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import Number, installation_of
from reports_lib.portal.api.invoices import get_invoice
from reports_lib.portal.invoices import balance
from reports_lib.portal.invoices.clients import client_of
from reports_lib.portal.invoices.common import amount_of, now
from reports_lib.portal.page import visitor_of


def get_balance(request: Request, client: Number) -> models.Balance:
    """What a client owes, and what an invoice to it lacks."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        found = client_of(installation, session, visitor, client, now())
        owes = {code: plain(amount) for code, amount in balance.balances(session, client, visitor).items()}
    return models.Balance(client=client, name=found.name, company=found.company, owes=owes, missing=found.missing)


def ask_client(request: Request, client: Number, body: models.AskFor) -> models.WholeBill:
    """Make an invoice for an amount; refused with all details that are missing."""
    if not body.key.strip():
        raise ParameterError("key: is empty")
    made = balance.make(request, client, amount_of(body.amount, "amount"), body.currency, body.key.strip())
    return get_invoice(request, made)


def get_details(request: Request, client: Number) -> models.Details:
    """What was entered of a client for its invoices; where a text is empty, what the warehouse knows counts."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        client_of(installation, session, visitor, client, now())
        return _details(details.get(session, client))


def change_details(request: Request, client: Number, body: models.ChangedDetails) -> models.Details:
    """Change what is sent, and nothing else; an empty text takes one away."""
    installation, visitor = installation_of(request), visitor_of(request)
    given = body.model_dump(exclude_unset=True)
    after = given.pop("version", None)
    with Session(installation.database) as session, session.begin():
        client_of(installation, session, visitor, client, now())
        return _details(details.put(session, client, given, visitor.name, now(), after))


def _details(kept: BillingDetails | None) -> models.Details:
    texts = {name: getattr(kept, name) or "" for name in details.TEXTS} if kept else {}
    rate, category = (kept.tax_rate, kept.tax_category or "") if kept else (None, "")
    return models.Details(
        **texts,
        tax_rate="" if rate is None else plain(rate),
        tax_category=category,
        version=details.version(kept),
    )


CALLS = (
    Call("GET", "/clients/{client}/balance", get_balance, Right.READ, models.Balance, refusals=(404,)),
    Call("GET", "/clients/{client}/details", get_details, Right.READ, models.Details, refusals=(404,)),
    Call("PATCH", "/clients/{client}/details", change_details, Right.INVOICE, models.Details, 200, (404, 409)),
    Call("POST", "/clients/{client}/invoices", ask_client, Right.INVOICE, models.WholeBill, 201, (404, 409)),
)
