"""Who asks, and whether he may: looked at before any page is made, with one query.

A browser shows a cookie, a program a token. Whatever changes something must come by POST, and from a
browser it must come from a page of ours: modern browsers say so themselves (`Sec-Fetch-Site`), older
ones by `Origin`. A program's token is no cookie, so no foreign page can send it.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts import reach, sign_in, token
from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import NOBODY, Visitor
from reports_lib.database.schema import Account
from reports_lib.errors import ForbiddenError, SignInError
from reports_lib.portal import cookies, language
from reports_lib.portal.route import READS, Route
from reports_lib.portal.users.guesses import Guesses
from reports_lib.runs.installation import Installation


def check(request: Request, route: Route) -> None:
    """Find out who asks, and in which language; raises `SignInError` or `ForbiddenError` if he may not."""
    visitor = _visitor(request)
    request.state.visitor = visitor
    language.use(language_of(request))
    if route.right is not None and not visitor.is_signed_in:  # first, for a program whose token is void is no page
        raise SignInError(language._("Sign in to see this."))
    if request.method not in READS and not visitor.via_token:
        _from_a_page_of_ours(request)
    if route.right is None or visitor.may(route.right):
        return
    raise ForbiddenError(language._("Your role does not allow this."))


def recognise(request: Request) -> None:
    """Find out who asks where there is no gate: at addresses that are none."""
    request.state.visitor = _visitor(request)


def language_of(request: Request) -> str:
    """The language to answer in: asked for in the address, the user's, the browser's; programs get English."""
    if request.url.path.startswith("/api/"):
        return "en"
    known = getattr(request.state, "visitor", NOBODY).language
    wanted = request.query_params.get("lang", ""), known, cookies.read(request, cookies.LANGUAGE)
    return language.choose(*wanted, accepted=request.headers.get("accept-language", ""))


def visitor_from(account: Account, installation: Installation, *, via_token: bool = False) -> Visitor:
    """The account as one who asks, with all companies that he stands above."""
    return Visitor(
        name=account.name,
        role=Role(account.role),
        company=account.company,
        # the warehouse is entered for nobody of the group
        companies=reach.companies(lambda: installation.warehouse, account.company),
        full_name=account.full_name,
        email=account.email,
        language=account.language,
        account_id=account.id,
        via_token=via_token,
    )


def _visitor(request: Request) -> Visitor:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    via_token = scheme.lower() == "bearer"  # a proxy's own kind of password is none of ours
    secret = shown.strip() if via_token else cookies.read(request, cookies.SIGNED_IN)
    if not secret:
        return NOBODY
    installation: Installation = request.app.state.installation
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        account = (token if via_token else sign_in).who(session, secret, datetime.now(UTC))
    if account is None and via_token:
        strays: Guesses = request.app.state.strays
        strays.failed(request, language._("Too many tokens that are none; wait a minute and try again."))
    return visitor_from(account, installation, via_token=via_token) if account else NOBODY


def _from_a_page_of_ours(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    is_ours = site in ("same-origin", "none") if site is not None else _is_origin_ours(request)
    if not is_ours:
        raise ForbiddenError(language._("This was sent from a page that is not Daybook's; go back and try again."))


def _is_origin_ours(request: Request) -> bool:
    """Of browsers that do not say it themselves: old ones, and any whose way here is neither local nor encrypted."""
    try:
        origin = urlsplit(request.headers.get("origin", ""))
    except ValueError:  # no address at all
        return False
    installation: Installation = request.app.state.installation
    if cookies.is_encrypted(request) and origin.scheme != "https":
        return False
    return origin.netloc != "" and origin.netloc in (request.headers.get("host"), urlsplit(installation.url).netloc)
