"""What stands on a dashboard: a question of the warehouse, and what is drawn of its answer.

kind      columns of the answer
bars      time, and one a series; or time, metric and value, where only the data know the series
lines     the same
share     one a part, a single row
tiles     one a figure, a single row
rank      name, and one a figure
table     as they come
map       latitude, longitude and one a figure
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.timeline import buckets
from reports_lib.warehouse.statement import Build

Kind = Literal["bars", "lines", "share", "tiles", "rank", "table", "map"]
WHOLE, HALF, THIRD = 24, 12, 8  # columns of a dashboard


@dataclass(frozen=True)
class Panel:
    """One panel; `build` makes its answer of the canonical tables, `slots` tells by a zone what only it is filled with.

    `unit` is Grafana's name of it: `short` is a plain number, `s` are seconds.
    """

    title: str
    description: str
    kind: Kind
    build: Build
    width: int = HALF
    unit: str = "short"
    decimals: int | None = None
    is_percent: bool = False  # bars of each step are drawn as parts of a hundred
    slots: Callable[[str], Mapping[str, str]] = lambda _zone: {}


def by_step(found: ir.Table, figures: Mapping[str, str]) -> ir.Table:
    """One row a step of time, the empty ones too: `figures` (label: column) of `found`, which has a row a `number`."""
    step = buckets()
    shown = {label: found[name].coalesce(0) for label, name in figures.items()}
    return step.left_join(found, "number").select(time=step.starts, **shown).order_by("time")


def by_step_and(found: ir.Table, metric: str, value: str) -> ir.Table:
    """One row a step and series: `found` has `number`, the name of the series and its value."""
    step = buckets()
    met = found.inner_join(step, "number")
    return met.select(time=step.starts, metric=found[metric], value=found[value]).order_by("time", "metric")


def total(figure: ir.NumericValue, where: ir.BooleanValue | None = None) -> ir.IntegerValue:
    """The sum of a count, 0 where there is nothing."""
    return figure.sum(where=where).coalesce(0).cast("int64")


def apart(found: ir.Table, by: str, labels: Iterable[str], value: str) -> dict[str, ir.IntegerValue]:
    """The `total` of `value` for each of the `labels` in the column `by`, by label."""
    return {label: total(found[value], found[by] == label) for label in labels}


def labelled(column: ir.Value, labels: Mapping[Any, str], other: str) -> ir.StringValue:
    """The label of each value; of one that is unknown, `other`."""
    return ibis.cases(*((column == key, label) for key, label in labels.items()), else_=other)
