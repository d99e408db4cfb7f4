"""One's own account: who one is, the password, the browsers that are signed in, tokens for programs."""

from datetime import UTC, datetime, timedelta

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import familiar, sign_in, throttle
from reports_lib.accounts import password as passwords
from reports_lib.accounts import token as tokens
from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account
from reports_lib.errors import ForbiddenError, ParameterError, StateError, ThrottleError
from reports_lib.portal import cookies
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.users.account_view import shown
from reports_lib.portal.users.sign_in import wait

FIELDS = ("present", "new", "again", "label", "days")
LASTING = {"30": 30, "90": 90, "365": 365, "": None}  # days that a token works; None is for ever


def show(request: Request) -> Response:
    """`GET /account`: all of it."""
    return _page(request, done=request.query_params.get("done", ""))


def change_password(request: Request) -> Response:
    """`POST /account/password`: a new one for who knows the present one; all browsers but this one are let out."""
    visitor, given, now = _person(request), posted(request), datetime.now(UTC)
    present, new, again = (str(given.get(name, "")) for name in ("present", "new", "again"))
    faults = _faults(request, visitor, present, now) | _new_faults(visitor, new, again)
    if faults:
        return _page(request, 422, faults=faults)
    with Session(installation_of(request).database) as session, session.begin():
        account = session.get_one(Account, visitor.account_id, with_for_update=True)
        accounts.change_password(session, account, new, now, by=visitor.name)
        token = sign_in.begin(session, account, now, request.headers.get("user-agent", ""))
        mark = familiar.mark(account)
    response = _back("password")
    cookies.give(request, response, cookies.SIGNED_IN, token)
    cookies.give(request, response, cookies.FAMILIAR, mark)
    return response


def let_out(request: Request, short: str) -> Response:
    """`POST /account/browsers/{short}/end`: one browser is signed out."""
    visitor = _person(request)
    with Session(installation_of(request).database) as session, session.begin():
        sign_in.end_one(session, session.get_one(Account, visitor.account_id), short)
        accounts.audit(session, visitor.name, "sign-out", visitor.name, datetime.now(UTC), before={"browser": short})
    return _back("browser")


def let_all_out(request: Request) -> Response:
    """`POST /account/browsers/end`: every browser is signed out, this one too."""
    visitor = _person(request)
    with Session(installation_of(request).database) as session, session.begin():
        sign_in.end_all(session, session.get_one(Account, visitor.account_id))
        accounts.audit(session, visitor.name, "sign-out everywhere", visitor.name, datetime.now(UTC))
    response = RedirectResponse("/sign-in", 303)
    cookies.take_back(request, response, cookies.SIGNED_IN)
    return response


def make_token(request: Request) -> Response:
    """`POST /account/tokens`: a new token, shown in the answer and never again."""
    visitor, given = _person(request), posted(request)
    label, days = str(given.get("label", "")), str(given.get("days", "90"))
    faults = {} if days in LASTING else {"days": _("Choose how long it works from the list.")}
    lasting = LASTING.get(days)
    token = ""
    if not faults:
        try:
            with Session(installation_of(request).database) as session, session.begin():
                account = session.get_one(Account, visitor.account_id)
                token = tokens.make(
                    session, account, label, timedelta(days=lasting) if lasting else None, datetime.now(UTC)
                )
        except ParameterError:
            faults = {"label": _("Give it a name of 1 to {most} letters.").format(most=tokens.LONGEST_LABEL)}
        except StateError:
            faults = {"label": _("There are {most} tokens already; revoke one first.").format(most=tokens.MOST)}
    typed = {"label": label[:200], "days": days} if faults else None
    return _page(request, 422 if faults else 200, faults=faults, token=token, typed=typed)


def revoke_token(request: Request, short: str) -> Response:
    """`POST /account/tokens/{short}/revoke`: that token lets nobody in any more."""
    visitor = _person(request)
    with Session(installation_of(request).database) as session, session.begin():
        tokens.revoke(session, session.get_one(Account, visitor.account_id), short, datetime.now(UTC))
    return _back("token")


def _page(
    request: Request,
    status: int = 200,
    faults: dict[str, str] | None = None,
    token: str = "",
    **given: object,
) -> Response:
    known: dict[str, object] = {"done": "", "faults": dict.fromkeys(FIELDS, "") | (faults or {}), "token": token}
    known |= {"lasting": LASTING, "typed": given.pop("typed", None) or {"label": "", "days": "90"}} | given
    known |= shown(installation_of(request), _person(request), cookies.read(request, cookies.SIGNED_IN))
    return page(request, "account.html.j2", status, None, **known)


def _faults(request: Request, visitor: Visitor, present: str, now: datetime) -> dict[str, str]:
    """What is wrong with the present password that was typed; tries are counted."""
    database, key = installation_of(request).database, throttle.key("present", str(visitor.account_id))
    try:
        with Session(database) as session, session.begin():
            throttle.take(session, [key], now)
            kept = session.get_one(Account, visitor.account_id).password_hash
    except ThrottleError as error:
        return {"present": _("That was tried too often.") + " " + wait(error.seconds)}
    if not passwords.is_right(kept, present):
        with Session(database) as session, session.begin():
            accounts.audit(session, visitor.name, "password not right", visitor.name, now)
        return {"present": _("This is not your present password.")}
    with Session(database) as session, session.begin():
        throttle.forgive(session, key, (), now)
    return {}


def _new_faults(visitor: Visitor, new: str, again: str) -> dict[str, str]:
    found = {} if new == again else {"again": _("This is not the same as the new password.")}
    texts = {
        passwords.Fault.LENGTH: _("A password has from {shortest} to {longest} letters."),
        passwords.Fault.NAME: _("A password is not your user name with a little around it."),
        passwords.Fault.PLAIN: _("A password has at least {different} different letters."),
    }
    if fault := passwords.fault(new, visitor.name):
        limits = {"shortest": passwords.SHORTEST, "longest": passwords.LONGEST, "different": passwords.DIFFERENT}
        found["new"] = texts[fault].format(**limits)
    return found


def _person(request: Request) -> Visitor:
    """Who asks, if it is a person in a browser: no program may change how people get in."""
    visitor = visitor_of(request)
    if visitor.via_token:
        raise ForbiddenError(_("This is for people in a browser, not for API tokens."))
    return visitor


def _back(done: str) -> RedirectResponse:
    return RedirectResponse(f"/account?done={done}", 303)


ROUTES = (
    Route("/account", show, Right.READ),
    Route("/account/password", change_password, Right.READ, WRITES),
    Route("/account/browsers/end", let_all_out, Right.READ, WRITES),
    Route("/account/browsers/{short}/end", let_out, Right.READ, WRITES),
    Route("/account/tokens", make_token, Right.ASK, WRITES),
    Route("/account/tokens/{short}/revoke", revoke_token, Right.READ, WRITES),
)
