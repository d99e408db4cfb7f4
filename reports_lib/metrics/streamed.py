"""Rows of a list that is too long to be held: read in batches, their moments put on the clocks of the report's zone.

What time of day it is no engine is asked (G-3).
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from reports_lib.metrics.timeline import naive
from reports_lib.values.clock import offsets

BATCH = 20_000  # rows in memory at a time
_LOCAL = pa.timestamp("us")


@dataclass(frozen=True)
class Clocks:
    """How far the clocks of a zone are ahead of UTC, from which moment on."""

    since: Any  # arrays of numpy
    ahead: Any

    @classmethod
    def of(cls, start: datetime, end: datetime, zone: ZoneInfo) -> Self:
        """The clocks of `zone` from `start` until before `end`, both aware: for moments between them alone."""
        known = offsets(start, end, zone)
        since = np.array([naive(first) for first, _, _ in known], "datetime64[us]")
        return cls(since, np.array([offset for _, _, offset in known], "timedelta64[us]"))

    def local(self, at: pa.Array) -> pa.Array:
        """Naive UTC moments as the clocks showed them; what is null stays so."""
        moments = at.cast(_LOCAL).to_numpy(zero_copy_only=False)
        places = np.searchsorted(self.since, moments, side="right") - 1  # of a null any will do
        return pa.array(moments + self.ahead[places])


def streamed(rows: ir.Table, clocks: Clocks, times: Collection[str]) -> pa.RecordBatchReader:
    """All `rows` in their order, `BATCH` at a time, the columns `times` as the clocks showed them.

    The warehouse is asked now, and must stay open until the last row is taken.
    """
    schema = rows.schema().to_pyarrow()
    for name in times:
        schema = schema.set(schema.get_field_index(name), pa.field(name, _LOCAL))
    return pa.RecordBatchReader.from_batches(schema, _batches(rows, schema, clocks, times))


def _batches(rows: ir.Table, schema: pa.Schema, clocks: Clocks, times: Collection[str]) -> Iterator[pa.RecordBatch]:
    with closing(rows.to_pyarrow_batches(chunk_size=BATCH)) as batches:
        for batch in batches:
            columns = [clocks.local(batch[name]) if name in times else batch[name] for name in schema.names]
            yield pa.RecordBatch.from_arrays(
                [c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema.names
            )
