"""Tries that failed, and how long the next one has to wait.

A try is counted before it is made and taken off again if it was right, in one statement of the
database each: however many processes and requests there are, no more are looked at than may be. What
is counted is kept under the hash of a key, for people type passwords where their name belongs.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Numeric, case, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from reports_lib.database.schema import Throttle
from reports_lib.errors import ThrottleError

# Failures without a wait, by kind of key. Many people may come from one address.
FREE = {"name": 5, "browser": 5, "present": 5, "address": 20}
LONGEST = 900  # seconds
FORGOTTEN = timedelta(hours=24)  # after the last failure


def key(kind: str, text: str) -> str:
    """What is counted: a `kind` of `FREE`, and which one of it."""
    return f"{kind}:{hashlib.sha256(text.casefold().encode()).hexdigest()[:32]}"


def take(session: Session, keys: Iterable[str], now: datetime) -> None:
    """Count a try that is about to be made. The caller commits before it makes it.

    Raises `ThrottleError` if one of the keys has to wait; the caller's transaction is then to be rolled back.
    """
    for each in sorted(keys):  # in one order, or two tries could wait for each other for ever
        if session.scalar(_counted(each, now)) is None:
            until = session.scalar(select(Throttle.until).where(Throttle.key == each)) or now
            seconds = max(int((until - now).total_seconds() + 0.999), 1)
            raise ThrottleError(f"too many tries; wait {seconds} s and try again", seconds)


def forgive(session: Session, own: str, others: Iterable[str], now: datetime) -> None:
    """The try was right: forget the failures of `own`, and take them off `others`, whose further ones stay."""
    mine = session.scalar(delete(Throttle).where(Throttle.key == own).returning(Throttle.failures)) or 1
    for each in sorted(others):
        left = func.greatest(Throttle.failures - mine, 0)
        session.execute(update(Throttle).where(Throttle.key == each).values(failures=left, until=now))
    session.execute(delete(Throttle).where(Throttle.last_at < now - FORGOTTEN))


def wait(failures: int, free: int) -> int:
    """Seconds to wait after that many failures: none, then 1, 2, 4 … up to `LONGEST`."""
    return 0 if failures < free else min(2 ** min(failures - free, 20), LONGEST)


def _counted(key: str, now: datetime) -> ReturningInsert[tuple[int]]:
    """The statement that counts a try and returns how many there are; no row if it has to wait."""
    free = FREE[key.partition(":")[0]]
    fresh = insert(Throttle).values(key=key, failures=1, last_at=now, until=now + timedelta(seconds=wait(1, free)))
    failures: ColumnElement[int] = case((Throttle.last_at < now - FORGOTTEN, 1), else_=Throttle.failures + 1)
    steps = func.power(cast(2, Numeric), func.least(failures - free, 20))
    seconds = case((failures < free, 0), else_=func.least(steps, LONGEST))
    until = now + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return fresh.on_conflict_do_update(
        index_elements=[Throttle.key],
        set_={"failures": failures, "last_at": now, "until": until},
        where=Throttle.until <= now,
    ).returning(Throttle.failures)
