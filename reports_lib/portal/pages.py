"""The pages: one function an address, request in, response out."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.route import Route
from reports_lib.portal.run_words import Line
from reports_lib.portal.words import Family
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import standings, unfinished
from reports_lib.snapshots import index, links

SHOWN = 200  # newest reports and runs on the list


def home(request: Request) -> Response:
    """`GET /`: what was made, is being made and failed, newest first, and the families that can be asked for."""
    installation: Installation = request.app.state.installation
    families = [Family.of(installation.workspace, name) for name in installation.workspace.families()]
    with Session(installation.database) as session:
        lines = [
            *_reports(session, visitor_of(request)),
            *_runs(session, {family.name: family.title for family in families}),
        ]
    lines.sort(key=lambda line: line.at, reverse=True)
    return page(
        request,
        "home.html.j2",
        lines=lines[:SHOWN],
        families=families,
        is_live=any(line.is_in_the_making for line in lines),
    )


def _reports(session: Session, visitor: Visitor) -> list[Line]:
    found = index.recent(session, limit=SHOWN)
    tokens = links.open_to(session, [row.id for row in found], datetime.now(UTC), visitor)
    return [Line.of_report(row, tokens[row.id]) for row in found if row.id in tokens]


def _runs(session: Session, titles: Mapping[str, str]) -> list[Line]:
    found = unfinished(session, SHOWN)
    how_far = standings(session, [run.id for run in found])
    return [Line.of_run(run, how_far[run.id], titles) for run in found]


ROUTES = (Route("/", home, Right.READ),)
