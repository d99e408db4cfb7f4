"""Parquet files -> typed rows with their row numbers, and rejects.

Types are compared before a row is read, and all differences told in one message: a column is cast
only where nothing can be lost for a whole type (any whole number to money, a time of any unit and
zone to naive UTC) and each value is still checked. Floating numbers never become money.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import arrays, header
from reports_lib.warehouse.ingest.content import shown_name
from reports_lib.warehouse.ingest.delimited import LINE
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.rejects import Reject
from reports_lib.warehouse.tables import Column, Table

ROWS = 65_536  # of one batch


@dataclass(slots=True)
class ParquetFile:
    """One Parquet file, read batch by batch; its lines are its rows, counted from 1."""

    path: Path
    table: Table
    limits: Limits
    lines: int = field(default=0, init=False)
    blank: int = field(default=0, init=False)
    sha256: str = field(default="", init=False)
    _columns: tuple[Column, ...] = field(default=(), init=False)

    @property
    def name(self) -> str:
        """What to call the file in messages."""
        return shown_name(self.path)

    def batches(self) -> Iterator[tuple[pa.Table, list[Reject]]]:
        """The good rows of each batch, with a `__line` column, and its rejects in order.

        Raises `IngestError` where the file as a whole cannot be read.
        """
        with self.path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        for batch in self._batches():
            yield self._batch(batch, self.lines + 1)
            self.lines += batch.num_rows

    def originals(self, wanted: Iterator[int]) -> Iterator[str]:
        """The rows of the wanted numbers, which ascend, as the rejects file shows them."""
        row, first = next(wanted, None), 1
        for batch in self._batches():
            while row is not None and row - first < batch.num_rows:
                yield _shown(batch, row - first)
                row = next(wanted, None)
            if row is None:
                return
            first += batch.num_rows

    def _batches(self) -> Iterator[pa.RecordBatch]:
        size = 0
        try:
            with pq.ParquetFile(self.path) as file:
                schema = file.schema_arrow
                # unknown names are told beside wrong types
                self._columns = header.columns(
                    shown_name(self.path), schema.names, self.table, _differences(schema, self.table)
                )
                for batch in file.iter_batches(ROWS):
                    size += batch.nbytes
                    if size > self.limits.content:
                        raise IngestError(
                            f"{shown_name(self.path)} holds more than {self.limits.content:,} bytes; split it"
                        )
                    yield batch
        except (pa.ArrowException, OSError) as error:
            told = str(error).splitlines()[0]
            raise IngestError(f"{shown_name(self.path)} is a damaged Parquet file: {told}") from None

    def _batch(self, batch: pa.RecordBatch, first: int) -> tuple[pa.Table, list[Reject]]:
        values = {}
        refused: dict[int, tuple[str, str]] = {}
        for column, given in zip(self._columns, batch.columns, strict=True):
            found = _cast(column, given)
            values[column.name] = found.values
            for at, reason in found.refused.items():
                refused.setdefault(at, (column.name, reason))
        rows = arrays.whole(self.table, values, batch.num_rows)
        rows = rows.append_column(LINE, pa.array(np.arange(first, first + batch.num_rows)))
        if not refused:
            return rows, []
        good = np.ones(batch.num_rows, bool)
        good[list(refused)] = False
        rejects = [Reject(first + at, *refused[at], _shown(batch, at)) for at in sorted(refused)]
        return rows.filter(pa.array(good)), rejects


def _differences(schema: pa.Schema, table: Table) -> list[str]:
    known = {c.name: c for c in table.columns}
    found = []
    for given in schema:
        column = known.get(header.plain(given.name))
        if column and not _fits(given.type, column):
            found.append(f"{column.name} is {given.type}, not {arrays.arrow_type(column)}")
    return found


def _fits(kind: pa.DataType, column: Column) -> bool:
    kind = kind.value_type if pt.is_dictionary(kind) else kind
    wanted = column.type
    fitting = (
        (wanted.is_int64(), pt.is_integer(kind)),
        (wanted.is_decimal(), pt.is_decimal(kind) or pt.is_integer(kind)),
        (wanted.is_string(), pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind)),
        (wanted.is_boolean(), pt.is_boolean(kind)),
        (wanted.is_date(), pt.is_date(kind)),
        (wanted.is_timestamp(), pt.is_timestamp(kind)),
        (wanted.is_float64(), pt.is_floating(kind)),
        (wanted.nullable, pt.is_null(kind)),
    )
    return any(is_wanted and is_given for is_wanted, is_given in fitting)


def _cast(column: Column, given: pa.Array) -> arrays.Read:
    """The column's values; those that cannot be cast without loss are refused one by one."""
    refused: dict[int, str] = {}
    try:
        values = _exact(column, given)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        single = []
        for at in range(len(given)):
            try:
                single.append(_exact(column, given.slice(at, 1)))
            except (pa.ArrowInvalid, UnicodeDecodeError):
                single.append(pa.nulls(1, arrays.arrow_type(column)))
                refused[at] = f"cannot be stored as {arrays.arrow_type(column)} without loss"
        values = pa.concat_arrays(single)
    found = arrays.check(column, values)
    found.refused |= refused
    return found


def _exact(column: Column, given: pa.Array) -> pa.Array:
    kind = arrays.arrow_type(column)
    if column.type.is_decimal() and pt.is_integer(given.type):
        given = given.cast(pa.decimal128(38, column.type.scale))
    if pt.is_timestamp(
        given.type
    ):  # to microseconds first, where the unit is checked; then without its zone, which is UTC
        given = given.cast(pa.timestamp("us", given.type.tz))
    values = given.cast(kind)
    if column.type.is_string():
        values.validate(full=True)  # Parquet promises UTF-8 and nobody checks
    return values


def _shown(batch: pa.RecordBatch, at: int) -> str:
    row: dict[str, Any] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            row[name] = column[at].as_py()
        except (UnicodeDecodeError, ValueError, OverflowError):
            row[name] = "?"
    return json.dumps(row, default=str, ensure_ascii=False)
