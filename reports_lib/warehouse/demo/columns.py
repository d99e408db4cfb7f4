"""From numpy arrays to canonical Arrow tables, without a detour over floats or Python objects.

Amounts are int64 counts of a millionth, rates of a thousand-millionth, times microseconds since
1970 UTC, days days since 1970. A column with gaps is a pair: values, and which of them are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reports_lib.warehouse.tables import TABLES

Ints = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]
Gapped = tuple[npt.NDArray[np.int64], Truths]
Column: TypeAlias = npt.NDArray[np.int64] | Truths | npt.NDArray[np.float64] | Gapped | pa.Array

ONE = 1_000_000  # an amount of 1, and a second


@dataclass(frozen=True)
class Rows:
    """Arrays of one length, an entry a row each: what the subjects' records are made of."""

    def taken(self, rows: Ints | Truths) -> Self:
        """Some of the rows, or all in another order."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def joined(cls, *parts: Self) -> Self:
        """The rows of all parts, one part after the other."""
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})


def build(name: str, columns: Mapping[str, Column], order: Ints | None = None) -> pa.Table:
    """The canonical table `name` from `columns`, its rows in the given order of positions.

    A column that the table may leave empty need not be given. Raises `KeyError` for a missing or
    unknown column, `ValueError` for a gap where the table allows none.
    """
    schema = TABLES[name].schema.to_pyarrow()
    if unknown := set(columns) - set(schema.names):
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    rows = max(_length(column) for column in columns.values())
    arrays = []
    for field in schema:
        if field.name not in columns and not field.nullable:
            raise KeyError(f"{name}.{field.name} is not given")
        array = _array(columns[field.name], field.type, order) if field.name in columns else pa.nulls(rows, field.type)
        if array.null_count and not field.nullable:
            raise ValueError(f"{name}.{field.name} has {array.null_count} gaps")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema)


def text(pool: Sequence[str], codes: Ints | npt.NDArray[np.integer], present: Truths | None = None) -> pa.Array:
    """A text a row: the entry of `pool` that its code names; null where `present` is false."""
    mask = None if present is None else ~present
    return pa.array(pool, pa.string()).take(pa.array(codes, mask=mask))


def sorted_by(*keys: Ints) -> Ints:
    """The positions that put rows in the order of the first key, then the second, and so on."""
    if len(keys) == 1:
        return np.argsort(keys[0], kind="stable")
    return np.lexsort(keys[::-1])


def numbers(rows: int, first: int = 1) -> Ints:
    """Ids in order: `first`, `first` + 1, ..."""
    return np.arange(first, first + rows, dtype=np.int64)


def _length(column: Column) -> int:
    return len(column[0]) if isinstance(column, tuple) else len(column)


def _array(column: Column, kind: pa.DataType, order: Ints | None) -> pa.Array:
    if isinstance(column, pa.Array):
        taken = column if order is None else column.take(pa.array(order))
        return taken if taken.type == kind else taken.cast(kind)
    values, present = column if isinstance(column, tuple) else (column, None)
    if order is not None:
        values, present = values[order], None if present is None else present[order]
    if pa.types.is_decimal(kind):
        return _decimals(values, present, kind)
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64(), mask=None if present is None else ~present).view(kind)
    if pa.types.is_date(kind):
        return pa.array(values.astype(np.int32), pa.int32(), mask=None if present is None else ~present).view(kind)
    return pa.array(values, kind, mask=None if present is None else ~present)


def _decimals(values: Ints, present: Truths | None, kind: pa.DataType) -> pa.Array:
    halves = np.empty((len(values), 2), np.int64)
    halves[:, 0] = values if present is None else np.where(present, values, 0)
    halves[:, 1] = halves[:, 0] >> 63  # the sign fills the upper half
    gaps = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [gaps, pa.py_buffer(halves)])
