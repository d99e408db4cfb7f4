"""The viewer: a finished report as it was made, where it comes from, and what can be done with it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.errors import SettingError, UnknownNameError
from reports_lib.portal.grafana import pages as grafana
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.route import Route
from reports_lib.portal.view.follow import Followed, follow
from reports_lib.portal.view.quick import sealed, wanted
from reports_lib.portal.view.related import Related, related
from reports_lib.portal.view.shelf import File, Opened, Page, Shelf
from reports_lib.portal.view.views import Counter
from reports_lib.portal.view.words import downloads, facts, view_url
from reports_lib.portal.wording import wording
from reports_lib.rendering.formats import Format
from reports_lib.runs.export import export
from reports_lib.runs.installation import Installation
from reports_lib.snapshots import index, links
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import open_file

NO_STORE = "private, no-store"


def view(request: Request, id: str = "") -> Response:  # the address says `id`
    """`GET /view?id=<token>`: a finished report as it was made, in a frame that says where it comes from.

    With `&as=<format>`: one of its files. No query runs and no notebook starts.
    """
    followed = follow(request, id)
    query = request.query_params
    form = query.get("as", "")
    answer = _file(request, followed, Format.parse(form)) if form else _page(request, followed)
    if request.method == "GET" and query.get("frame") != "1":
        views: Counter = request.app.state.views
        views.seen(id, datetime.now(UTC))
    return answer


@dataclass(frozen=True)
class Newer:
    """The report that stands in place of this one."""

    url: str
    made_at: datetime


def _page(request: Request, followed: Followed) -> Response:
    installation: Installation = request.app.state.installation
    manifest, token, visitor = followed.manifest, followed.grant.token, visitor_of(request)
    again = related(installation.workspace, manifest.family) if visitor.may(Right.ASK) else []
    can_ask = visitor.may(Right.ASK) and manifest.family in installation.workspace.families()
    answer = page(
        request,
        "view.html.j2",
        title=manifest.title,
        facts=facts(manifest, visitor, wording(installation.workspace, manifest.family).said),
        files=downloads(manifest, token),
        address=f"{view_url(token)}&as=html&frame=1",
        plain_url=f"{view_url(token)}&as=html",
        chart_url=_chart_url(installation, manifest, token, visitor) if manifest.tables else "",
        ask_url=_ask_url(manifest.family, token) if can_ask else "",
        grafana_url=grafana.address(manifest.family, visitor) if can_ask else "",
        related=[Related(_ask_url(each.family, token), each.title) for each in again],
        newer=_newer(installation, manifest, visitor),
        share_url=f"/view/share?{urlencode({'id': token})}" if may_share(visitor, manifest) else "",
    )
    _remember(request, followed, answer)
    return answer


def may_share(visitor: Visitor, manifest: Manifest) -> bool:
    """Whether the visitor may make and revoke links of this report: it is of a company of his."""
    return visitor.may(Right.SHARE) and visitor.owns(manifest.generated_by.company)


def _chart_url(installation: Installation, manifest: Manifest, token: str, visitor: Visitor) -> str:
    """Where its charts are; it opens with the one that the saved query names, if it was made by one (Q-14)."""
    asked = {"id": token}
    with suppress(UnknownNameError, SettingError):
        saved = query_shelf.found(installation.workspace, visitor, manifest.family, manifest.set_name or "")
        asked |= {"chart": saved.query.chart} if saved.query.chart else {}
    return f"/view/chart?{urlencode(asked)}"


def _newer(installation: Installation, manifest: Manifest, visitor: Visitor) -> Newer | None:
    """The newest version that the visitor may see by his company: by a link he is shown this report only (G-13)."""
    if not visitor.may(Right.READ):
        return None
    with Session(installation.database) as session:
        found = index.newer(session, manifest.id, visitor)
        tokens = links.open_to(session, [found.id], datetime.now(UTC), visitor) if found else {}
        return Newer(view_url(tokens[found.id]), found.generated_at) if found and found.id in tokens else None


def _ask_url(family: str, token: str) -> str:
    return f"/ask/{family}?{urlencode({'from_link': token})}"


def _file(request: Request, followed: Followed, form: Format) -> Response:
    installation: Installation = request.app.state.installation
    shelf: Shelf = request.app.state.shelf
    manifest, store = followed.manifest, installation.store
    ref = manifest.files.get(str(form))
    if ref is None:  # made now, of what is sealed
        made = export(store, manifest, form)
        file = File(made.data, None, manifest.id[:24] + str(form))
        return _sent(request, file, made.mime, made.filename)
    file = shelf.file(ref.name, ref.mime, lambda: open_file(store, manifest, str(form)))
    if form is Format.HTML:
        _remember(request, followed)
        return _sent(request, file, ref.mime)
    return _sent(request, file, ref.mime, ref.filename)


def _sent(request: Request, file: File, mime: str, filename: str = "") -> Response:
    """The file, as the short way would send it; with a name it is taken away and not shown."""
    answer = sealed(file, mime, wanted(request.headers.raw))
    response = Response(answer.body, answer.status)
    response.raw_headers = [*answer.headers, *(h for h in response.raw_headers if answer.status == 200)]
    if filename:
        response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _remember(request: Request, followed: Followed, answer: Response | None = None) -> None:
    """Put what was found on the shelf, unless something has changed since it was asked for."""
    shelf: Shelf = request.app.state.shelf
    era: int | None = request.scope.get("daybook.era")
    ref = followed.manifest.files.get(str(Format.HTML))
    want = wanted(request.headers.raw)
    if era is None or ref is None or want.has_token:
        return
    visitor = visitor_of(request)
    shelf.remember(era, want.asker, visitor, Opened(followed.grant, ref.name, ref.mime))
    if answer is not None:
        headers = [(name, value) for name, value in answer.raw_headers if name != b"content-length"]
        headers.append((b"cache-control", NO_STORE.encode()))
        kept = Page(tuple(headers), bytes(answer.body))
        shelf.remember_page(era, want.asker, request.scope["query_string"], visitor, kept)


ROUTES = (Route("/view", view, None),)
