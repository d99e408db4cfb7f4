"""Tokens for programs: each speaks for one user until it is revoked or expires. Only its hash is kept."""

import re
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from reports_lib.accounts.account import audit
from reports_lib.accounts.role import RIGHTS, Right, Role
from reports_lib.accounts.sign_in import STEP, kept
from reports_lib.database.schema import Account, ApiToken
from reports_lib.errors import ForbiddenError, ParameterError, StateError, UnknownNameError
from reports_lib.values.formats import quoted

PREFIX = "daybook_"  # so that whoever looks for lost secrets finds it
LONGEST_LABEL = 80
MOST = 50  # of one user that still work
SHORT = 16  # letters of an id that name it


def make(session: Session, account: Account, label: str, lasting: timedelta | None, now: datetime) -> str:
    """A new token, to be shown once, in the caller's transaction; `lasting` None is for ever.

    Raises `ForbiddenError` if his role has none, `ParameterError` for a label, `StateError` if he has too many.
    """
    label = " ".join(label.split())
    if Right.ASK not in RIGHTS[Role(account.role)]:
        raise ForbiddenError(f"a {account.role} has no API tokens")
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        raise ParameterError(f"a token has a name of 1 to {LONGEST_LABEL} letters, such as the program it is for")
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update())  # two at once are counted
    if len(working(session, account, now)) >= MOST:
        raise StateError(f"there are {MOST} tokens already; revoke one that is not used")
    token = PREFIX + token_urlsafe(32)
    expires = now + lasting if lasting else None
    session.add(ApiToken(id=kept(token), account_id=account.id, label=label, made_at=now, expires_at=expires))
    session.flush()
    audit(session, account.name, "make token", account.name, now, after={"token": kept(token)[:SHORT], "label": label})
    return token


def who(session: Session, token: str, now: datetime) -> Account | None:
    """The account that a token speaks for; None if it is unknown, void, or its user may have none (any more)."""
    query = (
        select(Account, ApiToken.used_at)
        .join(ApiToken, ApiToken.account_id == Account.id)
        .where(ApiToken.id == kept(token), _works(now), Account.disabled_at.is_(None))
    )
    found = session.execute(query).one_or_none()
    if found is None or Right.ASK not in RIGHTS[Role(found[0].role)]:
        return None
    account, used_at = found
    if used_at is None or now - used_at > STEP:
        session.execute(update(ApiToken).where(ApiToken.id == kept(token)).values(used_at=now))
    return account


def working(session: Session, account: Account, now: datetime) -> list[ApiToken]:
    """His tokens that still work, the newest first."""
    query = select(ApiToken).where(ApiToken.account_id == account.id, _works(now))
    return list(session.scalars(query.order_by(ApiToken.made_at.desc(), ApiToken.id)))


def revoke(session: Session, account: Account, short: str, now: datetime) -> None:
    """Make void the token of his whose id begins with `short`; raises `UnknownNameError` if none does."""
    named = func.left(ApiToken.id, SHORT) == re.sub(r"[^0-9a-f]", "-", short)
    his = ApiToken.account_id == account.id, named, ApiToken.revoked_at.is_(None)
    found = session.scalars(select(ApiToken).where(*his)).first()
    if found is None:
        raise UnknownNameError(f"you have no token {quoted(short)}")
    found.revoked_at = now
    audit(session, account.name, "revoke token", account.name, now, before={"token": short, "label": found.label})


def _works(now: datetime) -> ColumnElement[bool]:
    return ApiToken.revoked_at.is_(None) & or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now)
