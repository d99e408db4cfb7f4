"""The rows of a table as a Parquet file that is written while they come: a million take no more memory than a batch.

Values are those that the table shows, exact; the row of the total is flagged in the column `TOTAL`.
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reports_lib.display.column import Column
from reports_lib.display.rows import Row
from reports_lib.errors import NotebookError, StoreError

TOTAL = "__total"
_HALF_UP = "half_towards_infinity"  # away from zero, as everywhere (G-7)


def keep(batches: Iterable[pa.RecordBatch], columns: Sequence[Column], path: Path | None, title: str) -> str:
    """Write `batches` into the file `path`, if there is one; returns the SHA-256 of its bytes.

    Raises `NotebookError` if another table's rows are there already, `StoreError` if there is no room.
    """
    part = path and path.with_suffix(".part")
    try:
        with part.open("wb") if part else io.BytesIO() as file:
            sha256 = _written(batches, _schema(columns), file if part else None)
        if path and part:
            _move(part, path, sha256, title)
    except OSError as error:
        where = path and path.parent
        raise StoreError(f"table {title!r} cannot be kept in {where}: {error.strerror or error}") from None
    finally:
        if part:
            part.unlink(missing_ok=True)  # what was written of it may be just the room that is lacking
    return sha256


def batch(rows: Sequence[Row], columns: Sequence[Column], *, is_total: bool = False) -> pa.RecordBatch:
    """Rows as a table shows them."""
    arrays = [pa.array([row[c.name] for row in rows], type=_type(c)) for c in columns]
    return _flagged(arrays, columns, is_total=is_total)


def typed(found: pa.RecordBatch, columns: Sequence[Column], title: str) -> pa.RecordBatch:
    """Rows as a warehouse has them, rounded and typed as the table shows them.

    Raises `NotebookError` naming the columns that are lacking, or the one whose values its kind cannot hold.
    """
    if missing := sorted({name for c in columns for name in c.needs} - set(found.schema.names)):
        raise NotebookError(f"table {title!r}: the rows lack {', '.join(missing)}")
    return _flagged([_shown(found.column(c.name), c) for c in columns], columns, is_total=False)


def narrowed(typed: pa.RecordBatch, columns: Sequence[Column]) -> pa.RecordBatch:
    """Typed rows with some of their columns alone."""
    return typed.select([*(column.name for column in columns), TOTAL])


def rows(typed: pa.RecordBatch, found: pa.RecordBatch, columns: Sequence[Column]) -> list[Row]:
    """Typed rows as the table shows them, by column name, with what `found` has for the cells that open something."""
    whole = [c.name for c in columns if c.is_number and not c.digits]
    shown: list[Row] = typed.drop_columns([TOTAL]).to_pylist()
    opened = {c.opened_by: found.column(c.opens.value).to_pylist() for c in columns if c.opens}
    return [
        row
        | {name: None if row[name] is None else int(row[name]) for name in whole}
        | {name: values[place] for name, values in opened.items()}
        for place, row in enumerate(shown)
    ]


def _shown(values: pa.Array, column: Column) -> pa.Array:
    kind = values.type
    is_exact = pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    fits = {"date": pa.types.is_date, "time": pa.types.is_timestamp}.get(column.kind)
    if column.of or (column.is_number and not is_exact) or (fits and not fits(kind)):
        raise NotebookError(f"column {column.name!r} ({column.kind}) cannot be made of {kind}")
    if pa.types.is_decimal(kind):
        values = pc.round(values, column.digits, _HALF_UP) if column.is_number else values
    return values.cast(_type(column))


def _type(column: Column) -> pa.DataType:
    if column.is_number:
        return pa.decimal128(38, column.digits)
    return {"date": pa.date32(), "time": pa.timestamp("us")}.get(column.kind, pa.string())


def _schema(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema([*((c.name, _type(c)) for c in columns), (TOTAL, pa.bool_())])


def _flagged(arrays: Sequence[pa.Array], columns: Sequence[Column], *, is_total: bool) -> pa.RecordBatch:
    flags = pa.array([is_total] * len(arrays[0]), type=pa.bool_())
    return pa.RecordBatch.from_arrays([*arrays, flags], schema=_schema(columns))


def _written(batches: Iterable[pa.RecordBatch], schema: pa.Schema, file: BinaryIO | None) -> str:
    sink = _Hashed(file)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for each in batches:
            writer.write_batch(each)
    return sink.sha256.hexdigest()


def _move(part: Path, path: Path, sha256: str, title: str) -> None:
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise NotebookError(f"table {title!r}: another table is named {path.stem!r} too; give one of them name=")
    part.replace(path)


class _Hashed(io.RawIOBase):
    """What is written goes into a file, if there is one, and into its SHA-256."""

    def __init__(self, file: BinaryIO | None) -> None:
        self.sha256 = hashlib.sha256()
        self._file, self._size = file, 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # whatever pyarrow gives
        """All of `data`."""
        if self._file:
            self._file.write(data)
        self.sha256.update(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        """How much was written."""
        return self._size
