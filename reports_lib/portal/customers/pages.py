"""The list of customers (MS-02 to MS-11) and the card of one (MS-13 to MS-18).

What customers told is personal: whoever may change it sees it, and nobody else. A search stands in the address of
the list, as in all lists; no page of ours tells another site where a browser comes from (`page._referrer`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import Request, Response

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError, WarehouseError
from reports_lib.portal.ask import options
from reports_lib.portal.customers.address import ListAddress
from reports_lib.portal.customers.listing import Page, listed, reading
from reports_lib.portal.customers.one import reports, show
from reports_lib.portal.customers.words import FILTERS, STATUSES, country_name, network_name
from reports_lib.portal.invoices.common import zone_of
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.route import Route
from reports_lib.portal.told import told


def customers(request: Request) -> Response:
    """`GET /customers`: a page of the list as the address says; 422 where something in it cannot be read."""
    installation, visitor = installation_of(request), visitor_of(request)
    asked = ListAddress.read(request.query_params, zone_of(request))
    found, idle = Page((), {}), ""
    try:
        with reading(installation, visitor, datetime.now(UTC)) as warehouse:
            found = listed(warehouse, asked)
            if not found.rows and not asked.is_narrowed and warehouse.is_empty("client_profile"):
                idle = _("There is nothing to report on yet: no data in {tables}").format(tables="client_profile")
    except WarehouseError as problem:  # without such tables this place is not in use (MS-01)
        idle = told(problem)
    return page(
        request,
        "customers.html.j2",
        ParameterError.http_status if asked.faults else 200,
        asked=asked,
        found=found,
        idle=idle,
        statuses={"": _("All")} | {status: _(word) for status, word in STATUSES.items()},
        labels={name: _(label) for name, label in FILTERS.items()},
        countries={} if idle else _picked(request, "country"),
        networks={} if idle else _picked(request, "network"),
        zone=zone_of(request),
        reports=reports(request),
    )


def customer(request: Request, customer_id: int) -> Response:
    """`GET /customers/{id}`: the card: what he told, and what was changed of it."""
    return show(request, customer_id)


def _picked(request: Request, lookup: str) -> Mapping[str, str]:
    """What the filter offers: all that there is, in words, in their order."""
    words = country_name if lookup == "country" else network_name
    named = {option.value: words(option.value) for option in options.offered(request, lookup)}
    return dict(sorted(named.items(), key=lambda each: each[1].casefold()))


ROUTES = (
    Route("/customers", customers, Right.OPERATE),
    Route("/customers/{customer_id:int}", customer, Right.OPERATE),
)
