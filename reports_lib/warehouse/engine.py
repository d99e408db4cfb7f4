"""The two engines behind a warehouse: what their tables are like, and the rows of a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
Rows = list[tuple[Any, ...]]


@dataclass
class Known:
    """What is known of one version of a lake, which never changes: its columns, and answers to what was rehearsed."""

    catalogue: str = ""
    found: Found | None = None
    rows: dict[str, Rows] = field(default_factory=dict)


_known = Known()  # of the version that this process read last


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

    def __init__(self, backend: IbisDuckDB, catalogue: str = "", *, is_rehearsal: bool = False) -> None:
        self.backend = backend
        self._known = _known_of(catalogue)
        self._is_rehearsal = is_rehearsal

    @property
    def found(self) -> Found:
        """The columns of every table."""
        if self._known.found is None:
            self._known.found = self._asked()
        return self._known.found

    def _asked(self) -> Found:
        query = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?"
        return _found(self.backend.con.execute(query, [LAKE]).fetchall(), sc.duckdb.compiler.type_mapper)

    def rows(self, sql: str) -> Rows:
        """What a statement finds."""
        if sql in self._known.rows:
            return self._known.rows[sql]
        found: Rows = self.backend.con.execute(sql).fetchall()
        if self._is_rehearsal:
            self._known.rows[sql] = found
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


def _known_of(catalogue: str) -> Known:
    """What this process knows of a copied catalogue; nothing of a lake that is read where it is."""
    global _known  # noqa: PLW0603
    if not catalogue:
        return Known()
    if _known.catalogue != catalogue:
        _known = Known(catalogue)
    return _known


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
