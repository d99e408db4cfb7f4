"""What texts of the warehouse name which ids: read once for each file."""

from collections.abc import Iterable

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.cdr.batch import Known, Place
from reports_lib.cdr.steps import is_number
from reports_lib.database.outage import unreadable
from reports_lib.database.url import connect, reason
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.companies import below
from reports_lib.warehouse.lake import LAKE, open_lake
from reports_lib.warehouse.tables import TABLES

_CLIENT = "client_id"
Row = tuple[str, int, int]


def known(address: Address, places: Iterable[Place], company: str) -> dict[Place, Known]:
    """What is known of each place; of clients, those of the company and of all below it, "" being all.

    A table that is not there knows nothing. Raises `WarehouseError` and `DatabaseError`.
    """
    wanted = sorted(set(places), key=str)
    if not wanted:
        return {}
    companies = sorted(below(address, company)) if company else []
    rows = _on_lake if address.is_lake else _on_postgres
    return {place: _known(found) for place, found in zip(wanted, rows(address, wanted, companies), strict=True)}


def _known(rows: pa.Table) -> Known:
    single = rows.filter(pc.equal(rows["times"], 1)).combine_chunks()
    twice = rows.filter(pc.greater(rows["times"], 1)).combine_chunks()
    return Known(*(column.combine_chunks() for column in (single["text"], single["id"], twice["text"])))


def _query(place: Place, companies: list[str]) -> str:
    """Both engines read it alike; a company's id is one of those that the warehouse itself gave."""
    (key,) = TABLES[place.table].key
    text = f'cast("{place.column}" as varchar)'
    if is_number(place):
        text = f"regexp_replace({text}, '[^0-9]+', '', 'g')"
    where = ""
    if companies and key == _CLIENT:
        own = ", ".join(str(int(each)) for each in companies)
        where = f"where {_CLIENT} in (select {_CLIENT} from client where company_id in ({own}))"  # noqa: S608
    return (
        f'select text, min(id) as id, count(distinct id) as times from (select {text} as text, "{key}" as id'  # noqa: S608
        f" from {place.table} {where}) as known where text <> '' group by text"
    )


def _on_lake(address: Address, places: list[Place], companies: list[str]) -> list[pa.Table]:
    with open_lake(address) as con:
        try:
            found = con.execute("select table_name from duckdb_tables() where database_name = ?", [LAKE]).fetchall()
            there = {name for (name,) in found}
            if "client" not in there and companies:
                return [_table([]) for _ in places]
            return [
                con.execute(_query(place, companies)).to_arrow_table() if place.table in there else _table([])
                for place in places
            ]
        except duckdb.Error as error:
            told = reason(error, address.database)
            raise unreadable(f"the lake at {address.place}", error, told) from None


def _on_postgres(address: Address, places: list[Place], companies: list[str]) -> list[pa.Table]:
    with connect(address.database) as con:
        try:
            con.execute("select set_config('search_path', %s, false)", (f'"{address.schema}"',))
            return [_table(_fetched(con, place, companies)) for place in places]
        except psycopg.Error as error:
            told = reason(error, address.database)
            raise unreadable(f"the warehouse at {address.place}", error, told) from None


def _fetched(con: psycopg.Connection, place: Place, companies: list[str]) -> list[Row]:
    if con.execute("select to_regclass(%s)", (place.table,)).fetchone() == (None,):
        return []
    return con.execute(_query(place, companies).encode()).fetchall()


def _table(rows: list[Row]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    kinds = {"text": pa.string(), "id": pa.int64(), "times": pa.int64()}
    return pa.table({name: pa.array(column, kinds[name]) for name, column in zip(kinds, columns, strict=True)})
