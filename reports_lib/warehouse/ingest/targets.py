"""The two engines as a load sees them: asked what they hold, then filled in one transaction.

Both hold a lock of the table's name in Postgres while they are open, so of two loads of the same
file the second finds the first one's ledger entry.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg import sql

from reports_lib.database.url import connect, reason
from reports_lib.errors import IngestError, WarehouseError
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ddl import on_lake, on_postgres
from reports_lib.warehouse.ingest.delimited import LINE
from reports_lib.warehouse.ingest.ledger import COLUMNS, LEDGER, Earlier, Entry
from reports_lib.warehouse.ingest.stage import FILE, REFUSED, Stage, described, limit, names
from reports_lib.warehouse.lake import LAKE, literal, open_lake
from reports_lib.warehouse.tables import Table

INCOMING = "daybook_incoming"
GONE = "daybook_gone"
HELD = "is in the table already"


class Target(Protocol):
    """A warehouse with an open transaction, which ends with `fill` or is undone."""

    def earlier(self, hashes: Sequence[str]) -> list[Earlier]:
        """Which of the files with these SHA-256 the ledger holds for the table."""

    def present(self, stage: Stage) -> pa.Table:
        """The staged rows whose key the table has, as `stage.REFUSED`."""

    def fill(self, stage: Stage, refused: pa.Table, entries: Sequence[Entry]) -> str:
        """Write the staged rows but the refused, and the ledger; returns the data version ("" on Postgres)."""


@contextmanager
def opened(address: Address, table: Table, folder: Path) -> Iterator[Target]:
    """The warehouse at an address, with its table locked; what was not filled is undone.

    Raises `DatabaseError` if a server is down, `WarehouseError` if it refuses something.
    """
    with connect(address.database) as con:
        try:
            con.execute("select pg_advisory_lock(hashtext('daybook ingest'), hashtext(%s))", (table.name,))
            if address.is_lake:
                with open_lake(address) as lake:
                    limit(lake, folder)
                    lake.execute("BEGIN")
                    yield LakeTarget(lake, table)
            else:
                with con.transaction():
                    con.execute("select set_config('search_path', %s, true)", (address.schema,))
                    yield PostgresTarget(con, address.schema, table)
        except (psycopg.Error, duckdb.Error) as error:
            told = reason(error, address.database)
            raise WarehouseError(
                f"the warehouse at {address.place} refused the rows, nothing is written: {told}"
            ) from None


class LakeTarget:
    """DuckLake; its Parquet files of an undone transaction belong to no data version."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._con = con
        self._table = table
        con.execute(f"CREATE TABLE IF NOT EXISTS {LEDGER} ({COLUMNS})")
        there = con.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = ?", [LAKE, table.name]
        ).fetchone()
        for statement in () if there else on_lake(table):
            con.execute(statement)

    def earlier(self, hashes: Sequence[str]) -> list[Earlier]:
        """Which of the files the ledger holds."""
        query = f"SELECT sha256, file_name, loaded_at FROM {LEDGER} WHERE table_name = ? AND list_contains(?, sha256)"  # noqa: S608
        return [Earlier(*row) for row in self._con.execute(query, [self._table.name, list(hashes)]).fetchall()]

    def present(self, stage: Stage) -> pa.Table:
        """The staged rows whose key the table has."""
        query = f"""
            SELECT {FILE}, {LINE}, {described(self._table)} || ' {HELD}' AS reason
            FROM read_parquet({literal(str(stage.path))})
            SEMI JOIN "{self._table.name}" USING ({names(self._table.key)})
            """  # noqa: S608  # names of TABLES only
        return self._con.execute(query).to_arrow_table().cast(REFUSED)

    def fill(self, stage: Stage, refused: pa.Table, entries: Sequence[Entry]) -> str:
        """Write rows and ledger, commit."""
        con, table = self._con, self._table
        con.register("refused", refused)
        # sorted by time, each file covers a short span and reports skip the others
        order = f'ORDER BY "{table.happened_at}"' if table.happened_at else ""
        columns = names(c.name for c in table.columns)
        inserted = con.execute(
            f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM read_parquet({literal(str(stage.path))})'  # noqa: S608
            f" ANTI JOIN refused USING ({FILE}, {LINE}) {order}"
        ).fetchone()
        _counted(inserted[0] if inserted else 0, entries)
        con.executemany(f"INSERT INTO {LEDGER} VALUES ({', '.join('?' * len(Entry._fields))})", entries)  # noqa: S608
        author, message = entries[0].author, entries[0].message
        con.execute(f"CALL {LAKE}.set_commit_message({literal(author)}, {literal(message)})")
        con.execute("COMMIT")
        (version,) = con.execute(f"SELECT id FROM {LAKE}.last_committed_snapshot()").fetchone() or ("",)  # noqa: S608
        return str(version)


class PostgresTarget:
    """A Postgres schema; the caller's transaction commits."""

    def __init__(self, con: psycopg.Connection, schema: str, table: Table) -> None:
        self._con = con
        self._table = table
        self._name = sql.Identifier(schema, table.name)
        self._is_copied = False
        con.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        for statement in (*on_postgres(table, schema), f"create table if not exists {LEDGER} ({COLUMNS})"):
            con.execute(statement.encode())
        con.execute(sql.SQL("lock table {} in share row exclusive mode").format(self._name))

    def earlier(self, hashes: Sequence[str]) -> list[Earlier]:
        """Which of the files the ledger holds."""
        query = f"select sha256, file_name, loaded_at from {LEDGER} where table_name = %s and sha256 = any(%s)"  # noqa: S608
        return [Earlier(*row) for row in self._con.execute(query.encode(), (self._table.name, list(hashes))).fetchall()]

    def present(self, stage: Stage) -> pa.Table:
        """The staged rows whose key the table has."""
        self._copy(stage)
        query = f"""
            select {FILE}, {LINE}, {described(self._table, "i.")} || ' {HELD}'
            from {INCOMING} i join "{self._table.name}" using ({names(self._table.key)})
            """  # noqa: S608  # names of TABLES only
        found = self._con.execute(query.encode()).fetchall()
        return (
            pa.table([list(column) for column in zip(*found, strict=True)], REFUSED) if found else REFUSED.empty_table()
        )

    def fill(self, stage: Stage, refused: pa.Table, entries: Sequence[Entry]) -> str:
        """Write rows and ledger; they count once the caller commits."""
        con = self._con
        with con.cursor() as cursor:
            if len(refused):
                self._drop(cursor, refused)
            columns = names(c.name for c in self._table.columns)
            order = f'order by "{self._table.happened_at}"' if self._table.happened_at else ""
            query = f'insert into "{self._table.name}" ({columns}) select {columns} from {INCOMING} {order}'  # noqa: S608
            cursor.execute(query.encode())
            _counted(cursor.rowcount, entries)
            marks = ", ".join(["%s"] * len(Entry._fields))
            cursor.executemany(f"insert into {LEDGER} values ({marks})".encode(), entries)  # noqa: S608
        return ""

    def _drop(self, cursor: psycopg.Cursor, refused: pa.Table) -> None:
        """Take the refused rows out of the staged ones, all at once: there may be as many as rows."""
        cursor.execute(f"create temporary table {GONE} ({FILE} int, {LINE} bigint) on commit drop".encode())
        with cursor.copy(f"copy {GONE} ({FILE}, {LINE}) from stdin (format csv)".encode()) as copy:
            out = pa.BufferOutputStream()
            pyarrow.csv.write_csv(refused.select([FILE, LINE]), out, pyarrow.csv.WriteOptions(include_header=False))
            copy.write(out.getvalue().to_pybytes())
        cursor.execute(f"analyze {GONE}".encode())
        same = f"i.{FILE} = g.{FILE} and i.{LINE} = g.{LINE}"
        cursor.execute(f"delete from {INCOMING} i using {GONE} g where {same}".encode())  # noqa: S608

    def _copy(self, stage: Stage) -> None:
        # named one by one: a table of one's own may have its columns in another order
        columns = names(c.name for c in self._table.columns)
        query = f"""
            create temporary table {INCOMING} on commit drop as
            select {columns}, 0::bigint as {LINE}, 0 as {FILE} from "{self._table.name}" with no data
            """  # noqa: S608  # names of TABLES only
        self._con.execute(query.encode())
        into = f"copy {INCOMING} ({columns}, {LINE}, {FILE}) from stdin (format csv)"
        # text is quoted and null is not, which is how COPY tells an empty text from none
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        with self._con.cursor().copy(into.encode()) as copy, pq.ParquetFile(stage.path) as file:
            for batch in file.iter_batches():
                out = pa.BufferOutputStream()
                pyarrow.csv.write_csv(batch, out, options)
                copy.write(out.getvalue().to_pybytes())
        self._con.execute(f"analyze {INCOMING}".encode())


def _counted(rows: int, entries: Sequence[Entry]) -> None:
    """The last look at the promise that no line is lost: raise `IngestError` before the commit."""
    if rows != (told := sum(entry.loaded for entry in entries)):
        raise IngestError(f"{rows:,} rows came of {told:,} good lines; nothing was loaded")
