"""Connections to the lake: DuckDB, with Parquet files and a catalogue in Postgres (DuckLake).

The extensions come as wheels and are loaded by path, their signatures checked: no network.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
from psycopg.conninfo import make_conninfo

from reports_lib.database.outage import unreadable
from reports_lib.database.url import keywords, reason
from reports_lib.errors import DatabaseError, SettingError
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.extensions import opened

CATALOGUE = "public"  # the schema of the catalogue, as DuckLake has it where it is not told otherwise
LAKE = "lake"  # what the lake is called inside DuckDB


@dataclass(frozen=True)
class _Ready:
    """A session that waits to be used, the process that opened it, and the copied catalogue it is in, if any."""

    process: int
    con: duckdb.DuckDBPyConnection
    catalogue: str


_ready: list[_Ready] = []  # at most one


def prepare(address: Address | None = None) -> None:
    """Open a DuckDB with its extensions, for the next `open_lake` of this process: it then need only attach.

    Where `address` is a version of a lake it is entered, which needs no secret, and the next `open_lake`
    of it has nothing left to do. Raises `WarehouseError` if an extension is missing.
    """
    catalogue = address.catalogue if address else ""
    ready = _ready[0] if _ready else None
    if ready and (ready.process, ready.catalogue) == (os.getpid(), catalogue):
        return
    con = opened()
    if address and catalogue:
        _enter(con, address, None)
    if ready and ready.process == os.getpid():
        ready.con.close()
    _ready[:] = [_Ready(os.getpid(), con, catalogue)]


def prepared() -> duckdb.DuckDBPyConnection:
    """The session that waits, still to be handed out."""
    return _ready[0].con


def open_lake(address: Address, *, version: int | None = None, memory_limit: str = "4GB") -> duckdb.DuckDBPyConnection:
    """A DuckDB session inside the lake: read-only at `version`, or writable where that is None.

    Times are naive UTC and so is the session. Raises `DatabaseError` if the lake's catalogue is down,
    `WarehouseError` if it refuses us.
    """
    con, is_inside = _taken(address)
    try:
        con.execute(f"SET memory_limit = {literal(memory_limit)}")
    except duckdb.Error:
        con.close()
        raise SettingError(f"DAYBOOK_MEMORY_LIMIT={memory_limit!r} is not a size such as 4GB") from None
    if not is_inside:
        _enter(con, address, version)
    return con


def _enter(con: duckdb.DuckDBPyConnection, address: Address, version: int | None) -> None:
    try:
        # a catalogue is many small tables: threads that wait for their share of one cost more than they do
        con.execute("SET threads = 1")
        con.execute(_attach(address, version))
        con.execute(f"USE {LAKE}")
        con.execute("RESET threads")
    except duckdb.Error as error:
        con.close()
        if address.catalogue:  # whoever tries again copies it anew
            Path(address.catalogue).unlink(missing_ok=True)
            told = str(error).splitlines()[0]
            raise DatabaseError(f"the copy of the catalogue at {address.place} was no good: {told}") from None
        told = reason(error, address.database)
        raise unreadable(f"the lake at {address.place}", error, told) from None


def _taken(address: Address) -> tuple[duckdb.DuckDBPyConnection, bool]:
    """The prepared session, handed out once, or a new one; and whether it is in the lake at `address` already.

    One that was opened before a fork has no threads here, and one in another lake is of no use.
    """
    ready = _ready.pop() if _ready else None
    if ready and ready.process == os.getpid():
        if ready.catalogue in ("", address.catalogue):
            return ready.con, bool(ready.catalogue)
        ready.con.close()
    return opened(), False


def lock(con: duckdb.DuckDBPyConnection, address: Address, temporary: str) -> None:
    """Shut the session in: from now on it reaches the lake's files and `temporary`, and its settings hold.

    What DuckDB cannot forbid is writing files into the lake's own folder; the catalogue, which
    alone says what the lake holds, stays out of reach.
    """
    con.execute(f"SET temp_directory = {literal(temporary)}")
    con.execute(f"SET allowed_directories = [{literal(address.data_path)}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def literal(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _attach(address: Address, version: int | None) -> str:
    # files are named relative to the data path, so a workspace may be moved
    options = [f"DATA_PATH {literal(address.data_path)}", "OVERRIDE_DATA_PATH true"]
    if address.catalogue:
        place = f"ducklake:{address.catalogue}"
        version = int(address.version)
    else:
        place = f"ducklake:postgres:{make_conninfo(**keywords(address.database))}"
        # of all that is in the catalogue's database only its own schema is looked through
        options.append(f"METADATA_PARAMETERS MAP {{'SCHEMA': {literal(CATALOGUE)}}}")
    # no rows in the catalogue, however few: a copy of it could not be read without its server
    options += ["DATA_INLINING_ROW_LIMIT 0"] if version is None else ["READ_ONLY", f"SNAPSHOT_VERSION {version:d}"]
    return f"ATTACH {literal(place)} AS {LAKE} ({', '.join(options)})"
