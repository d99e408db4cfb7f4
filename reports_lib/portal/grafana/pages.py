"""Where the dashboard of a family is handed out (TW-86, TW-122, TW-133).

The file holds questions and no figures: who may ask for reports may have it. The questions of a company's user are
about his company and those below it, so that a dashboard shows him what a report would; what may be read at all is
decided by the database user of Grafana's data source.
"""

from fastapi import Request, Response

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.grafana import FAMILIES
from reports_lib.portal.page import installation_of, visitor_of
from reports_lib.portal.route import Route
from reports_lib.warehouse.scope import Scope


def address(family: str, visitor: Visitor) -> str:
    """Where the dashboard of a family is; empty if there is none, or none for the visitor."""
    return f"/grafana/{family}.json" if family in FAMILIES and visitor.may(Right.ASK) else ""


def dashboard(request: Request, family: str) -> Response:
    """`GET /grafana/{family}.json`: the file to import in Grafana."""
    from reports_lib.grafana.dashboard import Dashboard  # it reads all metrics of its families

    visitor = visitor_of(request)
    scope = Scope(visitor.company, visitor.companies)
    made = Dashboard.of(installation_of(request).workspace, family, scope)
    headers = {"Content-Disposition": f'attachment; filename="{made.file}"'}
    return Response(made.text(), media_type="application/json", headers=headers)


ROUTES = (Route("/grafana/{family}.json", dashboard, Right.ASK),)
