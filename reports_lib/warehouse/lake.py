"""Connections to the lake: DuckDB, with Parquet files and a catalogue in Postgres (DuckLake).

The extensions come as wheels and are loaded by path, their signatures checked: no network.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import duckdb
from psycopg.conninfo import make_conninfo

from reports_lib.database.outage import unreadable
from reports_lib.database.url import keywords, reason
from reports_lib.errors import SettingError, WarehouseError
from reports_lib.warehouse.address import Address

CATALOGUE = "public"  # the schema of the catalogue, as DuckLake has it where it is not told otherwise
LAKE = "lake"  # what the lake is called inside DuckDB
EXTENSIONS = ("ducklake", "postgres_scanner")
_ready: list[tuple[int, duckdb.DuckDBPyConnection]] = []  # at most one, and the process that opened it


def extension_path(name: str) -> Path:
    """The binary of a DuckDB extension that was installed as a wheel; raises `WarehouseError`."""
    spec = find_spec(f"duckdb_extension_{name}")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if path.is_file():
            return path
    package = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
    raise WarehouseError(f"DuckDB lacks its extension {name}; install {package}")


def prepare() -> None:
    """Open a DuckDB with its extensions, for the next `open_lake` of this process: it then need only attach.

    No lake is entered and no secret is needed. Raises `WarehouseError` if an extension is missing.
    """
    if not _ready or _ready[0][0] != os.getpid():
        _ready[:] = [(os.getpid(), _opened())]


def open_lake(address: Address, *, version: int | None = None, memory_limit: str = "4GB") -> duckdb.DuckDBPyConnection:
    """A DuckDB session inside the lake: read-only at `version`, or writable where that is None.

    Times are naive UTC and so is the session. Raises `DatabaseError` if the lake's catalogue is down,
    `WarehouseError` if it refuses us.
    """
    con = _taken()
    try:
        con.execute(f"SET memory_limit = {literal(memory_limit)}")
    except duckdb.Error:
        con.close()
        raise SettingError(f"DAYBOOK_MEMORY_LIMIT={memory_limit!r} is not a size such as 4GB") from None
    try:
        con.execute(_attach(address, version))
        con.execute(f"USE {LAKE}")
    except duckdb.Error as error:
        con.close()
        raise unreadable(f"the lake at {address.place}", error, reason(error, address.database)) from None
    return con


def _taken() -> duckdb.DuckDBPyConnection:
    """The prepared session, handed out once, or a new one; one that was opened before a fork has no threads here."""
    process, con = _ready.pop() if _ready else (0, None)
    return con if con and process == os.getpid() else _opened()


def _opened() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    con.execute("SET TimeZone = 'UTC'")
    try:
        for name in EXTENSIONS:
            con.execute(f"LOAD {literal(str(extension_path(name)))}")
    except duckdb.Error as error:
        con.close()
        raise WarehouseError(f"DuckDB cannot load its extensions: {error}") from None
    return con


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
    catalogue = literal(f"ducklake:postgres:{make_conninfo(**keywords(address.database))}")
    # files are named relative to the data path, so a workspace may be moved; and of all that is in the
    # catalogue's database only its own schema is looked through
    options = [f"DATA_PATH {literal(address.data_path)}", "OVERRIDE_DATA_PATH true"]
    options.append(f"METADATA_PARAMETERS MAP {{'SCHEMA': {literal(CATALOGUE)}}}")
    if version is not None:
        options += ["READ_ONLY", f"SNAPSHOT_VERSION {version:d}"]
    return f"ATTACH {catalogue} AS {LAKE} ({', '.join(options)})"
