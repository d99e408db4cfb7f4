"""How a canonical table is declared: columns in lines of text, one a column.

    client_id   int64       key    who it is
    amount      money              charged, taxes included, in `currency`
    ended_at    time        null   when it ended

A line is name, type, any of the marks `key` and `null`, and the meaning with its unit.

Every table also says whose a row is, for a run of one company reads the rows of that company and of
those below it, and no others:

    owned_by="company_id -> company"        of the company in its own column
    owned_by="client_id -> client"          of whomever its client belongs to
    owned_by="bot_id -> chat_session, call" of whomever any dialogue or call with it belongs to
    owned_by=EVERYBODY                      shared on purpose
    owned_by=GROUP                          nothing says whose: the whole group alone sees it

A row that leads to no company, such as a call without a client, is shown to no single company.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # half a second, for the many who ask no more than what there is
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

EVERYBODY = "everybody"
GROUP = "the whole group"


@dataclass(frozen=True)
class Column:
    """One column: its kind, one of `TYPES`, whether it may be empty, and what it means in which unit."""

    name: str
    kind: str
    is_nullable: bool
    is_key: bool
    meaning: str

    @cached_property
    def type(self) -> "dt.DataType":
        """Its Ibis type, with its nullability."""
        import ibis.expr.datatypes as dt

        return dt.dtype(TYPES[self.kind], nullable=self.is_nullable)


@dataclass(frozen=True)
class Owner:
    """A row whose `column` is the `key` of a row of `table` belongs to whomever that one belongs to."""

    column: str
    table: str
    key: str


@dataclass(frozen=True)
class Veil:
    """What a row says of another's row: `columns` are empty for whoever may not see that one."""

    columns: tuple[str, ...]
    owner: Owner


@dataclass(frozen=True)
class Table:
    """A canonical table.

    `grain` says what one row is. `happened_at` names the column that holds the moment from which
    the row exists for a report (G-1), None where rows are timeless. A row belongs to whomever any of
    its `owners` says; where there are none it `is_shared` by all companies, or is the whole group's.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    happened_at: str | None
    owners: tuple[Owner, ...]
    is_shared: bool
    veil: Veil | None

    @cached_property
    def schema(self) -> "ibis.Schema":
        """Names and Ibis types of the columns, in order."""
        import ibis

        return ibis.schema({c.name: c.type for c in self.columns})

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the columns that together name one row."""
        return tuple(c.name for c in self.columns if c.is_key)


def declare(
    name: str, grain: str, text: str, happened_at: str | None = None, *, owned_by: str, veiled: str = ""
) -> Table:
    """The table whose columns `text` lists, one a line, and whose rows are `owned_by` somebody (see the head).

    `veiled` are columns that speak of another's row, such as "peer_amount: peer_client_id -> client.client_id".
    """
    columns = tuple(_column(line) for line in text.strip().splitlines())
    owners = () if owned_by in (EVERYBODY, GROUP) else _owners(owned_by)
    return Table(name, grain, columns, happened_at, owners, owned_by == EVERYBODY, _veil(veiled) if veiled else None)


def _owners(text: str) -> tuple[Owner, ...]:
    """Each is `column -> table`, or `column -> table.key` where the key is not called as the column is."""
    first, *more = text.split(", ")
    column, _, found = first.partition(" -> ")
    owners = []
    for one in (found, *more):
        table, _, key = one.partition(".")
        owners.append(Owner(column, table, key or column))
    return tuple(owners)


def _veil(text: str) -> Veil:
    columns, _, found = text.partition(": ")
    (owner,) = _owners(found)
    return Veil(tuple(columns.split(", ")), owner)


def _column(line: str) -> Column:
    name, kind, *rest = line.split()
    marks = {word for word in rest[:1] if word in ("key", "null")}
    meaning = " ".join(rest[len(marks) :])
    return Column(name, kind, "null" in marks, "key" in marks, meaning)
