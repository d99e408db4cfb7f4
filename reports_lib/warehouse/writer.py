"""Writing a warehouse: all tables of one call or none, as one data version with author and message."""

import io
import tempfile
from collections.abc import Callable, Mapping

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from reports_lib.database.url import connect, reason
from reports_lib.errors import WarehouseError
from reports_lib.warehouse import ours
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.conform import conform
from reports_lib.warehouse.ddl import on_lake, on_postgres
from reports_lib.warehouse.lake import LAKE, literal, open_lake
from reports_lib.warehouse.tables import TABLES

LOCK = 0x6C616B65  # "lake": held by whoever writes
BATCH = 50_000  # rows of one COPY message
# what this session has written, whatever others wrote since; the present one if nothing changed
OWN_VERSION = (
    "SELECT coalesce((SELECT id FROM lake.last_committed_snapshot()), (SELECT id FROM lake.current_snapshot()))"
)
THERE = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'"


def create(address: Address, *, author: str = "daybook", message: str = "Canonical tables") -> str:
    """Make every canonical table that is absent, empty; returns the data version ("" on Postgres)."""
    empty = {name: table.schema.to_pyarrow().empty_table() for name, table in TABLES.items()}
    return write(address, empty, author=author, message=message)


def write(address: Address, tables: Mapping[str, pa.Table], *, author: str, message: str, replace: bool = False) -> str:
    """Append the rows, or `replace` all rows of the tables named but ours; returns the data version that holds them.

    Absent tables are made. A nullable column may be left out; values are cast where nothing is
    lost. Raises `UnknownNameError` for an unknown table, `WarehouseError` for rows that do not fit
    or have ids that are ours, and `DatabaseError` if the server is down; then nothing is written.
    On Postgres the version is "".
    """
    rows = {name: conform(name, table) for name, table in tables.items()}
    for name, table in rows.items():
        ours.refuse(name, table)
    if address.is_lake:
        return change_lake(address, lambda con: _fill_lake(con, rows, replace), author, message)
    return change_postgres(address, lambda con: _fill_postgres(con, address.schema, rows, replace))


def execute(address: Address, statement: str, *, author: str, message: str) -> str:
    """Change the warehouse by SQL, such as a rerating of its source; returns the data version ("" on Postgres).

    For demo data and tests: `statement` is the caller's own text, never a user's. Raises `WarehouseError`.
    """
    if address.is_lake:
        return change_lake(address, lambda con: con.execute(statement), author, message)
    return change_postgres(address, lambda con: con.execute(statement.encode()))


def change_lake(
    address: Address, change: Callable[[duckdb.DuckDBPyConnection], object], author: str, message: str
) -> str:
    """Let `change` work on a lake as its only writer; what it did is one data version, whose name is returned.

    Raises `WarehouseError` and `DatabaseError`; then nothing is written. So does `change_postgres`.
    """
    with connect(address.database) as catalogue:
        # one writer at a time: two that made the lake, or the same table, at once would fail
        catalogue.execute("select pg_advisory_lock(%s)", (LOCK,))
        return _in_one_version(address, change, author, message)


def _in_one_version(
    address: Address, change: Callable[[duckdb.DuckDBPyConnection], object], author: str, message: str
) -> str:
    con = open_lake(address)
    spill = tempfile.TemporaryDirectory(prefix="daybook-")  # DuckDB's own choice is the working folder
    try:
        con.execute(f"SET temp_directory = {literal(spill.name)}")
        con.execute("BEGIN")
        change(con)
        con.execute(f"CALL {LAKE}.set_commit_message({literal(author)}, {literal(message)})")
        con.execute("COMMIT")
        (version,) = con.execute(OWN_VERSION).fetchone() or (None,)
        return str(version)
    except duckdb.Error as error:
        told = reason(error, address.database)
        raise WarehouseError(f"the lake at {address.place} refused the change, nothing is written: {told}") from None
    finally:
        con.close()
        spill.cleanup()


def _fill_lake(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], replace: bool) -> None:
    there = {name for (name,) in con.execute(THERE).fetchall()}
    if not there:
        con.execute(f"CALL {LAKE}.set_option('parquet_version', 2)")  # a third smaller, and read in two thirds the time
    for name, rows in tables.items():
        if name not in there:
            for statement in on_lake(TABLES[name]):
                con.execute(statement)
        elif replace:
            con.execute(f'DELETE FROM "{name}"{_others(name)}')  # noqa: S608  # names of TABLES only, here and below
        if len(rows):
            # sorted by time, each file covers a short span and reports skip the others
            order = f' ORDER BY "{TABLES[name].happened_at}"' if TABLES[name].happened_at else ""
            con.register("incoming", rows)
            con.execute(f'INSERT INTO "{name}" SELECT * FROM incoming{order}')  # noqa: S608
            con.unregister("incoming")


def change_postgres(address: Address, change: Callable[[psycopg.Connection], object]) -> str:
    """Let `change` work on a Postgres as its only writer of ours, in one transaction; returns ""."""
    with connect(address.database) as con:
        try:
            with con.transaction():
                con.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
                con.execute("select set_config('search_path', %s, true)", (f'"{address.schema}"',))
                change(con)
        except psycopg.Error as error:
            told = reason(error, address.database)
            text = f"the warehouse at {address.place} refused the change, nothing is written: {told}"
            raise WarehouseError(text) from None
    return ""


def _fill_postgres(con: psycopg.Connection, schema: str, tables: Mapping[str, pa.Table], replace: bool) -> None:
    make_schema(con, schema)
    for name, rows in tables.items():
        for statement in on_postgres(TABLES[name], schema):
            con.execute(statement.encode())
        target = sql.Identifier(schema, name)
        if replace:
            con.execute(sql.SQL("delete from {}{}").format(target, sql.SQL(_others(name))))
        copy_into(con, target, rows)
        con.execute(sql.SQL("analyze {}").format(target))  # else the first reports are planned blindly


def _others(name: str) -> str:
    """Which rows of a table give way when it is replaced: all that are not ours."""
    return f" WHERE NOT {ours.among(name)}" if name in ours.IDS else ""


def make_schema(con: psycopg.Connection, schema: str) -> None:
    """The schema that a Postgres warehouse is in, where there is none yet."""
    # asked first, as `if not exists` wants the right to make one even where there is one
    if con.execute("select 1 from pg_namespace where nspname = %s", (schema,)).fetchone() is None:
        con.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))


def copy_into(con: psycopg.Connection, target: sql.Identifier, rows: pa.Table) -> None:
    """Append rows to a table of Postgres, by the names of their columns."""
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    with con.cursor().copy(sql.SQL("copy {} ({}) from stdin (format csv)").format(target, columns)) as copy:
        for batch in rows.to_batches(max_chunksize=BATCH):
            copy.write(_csv(batch))


def _csv(batch: pa.RecordBatch) -> bytes:
    # text is quoted and null is not, which is how COPY tells an empty text from none
    out = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(pa.Table.from_batches([batch]), out, options)
    return out.getvalue()
