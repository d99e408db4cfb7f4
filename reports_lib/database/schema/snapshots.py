"""The index of the snapshots, and the links to them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reports_lib.database.schema.base import Base, one_of


class Audience(StrEnum):
    """Who may open a link (Q-11)."""

    ANY_USER = "any_user"  # whoever is signed in, of any company
    COMPANY = "company"  # users of one company
    NAMED = "named"  # users named one by one
    PUBLIC = "public"  # whoever has it


class Snapshot(Base):
    """One snapshot of the store. A deleted one keeps its row, without what it was asked."""

    __tablename__ = "snapshot"

    id: Mapped[str] = mapped_column(primary_key=True)
    family: Mapped[str]
    title: Mapped[str]
    set_name: Mapped[str | None]
    labels: Mapped[dict[str, Any]]  # parameters in words
    requested_interval: Mapped[str | None]
    as_of: Mapped[datetime | None]
    data_version: Mapped[str | None]
    role: Mapped[str]
    user_name: Mapped[str]
    company: Mapped[str]
    generated_at: Mapped[datetime]
    duration_ms: Mapped[int]
    formats: Mapped[list[str]]  # keys of the manifest's files, the tables left out
    bytes: Mapped[int] = mapped_column(BigInteger)
    supersedes: Mapped[str | None]
    retained_until: Mapped[datetime | None]  # of personal data: deleted then
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None]
    delete_reason: Mapped[str | None]

    links: Mapped[list["Link"]] = relationship(back_populates="snapshot")

    __table_args__ = (
        CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="id"),
        CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name="deleted"),
        Index(None, "family", "generated_at"),
        Index(None, "generated_at"),
        Index(
            "snapshot_retained_until_index",
            "retained_until",
            postgresql_where=sql("retained_until IS NOT NULL AND deleted_at IS NULL"),
        ),
        Index(None, "supersedes", postgresql_where=sql("supersedes IS NOT NULL")),
    )


class Link(Base):
    """A way to a snapshot, `/view?id=<token>`; the token is 128 random bits and says nothing else."""

    __tablename__ = "link"

    token: Mapped[str] = mapped_column(primary_key=True)
    snapshot_id: Mapped[str] = mapped_column(ForeignKey("snapshot.id"), index=True)
    audience: Mapped[str] = mapped_column(server_default=Audience.ANY_USER)
    company: Mapped[str | None]  # of the audience `company`
    readers: Mapped[list[str]] = mapped_column(server_default="{}")  # of the audience `named`
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    views: Mapped[int] = mapped_column(BigInteger, server_default="0")
    viewed_at: Mapped[datetime | None]  # last time

    snapshot: Mapped[Snapshot] = relationship(back_populates="links")

    __table_args__ = (
        CheckConstraint("token ~ '^[A-Za-z0-9_-]{22}$'", name="token"),
        CheckConstraint(one_of("audience", Audience), name="audience"),
        CheckConstraint("(audience = 'company') = (company IS NOT NULL)", name="company"),
        CheckConstraint("(audience = 'named') = (cardinality(readers) > 0)", name="readers"),
    )
