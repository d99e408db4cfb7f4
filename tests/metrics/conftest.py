"""Questions, and the facts of a few clients, for the tests of the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import ibis
import pytest
from bills import NOW, Held

from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.values.interval import Interval
from reports_lib.warehouse.connection import NO_VALUES
from reports_lib.warehouse.statement import Statement, found_schema

READ = ("client", "client_tag", "client_activity", "company", "currency", "fx_rate", "invoice", "ledger_entry")
READ += ("invoice_line", "package", "service", "subscription", "subscription_period", "usage_event")


@dataclass(frozen=True)
class Asked:
    """A question with the notebook's defaults."""

    interval: Interval
    as_of: datetime = datetime(2030, 1, 1, tzinfo=UTC)
    client_type: Sequence[str] = ()
    client_tags: Sequence[str] = ()
    company: Sequence[str] = ()
    include_sub_companies: bool = False
    owner_user: Sequence[str] = ()
    package: Sequence[str] = ()
    group_by: Sequence[str] = ("month",)
    currency: str = "USD"
    active_duration: int = 1
    compare_to: str = "none"
    empty_buckets: str = "show"
    fx_mode: str = "event"
    tax_mode: str = "gross"
    balance_mode: str = "live"
    chargebacks: bool = False


@pytest.fixture
def ask():
    """`ask("2024-01-01/2024-03-31", "Europe/Kyiv", currency="EUR")`: a question."""

    def make(interval: str, zone: str = "UTC", **changes) -> Asked:
        as_of = changes.get("as_of", Asked.as_of)
        return replace(Asked(Interval.parse(interval, ZoneInfo(zone), as_of)), **changes)

    return make


class Books:
    """Given rows as canonical tables of a DuckDB in memory: quick, for facts that no engine can change."""

    def __init__(self, tables, arrow) -> None:
        self._backend = ibis.duckdb.connect()
        for name in READ:
            self._backend.con.register(f"given_{name}", arrow(name, tables.get(name, [])))

    def check(self, names) -> None:
        """All is there."""

    def ask(self, build, shape=None, values=NO_VALUES):
        asked = Statement.of(build(self._table, shape), self._backend.compiler)
        return self._backend.con.execute(asked.filled(values)).to_arrow_table().to_pylist()

    def _table(self, name: str):
        return self._backend.table(f"given_{name}").cast(found_schema(name))


@pytest.fixture
def found(arrow):
    """`found(tables, question)`: the figures."""
    return lambda tables, asked: customer_dynamics(Books(tables, arrow), asked)


@pytest.fixture
def held(arrow):
    """`held(tables, as_of)`: given rows as a warehouse in memory, for the reports of billing."""
    return lambda tables, as_of=NOW: Held(tables, as_of, arrow)


@pytest.fixture
def in_memory(arrow):
    """`in_memory(tables)`: a warehouse of these rows, in this process."""
    return lambda tables: Books(tables, arrow)
