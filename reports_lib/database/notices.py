"""News between processes, through the database: who writes says so, who listens need not ask again and again.

A notice is sent when the transaction that holds it commits, and not at all if it does not. It may
be missed (a listener that reconnects, a server that restarts), so whoever listens also looks by
himself now and then: a notice saves waiting, it is never the truth.
"""

from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.database.url import connect, place, reason
from reports_lib.errors import DatabaseError

RUN = "daybook_run"  # payload: number of a run whose row has changed
ACCESS = "daybook_access"  # no payload: who may see what has changed; the database's own triggers say so
MAIL = "daybook_mail"  # payload: number of a run that has mail waiting


def notify(session: Session, channel: str, payload: object) -> None:
    """Tell whoever listens, once the session's transaction commits."""
    session.execute(select(func.pg_notify(channel, str(payload))))


def listen(url: str, channels: Sequence[str], seconds: float) -> Iterator[str | None]:
    """Payloads as they come; None whenever `seconds` pass without one, and first of all once it listens.

    Raises `DatabaseError` if the database cannot be reached or goes away.
    """
    with connect(url) as connection:
        try:
            for channel in channels:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield None
            while True:
                heard: list[str | None] = [n.payload for n in connection.notifies(timeout=seconds, stop_after=1)]
                yield from heard or [None]  # several may come at once
        except psycopg.Error as error:
            raise DatabaseError(f"the database at {place(url)} went away: {reason(error, url)}") from None
