"""The warehouse's copy of what Daybook itself keeps: invoices, payments, coupons, files of calls.

    a change      its row and a note of it, in one transaction
    a sync        takes the notes, writes the rows of what they name as one data version, forgets those notes

So nothing that was committed is forgotten, and what was not is never copied. At least once: whoever dies
between the writing and the forgetting leaves the notes, and the next one writes the same rows in the same
places. Reports read the copy and keep their boundary, their as-of moment and their data version.

Whoever else writes the warehouse may replace its tables whole, ours in them too. Each sync remembers how many
rows of ours there are; where there are others later, `heal` notes everything anew.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import ARRAY, BigInteger, Connection, Engine, Select, delete, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from reports_lib.database.schema.mirror import MirrorHeld, MirrorNote
from reports_lib.errors import WarehouseError
from reports_lib.warehouse import ours
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.upsert import upsert
from reports_lib.warehouse.versions import latest

LOCK = 0x6D697272  # "mirr": held by whoever copies
MOST = 5_000  # notes of one data version: rows of all they name are in memory
ASK_AGAIN = 0.05  # seconds

Rows = dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of thing that is copied: the canonical rows of those with some ids, by table; and the ids of all."""

    rows: Callable[[Session, Collection[int]], Rows]
    ids: Select[int]


Subjects = Mapping[str, Subject]


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: how many things it copied, and why the rest is left, "" if nothing is."""

    copied: int = 0
    trouble: str = ""


def note(session: Session, subject: str, subject_id: int) -> None:
    """Remember, in the caller's transaction, that a thing has changed; what it then is, is read when it is copied."""
    session.add(MirrorNote(subject=subject, subject_id=subject_id))


def note_all(session: Session, subject: str, ids: Collection[int]) -> None:
    """`note` of each of them, however many."""
    each = func.unnest(literal(list(ids), ARRAY(BigInteger)))
    columns = [MirrorNote.subject, MirrorNote.subject_id]
    session.execute(insert(MirrorNote).from_select(columns, select(literal(subject), each)))


def is_behind(database: Engine, subjects: Subjects) -> bool:
    """Whether something is noted."""
    with Session(database) as session:
        return bool(session.scalar(select(exists().where(MirrorNote.subject.in_(list(subjects))))))


def sync(database: Engine, address: Address, subjects: Subjects, *, patience: float = 0.0) -> Synced:
    """Copy all that is noted to the warehouse at `address`, which must let us write.

    One at a time: who finds another at it waits `patience` seconds for him, then leaves it to him. A
    warehouse that refuses the rows keeps its notes, and `trouble` says why, in one line. Raises
    `DatabaseError`.
    """
    copied = 0
    with _alone(database, patience) as is_ours:
        while is_ours:
            with Session(database) as session:
                # one moment for the notes and all that they name, so no invoice is copied without its lines
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                notes = _noted(session, subjects)
                tables = _rows_of(session, notes, subjects)
            if not notes:
                break
            try:
                done = upsert(address, tables, author="daybook", message=_message(notes))
            except WarehouseError as error:
                return Synced(copied, str(error))
            with Session(database) as session, session.begin():
                session.execute(delete(MirrorNote).where(MirrorNote.id.in_([each.id for each in notes])))
                for name, rows in done.held.items():
                    session.merge(MirrorHeld(name=name, rows=rows))
            copied += len({(each.subject, each.subject_id) for each in notes})
    return Synced(copied)


def heal(database: Engine, address: Address, subjects: Subjects, seen: str = "") -> str:
    """Note everything anew if the warehouse has other numbers of our rows than were written.

    What is noted already comes first: then nothing is looked at. Nor is the data version `seen` looked at again;
    returns the one that was ("" on Postgres, which has none). Raises `WarehouseError` and `DatabaseError`.
    """
    with _alone(database, 0) as is_ours:
        if not is_ours or is_behind(database, subjects):
            return ""
        with Session(database) as session:
            written = {each.name: each.rows for each in session.scalars(select(MirrorHeld))}
        newest = latest(address) if written else None
        version = newest.name if newest else ""
        if not written or (version and version == seen) or ours.counted(address, written) == written:
            return version
        columns = [MirrorNote.subject, MirrorNote.subject_id]
        with Session(database) as session, session.begin():
            for name, subject in subjects.items():
                noted = subject.ids.with_only_columns(literal(name), *subject.ids.selected_columns)
                session.execute(insert(MirrorNote).from_select(columns, noted))
    return version


def _noted(session: Session, subjects: Subjects) -> Sequence[MirrorNote]:
    known = MirrorNote.subject.in_(list(subjects))
    return session.scalars(select(MirrorNote).where(known).order_by(MirrorNote.id).limit(MOST)).all()


def _rows_of(session: Session, notes: Sequence[MirrorNote], subjects: Subjects) -> Rows:
    """The rows of all that is noted; two subjects may have rows of one table."""
    found: dict[str, list[pa.Table]] = {}
    for subject in dict.fromkeys(each.subject for each in notes):
        ids = {each.subject_id for each in notes if each.subject == subject}
        for name, rows in subjects[subject].rows(session, ids).items():
            found.setdefault(name, []).append(ours.marked(name, rows))
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


def _message(notes: Sequence[MirrorNote]) -> str:
    count = Counter(subject for subject, _ in {(each.subject, each.subject_id) for each in notes})
    return "Copied: " + ", ".join(f"{number} {subject}" for subject, number in sorted(count.items()))


@contextmanager
def _alone(database: Engine, patience: float) -> Iterator[bool]:
    """Whether nobody else copies, and nobody will while the block runs."""
    # outside any transaction: one that idles while the warehouse is written would be ended
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = _locked(connection, time.monotonic() + patience)
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(select(func.pg_advisory_unlock(LOCK)))


def _locked(connection: Connection, until: float) -> bool:
    while not connection.scalar(select(func.pg_try_advisory_lock(LOCK))):
        if time.monotonic() >= until:
            return False
        time.sleep(ASK_AGAIN)
    return True
