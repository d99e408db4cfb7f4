"""The balance of a client: what it owes, what moved it, and an invoice for an amount (TW-54 to TW-58)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema.invoices import AccountEntry, BillingDetails, Invoice, InvoicePayment
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import details
from reports_lib.invoicing.advance import Advance, ask
from reports_lib.portal.invoices.clients import Found, client_of, search
from reports_lib.portal.invoices.common import amount_of, installation_of, money, new_key, now, zone_of
from reports_lib.portal.invoices.one import NOTHING, Entered
from reports_lib.portal.invoices.words import ENTRIES
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.reports.address import plain_of
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.runs.rights import strangers
from reports_lib.portal.told import told

SHOWN = 100  # movements
LONGEST = 100  # letters of a search
FIELDS = (*details.TEXTS, "tax_rate", "tax_category")


@dataclass(frozen=True)
class Moved:
    """A movement of the account."""

    entry: AccountEntry
    invoice: Invoice | None
    payment: InvoicePayment | None
    who: str  # "" if that is for his own company only

    @property
    def word(self) -> str:
        """What it is."""
        return _(ENTRIES[self.entry.kind])


def balance(request: Request) -> Response:
    """`GET /account-balance`: clients that are looked for, or one client's balance, movements and details."""
    query = request.query_params
    if text := query.get("client", ""):
        return _client(request, _number(text))
    words, visitor = plain_of(query.get("q", ""))[:LONGEST], visitor_of(request)
    found: Sequence[Found] = search(installation_of(request), visitor, words, now()) if words else ()
    return page(
        request, "balances.html.j2", words=words, found=found, creates=query.get("create") == "1",
    )  # fmt: skip


def create(request: Request) -> Response:
    """`POST /account-balance/invoice`: an invoice for an amount; refused with all details that are missing (TW-58)."""
    texts = {name: str(value) for name, value in kept(request).items()}
    client_id = _number(texts.get("client", ""))
    try:
        amount = amount_of(texts.get("amount", ""), _("Amount"))
        made = make(request, client_id, amount, texts.get("currency", ""), texts.get("key", "")[:200] or new_key())
    except (StateError, ParameterError) as problem:
        return _client(request, client_id, problem.http_status, Entered("invoice", told(problem), texts))
    return RedirectResponse(f"/invoices/{made}?done=created", 303)


def make(request: Request, client_id: int, amount: Decimal, currency: str, key: str) -> int:
    """Make the invoice, and return its id; for programs as well. Raises as `advance.ask`, `UnknownNameError`."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session, session.begin():
        client = client_of(installation, session, visitor, client_id, now())
        if client.is_gone:
            raise StateError(_("This client is deleted; nothing is asked of it any more."))
        if client.missing:  # said here in the language of the answer; whoever comes by another way is told as well
            said = _("An invoice needs more details; please fill in {details}.")
            raise ParameterError(said.format(details=", ".join(_(each) for each in client.missing)))
        code = _currency(currency or client.currency, client.currencies)
        wanted = Advance(client.issuer, client.buyer, amount, code, f"portal:{key}")
        return ask(session, installation.workspace, wanted, visitor.name, now()).id


def enter(request: Request) -> Response:
    """`POST /account-balance/details`: what invoices say of the client, wherever something is typed.

    Refused if somebody else changed it since the form was filled in; what was typed stays in the form.
    """
    sent, visitor, installation = kept(request), visitor_of(request), installation_of(request)
    texts = {name: str(value) for name, value in sent.items()}
    client_id = _number(texts.get("client", ""))
    given = {name: texts[name] for name in FIELDS if name in texts}
    try:
        with Session(installation.database) as session, session.begin():
            client_of(installation, session, visitor, client_id, now())
            details.put(session, client_id, given, visitor.name, now(), texts.get("after"))
    except (StateError, ParameterError) as problem:
        return _client(request, client_id, problem.http_status, Entered("details", told(problem), texts))
    return RedirectResponse(f"/account-balance?client={client_id}&done=details#invoice", 303)


def _client(request: Request, client_id: int, status: int = 200, entered: Entered = NOTHING) -> Response:
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        client = client_of(installation, session, visitor, client_id, now())
        entry = details.get(session, client_id)
        return page(
            request,
            "balance.html.j2",
            status,
            client=client,
            balances=balances(session, client_id, visitor),
            moved=_moved(session, client_id, visitor),
            known=_known(entry),
            version=details.version(entry),
            missing=client.missing,
            entered=entered,
            money=money,
            zone=zone_of(request),
            key=new_key(),
            languages_of_documents=details.LANGUAGES,
            categories=_categories(),
            may_invoice=visitor.may(Right.INVOICE),
            done=_("The details are kept.") if request.query_params.get("done") == "details" else "",
        )


def balances(session: Session, client_id: int, visitor: Visitor) -> dict[str, Decimal]:
    """What the client owes to the visitor's companies, by currency; below 0 it is credit."""
    query = select(AccountEntry.currency, func.sum(AccountEntry.amount)).where(AccountEntry.client_id == client_id)
    found = query.where(_is_seen(visitor)).group_by(AccountEntry.currency).order_by(AccountEntry.currency)
    return {row[0]: row[1] for row in session.execute(found)}


def _is_seen(visitor: Visitor) -> ColumnElement[bool]:
    """Movements caused by invoices and payments of the visitor's companies."""
    invoices = select(Invoice.id).where(visitor.sees(Invoice.company))
    payments = select(InvoicePayment.id).where(visitor.sees(InvoicePayment.company))
    return AccountEntry.invoice_id.in_(invoices) | AccountEntry.payment_id.in_(payments)


def _moved(session: Session, client_id: int, visitor: Visitor) -> list[Moved]:
    query = (
        select(AccountEntry, Invoice, InvoicePayment)
        .outerjoin(Invoice, Invoice.id == AccountEntry.invoice_id)
        .outerjoin(InvoicePayment, InvoicePayment.id == AccountEntry.payment_id)
        .where(AccountEntry.client_id == client_id, _is_seen(visitor))
        .order_by(AccountEntry.posted_at.desc(), AccountEntry.id.desc())
        .limit(SHOWN)
    )
    rows = [(row[0], row[1], row[2]) for row in session.execute(query)]
    hidden = strangers(session, {entry.by for entry, _invoice, _payment in rows}, visitor)
    return [Moved(entry, invoice, paid, "" if entry.by in hidden else entry.by) for entry, invoice, paid in rows]


def _known(kept: BillingDetails | None) -> Mapping[str, str]:
    """What the fields of the form show: what was entered; beside it stands what the warehouse says."""
    found = {name: getattr(kept, name) or "" for name in details.TEXTS} if kept else {}
    rate = kept.tax_rate if kept else None
    category = (kept.tax_category or "") if kept else ""
    return found | {"tax_rate": "" if rate is None else f"{rate.normalize():f}", "tax_category": category}


def _categories() -> Mapping[str, str]:
    return {
        "S": _("Standard"),
        "Z": _("Zero rate"),
        "E": _("Exempt"),
        "AE": _("Reverse charge"),
        "O": _("Outside the scope of tax"),
    }


def _currency(text: str, known: frozenset[str]) -> str:
    code = text.strip().upper()
    if code not in known:
        raise ParameterError(_("“{text}” is not a currency code such as EUR.").format(text=text[:20]))
    return code


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise UnknownNameError(_("There is no client of that number."))


ROUTES = (
    Route("/account-balance", balance, Right.READ),
    Route("/account-balance/invoice", create, Right.INVOICE, WRITES),
    Route("/account-balance/details", enter, Right.INVOICE, WRITES),
)
