"""Links to snapshots: 128 random bits, an audience, an expiry, a count of views (JD-71, JD-72, Q-11).

A link that never was, has expired, was revoked or is not for the one who asks is refused in one and
the same way: by the answer nobody learns that it exists.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import Self

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Audience, Link
from reports_lib.errors import ParameterError, UnknownNameError

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Viewer:
    """Who asks: a signed-in user and the companies he belongs to or stands above; nobody if `user` is None."""

    user: str | None = None
    companies: frozenset[str] = frozenset()

    @classmethod
    def local(cls) -> Self:
        """Whoever sits at this machine, where there are no accounts."""
        return cls("local")


@dataclass(frozen=True)
class Access:
    """Whom a link is for, and until when (exclusive); for any signed-in user and for ever by default."""

    audience: Audience = Audience.ANY_USER
    company: str | None = None
    readers: Sequence[str] = ()
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.audience == Audience.COMPANY) != bool(self.company):
            raise ParameterError("a link for a company names the company, and no other link does")
        if (self.audience == Audience.NAMED) != bool(self.readers):
            raise ParameterError("a link for named users names at least one, and no other link does")


def make(session: Session, snapshot_id: str, *, by: str, at: datetime, access: Access | None = None) -> str:
    """Make a link to a snapshot in the caller's transaction; returns its token, for `/view?id=<token>`."""
    access = access or Access()
    link = Link(
        token=token_urlsafe(16),
        snapshot_id=snapshot_id,
        audience=access.audience,
        company=access.company or None,
        readers=list(access.readers),
        made_by=by,
        made_at=at,
        expires_at=access.expires_at,
    )
    session.add(link)
    session.flush()
    return link.token


def open_link(session: Session, token: str, now: datetime, viewer: Viewer) -> str:
    """The id of the snapshot that the link shows to `viewer`; counts the view in the caller's transaction.

    That transaction should do nothing else, for its commit does not wait for the disk. Raises
    `UnknownNameError`, with the same words whatever the reason.
    """
    if TOKEN.fullmatch(token):
        query = (
            update(Link)
            .where(Link.token == token, _is_alive(now), _is_for(viewer))
            .values(views=Link.views + 1, viewed_at=now)
            # Nobody need wait for the disk: should the power go, what is lost is a count.
            .returning(Link.snapshot_id, func.set_config("synchronous_commit", "off", True))
            .execution_options(synchronize_session=False)
        )
        if found := session.execute(query).one_or_none():
            return str(found[0])
    raise UnknownNameError("this link is unknown or no longer valid")


def revoke(session: Session, token: str, at: datetime) -> None:
    """End a link in the caller's transaction; one that is revoked already stays as it was.

    Raises `UnknownNameError` if there is no such link.
    """
    link = session.get(Link, token, with_for_update=True) if TOKEN.fullmatch(token) else None
    if link is None:
        raise UnknownNameError("no link of that token")
    link.revoked_at = link.revoked_at or at


def links_of(session: Session, snapshot_id: str) -> list[Link]:
    """Every link to the snapshot, ended ones too, in the order they were made."""
    query = select(Link).where(Link.snapshot_id == snapshot_id).order_by(Link.made_at, Link.token)
    return list(session.scalars(query))


def open_to(session: Session, snapshot_ids: Sequence[str], now: datetime, viewer: Viewer) -> dict[str, str]:
    """For each of the snapshots that `viewer` may open, the token of the oldest link that lets him."""
    query = (
        select(Link.snapshot_id, Link.token)
        .where(Link.snapshot_id.in_(snapshot_ids), _is_alive(now), _is_for(viewer))
        .order_by(Link.made_at.desc(), Link.token)
    )
    return {row.snapshot_id: row.token for row in session.execute(query)}


def _is_alive(now: datetime) -> ColumnElement[bool]:
    return and_(Link.revoked_at.is_(None), or_(Link.expires_at.is_(None), Link.expires_at > now))


def _is_for(viewer: Viewer) -> ColumnElement[bool]:
    public = Link.audience == Audience.PUBLIC
    if viewer.user is None:
        return public
    return or_(
        public,
        Link.audience == Audience.ANY_USER,
        and_(Link.audience == Audience.COMPANY, Link.company.in_(sorted(viewer.companies))),
        and_(Link.audience == Audience.NAMED, Link.readers.contains([viewer.user])),
    )
