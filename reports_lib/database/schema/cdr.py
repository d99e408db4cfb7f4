"""Files of call detail records: uploaded, waiting, loaded or refused (CD-04, CD-07 … CD-10, CD-13)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from reports_lib.database.schema.base import Base, one_of
from reports_lib.database.schema.invoices import FIRST_ID


class CdrState(StrEnum):
    """Where a file is; one that is being processed counts as waiting in figures (T-57)."""

    WAITING = "waiting"
    PROCESSING = "processing"
    SUCCESS = "success"
    ERROR = "error"


class CdrFile(Base):
    """One file of call detail records: loaded once and whole, or not at all.

    `lines` is `loaded + rejected + blank`, or the file is an error.
    """

    __tablename__ = "cdr_file"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=FIRST_ID), primary_key=True)
    company: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str]  # as it was called when it came
    sha256: Mapped[str]  # of its bytes as they came
    format: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]
    processed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=CdrState.WAITING)
    lines: Mapped[int] = mapped_column(BigInteger, server_default="0")
    loaded: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rejected: Mapped[int] = mapped_column(BigInteger, server_default="0")
    blank: Mapped[int] = mapped_column(BigInteger, server_default="0")
    error: Mapped[str | None]  # one line
    rejects: Mapped[str | None]  # where the lines that were not loaded are kept, below the outputs
    data_version: Mapped[str | None]  # the warehouse's, with its lines
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    heartbeat_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(one_of("state", CdrState), name="state"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
        CheckConstraint("state <> 'success' OR lines = loaded + rejected + blank", name="lines"),
        CheckConstraint("(state IN ('success', 'error')) = (processed_at IS NOT NULL)", name="processed"),
        CheckConstraint("(state = 'error') = (error IS NOT NULL)", name="error"),
        CheckConstraint("state <> 'processing' OR (attempt > 0 AND heartbeat_at IS NOT NULL)", name="processing"),
        Index("cdr_file_sha256_unique", "sha256", unique=True, postgresql_where=sql("deleted_at IS NULL")),
        Index(None, "uploaded_at", "id"),
        Index(None, "state", "heartbeat_at", postgresql_where=sql("state IN ('waiting', 'processing')")),
    )
