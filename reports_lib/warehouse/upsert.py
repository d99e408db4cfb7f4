"""Rows put in the place of those with the same key, in several tables, as one data version.

For what another place keeps the truth of, such as our own invoices: the warehouse gets a copy, and
whoever writes it twice has written it once. `writer` appends and replaces whole tables; this replaces rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import psycopg
import pyarrow as pa
from psycopg import sql

from reports_lib.errors import WarehouseError
from reports_lib.warehouse import ddl, ours, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.conform import conform
from reports_lib.warehouse.tables import TABLES

PARTS = {"invoice_line": "invoice", "invoice_revision": "invoice"}  # of what a row is a part
INCOMING = "daybook_incoming"
GONE = "daybook_gone"


@dataclass(frozen=True, slots=True)
class Upserted:
    """The data version that holds the rows ("" on Postgres), and how many rows of ours its tables then have."""

    version: str
    held: Mapping[str, int]


def upsert(address: Address, tables: Mapping[str, pa.Table], *, author: str, message: str) -> Upserted:
    """Put the rows into their tables, each instead of the one with its key.

    Where a whole comes with its table of parts, all its parts are replaced: an invoice that has lost a
    line has lost it. All tables change at once or none. Absent tables are made. Raises `UnknownNameError`
    for an unknown table, `WarehouseError` for rows that do not fit, for a key that is given twice and where
    the warehouse may not be written, `DatabaseError` if the server is down; then nothing is written.
    """
    rows = {name: conform(name, table) for name, table in tables.items()}
    gone = {name: _gone(name, rows) for name in rows}
    held: dict[str, int] = {}

    def on_lake(con: duckdb.DuckDBPyConnection) -> None:
        _on_lake(con, rows, gone)
        held.update(ours.count_on_lake(con, ours.IDS.keys() & rows))

    def on_postgres(con: psycopg.Connection) -> None:
        _on_postgres(con, address.schema, rows, gone)
        held.update(ours.count_on_postgres(con, address.schema, ours.IDS.keys() & rows))

    if address.is_lake:
        version = writer.change_lake(address, on_lake, author, message)
    else:
        version = writer.change_postgres(address, on_postgres)
    return Upserted(version, held)


def _gone(name: str, rows: Mapping[str, pa.Table]) -> pa.Table:
    """The keys of whatever gives way, each once: of the rows themselves, or of what they are parts of."""
    whole = PARTS.get(name, "")
    source, key = (whole, TABLES[whole].key) if whole in rows else (name, TABLES[name].key)
    found = rows[source].select(list(key)).group_by(list(key)).aggregate([])
    if source == name and len(found) < len(rows[name]):
        raise WarehouseError(f"{name}: {len(rows[name]) - len(found)} of the rows have the key of another one")
    return found


def _on_lake(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], gone: Mapping[str, pa.Table]) -> None:
    there = {name for (name,) in con.execute(writer.THERE).fetchall()}
    for name in tables:
        for statement in () if name in there else ddl.on_lake(TABLES[name]):
            con.execute(statement)
        con.register(GONE, gone[name])
        same = _same(name, gone[name].column_names)
        con.execute(f'DELETE FROM "{name}" USING {GONE} WHERE {same}')  # noqa: S608  # names of TABLES only, here and below
        con.unregister(GONE)
        columns, order = _listed(name)
        con.register(INCOMING, tables[name])
        con.execute(f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM {INCOMING}{order}')  # noqa: S608
        con.unregister(INCOMING)


def _on_postgres(
    con: psycopg.Connection, schema: str, tables: Mapping[str, pa.Table], gone: Mapping[str, pa.Table]
) -> None:
    writer.make_schema(con, schema)
    there = {name for (name,) in con.execute("select tablename from pg_tables where schemaname = %s", (schema,))}
    for name, rows in tables.items():
        for statement in () if name in there else ddl.on_postgres(TABLES[name], schema):
            con.execute(statement.encode())
        target = sql.Identifier(schema, name)
        like = sql.SQL("create temporary table {} on commit drop as select {} from {} with no data")
        keys = sql.SQL(", ").join(map(sql.Identifier, gone[name].column_names))
        con.execute(like.format(sql.Identifier(GONE), keys, target))
        writer.copy_into(con, sql.Identifier(GONE), gone[name])
        same = sql.SQL(_same(name, gone[name].column_names))  # names of TABLES only
        con.execute(sql.SQL("delete from {} using {} where {}").format(target, sql.Identifier(GONE), same))
        con.execute(sql.SQL("drop table {}").format(sql.Identifier(GONE)))
        writer.copy_into(con, target, rows)


def _same(name: str, key: Sequence[str]) -> str:
    return " AND ".join(f'"{name}"."{column}" = {GONE}."{column}"' for column in key)


def _listed(name: str) -> tuple[str, str]:
    """The table's columns as SQL lists them, and the order that its files are written in."""
    table = TABLES[name]
    columns = ", ".join(f'"{column}"' for column in table.schema)
    return columns, f' ORDER BY "{table.happened_at}"' if table.happened_at else ""
