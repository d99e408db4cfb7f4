"""Rows of ours in the warehouse, beside those of another system in the same tables: their ids are below 0.

Daybook's own invoice 7 is invoice -7 there. Numbers below 0 are kept for that alone: whoever loads or writes rows
with such keys is refused, and who replaces a whole table leaves ours in it. So neither can take the other's place.
"""

from collections.abc import Iterable

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from reports_lib.database.url import connect, reason
from reports_lib.errors import WarehouseError
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.lake import LAKE, open_lake

IDS: dict[str, tuple[str, ...]] = {
    "invoice": ("invoice_id",),
    "invoice_line": ("invoice_id",),
    "invoice_revision": ("invoice_id",),
    "payment": ("payment_id", "invoice_id"),
    "ledger_entry": ("entry_id", "invoice_id", "reverses_entry_id"),
    "cdr_file": ("file_id",),
    "coupon_group": ("group_id",),
    "coupon": ("coupon_id", "group_id"),
}
"""The tables that have rows of ours, with their columns of ids of ours; the first says whose a row is."""

RESERVED = "is below 0, where Daybook's own rows are"


def marked(name: str, rows: pa.Table) -> pa.Table:
    """Rows of ours as the warehouse has them: the ids that they have with us, below 0."""
    for column in IDS[name]:
        place = rows.column_names.index(column)
        rows = rows.set_column(place, rows.schema.field(place), pc.negate_checked(rows[column]))
    return rows


def refuse(name: str, rows: pa.Table) -> None:
    """Raise `WarehouseError` if rows of another system have ids that only ours may have."""
    if name in IDS and len(rows) and (least := pc.min(rows[IDS[name][0]]).as_py()) < 0:
        raise WarehouseError(f"{name}: {IDS[name][0]}={least} {RESERVED}; give those rows other ids")


def among(name: str) -> str:
    """SQL, true of rows of ours."""
    return f'"{IDS[name][0]}" < 0'


def count_on_lake(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, int]:
    """How many rows of ours these tables have; a table that is not there has none."""
    found = dict.fromkeys(names, 0)
    there = f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{LAKE}'"  # noqa: S608  # names of IDS only
    for (name,) in con.execute(there).fetchall():
        if name in found:
            ((found[name],),) = con.execute(f'SELECT count(*) FROM "{name}" WHERE {among(name)}').fetchall()  # noqa: S608
    return found


def count_on_postgres(con: psycopg.Connection, schema: str, names: Iterable[str]) -> dict[str, int]:
    """As `count_on_lake`."""
    found = dict.fromkeys(names, 0)
    there = "select relname from pg_class where relnamespace = to_regnamespace(quote_ident(%s))"
    for (name,) in con.execute(there, (schema,)).fetchall():
        if name in found:
            query = sql.SQL("select count(*) from {} where {} < 0").format(
                sql.Identifier(schema, name), sql.Identifier(IDS[name][0])
            )
            ((found[name],),) = con.execute(query).fetchall()
    return found


def counted(address: Address, names: Iterable[str]) -> dict[str, int]:
    """How many rows of ours these tables of a warehouse have now. Raises `WarehouseError` and `DatabaseError`."""
    try:
        if address.is_lake:
            with open_lake(address) as lake:
                return count_on_lake(lake, names)
        with connect(address.database) as con:
            return count_on_postgres(con, address.schema, names)
    except (duckdb.Error, psycopg.Error) as error:
        raise WarehouseError(f"the warehouse at {address.place}: {reason(error, address.database)}") from None
