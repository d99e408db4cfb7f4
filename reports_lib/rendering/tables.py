"""The tables that an executed notebook showed, as it kept them: exact, and never queried again (JD-60)."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from nbformat import NotebookNode

from reports_lib.errors import CorruptSnapshotError, NotebookError
from reports_lib.rendering import media

TOTAL = "__total"
BATCH = 10_000  # rows in memory at a time
NUMBERS = ("quantity", "money", "ratio", "percent")
_NAME = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A shown column: its name, the words of its head, and how its values read."""

    name: str
    label: str
    kind: str
    group: str
    places: int

    @property
    def is_number(self) -> bool:
        """Whether its values are figures."""
        return self.kind in NUMBERS

    @property
    def heading(self) -> str:
        """Its label under its group heading, on one line."""
        return f"{self.group}: {self.label}" if self.group else self.label


@dataclass(frozen=True)
class StoredTable:
    """A shown table: `data` holds its rows and, flagged in `__total`, its total, which comes last.

    A file is read as its rows are taken, `BATCH` at a time.
    """

    name: str
    title: str
    columns: tuple[StoredColumn, ...]
    data: pa.Table | pq.ParquetFile
    sha256: str
    is_main: bool

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows without the total, as shown."""
        return list(self.stream())

    def stream(self) -> Iterator[dict[str, Any]]:
        """The same rows, one after the other: never all of them at once."""
        for batch in self._batches():
            yield from batch.filter(pc.invert(batch.column(TOTAL))).drop_columns([TOTAL]).to_pylist()

    @property
    def total(self) -> dict[str, Any] | None:
        """The total, or None if the table shows none."""
        last = self._last()
        found: list[dict[str, Any]] = last.filter(last.column(TOTAL)).drop_columns([TOTAL]).to_pylist()
        return found[-1] if found else None

    @property
    def height(self) -> int:
        """Number of rows, the total included."""
        return int(self.data.num_rows if isinstance(self.data, pa.Table) else self.data.metadata.num_rows)

    def first(self, most: int) -> list[dict[str, Any]]:
        """The first rows, as shown."""
        return list(islice(self.stream(), most))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self.data, pa.Table):
            return iter(self.data.to_batches(max_chunksize=BATCH))
        return iter(self.data.iter_batches(batch_size=BATCH))

    def _last(self) -> pa.Table:
        """What the total is in, if there is one."""
        if isinstance(self.data, pa.Table):
            return self.data
        groups = self.data.num_row_groups
        return self.data.read_row_group(groups - 1) if groups else self.data.read()


def tables(notebook: NotebookNode, folder: Path) -> list[StoredTable]:
    """The tables shown in `notebook`, in its order, from the Parquet files in `folder`.

    Raises `NotebookError` if a shown table has no file, `CorruptSnapshotError` if its bytes are others
    than those shown.
    """
    return stored(references(notebook), folder)


def references(notebook: NotebookNode) -> list[Mapping[str, Any]]:
    """How `notebook` refers to the tables that it shows, each once: what JSON holds, without their rows."""
    return list({str(reference["name"]): reference for reference in _references(notebook)}.values())


def stored(references: Sequence[Mapping[str, Any]], folder: Path) -> list[StoredTable]:
    """The tables referred to, from the Parquet files in `folder`; raises as `tables` does."""
    return [_stored(str(reference["name"]), reference, folder) for reference in references]


def read(reference: Mapping[str, Any], data: bytes) -> StoredTable:
    """The table that `reference` describes and `data` holds; raises `CorruptSnapshotError` if they differ."""
    if hashlib.sha256(data).hexdigest() != reference["sha256"]:
        raise CorruptSnapshotError(f"table {reference['name']!r} is not the one that the report shows")
    keys = StoredColumn.__dataclass_fields__
    columns = tuple(StoredColumn(**{k: v for k, v in column.items() if k in keys}) for column in reference["columns"])
    return StoredTable(
        name=reference["name"],
        title=reference["title"],
        columns=columns,
        data=pq.ParquetFile(pa.BufferReader(data)),  # `read_table` first loads what folders of files need
        sha256=reference["sha256"],
        is_main=reference["is_main"],
    )


def main(found: Sequence[StoredTable]) -> StoredTable:
    """The table that stands for the report where there is room for one; raises `NotebookError` if there is none."""
    if not found:
        raise NotebookError("the report shows no table, and this format holds nothing else")
    return next((table for table in found if table.is_main), found[0])


def plain(value: Decimal | int, places: int) -> str:
    """A figure for machines: `-12345.60`."""
    return f"{value:.{places}f}"


def _references(notebook: NotebookNode) -> Iterator[Mapping[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if reference := output.get("data", {}).get(media.TABLE):
                yield reference


def _stored(name: str, reference: Mapping[str, Any], folder: Path) -> StoredTable:
    path = folder / f"{name}.parquet"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotebookError(f"table {name!r} was shown, but the run kept no rows of it")
    return read(reference, path.read_bytes())
