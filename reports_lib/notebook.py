"""All that a notebook imports: `begin()`, the kinds of parameters, and what it can show.

    from reports_lib.notebook import *

    interval: Interval = "last month"       # in the cell tagged parameters

    asked, warehouse = begin(globals())     # asked.interval, warehouse.table("client")

In a run the machinery says which warehouse, at which data version, as of when, and whose data. In
JupyterLab, where nobody does, the workspace's own warehouse is opened as it is now. No secret is in either.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from IPython.display import Markdown

from reports_lib.display import (
    Behind,
    Chart,
    Column,
    Grid,
    Info,
    Opening,
    Tile,
    Tiles,
    bars,
    circles,
    headlines,
    lines,
    ranks,
)
from reports_lib.errors import NotebookError, WarehouseError
from reports_lib.parameters.kinds import (
    Amount,
    Choice,
    Choices,
    Currency,
    Day,
    Flag,
    Interval,
    Months,
    Text,
    TimeZone,
    Whole,
)
from reports_lib.parameters.options import words
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sources import (
    Bot,
    Channel,
    Chat,
    ClientTag,
    ClientType,
    Company,
    Country,
    CouponGroup,
    CouponState,
    CouponType,
    Currencies,
    DiscountType,
    Gateway,
    MessageStatus,
    Messenger,
    Network,
    Operator,
    OperatorGroup,
    OwnerUser,
    Package,
    PaymentMethod,
    PaymentStatus,
    PurchaseKind,
    RegistrationStatus,
    ResultStatus,
)
from reports_lib.values.interval import Comparison
from reports_lib.values.interval import Interval as Stretch
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse, connect

__all__ = [
    "Amount",
    "Asked",
    "Behind",
    "Bot",
    "Channel",
    "Chart",
    "Chat",
    "Choice",
    "Choices",
    "ClientTag",
    "ClientType",
    "Column",
    "Company",
    "Country",
    "CouponGroup",
    "CouponState",
    "CouponType",
    "Currencies",
    "Currency",
    "Day",
    "DiscountType",
    "Flag",
    "Gateway",
    "Grid",
    "Info",
    "Interval",
    "Markdown",
    "MessageStatus",
    "Messenger",
    "Months",
    "Network",
    "Opening",
    "Operator",
    "OperatorGroup",
    "OwnerUser",
    "Package",
    "PaymentMethod",
    "PaymentStatus",
    "PurchaseKind",
    "RegistrationStatus",
    "ResultStatus",
    "Text",
    "Tile",
    "Tiles",
    "TimeZone",
    "Warehouse",
    "Whole",
    "bars",
    "begin",
    "chart",
    "circles",
    "facts",
    "headlines",
    "keys",
    "lines",
    "ranks",
]

MOST_SERIES = 8  # in one chart


@dataclass(frozen=True)
class Asked:
    """What was asked, resolved: every parameter by its name, and `as_of`.

    `values` are typed by the declared kinds, `labels` are their texts for people.
    """

    values: Mapping[str, Any]
    labels: Mapping[str, str]
    as_of: datetime  # aware UTC; what comes later does not exist

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  each parameter has its own type
        """The value of the parameter `name`."""
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(f"no parameter named {name!r} is declared in the parameters cell") from None

    @property
    def earlier(self) -> "Asked | None":
        """The same question of the interval that `compare_to` names; None if none does (G-14)."""
        compare_to = self.values.get("compare_to", "none")
        if compare_to == "none":
            return None
        interval = self.values["interval"].shifted(Comparison(compare_to))
        return Asked({**self.values, "interval": interval}, self.labels, self.as_of)


def begin(space: Mapping[str, Any]) -> tuple[Asked, Warehouse]:
    """Read the parameters of the running notebook, whose `globals()` these are, and open the warehouse.

    Raises `ParameterError` for a value its kind refuses, `NotebookError` if there are no
    parameters, and what opening the warehouse raises.
    """
    schema = Schema.of(space.get("__annotations__", {}), space)
    if not schema.parameters:
        raise NotebookError("no parameters: run the cell tagged `parameters` before begin(globals())")
    with ExitStack() as on_failure:
        warehouse = on_failure.enter_context(_open())
        zone = os.environ.get("DAYBOOK_TIME_ZONE") or "UTC"
        resolved = schema.resolve({}, warehouse.as_of, cache(warehouse.options), zone)
        on_failure.pop_all()  # it stays open for the notebook
    return Asked(resolved.values, resolved.labels, warehouse.as_of), warehouse


def keys(names: Sequence[str]) -> list[Column]:
    """A text column for each grouping that was asked for."""
    return [Column(name, words(name)) for name in names]


def chart(
    rows: Sequence[Mapping[str, Any]], axes: Mapping[str, str], y: Column, title: str, *, adds_up: bool = False
) -> Chart:
    """Bars of `y`; lines where `axes` name several series that overlap, and so must not stand on each other.

    Of many series only the largest are drawn, and the title says so: more colours cannot be told apart.
    """
    if "color" in axes:
        rows, title = _largest(rows, axes["color"], y, title)
    draw = bars if adds_up or "color" not in axes else lines
    series = Column(axes["color"], words(axes["color"])) if "color" in axes else None
    return draw(rows, Column(axes["x"], words(axes["x"])), y, title, color=series)


def facts(
    asked: Asked, warehouse: Warehouse, data_interval: tuple[datetime, datetime] | None, notes: Sequence[str] = ()
) -> Info:
    """What the data behind this report are: interval asked for and found, whose, as-of, data version, parameters."""
    interval: Stretch | None = asked.values.get("interval")  # a report of one moment has none
    zone = asked.time_zone if interval is None else interval.zone
    labels = {words(name): text for name, text in asked.labels.items() if name not in ("interval", "time_zone")}
    if not warehouse.scope.is_whole:
        labels["Data of"] = _whose(warehouse)
    return Info(labels, interval, data_interval, asked.as_of, zone, warehouse.version, notes)


def _whose(warehouse: Warehouse) -> str:
    """The company that the report is narrowed to, in words."""
    names = {option.value: option.label for option in warehouse.options("company")}
    below = " and the companies below it" if len(warehouse.scope.companies) > 1 else ""
    return f"{names[warehouse.scope.company]}{below}"


def _largest(
    rows: Sequence[Mapping[str, Any]], series: str, y: Column, title: str
) -> tuple[Sequence[Mapping[str, Any]], str]:
    sums: dict[str, Any] = {}
    for row in rows:
        sums[row[series]] = sums.get(row[series], 0) + abs(row[y.name] or 0)
    if len(sums) <= MOST_SERIES:
        return rows, title
    kept = sorted(sums, key=lambda name: (-sums[name], name))[:MOST_SERIES]
    return [row for row in rows if row[series] in kept], f"{title} ({MOST_SERIES} largest of {len(sums)})"


def _open() -> Warehouse:
    """The warehouse that the run names, or the workspace's own."""
    limit = os.environ.get("DAYBOOK_MEMORY_LIMIT") or "4GB"
    as_of, company = os.environ.get("DAYBOOK_AS_OF"), os.environ.get("DAYBOOK_COMPANY")
    moment = datetime.fromisoformat(as_of) if as_of else datetime.now(UTC)
    if text := os.environ.get("DAYBOOK_WAREHOUSE"):
        version = os.environ.get("DAYBOOK_DATA_VERSION") or None
        if company is None:  # never the whole group by an oversight
            raise WarehouseError("the run does not say whose data it may read: DAYBOOK_COMPANY is not set")
        return connect(Address.parse(text), version=version, as_of=moment, memory_limit=limit, company=company)
    # only at a person's desk: a run never looks for a workspace
    from reports_lib.workspace import Workspace

    return connect(Address.of(Workspace.find()), as_of=moment, memory_limit=limit, company=company or "")
