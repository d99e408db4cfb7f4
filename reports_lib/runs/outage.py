"""Telling a database that went away from a notebook's own mistake: the former heals without anybody's doing."""

# What a cell raises when a connection breaks: of DuckDB, of psycopg, and what ibis and the warehouse make of them.
CLASSES = {
    "AdminShutdown",
    "CannotConnectNow",
    "CrashShutdown",
    "Error",
    "FatalException",
    "HTTPException",
    "IOException",
    "InterfaceError",
    "InternalException",
    "InvalidInputException",
    "OperationalError",
    "TransactionException",
    "WarehouseError",
}
# What Postgres and libpq say then.
WORDS = (
    "cannot connect",
    "connection already closed",
    "connection is closed",
    "connection not open",
    "connection refused",
    "connection reset",
    "connection timed out",
    "connection timeout",
    "could not connect",
    "could not receive data from server",
    "could not send data to server",
    "no connection to the server",
    "server closed the connection",
    "ssl connection has been closed",
    "terminating connection",
    "the connection is lost",
    "the database system is",  # starting up, shutting down, in recovery mode, not yet accepting connections
    "unable to connect",
)


def is_outage(error: str, message: str) -> bool:
    """Whether an exception of the class `error` with that message means that a server went away."""
    said = message.lower()
    return error in CLASSES and any(words in said for words in WORDS)
