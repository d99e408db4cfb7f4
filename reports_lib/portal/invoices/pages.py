"""The list of invoices (TW-34 to TW-40, TW-51 to TW-53) and the page of one."""

from collections.abc import Mapping

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError
from reports_lib.invoicing.listing import Category, Listing
from reports_lib.portal.invoices.address import ListAddress
from reports_lib.portal.invoices.common import installation_of, money, zone_of
from reports_lib.portal.invoices.one import show
from reports_lib.portal.invoices.rows import Can, Row
from reports_lib.portal.language import _, ngettext
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.route import Route


def invoices(request: Request) -> Response:
    """`GET /invoices`: a page of the list as the address says; 422 where something in it cannot be read."""
    visitor, zone = visitor_of(request), zone_of(request)
    asked = ListAddress.read(request.query_params, zone)
    listing = Listing(visitor, asked.wanted)
    with Session(installation_of(request).database) as session:
        found = listing.page(session, before=asked.before, after=asked.after)
        counts = listing.counts(session)
        rows = [Row(each, Can.of(each, visitor), zone) for each in found.invoices]
    return page(
        request,
        "invoices.html.j2",
        ParameterError.http_status if asked.faults else 200,
        asked=asked,
        rows=rows,
        found=found,
        counts=counts,
        shown=counts[asked.wanted.category],
        categories=_categories(),
        zone=zone,
        money=money,
        may_invoice=visitor.may(Right.INVOICE),
        done=_done(request.query_params),
    )


def invoice(request: Request, invoice_id: int) -> Response:
    """`GET /invoices/{id}`: what it says, what was paid, its revisions, and what can be done with it."""
    return show(request, invoice_id)


def _categories() -> Mapping[Category, str]:
    """What the category buttons say."""
    return {
        Category.ALL: _("All"),
        Category.DRAFT: _("Drafts"),
        Category.UNPAID: _("Unpaid"),
        Category.PAID: _("Paid"),
        Category.VOID: _("Discarded"),
    }


def _done(query: Mapping[str, str]) -> str:
    """What was just done with invoices of the list."""
    count = query.get("count", "")
    if query.get("done") == "paid" and count.isascii() and count.isdecimal() and len(count) < 6:
        return ngettext("{count} invoice is paid.", "{count} invoices are paid.", int(count))
    return _("The draft is discarded.") if query.get("done") == "discarded" else ""


ROUTES = (
    Route("/invoices", invoices, Right.READ),
    Route("/invoices/{invoice_id:int}", invoice, Right.READ),
)
