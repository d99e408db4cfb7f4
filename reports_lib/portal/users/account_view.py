"""What the page of one's own account shows."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from reports_lib.accounts import sign_in
from reports_lib.accounts import token as tokens
from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account, ApiToken, SignIn
from reports_lib.errors import DatabaseError, WarehouseError
from reports_lib.portal.language import _
from reports_lib.portal.users import agent
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.companies import named


@dataclass(frozen=True)
class Browser:
    """One that is signed in."""

    short: str
    name: str
    since: datetime
    seen: datetime
    is_this: bool


@dataclass(frozen=True)
class Token:
    """One that works."""

    short: str
    label: str
    made: datetime
    used: datetime | None
    expires: datetime | None


def shown(installation: Installation, visitor: Visitor, token: str) -> dict[str, object]:
    """Company, browsers and tokens of the visitor, whose own browser shows `token`."""
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        account = session.get_one(Account, visitor.account_id)
        here = sign_in.kept(token)
        browsers = [_browser(each, here) for each in sign_in.browsers(session, account, now)]
        working = [_token(each) for each in tokens.working(session, account, now)]
        since = account.password_at
    return {
        "company": _company(installation, visitor.company),
        "browsers": sorted(browsers, key=lambda each: not each.is_this),
        "tokens": working,
        "may_ask": visitor.may(Right.ASK),
        "password_at": since.astimezone(UTC),
        "utc": UTC,
    }


def _browser(each: SignIn, here: str) -> Browser:
    name, system = agent.browser(each.agent), agent.system(each.agent)
    words = _("{browser} on {system}").format(browser=name, system=system) if name and system else name or system
    return Browser(each.id[: sign_in.SHORT], words or _("Unknown browser"), each.made_at, each.seen_at, each.id == here)


def _token(each: ApiToken) -> Token:
    return Token(each.id[: tokens.SHORT], each.label, each.made_at, each.used_at, each.expires_at)


def _company(installation: Installation, company: str) -> str:
    """The company by its name, or its id while the warehouse cannot say."""
    if not company:
        return _("The whole group")
    try:
        return named(installation.warehouse).get(company, company)
    except (DatabaseError, WarehouseError):
        return company
