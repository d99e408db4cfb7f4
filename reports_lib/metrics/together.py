"""Aggregates of different facts put together by their keys: fan-out cannot happen.

Each part has the keys and some of the figures. The parts are stacked, what a part lacks being
null, and summed up: no join, so no part multiplies another and none loses a key.
"""

from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.currency import MONEY
from reports_lib.metrics.timeline import TIME

KEYS = {"client_id": "int64", "number": "int64", "package_id": "int64", "is_whole": "boolean"}
FIRST, LAST = "first_at", "last_at"


def kind(name: str) -> str:
    """The Ibis type of a key or figure, told by its name."""
    if name in KEYS:
        return KEYS[name]
    if name in (FIRST, LAST):
        return TIME
    return MONEY if name.endswith(("_total", "balance", "_pos", "_neg")) else "int64"


def together(parts: Sequence[ir.Table], keys: Sequence[str], figures: Sequence[str]) -> ir.Table:
    """One row a key that any of `parts` has, with all `figures` summed; null where no part knows one.

    `first_at` and `last_at` are the earliest and the latest instead of a sum.
    """
    names = [*keys, *figures]
    stacked = reduce(ir.Table.union, (_aligned(part, names) for part in parts))
    return stacked.group_by(*keys).aggregate(**{name: _summed(stacked, name) for name in figures})


def _aligned(part: ir.Table, names: Sequence[str]) -> ir.Table:
    columns = {n: part[n].cast(kind(n)) if n in part.columns else ibis.null(kind(n)) for n in names}
    return part.select(**columns)


def _summed(table: ir.Table, name: str) -> ir.Value:
    if name == FIRST:
        return table[name].min()
    if name == LAST:
        return table[name].max()
    return table[name].sum().cast(kind(name))
