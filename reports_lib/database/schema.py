"""The database's tables: runs, who makes them and when, the index of the snapshots, links, mails, the audit trail.

    run  ──snapshot_id──>  snapshot  <──snapshot_id──  link          worker     tick     audit
     └──<──run_id──  mail

A run's row is the truth about it, whatever a queue believes. A snapshot's row is a copy of its
manifest for lists; `snapshots.index.rebuild` writes it anew. All times are aware, in UTC; those that
decide who may take what (`due_at`, `heartbeat_at`) are the database's own, so no worker's clock counts.
The queue's tables are Procrastinate's, and called `procrastinate_…`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, MetaData, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class State(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    GENERATING = "generating"
    GENERATED = "generated"
    ERROR = "error"
    CANCELLED = "cancelled"


class MailKind(StrEnum):
    """What a mail is."""

    REPORT = "report"  # a finished report, to whoever is to have it
    FAILURE = "failure"  # that there is none, to the owner and nobody else


class MailState(StrEnum):
    """Where a mail is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up: refused for good, or too often


class Decision(StrEnum):
    """What became of a moment at which an entry of the schedule was due."""

    ASKED = "asked"  # its runs were asked for
    MISSED = "missed"  # no clock ran, and the entry does not want it any more
    OVERLAPPED = "overlapped"  # the run before was not finished, and the entry does not queue


class Audience(StrEnum):
    """Who may open a link (Q-11)."""

    ANY_USER = "any_user"  # whoever is signed in, of any company
    COMPANY = "company"  # users of one company
    NAMED = "named"  # users named one by one
    PUBLIC = "public"  # whoever has it


def _one_of(column: str, kinds: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(k)) for k in kinds)})"


class Base(DeclarativeBase):
    """Root of the models."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_index",
            "uq": "%(table_name)s_%(column_0_N_name)s_unique",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_reference",
            "pk": "%(table_name)s_key",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


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
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None]
    delete_reason: Mapped[str | None]

    links: Mapped[list["Link"]] = relationship(back_populates="snapshot")

    __table_args__ = (
        CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="id"),
        CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name="deleted"),
        Index(None, "family", "generated_at"),
        Index(None, "generated_at"),
    )


class Run(Base):
    """One request for a report, from asking to its snapshot or its error.

    `attempt` counts the times a worker took it; whoever reports the end names the attempt he was,
    and is ignored if it is no longer that. `heartbeat_at` is set in the moment a worker takes it.
    `stage`, `step`, `done` and `total` say how far the attempt is, or how far it came.
    """

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_key: Mapped[str] = mapped_column(unique=True)  # asking twice with one key is one run
    family: Mapped[str]
    set_name: Mapped[str | None]
    asked: Mapped[dict[str, Any]]
    resolved: Mapped[dict[str, Any] | None]
    formats: Mapped[list[str]]
    as_of: Mapped[datetime]
    data_version: Mapped[str | None]  # asked for, and once it runs the one it reads
    role: Mapped[str]
    user_name: Mapped[str]
    company: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default=State.QUEUED)
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    worker: Mapped[str | None]  # who makes it, or made it last; an id of the table `worker`
    due_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))  # not to be taken before
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    formed_at: Mapped[datetime | None]
    stage: Mapped[str | None]  # such as "executing"
    step: Mapped[str | None]  # the heading above the running cell
    done: Mapped[int] = mapped_column(Integer, server_default="0")  # cells
    total: Mapped[int] = mapped_column(Integer, server_default="0")
    error: Mapped[str | None]  # one line
    error_class: Mapped[str | None]
    exit_code: Mapped[int | None]
    snapshot_id: Mapped[str | None] = mapped_column(ForeignKey("snapshot.id"), unique=True)
    supersedes: Mapped[str | None]  # the snapshot that this one is to replace
    entry: Mapped[str | None]  # of the schedule
    recipients: Mapped[list[str]] = mapped_column(server_default="{}")  # one address each
    owner: Mapped[str | None]  # who is told when it fails
    deleted_at: Mapped[datetime | None]  # taken off the lists

    snapshot: Mapped[Snapshot | None] = relationship()

    __table_args__ = (
        CheckConstraint(_one_of("state", State), name="state"),
        CheckConstraint(
            "state <> 'generating' OR (attempt > 0 AND started_at IS NOT NULL AND heartbeat_at IS NOT NULL)",
            name="generating",
        ),
        CheckConstraint("(state = 'generated') = (snapshot_id IS NOT NULL)", name="generated"),
        CheckConstraint(
            "(state = 'error') = (error IS NOT NULL AND error_class IS NOT NULL AND exit_code IS NOT NULL)",
            name="error",
        ),
        CheckConstraint("(state IN ('queued', 'generating')) = (formed_at IS NULL)", name="formed"),
        Index(None, "state", "heartbeat_at", postgresql_where=sql("state IN ('queued', 'generating')")),
        Index(None, "requested_at"),
        Index(None, "family", "requested_at"),
        Index(None, "entry", postgresql_where=sql("entry IS NOT NULL AND state IN ('queued', 'generating')")),
    )


class Worker(Base):
    """A process that makes runs. Its row goes when it ends in order, or when nobody has heard of it for long."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]  # the machine's name, for people
    pid: Mapped[int] = mapped_column(Integer)
    version: Mapped[str]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]


class Tick(Base):
    """One moment at which an entry of the schedule was due, and what was decided about it."""

    __tablename__ = "tick"

    entry: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    decision: Mapped[str]
    decided_at: Mapped[datetime]

    __table_args__ = (CheckConstraint(_one_of("decision", Decision), name="decision"),)


class Mail(Base):
    """One mail to one address: written in the transaction that made its cause true, sent later.

    `message_id` is fixed when it is written: whoever gets the mail twice after a crash sees that it is one.
    """

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    run_attempt: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    recipient: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default=MailState.WAITING)
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))  # not to be tried before
    written_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]  # of the last try, one line

    run: Mapped[Run] = relationship()

    __table_args__ = (
        CheckConstraint(_one_of("kind", MailKind), name="kind"),
        CheckConstraint(_one_of("state", MailState), name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="failed"),
        Index("mail_report_unique", "run_id", "recipient", unique=True, postgresql_where=sql("kind = 'report'")),
        Index(
            "mail_failure_unique",
            "run_id",
            "run_attempt",
            "recipient",
            unique=True,
            postgresql_where=sql("kind = 'failure'"),
        ),
        Index(None, "due_at", postgresql_where=sql("state = 'waiting'")),
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
        CheckConstraint(_one_of("audience", Audience), name="audience"),
        CheckConstraint("(audience = 'company') = (company IS NOT NULL)", name="company"),
        CheckConstraint("(audience = 'named') = (cardinality(readers) > 0)", name="readers"),
    )


class AuditEntry(Base):
    """Who did what to which object, and what it was before and after."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]  # such as "delete snapshot"
    object: Mapped[str]  # such as "snapshot 3f9c0e…"
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]

    __table_args__ = (Index(None, "at"), Index(None, "object", "at"))
