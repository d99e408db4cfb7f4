"""What the warehouse has not been told yet, and what it holds of ours."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from reports_lib.database.schema.base import Base


class MirrorNote(Base):
    """A thing of ours that has changed and is to be copied to the warehouse; the note goes once it has been.

    Written in the transaction of the change. There may be several of one thing: a single row would make
    those who change it wait for each other, and a copy that is being made could swallow the news.
    """

    __tablename__ = "mirror_note"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    subject: Mapped[str]  # such as "invoice"
    subject_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=sql("now()"))


class MirrorHeld(Base):
    """How many rows of ours a table of the warehouse had when it was last written: if it has others, it lost some."""

    __tablename__ = "mirror_held"

    name: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)
