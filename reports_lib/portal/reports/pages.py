"""The list of reports (TW-15 to TW-33): what was made, is being made and failed, newest first."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.reports.address import ListAddress
from reports_lib.portal.reports.rows import Rows, families_of
from reports_lib.portal.route import Route
from reports_lib.runs.installation import Installation
from reports_lib.runs.listing import Category, Listing


def reports(request: Request) -> Response:
    """`GET /`: a page of the list as the address says; 422 where something in it cannot be read."""
    installation: Installation = request.app.state.installation
    visitor, zone = visitor_of(request), ZoneInfo(installation.workspace.time_zone)
    asked = ListAddress.read(request.query_params, zone)
    families = families_of(installation.workspace)
    listing = Listing(visitor, asked.wanted, {name: about.title for name, about in families.items()})
    with Session(installation.database) as session:
        found = listing.page(session, before=asked.before, after=asked.after)
        counts = listing.counts(session)
        made = Rows.of(session, found.runs, visitor, families)
        rows = [made.row(run) for run in found.runs]
    return page(
        request,
        "reports.html.j2",
        ParameterError.http_status if asked.faults else 200,
        asked=asked,
        rows=rows,
        found=found,
        counts=counts,
        shown=counts[asked.wanted.category],
        categories=_categories(),
        zone=zone,
        can_ask=visitor.may(Right.ASK),
        is_live=counts[Category.GENERATING] > 0,
        done=_done().get(request.query_params.get("done", ""), ""),
    )


def _categories() -> Mapping[Category, str]:
    """What the category buttons say."""
    return {
        Category.ALL: _("All"),
        Category.GENERATED: _("Generated"),
        Category.GENERATING: _("Generating"),
        Category.ERROR: _("Error"),
    }


def _done() -> Mapping[str, str]:
    """What was just done with a report of the list."""
    return {
        "deleted": _("The report was deleted."),
        "cancelled": _("The run was cancelled."),
        "regenerated": _("The report is being made again."),
    }


ROUTES = (Route("/", reports, Right.READ),)
