"""SQLAlchemy engines on the workspace's database."""

import psycopg
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from reports_lib.database.server import database_url
from reports_lib.database.url import CONNECT_SECONDS, place, reason
from reports_lib.errors import DatabaseError
from reports_lib.workspace import Workspace

# SQLSTATE classes of a server that is away, full or shutting down. Deadlocks and constraint
# failures are not among them: whoever caused those can try again or must know.
AWAY = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)
UNREACHABLE = ("08", "25P03", "53", "57P", "58")

# A process that is stopped in the midst of a transaction holds its rows for as long, as long as a lease.
IDLE_SECONDS = 10
_IDLE = "idle_in_transaction_session_timeout"


def engine(workspace: Workspace) -> Engine:
    """An engine with a small pool on the workspace's database, which is started if it is the embedded one.

    Sessions are in UTC. Raises `DatabaseError` if the database cannot be reached, and so does
    whatever uses the engine later.
    """
    return engine_of(database_url(workspace))


def engine_of(url: str) -> Engine:
    """An engine on the database of a `postgresql://` address; connects on first use."""
    made = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": f"-c timezone=UTC -c {_IDLE}={IDLE_SECONDS}s"},
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and values may be tokens of links
        pool_size=5,
        max_overflow=10,
    )

    @event.listens_for(made, "handle_error")
    def refuse(context: ExceptionContext) -> None:
        error = context.original_exception
        # A connection found dead by the ping before use is replaced without a word.
        if not context.is_pre_ping and isinstance(error, AWAY) and _is_away(error):
            raise DatabaseError(f"the database at {place(url)} cannot be reached: {reason(error, url)}") from error

    return made


def _is_away(error: psycopg.DatabaseError) -> bool:
    return error.sqlstate is None or error.sqlstate.startswith(UNREACHABLE)
