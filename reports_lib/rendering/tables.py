"""The tables that an executed notebook showed, as it kept them: exact, and never queried again (JD-60)."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from nbformat import NotebookNode

from reports_lib.errors import CorruptSnapshotError, NotebookError
from reports_lib.rendering import media

TOTAL = "__total"
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
    """A shown table: `data` holds its rows and, flagged in `__total`, its total."""

    name: str
    title: str
    columns: tuple[StoredColumn, ...]
    data: pa.Table
    sha256: str
    is_main: bool

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows without the total, as shown."""
        return self._part(is_total=False)

    @property
    def total(self) -> dict[str, Any] | None:
        """The total, or None if the table shows none."""
        return next(iter(self._part(is_total=True)), None)

    @property
    def height(self) -> int:
        """Number of rows, the total included."""
        return int(self.data.num_rows)

    def _part(self, is_total: bool) -> list[dict[str, Any]]:
        flags = self.data.column(TOTAL)
        part = self.data.filter(flags if is_total else pc.invert(flags)).drop_columns([TOTAL])
        rows: list[dict[str, Any]] = part.to_pylist()
        return rows


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
        data=pq.ParquetFile(pa.BufferReader(data)).read(),  # `read_table` first loads what folders of files need
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
