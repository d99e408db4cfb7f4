"""Links to snapshots: 128 random bits, an audience, an expiry, a count of views (JD-71, JD-72, Q-11).

A link that never was, has expired, was revoked or is not for the one who asks is refused in one and
the same way: by the answer nobody learns that it exists. Whoever is let in is shown that snapshot,
whatever his company, and nothing else (G-13).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Audience, Link
from reports_lib.errors import ParameterError, UnknownNameError

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
# Rows are taken in one order, so that two processes that count at once never wait for each other.
COUNT = text(
    "WITH seen AS (SELECT * FROM unnest(CAST(:tokens AS text[]), CAST(:counts AS bigint[]), "
    "CAST(:moments AS timestamptz[])) AS seen(token, views, viewed_at)), "
    "held AS (SELECT link.token FROM link JOIN seen USING (token) ORDER BY link.token FOR NO KEY UPDATE OF link) "
    "UPDATE link SET views = link.views + seen.views, viewed_at = greatest(link.viewed_at, seen.viewed_at) "
    "FROM seen JOIN held USING (token) WHERE link.token = seen.token"
)


@dataclass(frozen=True)
class Access:
    """Whom a link is for, and until when (exclusive); for any signed-in user and for ever by default.

    The company "" is the whole group.
    """

    audience: Audience = Audience.ANY_USER
    company: str | None = None
    readers: Sequence[str] = ()
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.audience == Audience.COMPANY) != (self.company is not None):
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
        company=access.company,
        readers=list(access.readers),
        made_by=by,
        made_at=at,
        expires_at=access.expires_at,
    )
    session.add(link)
    session.flush()
    return link.token


@dataclass(frozen=True, slots=True)
class Grant:
    """What a link lets whom see, and until when."""

    token: str
    snapshot_id: str
    audience: str
    company: str | None
    readers: frozenset[str]
    expires_at: datetime | None
    is_revoked: bool

    @classmethod
    def of(cls, link: Link) -> Self:
        """The grant of a link's row."""
        return cls(
            token=link.token,
            snapshot_id=link.snapshot_id,
            audience=link.audience,
            company=link.company,
            readers=frozenset(link.readers),
            expires_at=link.expires_at,
            is_revoked=link.revoked_at is not None,
        )

    def lets_in(self, visitor: Visitor, now: datetime) -> bool:
        """Whether `visitor` may see the snapshot at `now`; `open_to` asks the same of the database."""
        return not self.is_revoked and (self.expires_at is None or self.expires_at > now) and self._is_for(visitor)

    def _is_for(self, visitor: Visitor) -> bool:
        if not visitor.is_signed_in or self.audience == Audience.PUBLIC:
            return self.audience == Audience.PUBLIC
        if self.audience == Audience.COMPANY:
            return visitor.owns(self.company or "")
        return self.audience == Audience.ANY_USER or visitor.name in self.readers


class Views(NamedTuple):
    """Views of one link that are not written down yet, and the last of them."""

    number: int
    last: datetime


def opened(session: Session, token: str, now: datetime, visitor: Visitor) -> Grant:
    """The link, if it lets `visitor` in. Raises `UnknownNameError`, with the same words whatever the reason."""
    if TOKEN.fullmatch(token):
        link = session.get(Link, token)
        if link is not None and (grant := Grant.of(link)).lets_in(visitor, now):
            return grant
    raise UnknownNameError("this link is unknown or no longer valid")


def open_link(session: Session, token: str, now: datetime, visitor: Visitor) -> str:
    """The id of the snapshot that the link shows to `visitor`; raises as `opened` does."""
    return opened(session, token, now, visitor).snapshot_id


def count(session: Session, views: Mapping[str, Views]) -> None:
    """Add views to those of their links, in one statement, in the caller's transaction.

    That transaction should do nothing else, for its commit does not wait for the disk: should the
    power go, what is lost is a count.
    """
    session.execute(text("SET LOCAL synchronous_commit = off"))
    tokens = sorted(views)
    seen = [views[token] for token in tokens]
    values = {"tokens": tokens, "counts": [each.number for each in seen], "moments": [each.last for each in seen]}
    session.execute(COUNT, values)


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


def open_to(session: Session, snapshot_ids: Sequence[str], now: datetime, visitor: Visitor) -> dict[str, str]:
    """For each of the snapshots that `visitor` may open, the token of the oldest link that lets him."""
    query = (
        select(Link.snapshot_id, Link.token)
        .where(Link.snapshot_id.in_(snapshot_ids), _is_alive(now), _is_for(visitor))
        .order_by(Link.made_at.desc(), Link.token)
    )
    return {row.snapshot_id: row.token for row in session.execute(query)}


def _is_alive(now: datetime) -> ColumnElement[bool]:
    return and_(Link.revoked_at.is_(None), or_(Link.expires_at.is_(None), Link.expires_at > now))


def _is_for(visitor: Visitor) -> ColumnElement[bool]:
    public = Link.audience == Audience.PUBLIC
    if not visitor.is_signed_in:
        return public
    return or_(
        public,
        Link.audience == Audience.ANY_USER,
        and_(Link.audience == Audience.COMPANY, visitor.sees(Link.company)),
        and_(Link.audience == Audience.NAMED, Link.readers.contains([visitor.name])),
    )
