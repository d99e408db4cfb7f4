"""One process at a time, by a lock of the database that ends with whoever holds it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from reports_lib.runs.installation import Installation


@contextmanager
def alone(installation: Installation, name: str) -> Iterator[bool]:
    """Whether nobody else does what is called so, and nobody will while the block runs."""
    # outside any transaction: one that idles while bills are worked out or drawn would be ended
    with installation.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = func.hashtextextended(name, 0)
        is_ours = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(select(func.pg_advisory_unlock(key)))
