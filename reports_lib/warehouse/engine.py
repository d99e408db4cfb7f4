"""The two engines behind a warehouse: what their tables are like, and the rows of a statement."""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Any, Protocol

import ibis.backends.sql.compilers as sc
import ibis.expr.datatypes as dt
from ibis.backends.duckdb import Backend as IbisDuckDB
from ibis.backends.sql import SQLBackend

from reports_lib.warehouse.lake import LAKE
from reports_lib.warehouse.postgres import COLUMNS, COMPILER, ReadOnlyPostgres
from reports_lib.warehouse.statement import Dialect

# what DuckDB calls the types that are declared
TYPES = ("BIGINT", "BOOLEAN", "DATE", "DECIMAL(18,6)", "DECIMAL(18,9)", "DOUBLE", "TIMESTAMP", "VARCHAR")
Found = Mapping[str, Mapping[str, dt.DataType]]
_known: dict[str, Found] = {}  # by the copied catalogue, which never changes; of one


class Engine(Protocol):
    """A session that reads one state of a warehouse."""

    backend: SQLBackend
    dialect: Dialect

    @property
    def found(self) -> Found:
        """The columns of every table, asked for once: a state never changes."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""


class LakeEngine:
    """A DuckDB session inside a lake."""

    dialect = Dialect()

    def __init__(self, backend: IbisDuckDB, catalogue: str = "") -> None:
        self.backend = backend
        self._catalogue = catalogue

    @cached_property
    def found(self) -> Found:
        """The columns of every table."""
        if not self._catalogue:
            return self._asked()
        if self._catalogue not in _known:
            _known.clear()
            _known[self._catalogue] = self._asked()
        return _known[self._catalogue]

    def _asked(self) -> Found:
        query = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?"
        return _found(self.backend.con.execute(query, [LAKE]).fetchall(), sc.duckdb.compiler.type_mapper)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        found: list[tuple[Any, ...]] = self.backend.con.execute(sql).fetchall()
        return found


class PostgresEngine:
    """A Postgres session inside one state of a schema."""

    def __init__(self, backend: ReadOnlyPostgres, schema: str) -> None:
        self.backend = backend
        self.dialect = Dialect(schema)

    @cached_property
    def found(self) -> Found:
        """The columns of every table."""
        return _found(self.rows(COLUMNS, [self.dialect.schema]), COMPILER.type_mapper)

    def rows(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with self.backend.con.transaction():  # its error leaves the state as it was
            found: list[tuple[Any, ...]] = self.backend.con.execute(sql.encode(), values).fetchall()
        return found


def compile_ahead() -> None:
    """Learn the lake's names of the types that are declared. Asks nobody."""
    for text in TYPES:
        read_type(sc.duckdb.compiler.type_mapper, text)


def _found(rows: Iterable[tuple[str, str, str]], types: type) -> Found:
    found: dict[str, dict[str, dt.DataType]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = read_type(types, kind)
    return found


@cache
def read_type(types: Any, text: str) -> dt.DataType:  # noqa: ANN401  ibis ships no types
    """What an engine's name of a type means; sqlglot parses it, and there are a handful."""
    found: dt.DataType = types.from_string(text)
    return found
