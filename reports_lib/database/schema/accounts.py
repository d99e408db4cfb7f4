"""Who may sign in, who has, and with what; failed tries; what people keep for themselves."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reports_lib.database.schema.base import Base, one_of


class Visibility(StrEnum):
    """Who finds a saved query or a chart template (Q-14)."""

    PRIVATE = "private"  # whoever made it
    COMPANY = "company"  # users of his company and of those above it
    PUBLIC = "public"  # everyone who is signed in


class Account(Base):
    """One user. An account is never deleted, for reports name it; one that is disabled lets nobody in."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # what one signs in with; small letters
    full_name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str] = mapped_column(server_default="")
    role: Mapped[str]
    company: Mapped[str] = mapped_column(server_default="")  # id in the warehouse; empty is the whole group
    language: Mapped[str] = mapped_column(server_default="")  # empty is that of the browser
    password_hash: Mapped[str]
    password_at: Mapped[datetime]
    made_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'", name="name"),
        CheckConstraint("role IN ('admin', 'analyst', 'billing', 'viewer')", name="role"),
    )


class SignIn(Base):
    """One signed-in browser. Its id is the SHA-256 of a token that only the browser has."""

    __tablename__ = "sign_in"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # however busy it is
    agent: Mapped[str] = mapped_column(server_default="")  # what the browser calls itself

    account: Mapped[Account] = relationship()


class ApiToken(Base):
    """A way in for programs, as one user. Its id is the SHA-256 of the token."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    label: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class Throttle(Base):
    """Failed tries under one key, such as the name of a user, and until when no other is looked at."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]
    until: Mapped[datetime]


class ChartTemplate(Base):
    """A chart that somebody put together of one table of a family, to be drawn of any of its reports (JD-67)."""

    __tablename__ = "chart_template"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    family: Mapped[str]
    table_name: Mapped[str]
    name: Mapped[str]
    choice: Mapped[dict[str, Any]]  # kind, columns, colours
    visibility: Mapped[str]
    owner: Mapped[str]  # name of an account
    company: Mapped[str] = mapped_column(server_default="")
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(one_of("visibility", Visibility), name="visibility"),
        Index(None, "family"),
        Index("chart_template_unique", "family", "owner", "name", unique=True),
    )
