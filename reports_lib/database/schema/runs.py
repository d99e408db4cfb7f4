"""Runs, the workers that make them, and the moments at which the schedule asked for some."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reports_lib.database.schema.base import Base, one_of
from reports_lib.database.schema.snapshots import Snapshot


class State(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    GENERATING = "generating"
    GENERATED = "generated"
    ERROR = "error"
    CANCELLED = "cancelled"


class Decision(StrEnum):
    """What became of a moment at which an entry of the schedule was due."""

    ASKED = "asked"  # its runs were asked for
    MISSED = "missed"  # no clock ran, and the entry does not want it any more
    OVERLAPPED = "overlapped"  # the run before was not finished, and the entry does not queue
    REFUSED = "refused"  # who asks may not any more


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
    name: Mapped[str] = mapped_column(server_default="")  # what lists call it
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
        CheckConstraint(one_of("state", State), name="state"),
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
        Index(
            "run_list_index",
            "requested_at",
            "id",
            postgresql_include=["state", "company", "family", "set_name", "name"],
            postgresql_where=sql("deleted_at IS NULL"),
        ),
        Index(None, "family", "requested_at"),
        Index(None, "state", "requested_at", "id"),
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

    __table_args__ = (CheckConstraint(one_of("decision", Decision), name="decision"),)
