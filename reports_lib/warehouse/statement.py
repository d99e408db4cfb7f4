"""A report's question to the warehouse, compiled once for each shape it takes; its values are filled in each time.

To put an Ibis expression together and to write it as SQL takes longer than many an answer. Both
depend on the shape of the question alone (which filters there are, not what they say), so a process
does them once, and a kernel that waits for work may have done them before anybody asks.

A value stands in the expression as a `slot`, and in the SQL as one literal that is replaced when
the statement runs. What builds the expression is given the shape and no value, so none can be left
behind in the text.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

import ibis
import ibis.backends.sql.compilers as sc
import ibis.expr.operations as ops
import ibis.expr.schema as sch
import ibis.expr.types as ir
from ibis.backends.sql.compilers.base import SQLGlotCompiler

from reports_lib.warehouse.lake import literal
from reports_lib.warehouse.postgres import COMPILER
from reports_lib.warehouse.scope import FOR_EVERYBODY, SLOT, listed, narrowed
from reports_lib.warehouse.tables import TABLES

__all__ = [
    "AS_OF",
    "Build",
    "Dialect",
    "Statement",
    "Tables",
    "as_of",
    "before",
    "filled",
    "found_schema",
    "slot",
    "statement",
]


class Tables(Protocol):
    """The canonical tables by name."""

    def __call__(self, name: str, *, ever: bool = False) -> ir.Table:
        """The rows that existed before as-of.

        With `ever` also those since, for one purpose: to take out of a value that only runs on, such as what
        an invoice was paid, what it has taken in after as-of.
        """


Build = Callable[[Tables, Any], ir.Table]
AS_OF = "as_of"  # the slot that every warehouse fills: naive UTC
_SLOT = re.compile(r"'\[\[(\w+)\]\]'")
_NAME = re.compile(r"\[\[(\w+)\]\]")


def slot(name: str) -> ir.StringScalar:
    """The place of a text that is known only when the statement runs."""
    return ibis.literal(f"[[{name}]]")


def filled(expression: ir.Table, values: Mapping[str, str]) -> ir.Table:
    """`expression` with every slot replaced: for rows that are too many to be had at once."""

    def replaced(node: ops.Node, changed: Mapping[str, Any] | None) -> ops.Node:
        if isinstance(node, ops.Literal) and (found := _NAME.fullmatch(str(node.value))):
            return ibis.literal(values[found[1]]).op()
        return node.__recreate__(changed) if changed else node

    return expression.op().replace(replaced).to_expr()


def as_of() -> ir.TimestampValue:
    """The moment that the report speaks of, naive UTC."""
    return slot(AS_OF).cast("timestamp(6)")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with slots, and the names of its columns."""

    sql: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, expression: ir.Table, compiler: SQLGlotCompiler, *, pretty: bool = False) -> "Statement":
        """`expression` in the words of one engine, on lines for people to read if it is to be `pretty`."""
        tree = compiler.to_sqlglot(expression)
        return cls(tree.sql(dialect=compiler.dialect, copy=False, pretty=pretty), tuple(expression.columns))

    def filled(self, values: Mapping[str, str]) -> str:
        """The SQL with every slot replaced, all in one pass: what stands in a value is text and nothing else."""
        return _SLOT.sub(lambda found: literal(values[found[1]]), self.sql)

    def written(self, expressions: Mapping[str, str]) -> str:
        """The SQL with SQL in the place of every slot: for expressions of our own, never for what somebody typed."""
        return _SLOT.sub(lambda found: expressions[found[1]], self.sql)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The SQL of a lake, or that of a Postgres whose tables are in `schema`.

    With `is_scoped` each table has only the rows of the companies in the slot `scope.SLOT`.
    """

    schema: str | None = None
    is_scoped: bool = False

    @property
    def compiler(self) -> SQLGlotCompiler:
        """What writes an expression as SQL."""
        return sc.duckdb.compiler if self.schema is None else COMPILER

    def table(self, name: str, *, ever: bool = False) -> ir.Table:
        """A canonical table as declared, without the rows that come at or after the moment in its slot.

        With `ever` those are there too.
        """
        found = ibis.table(found_schema(name), name=name, database=self.schema)
        if not ever:
            found = before(name, found, as_of())
        return narrowed(name, found, self.table, listed(slot(SLOT))) if self.is_scoped else found


@cache
def found_schema(name: str) -> sch.Schema:
    """The columns of a canonical table as a warehouse has them: a view cannot say that one is never null."""
    return sch.Schema({column: dtype.copy(nullable=True) for column, dtype in TABLES[name].schema.items()})


def before(name: str, table: ir.Table, limit: ir.Value) -> ir.Table:
    """The rows of a canonical table that existed before `limit` (G-1); where one may be without a moment, it is kept.

    Only there is it asked for: a file of which only the times are known can be left unread by them, not by a null.
    """
    declared = TABLES[name]
    if declared.happened_at is None:
        return table
    is_before = table[declared.happened_at] < limit
    is_kept = declared.schema[declared.happened_at].nullable
    return table.filter(table[declared.happened_at].isnull() | is_before if is_kept else is_before)


@cache
def statement(dialect: Dialect, build: Build, shape: Hashable) -> Statement:
    """What `build` makes of the canonical tables and the shape of a question; compiled once in a process."""
    if build in FOR_EVERYBODY:
        dialect = replace(dialect, is_scoped=False)
    return Statement.of(build(dialect.table, shape), dialect.compiler)
