"""The pages: one function an address, request in, response out."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.portal.page import page
from reports_lib.portal.route import Route
from reports_lib.portal.run_words import Line
from reports_lib.portal.words import Download, Family, downloads, facts
from reports_lib.rendering.formats import Format
from reports_lib.runs.export import export
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import standings, unfinished
from reports_lib.snapshots import index, links
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import open_snapshot

# A sealed report may show pictures and styles it carries itself, and nothing else; it runs in an
# origin of its own, so that it could reach neither cookies nor pages of ours even with a script.
SEALED = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
}
SHOWN = 200  # newest reports and runs on the list


def home(request: Request) -> Response:
    """`GET /`: what was made, is being made and failed, newest first, and the families that can be asked for."""
    installation: Installation = request.app.state.installation
    families = [Family.of(installation.workspace, name) for name in installation.workspace.families()]
    with Session(installation.database) as session:
        lines = [*_reports(session), *_runs(session, {family.name: family.title for family in families})]
    lines.sort(key=lambda line: line.at, reverse=True)
    return page(
        request,
        "home.html.j2",
        lines=lines[:SHOWN],
        families=families,
        is_live=any(line.is_in_the_making for line in lines),
    )


def view(request: Request, id: str = "") -> Response:  # the address says `id`
    """`GET /view?id=<token>`: a finished report as it was made, in a frame that says where it comes from.

    With `&as=<format>`: one of its files. No query runs and no notebook starts.
    """
    installation: Installation = request.app.state.installation
    form = request.query_params.get("as", "")
    with Session(installation.database) as session, session.begin():
        snapshot_id = links.open_link(session, id, datetime.now(UTC), links.Viewer.local())
    manifest = open_snapshot(installation.store, snapshot_id)
    if form:
        return _file(installation, manifest, Format.parse(form))
    return page(
        request,
        "view.html.j2",
        title=manifest.title,
        facts=facts(manifest),
        files=downloads(manifest, id),
        address=Download.address(id, Format.HTML),
    )


def _reports(session: Session) -> list[Line]:
    found = index.recent(session, limit=SHOWN)
    tokens = links.open_to(session, [row.id for row in found], datetime.now(UTC), links.Viewer.local())
    return [Line.of_report(row, tokens[row.id]) for row in found if row.id in tokens]


def _runs(session: Session, titles: Mapping[str, str]) -> list[Line]:
    found = unfinished(session, SHOWN)
    how_far = standings(session, [run.id for run in found])
    return [Line.of_run(run, how_far[run.id], titles) for run in found]


def _file(installation: Installation, manifest: Manifest, form: Format) -> Response:
    file = export(installation.store, manifest, form)
    headers = {} if form is Format.HTML else {"Content-Disposition": f'attachment; filename="{file.filename}"'}
    return Response(file.data, media_type=file.mime, headers=SEALED | headers)


ROUTES = (
    Route("/", home, Right.READ),
    Route("/view", view, None),
)
