"""Signed-in browsers: a random token each, of which the database keeps only the hash."""

import hashlib
import re
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Account, SignIn
from reports_lib.errors import UnknownNameError

IDLE = timedelta(hours=12)  # without a page asked for
LONGEST = timedelta(days=14)
STEP = timedelta(minutes=1)  # that a browser was there is written down no more often
SHORT = 16  # letters of an id that name it


def begin(session: Session, account: Account, now: datetime, agent: str = "") -> str:
    """Let a browser in, in the caller's transaction; returns the token that it is to show.

    Those of his that have expired are cleared away.
    """
    session.execute(delete(SignIn).where(SignIn.account_id == account.id, ~_is_in(now)))
    token = token_urlsafe(32)
    session.add(
        SignIn(
            id=kept(token),
            account_id=account.id,
            made_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            agent=agent[:200],
        )
    )
    session.flush()
    return token


def who(session: Session, token: str, now: datetime) -> Account | None:
    """The account whose browser shows `token`; None if that is not signed in (any more)."""
    query = (
        select(Account, SignIn)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(SignIn.id == kept(token), _is_in(now), Account.disabled_at.is_(None))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    account, signed = found
    if now - signed.seen_at > STEP:
        session.execute(update(SignIn).where(SignIn.id == signed.id).values(seen_at=now))
    return account


def end(session: Session, token: str) -> None:
    """Let that browser out."""
    session.execute(delete(SignIn).where(SignIn.id == kept(token)))


def end_all(session: Session, account: Account, but: str = "") -> None:
    """Let every browser of the account out, all `but` the one that shows that token."""
    session.execute(delete(SignIn).where(SignIn.account_id == account.id, SignIn.id != kept(but)))


def end_one(session: Session, account: Account, short: str) -> None:
    """Let the browser of his out whose id begins with `short`; raises `UnknownNameError` if there is none."""
    his = SignIn.account_id == account.id, func.left(SignIn.id, SHORT) == re.sub(r"[^0-9a-f]", "-", short)
    if session.scalar(delete(SignIn).where(*his).returning(SignIn.id)) is None:
        raise UnknownNameError("that browser is not signed in any more")


def browsers(session: Session, account: Account, now: datetime) -> list[SignIn]:
    """His signed-in browsers, the one seen last first; what has expired is cleared away."""
    session.execute(delete(SignIn).where(SignIn.account_id == account.id, ~_is_in(now)))
    query = select(SignIn).where(SignIn.account_id == account.id).order_by(SignIn.seen_at.desc(), SignIn.id)
    return list(session.scalars(query))


def kept(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_in(now: datetime) -> ColumnElement[bool]:
    return and_(SignIn.expires_at > now, SignIn.seen_at > now - IDLE)
