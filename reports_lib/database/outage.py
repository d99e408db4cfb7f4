"""Telling a server that went away from any other mistake: the former heals without anybody's doing."""

import re

from reports_lib.errors import DatabaseError, WarehouseError

# What is raised where a connection breaks: classes of DuckDB and of psycopg, and what we make of them.
CLASSES = {
    "AdminShutdown",
    "CannotConnectNow",
    "ConnectionException",
    "CrashShutdown",
    "Error",
    "FatalException",
    "IOException",
    "InterfaceError",
    "InternalException",
    "InvalidInputException",
    "OperationalError",
    "TransactionException",
    "WarehouseError",
}
# What Postgres, libpq and DuckDB say then, first what says most.
WORDS = (
    "connection refused",
    "connection reset",
    "connection timed out",
    "connection timeout expired",
    "server closed the connection",
    "terminating connection",
    "the database system is",  # starting up, shutting down, in recovery mode
    "ssl connection has been closed",
    "could not receive data from server",
    "could not send data to server",
    "could not translate host name",
    "no connection to the server",
    "the connection is closed",
    "the connection is lost",
    "connection already closed",
    "could not connect",
    "unable to connect",
    "is the server running",
    'failed to execute query "rollback"',  # what DuckDB says first when a connection is gone
)
SECRET = re.compile(r"""password=('(?:\\.|[^'\\])*'|[^\s'"\\@]+)|(?<=://)([^\s:/@]*):[^\s'"\\@/]+(?=@)""")


def outage(error: str, message: str) -> str | None:
    """What an exception of the class `error` says of a server that went away; None if it speaks of something else."""
    said = message.lower()
    return next((words for words in WORDS if words in said), None) if error in CLASSES else None


def unreadable(place: str, error: Exception, told: str) -> DatabaseError | WarehouseError:
    """The error to raise where the warehouse at `place` answered with `error`; `told` is what it says."""
    kind = DatabaseError if outage(type(error).__name__, str(error)) else WarehouseError
    return kind(f"{place} cannot be read: {told}")


def without_passwords(text: str) -> str:
    """`text` with the passwords of addresses left out: DuckDB quotes them whole when it cannot connect."""
    return SECRET.sub(lambda found: "password=…" if found[1] else f"{found[2]}:…", text)
