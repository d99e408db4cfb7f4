"""Sharing a report: links for others made, shown again and revoked (JD-72, Q-11).

Whoever may share has the reports of his own company and of those below it to share. A report that he
sees by a link of others is theirs to pass on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Audience, Link
from reports_lib.errors import DaybookError, ForbiddenError, ParameterError, StateError
from reports_lib.portal.language import _, moment, ngettext
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.route import READS, WRITES, Route
from reports_lib.portal.runs.rights import shown
from reports_lib.portal.view.follow import Followed, follow, opened
from reports_lib.portal.view.pages import may_share
from reports_lib.portal.view.sharing import Form, access, makers, revoke, share_link
from reports_lib.portal.view.views import Counter
from reports_lib.portal.view.words import view_url
from reports_lib.runs.installation import Installation
from reports_lib.snapshots import links
from reports_lib.snapshots.links import Access
from reports_lib.snapshots.manifest import Manifest
from reports_lib.warehouse.companies import named

ENDED = 20  # links that are over, on the list


@dataclass(frozen=True)
class Shown:
    """One link as the list shows it."""

    token: str
    url: str
    audience: str
    about: str
    is_open: bool
    is_own: bool  # the one by which the report is looked at now

    @classmethod
    def of(cls, link: Link, url: str, zone: ZoneInfo, names: dict[str, str], maker: str, own: str) -> Self:
        """The link, at this moment."""
        now = datetime.now(UTC)
        is_over = link.expires_at is not None and link.expires_at <= now
        ended = ""
        if link.revoked_at:
            ended = _("revoked {when}").format(when=moment(link.revoked_at, zone))
        elif link.expires_at:
            said = _("ended {when}") if is_over else _("until {when}")
            ended = said.format(when=moment(link.expires_at, zone))
        made = _("made by {name}, {when}").format(name=maker, when=moment(link.made_at, zone))
        last = _("last {when}").format(when=moment(link.viewed_at, zone)) if link.viewed_at else ""
        views = ngettext("{count} view", "{count} views", link.views)
        return cls(
            token=link.token,
            url=url,
            audience=_audience(link, names),
            about=" · ".join(filter(None, [made, ended, views, last])),
            is_open=link.revoked_at is None and not is_over,
            is_own=link.token == own,
        )


def share(request: Request, id: str = "") -> Response:  # the address says `id`
    """`GET /view/share?id=<token>`: the report's links, and a form for another."""
    return _drawn(request, _own(request, id), None, {})


def make(request: Request, id: str = "") -> Response:  # the address says `id`
    """`POST /view/share?id=<token>`: make a link for those whom the form names, or say what is wrong with it."""
    followed, visitor, installation = _own(request, id), visitor_of(request), installation_of(request)
    form = Form.sent(posted(request))
    faults: dict[str, str] = {}
    with Session(installation.database) as session, session.begin():
        zone = ZoneInfo(followed.manifest.time_zone)
        companies = companies_of(installation, visitor)
        given = access(session, form, visitor, companies, zone, faults)
        if given:
            share_link(session, followed.manifest.id, by=visitor.name, at=datetime.now(UTC), access=given)
    if faults:
        return _drawn(request, followed, form, faults, ParameterError.http_status)
    return RedirectResponse(f"/view/share?{urlencode({'id': id, 'made': 1})}", 303)


def end(request: Request, id: str = "") -> Response:  # the address says `id`
    """`POST /view/revoke?id=<token>`: end the link that the body names; it opens nothing from then on."""
    followed, visitor, installation = _own(request, id), visitor_of(request), installation_of(request)
    token = str(posted(request).get("link", ""))
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        revoke(session, followed.manifest.id, token, visitor.name, now)
        session.flush()
        others = links.open_to(session, [followed.manifest.id], now, visitor)
    left = id if token != id else others.get(followed.manifest.id, "")
    return RedirectResponse(f"/view/share?{urlencode({'id': left, 'revoked': 1})}" if left else "/", 303)


def open_again(request: Request, run_id: int) -> Response:
    """`POST /runs/{id}/link`: open a report to which no link is open, by one for the visitor alone."""
    visitor, installation, now = visitor_of(request), installation_of(request), datetime.now(UTC)
    with Session(installation.database) as session:
        snapshot = shown(session, run_id, visitor).snapshot_id
    if snapshot is None:
        raise StateError(_("There is no report."))
    if not may_share(visitor, opened(installation.store, snapshot)):
        raise ForbiddenError(_("This report is another company's; only users of that company make links to it."))
    with Session(installation.database) as session, session.begin():
        token = links.open_to(session, [snapshot], now, visitor).get(snapshot)
        alone = Access(Audience.NAMED, readers=[visitor.name])
        token = token or share_link(session, snapshot, by=visitor.name, at=now, access=alone)
    return RedirectResponse(view_url(token), 303)


def _drawn(
    request: Request, followed: Followed, form: Form | None, faults: dict[str, str], status: int = 200
) -> Response:
    """The page with the form as it was filled in, if it was."""
    installation, visitor, manifest = installation_of(request), visitor_of(request), followed.manifest
    views: Counter = request.app.state.views
    views.write()  # the list is exact
    companies = companies_of(installation, visitor)
    with Session(installation.database) as session:
        found = links.links_of(session, manifest.id)[::-1]
        who = makers(session, found, visitor)
    zone, until = ZoneInfo(manifest.time_zone), manifest.retained_until
    own = followed.grant.token
    rows = [Shown.of(each, installation.link(each.token), zone, companies, who[each.token], own) for each in found]
    ended = [each for each in rows if not each.is_open]
    return page(
        request,
        "share.html.j2",
        status,
        title=manifest.title,
        token=followed.grant.token,
        zone=manifest.time_zone,
        until=until and until.astimezone(zone).date(),
        own=next(each for each in rows if each.is_own),
        links=[*(each for each in rows if each.is_open), *ended[:ENDED]],
        form=form or Form(_usual(manifest, companies)),
        faults=faults,
        companies=companies,
        may_publish=visitor.may(Right.PUBLISH),
        is_made="made" in request.query_params,
        is_revoked="revoked" in request.query_params,
    )


def _usual(manifest: Manifest, companies: Mapping[str, str]) -> Audience:
    """For whom another link mostly is: what is of people is not for all, unless somebody says so (Q-11)."""
    if manifest.retained_until is None:
        return Audience.ANY_USER
    return Audience.COMPANY if companies else Audience.NAMED


def _own(request: Request, token: str) -> Followed:
    """The report of the link, if it is of a company of the visitor's."""
    followed = follow(request, token)
    if not may_share(visitor_of(request), followed.manifest):
        raise ForbiddenError(_("This report is another company's; only users of that company make links to it."))
    return followed


def companies_of(installation: Installation, visitor: Visitor) -> dict[str, str]:
    """The visitor's companies and what they are called; as far as is known while the warehouse is away."""
    try:
        return {number: name for number, name in named(installation.warehouse).items() if visitor.owns(number)}
    except DaybookError:
        return {number: number for number in sorted(visitor.companies)}


def _audience(link: Link, names: dict[str, str]) -> str:
    match link.audience:
        case Audience.COMPANY:
            if not link.company:
                return _("Users of the whole group")
            return _("Users of {company}").format(company=names.get(link.company, link.company))
        case Audience.NAMED:
            return ", ".join(link.readers)
        case Audience.PUBLIC:
            return _("Whoever has the link")
    return _("Any signed-in user")


ROUTES = (
    Route("/view/share", share, Right.SHARE, READS),
    Route("/view/share", make, Right.SHARE, WRITES),
    Route("/view/revoke", end, Right.SHARE, WRITES),
    Route("/runs/{run_id:int}/link", open_again, Right.SHARE, WRITES),
)
