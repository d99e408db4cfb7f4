"""Questions, and the facts of a few clients, for the tests of the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from bills import NOW, Held

from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.values.interval import Interval


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


@pytest.fixture
def found(arrow):
    """`found(tables, question)`: the figures."""
    return lambda tables, asked: customer_dynamics(Held(tables, asked.as_of, arrow), asked)


@pytest.fixture
def held(arrow):
    """`held(tables, as_of)`: given rows as a warehouse in memory, asked as a lake is."""
    return lambda tables, as_of=NOW: Held(tables, as_of, arrow)
