"""Signing in and out, and the language of whoever is not known yet."""

from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import update
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import door, sign_in
from reports_lib.database.schema import Account
from reports_lib.errors import SignInError, ThrottleError
from reports_lib.portal import cookies
from reports_lib.portal.language import LANGUAGES, _, ngettext
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.users.onward import onward


def show(request: Request) -> Response:
    """`GET /sign-in?next=`: the form; whoever is signed in goes on at once."""
    next = request.query_params.get("next", "")
    return RedirectResponse(onward(next), 303) if visitor_of(request).is_signed_in else _form(request, next)


def enter(request: Request) -> Response:
    """`POST /sign-in`: a new token for the browser, and on to where it wanted to go."""
    given = posted(request)
    name, next = str(given.get("name", "")), str(given.get("next", ""))
    knock = door.Knock(
        name=name,
        password=str(given.get("password", "")),
        address=request.client.host if request.client else "",
        agent=request.headers.get("user-agent", ""),
        mark=cookies.read(request, cookies.FAMILIAR),
        old=cookies.read(request, cookies.SIGNED_IN),
    )
    try:
        entered = door.enter(installation_of(request).database, knock, datetime.now(UTC))
    except SignInError as error:
        told = _("The name or the password is not right.")
        return _form(request, next, name, told, error.http_status)
    except ThrottleError as error:
        told = _("That was tried too often.") + " " + wait(error.seconds)
        return _form(request, next, name, told, error.http_status, {"Retry-After": str(error.seconds)})
    response = RedirectResponse(onward(next), 303)
    cookies.give(request, response, cookies.SIGNED_IN, entered.token)
    cookies.give(request, response, cookies.FAMILIAR, entered.mark)
    return response


def leave(request: Request) -> Response:
    """`POST /sign-out`: the token is void from now on, here and wherever else it may have got to."""
    token, visitor = cookies.read(request, cookies.SIGNED_IN), visitor_of(request)
    if token and visitor.is_signed_in and not visitor.via_token:
        with Session(installation_of(request).database) as session, session.begin():
            sign_in.end(session, token)
            accounts.audit(session, visitor.name, "sign-out", visitor.name, datetime.now(UTC))
    response = RedirectResponse("/sign-in", 303)
    cookies.take_back(request, response, cookies.SIGNED_IN)
    return response


def speak(request: Request) -> Response:
    """`POST /language`: the language from now on, of this browser and of whoever is signed in in it."""
    given = posted(request)
    code, next = str(given.get("code", "")), str(given.get("next", ""))
    response = RedirectResponse(onward(next) if visitor_of(request).is_signed_in else _sign_in_at(next), 303)
    if code not in LANGUAGES:
        return response
    if number := visitor_of(request).account_id:
        with Session(installation_of(request).database) as session, session.begin():
            session.execute(update(Account).where(Account.id == number).values(language=code))
    cookies.give(request, response, cookies.LANGUAGE, code)
    return response


def _form(  # what was typed and what is wrong with it
    request: Request,
    next: str,
    name: str = "",
    told: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    with Session(installation_of(request).database) as session:
        is_empty = not accounts.are_there_any(session)
    known = {"next": onward(next), "name": name[:200], "told": told, "is_empty": is_empty}
    return page(request, "sign_in.html.j2", status, headers, **known)


def _sign_in_at(next: str) -> str:
    return f"/sign-in?next={quote(onward(next), safe='')}"


def wait(seconds: int) -> str:
    """When it may be tried again, in words."""
    if seconds <= 60:
        return ngettext("Try again in {count} second.", "Try again in {count} seconds.", seconds)
    return ngettext("Try again in {count} minute.", "Try again in {count} minutes.", -(-seconds // 60))


ROUTES = (
    Route("/sign-in", show, None),
    Route("/sign-in", enter, None, WRITES),
    Route("/sign-out", leave, None, WRITES),
    Route("/language", speak, None, WRITES),
)
