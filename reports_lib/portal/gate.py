"""Who asks, and whether he may: looked at before any page is made.

A browser shows a cookie, a program a token. Whatever changes something must come by POST, and from a
browser it must come from a page of ours: modern browsers say so themselves (`Sec-Fetch-Site`), older
ones by `Origin`. A program's token is no cookie, so no foreign page can send it.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts import sign_in
from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import NOBODY, Visitor
from reports_lib.database.schema import Account
from reports_lib.errors import ForbiddenError, SignInError
from reports_lib.portal import language
from reports_lib.portal.route import READS, Route
from reports_lib.runs.installation import Installation

LANGUAGE = "language"  # a cookie, for whoever is not signed in


def check(request: Request, route: Route) -> None:
    """Find out who asks, and in which language; raises `SignInError` or `ForbiddenError` if he may not."""
    visitor = _visitor(request)
    request.state.visitor = visitor
    language.use(language_of(request))
    if request.method not in READS and not visitor.via_token:
        _from_a_page_of_ours(request)
    if route.right is None or visitor.may(route.right):
        return
    if not visitor.is_signed_in:
        raise SignInError(language._("Sign in to see this."))
    raise ForbiddenError(language._("Your role does not allow this."))


def language_of(request: Request) -> str:
    """The language to answer in: asked for in the address, the user's, the browser's."""
    known = getattr(request.state, "visitor", NOBODY).language
    wanted = request.query_params.get("lang", ""), known, request.cookies.get(LANGUAGE, "")
    return language.choose(*wanted, accepted=request.headers.get("accept-language", ""))


def cookie_name(request: Request) -> str:
    """What the cookie of a signed-in browser is called: bound to this host where the way here is encrypted."""
    return "__Host-sid" if is_encrypted(request) else "sid"


def is_encrypted(request: Request) -> bool:
    """Whether browsers reach us by https, here or at a proxy before us."""
    installation: Installation = request.app.state.installation
    return installation.url.startswith("https://")


def visitor_from(account: Account, installation: Installation, *, via_token: bool = False) -> Visitor:
    """The account as one who asks, with all companies that he stands above."""
    companies: frozenset[str] = frozenset()
    if account.company:  # the warehouse is entered for nobody else
        from reports_lib.warehouse.companies import below

        companies = below(installation.warehouse, account.company)
    return Visitor(
        name=account.name,
        role=Role(account.role),
        company=account.company,
        companies=companies,
        full_name=account.full_name,
        email=account.email,
        language=account.language,
        account_id=account.id,
        via_token=via_token,
    )


def _visitor(request: Request) -> Visitor:
    token = request.cookies.get(cookie_name(request), "")
    if not token:
        return NOBODY
    installation: Installation = request.app.state.installation
    with Session(installation.database) as session, session.begin():
        account = sign_in.who(session, token, datetime.now(UTC))
        return visitor_from(account, installation) if account else NOBODY


def _from_a_page_of_ours(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    else:
        is_ours = urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "?")
    if not is_ours:
        raise ForbiddenError(language._("This was sent from a page that is not Daybook's; go back and try again."))
