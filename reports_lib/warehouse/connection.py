"""Reading a warehouse: read-only, at one data version, as if nothing later had happened.

Whoever asks for a table gets exactly its canonical columns, in order, and the rows that existed
before `as_of` (G-1). Whoever asks for one company gets of these its own and those of all below it
(`scope.py`). What the warehouse lacks is told at once and completely.
"""

import tempfile
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir

from reports_lib.errors import UnknownNameError, WarehouseError
from reports_lib.parameters.options import Option
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.engine import Engine, LakeEngine, PostgresEngine
from reports_lib.warehouse.lake import lock, open_lake, prepare, prepared
from reports_lib.warehouse.postgres import open_postgres
from reports_lib.warehouse.scope import ROOT, SLOT, WHOLE, Scope, everyone, listed, narrowed, with_owners
from reports_lib.warehouse.statement import AS_OF, Build, Statement, Tables, before, filled, found_schema, statement
from reports_lib.warehouse.tables import TABLES
from reports_lib.warehouse.versions import find, latest

__all__ = ["LOOKUPS", "Warehouse", "connect", "prepare", "rehearse"]

Row = dict[str, Any]
NO_VALUES: Mapping[str, str] = MappingProxyType({})
LOOKUPS = {  # what a parameter can be picked from: table, column of the value, column of the label
    "bot": ("bot", "bot_id", "name"),
    "chat": ("chat", "chat_id", "name"),
    "client_tag": ("client_tag", "tag", "tag"),
    "company": ("company", "company_id", "name"),
    "country": ("client_profile", "country", "country"),
    "coupon_group": ("coupon_group", "group_id", "name"),
    "currency": ("currency", "code", "code"),
    "gateway": ("payment", "gateway", "gateway"),
    "network": ("client_social", "network", "network"),
    "operator": ("operator", "operator_id", "name"),
    "operator_group": ("operator_group", "group_id", "name"),
    "owner_user": ("app_user", "user_id", "full_name"),
    "package": ("package", "package_id", "name"),
}


class Warehouse:
    """The canonical tables of one warehouse at one data version.

    `version` names that version, `as_of` is the moment (aware UTC) the reports speak of, `backend`
    is the Ibis backend behind the tables, `scope` says whose rows they hold. Close it, or use it in a
    `with` statement.
    """

    def __init__(
        self, engine: Engine, version: str, as_of: datetime, close: Callable[[], None], scope: Scope = WHOLE
    ) -> None:
        self.backend = engine.backend
        self.version = version
        self.as_of = as_of
        self.scope = scope
        self._engine = engine
        self._dialect = replace(engine.dialect, is_scoped=not scope.is_whole)
        self._close = close
        self._options: dict[str, list[Option]] = {}

    def table(self, name: str) -> ir.Table:
        """The canonical table: its columns in order, without the rows that come at or after `as_of` or are another's.

        Raises `UnknownNameError` if no canonical table is called so, `WarehouseError` naming every difference
        if the warehouse's own is not as declared.
        """
        self.check([name])
        return self._table(name)

    def _table(self, name: str, *, ever: bool = False) -> ir.Table:
        place = ops.Namespace(database=self._engine.dialect.schema)
        found = ops.DatabaseTable(name, schema=found_schema(name), source=self.backend, namespace=place).to_expr()
        limit = ibis.literal(self.as_of.replace(tzinfo=None), type="timestamp(6)")
        if not ever:
            found = before(name, found, limit)
        if self.scope.is_whole:
            return found
        return narrowed(name, found, self._table, listed(ibis.literal(self.scope.text)))

    def ask(self, build: Build, shape: Hashable = None, values: Mapping[str, str] = NO_VALUES) -> list[Row]:
        """The rows that `build` describes, exact: a function of the canonical tables and of the question's `shape`.

        `values` fill its slots. Check the tables first: here a difference is an error of the engine.
        """
        asked = self.statement(build, shape)
        found = self._engine.rows(asked.filled({**values, AS_OF: self._moment, SLOT: self.scope.text}))
        return [dict(zip(asked.columns, row, strict=True)) for row in found]

    def lazy(self, build: Build, shape: Hashable = None, values: Mapping[str, str] = NO_VALUES) -> ir.Table:
        """What `ask` would ask, asked only when its rows are taken, and they may be taken in batches.

        Raises `WarehouseError` if a table that it reads is not as declared.
        """

        def tables(name: str, *, ever: bool = False) -> ir.Table:
            self.check([name])
            return self._table(name, ever=ever)

        return filled(build(tables, shape), {**values, AS_OF: self._moment})

    def statement(self, build: Build, shape: Hashable = None) -> Statement:
        """What `ask` runs, before its slots are filled."""
        return statement(self._dialect, build, shape)

    def check(self, names: Iterable[str] = TABLES) -> None:
        """Raise one `WarehouseError` that names every missing table and column and every wrong type."""
        read = names if self.scope.is_whole else with_owners(names)
        wrong = [text for name in read for text in self._differences(name)]
        if wrong:
            raise WarehouseError(f"the warehouse is not as reports need it: {'; '.join(wrong)}")

    def has(self, name: str) -> bool:
        """Whether there is a table of that name, as declared or not."""
        return name in self._engine.found

    def is_empty(self, name: str) -> bool:
        """Whether the canonical table has no row, for whoever reads."""
        self.check([name])
        return not self.ask(_any_row, name)

    def options(self, lookup: str) -> list[Option]:
        """What the parameter kinds pick from, ordered by label; `lookup` is one of `LOOKUPS`."""
        if lookup not in LOOKUPS:
            raise UnknownNameError.of("lookup", lookup, LOOKUPS)
        if lookup not in self._options:
            self._options[lookup] = self._look_up(lookup)
        return self._options[lookup]

    def close(self) -> None:
        """End the connection."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _moment(self) -> str:
        return self.as_of.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    def _look_up(self, lookup: str) -> list[Option]:
        self.check([LOOKUPS[lookup][0]])
        rows = self.ask(_options, lookup)
        ordered = sorted(rows, key=lambda row: (row["label"].casefold(), row["value"]))
        return [Option(str(row["value"]), row["label"]) for row in ordered]

    def _differences(self, name: str) -> list[str]:
        if name not in TABLES:
            raise UnknownNameError.of("table", name, TABLES)
        if name not in self._engine.found:
            return [f"no table {name}"]
        found, wrong = self._engine.found[name], []
        for column in TABLES[name].columns:
            if column.name not in found:
                wrong.append(f"no column {name}.{column.name} ({_named(column.type)})")
            elif _named(found[column.name]) != _named(column.type):
                wrong.append(f"{name}.{column.name} is {_named(found[column.name])}, not {_named(column.type)}")
        return wrong


def connect(
    address: Address,
    *,
    version: str | None = None,
    as_of: datetime,
    memory_limit: str = "4GB",
    company: str = "",
) -> Warehouse:
    """Open the warehouse read-only: a lake at `version` (the latest if None), a Postgres at its present state.

    `as_of` is aware; `memory_limit` holds for the lake, such as "4GB". Of a `company` (the text of its
    id) only its own rows and those of the companies below it are read, "" being the whole group. Raises
    `DatabaseError` if a server is down and `WarehouseError` if there is no such version, company or lake.
    """
    if as_of.tzinfo is None:
        raise WarehouseError(f"as-of {as_of} lacks its time zone")
    engine, found, close = _opened(address, version, memory_limit)
    whole = Warehouse(engine, found, as_of.astimezone(UTC), close)
    if company == "":
        return whole
    try:
        scope = _scope(whole, company)
    except BaseException:
        close()
        raise
    return Warehouse(engine, found, whole.as_of, close, scope)


def _scope(whole: Warehouse, company: str) -> Scope:
    """Whose rows `company` may read, by the very state that it reads."""
    whole.check([ROOT])
    return Scope.of(company, [(row["company_id"], row["parent_company_id"]) for row in whole.ask(everyone)])


def rehearse(address: Address, ask: Callable[[Warehouse], None]) -> None:
    """Enter one version of a lake ahead, and `ask` what is asked often: the next `connect` finds all of it known."""
    prepare(address)
    engine = LakeEngine(ibis.duckdb.from_connection(prepared()), address.catalogue, is_rehearsal=True)
    warehouse = Warehouse(engine, address.version, datetime.now(UTC), close=lambda: None)
    warehouse.check()
    ask(warehouse)


def _opened(address: Address, version: str | None, memory_limit: str) -> tuple[Engine, str, Callable[[], None]]:
    """A session, the name of the state that it reads, and what ends it."""
    if address.is_lake:
        return _opened_lake(address, version, memory_limit)
    if version is not None:
        find(address, version)
    backend, state = open_postgres(address)
    return PostgresEngine(backend, address.schema), state, backend.con.close


def _opened_lake(address: Address, version: str | None, memory_limit: str) -> tuple[Engine, str, Callable[[], None]]:
    wanted = _wanted(address, version)
    try:
        con = open_lake(address, version=int(wanted), memory_limit=memory_limit)
    except (ValueError, WarehouseError):
        # only now: whether there is such a version is one more connection, and a run asks for one that it has seen
        if not address.catalogue:
            find(address, wanted)
        raise
    temporary = tempfile.TemporaryDirectory(prefix="daybook-")
    backend = ibis.duckdb.from_connection(con)
    lock(con, address, temporary.name)

    def close() -> None:
        con.close()
        temporary.cleanup()

    return LakeEngine(backend, address.catalogue), wanted, close


def _wanted(address: Address, version: str | None) -> str:
    """The version to read; a copy of a catalogue has but one."""
    if version is not None:
        if address.catalogue and version != address.version:
            raise WarehouseError(f"{address.catalogue} is of data version {address.version}, not {version}")
        return version
    if address.catalogue:
        return address.version
    newest = latest(address)
    if newest is None:
        raise WarehouseError(f"the lake at {address.place} has no data version")
    return newest.name


def _any_row(tables: Tables, name: str) -> ir.Table:
    table = tables(name)
    return table.select(table.columns[0]).limit(1)


def _options(tables: Tables, lookup: str) -> ir.Table:
    name, value, label = LOOKUPS[lookup]
    table = tables(name)
    return table.filter(table[value].notnull()).select(value=table[value], label=table[label]).distinct()


def _named(dtype: dt.DataType) -> str:
    # not compared: whether a column may be null, for a view cannot say that it never is, and how long a text may be
    return "string" if dtype.is_string() else str(dtype.copy(nullable=True))
