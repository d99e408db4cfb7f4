"""How a canonical table is declared: columns in lines of text, one a column.

    client_id   int64       key    who it is
    amount      money              charged, taxes included, in `currency`
    ended_at    time        null   when it ended

A line is name, type, any of the marks `key` and `null`, and the meaning with its unit.
"""

from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.datatypes as dt

TYPES: dict[str, str] = {
    "int64": "int64",
    "text": "string",
    "bool": "boolean",
    "day": "date",
    "time": "timestamp(6)",  # naive UTC
    "money": "decimal(18, 6)",  # major units of the row's currency
    "rate": "decimal(18, 9)",
    "double": "float64",  # coordinates only
}


@dataclass(frozen=True)
class Column:
    """One column: an Ibis type with its nullability, and what it means in which unit."""

    name: str
    type: dt.DataType
    is_key: bool
    meaning: str


@dataclass(frozen=True)
class Table:
    """A canonical table.

    `grain` says what one row is. `happened_at` names the column that holds the moment from which
    the row exists for a report (G-1), None where rows are timeless.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    happened_at: str | None

    @cached_property
    def schema(self) -> ibis.Schema:
        """Names and Ibis types of the columns, in order."""
        return ibis.schema({c.name: c.type for c in self.columns})

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the columns that together name one row."""
        return tuple(c.name for c in self.columns if c.is_key)


def declare(name: str, grain: str, text: str, happened_at: str | None = None) -> Table:
    """The table whose columns `text` lists, one a line (see the head of this module)."""
    columns = tuple(_column(line) for line in text.strip().splitlines())
    return Table(name, grain, columns, happened_at)


def _column(line: str) -> Column:
    name, kind, *rest = line.split()
    marks = {word for word in rest[:1] if word in ("key", "null")}
    meaning = " ".join(rest[len(marks) :])
    return Column(name, dt.dtype(TYPES[kind], nullable="null" in marks), "key" in marks, meaning)
