"""A plain Postgres as a warehouse: one state, read-only, for as long as the connection lives."""

from collections.abc import Iterable
from typing import Any

import ibis.backends.sql.compilers as sc
import ibis.expr.operations as ops
import ibis.expr.schema as sch
import psycopg
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.postgres import Backend as IbisPostgres

from reports_lib.database.outage import unreadable
from reports_lib.database.url import connect, reason
from reports_lib.errors import WarehouseError
from reports_lib.warehouse.address import Address


class _Compiler(type(sc.postgres.compiler)):  # type: ignore[misc]  # ibis ships no types
    """Ibis' SQL for Postgres, with tables in memory written out as VALUES and nothing shared."""

    __slots__ = ()

    def to_sqlglot(self, expr: Any, **options: Any) -> sge.Expression:  # noqa: ANN401
        """The statement as a tree of its own.

        Ibis lets a table that is used twice stand at two places of the tree as one object. Where sqlglot
        then rewrites a semi join for Postgres, it is taken out at one place and left in at the other.
        """
        return super().to_sqlglot(expr, **options).copy()

    def visit_InMemoryTable(  # noqa: N802  # ibis' name
        self,
        op: ops.InMemoryTable,
        *,
        name: str,
        schema: sch.Schema,
        data: Any,  # noqa: ANN401
    ) -> sge.Select:
        types = [self.type_mapper.from_ibis(dtype) for dtype in schema.types]
        columns = [sg.to_identifier(f"c{i}") for i in range(len(types))]
        rows = [[_text(value) for value in row.values()] for row in data.to_pyarrow(schema).to_pylist()]
        cells = rows or [[sge.null() for _ in types]]
        values = sge.Values(
            expressions=[sge.Tuple(expressions=row) for row in cells],
            alias=sge.TableAlias(this=sg.to_identifier(name, quoted=True), columns=columns),
        )
        wanted = [
            sge.Cast(this=sg.column(column.this), to=to).as_(label, quoted=True)
            for column, to, label in zip(columns, types, schema.names, strict=True)
        ]
        query = sg.select(*wanted).from_(values)
        return query if rows else query.where(sge.false())


COMPILER = _Compiler()


class ReadOnlyPostgres(IbisPostgres):
    """Ibis' backend, which needs no temporary tables: a reader may make none."""

    compiler = COMPILER

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        """Nothing: `_Compiler` writes its rows into the query."""


# Reports sum up whole tables: room to do so in memory, and no time spent on compiling what runs once.
SESSION = {"work_mem": "64MB", "jit": "off"}
STATE = """
    select pg_current_snapshot()::text || ' at ' || to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""
COLUMNS = """
    select relname, attname, format_type(atttypid, atttypmod)
    from pg_attribute join pg_class on attrelid = pg_class.oid join pg_namespace on relnamespace = pg_namespace.oid
    where nspname = %s and relkind in ('r', 'v', 'm', 'f', 'p') and attnum > 0 and not attisdropped
    order by attnum
"""


def open_postgres(address: Address) -> tuple[ReadOnlyPostgres, str]:
    """A backend that sees one state of the schema, and the name of that state.

    Raises `DatabaseError` if the server is down, `WarehouseError` if it refuses us.
    """
    con = connect(address.database)
    try:
        con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        con.read_only = True
        # entered and never left: all that ibis does nests in it, and no error can end it and
        # quietly begin another that sees a later state
        state = con.transaction()
        state.__enter__()
        (name,) = con.execute(STATE).fetchone() or ("",)
        con.execute("select set_config('search_path', %s, false)", (f'"{address.schema}"',))
        for setting in SESSION.items():
            con.execute("select set_config(%s, %s, false)", setting)
        backend = ReadOnlyPostgres.from_connection(con)
        backend.state = state  # let go of, it would end
        return backend, str(name)
    except psycopg.Error as error:
        con.close()
        raise unreadable(f"the warehouse at {address.place}", error, reason(error, address.database)) from None


def _text(value: object) -> sge.Expression:
    if value is None:
        return sge.null()
    if isinstance(value, bool):
        return sge.Literal.string("t" if value else "f")
    if isinstance(value, Iterable) and not isinstance(value, str):
        raise WarehouseError(f"a table in memory cannot hold {type(value).__name__} on Postgres")
    return sge.Literal.string(str(value))
