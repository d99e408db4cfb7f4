"""Mail that waits, was sent, or was given up."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reports_lib.database.schema.base import Base, one_of
from reports_lib.database.schema.runs import Run


class MailKind(StrEnum):
    """What a mail is."""

    REPORT = "report"  # a finished report, to whoever is to have it
    FAILURE = "failure"  # that there is none, to the owner and nobody else


class MailState(StrEnum):
    """Where a mail is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up: refused for good, or too often


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
        CheckConstraint(one_of("kind", MailKind), name="kind"),
        CheckConstraint(one_of("state", MailState), name="state"),
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
