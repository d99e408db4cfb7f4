"""Links to reports: made for others, listed, ended."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import Audience, Link
from reports_lib.errors import ForbiddenError, UnknownNameError
from reports_lib.portal.api import models
from reports_lib.portal.api.bodies import MakeLink, Revoke
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import Number, installation_of, manifest_of
from reports_lib.portal.api.faults import refuse
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of
from reports_lib.portal.users.guesses import Guesses
from reports_lib.portal.view.pages import may_share
from reports_lib.portal.view.share import companies_of
from reports_lib.portal.view.sharing import Form, access, makers, revoke, share_link
from reports_lib.portal.view.views import Counter
from reports_lib.runs.installation import Installation
from reports_lib.snapshots import links as kept
from reports_lib.snapshots.links import TOKEN
from reports_lib.snapshots.manifest import Manifest


def list_links(request: Request, run: Number) -> models.Links:
    """The links to the report of a run, ended ones too, in the order they were made."""
    installation, manifest = installation_of(request), _own(request, run)
    views: Counter = request.app.state.views
    views.write()  # the list is exact
    with Session(installation.database) as session:
        found = kept.links_of(session, manifest.id)
        who = makers(session, found, visitor_of(request))
    return models.Links(links=[_told(installation, each, who[each.token]) for each in found])


def make_link(request: Request, run: Number, body: MakeLink) -> models.Link:
    """Make a link to the report of a run, for those whom it names."""
    installation, visitor, manifest = installation_of(request), visitor_of(request), _own(request, run)
    form = Form(body.audience, body.company, ",".join(body.readers), body.until, body.sure)
    companies, faults = companies_of(installation, visitor), dict[str, str]()
    with Session(installation.database) as session, session.begin():
        given = access(session, form, visitor, companies, ZoneInfo(manifest.time_zone), faults)
        refuse(faults)
        assert given is not None
        token = share_link(session, manifest.id, by=visitor.name, at=datetime.now(UTC), access=given)
        return _told(installation, session.get_one(Link, token), visitor.name)


def revoke_link(request: Request, body: Revoke) -> None:
    """End a link to a report of the own companies: it opens nothing from then on."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session, session.begin():
        link = session.get(Link, body.token) if TOKEN.fullmatch(body.token) else None
        if link is None or not visitor.owns(link.snapshot.company):  # which of the two it is, nobody learns
            guesses: Guesses = request.app.state.guesses
            guesses.failed(request)
            raise UnknownNameError(_("This link is unknown or no longer valid."))
        revoke(session, link.snapshot_id, body.token, visitor.name, datetime.now(UTC))


def _own(request: Request, run: int) -> Manifest:
    manifest = manifest_of(request, run)
    if not may_share(visitor_of(request), manifest):
        raise ForbiddenError(_("This report is another company's; only users of that company make links to it."))
    return manifest


def _told(installation: Installation, link: Link, maker: str) -> models.Link:
    now = datetime.now(UTC)
    return models.Link(
        token=link.token,
        url=installation.link(link.token),
        audience=Audience(link.audience),
        company=link.company,
        readers=list(link.readers),
        made_by=maker,
        made_at=link.made_at,
        expires_at=link.expires_at,
        revoked_at=link.revoked_at,
        is_open=link.revoked_at is None and (link.expires_at is None or link.expires_at > now),
        views=link.views,
        viewed_at=link.viewed_at,
    )


CALLS = (
    Call("GET", "/runs/{run}/links", list_links, Right.SHARE, models.Links, refusals=(404, 409, 410)),
    Call("POST", "/runs/{run}/links", make_link, Right.SHARE, models.Link, 201, (404, 409, 410)),
    Call("POST", "/links/revoke", revoke_link, Right.SHARE, None, 204, (404,)),
)
