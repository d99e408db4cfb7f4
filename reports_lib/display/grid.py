"""A table of a report: described once, shown as HTML, and kept as Parquet for every other format.

    Grid("Customers", rows, [Column("month", "Month"), Column("qty", "Qty", "quantity", "Refills")], total=total)

    text/html                             the table that a person reads
    application/vnd.daybook.table+json    its name, title, columns, and the Parquet file of its shown values
    $DAYBOOK_TABLES/<name>.parquet        those values, exact; the total is flagged in the column `__total`

The rows are taken and the file is written when the Grid is made, not when it is shown: Jupyter only
prints an error raised while showing, and a run would go on without its table.
"""

import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reports_lib.display import table_html
from reports_lib.display.cells import text
from reports_lib.display.column import Column
from reports_lib.display.rows import Row, Rows, plain, shown
from reports_lib.errors import NotebookError, StoreError

MIME = "application/vnd.daybook.table+json"
TOTAL = "__total"


@dataclass(frozen=True)
class Grid:
    """A titled table: rows (an Ibis or Arrow table, or dictionaries) and the columns that are shown of them.

    `total` is one more row, shown at the foot; `name` names the table in exports and must be unlike any other
    of the notebook; `is_main` marks the table that a CSV holds. Raises `NotebookError` if the rows lack a column,
    hold what its kind cannot, or another table has the name.
    """

    title: str
    rows: Rows
    columns: Sequence[Column]
    _: KW_ONLY
    total: Mapping[str, Any] | None = None
    name: str | None = None
    note: str = ""
    is_main: bool = False
    shown_rows: list[Row] = field(init=False, repr=False)
    shown_total: Row | None = field(init=False, repr=False)
    parquet: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.columns or len({column.name for column in self.columns}) < len(self.columns):
            raise NotebookError(f"table {self.title!r}: columns must be there, and be named differently")
        put = object.__setattr__
        put(self, "name", _slug(self.name or self.title))
        put(self, "shown_rows", shown(plain(self.rows), self.columns, self.title))
        total = [self._labelled(self.total)] if self.total is not None else []
        put(self, "shown_total", next(iter(shown(total, self.columns, self.title)), None))
        put(self, "parquet", _parquet(self))
        if folder := os.environ.get("DAYBOOK_TABLES"):
            _keep(Path(folder) / f"{self.name}.parquet", self.parquet, self.title)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            "text/html": table_html.table(self.title, self.columns, self.shown_rows, self.shown_total, self.note),
            "text/plain": self._plain(),
            MIME: self._reference(),
        }

    def _labelled(self, total: Mapping[str, Any]) -> Row:
        """`total` with the words that it leaves out: "Total" in the first column of text, nothing in the others."""
        words = [column.name for column in self.columns if not column.is_number]
        texts = [column.name for column in self.columns if column.kind == "text"]
        return dict.fromkeys(words) | dict.fromkeys(texts[:1], "Total") | dict(total)

    def _reference(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "file": f"{self.name}.parquet",
            "rows": len(self.shown_rows),
            "sha256": hashlib.sha256(self.parquet).hexdigest(),
            "columns": [
                {"name": c.name, "label": c.label, "kind": c.kind, "group": c.group, "places": c.digits}
                | {"letters": self._letters(c)}
                for c in self.columns
            ],
            "has_total": self.shown_total is not None,
            "is_main": self.is_main,
        }

    def _letters(self, column: Column) -> int:
        """Letters that the column needs side by side: what paper the table needs follows from it."""
        totals = [self.shown_total] if self.shown_total else []
        cells = (len(text(column, row[column.name])) for row in (*self.shown_rows, *totals))
        return max((*cells, *map(len, column.label.split())), default=1)

    def _plain(self) -> str:
        totals = [self.shown_total] if self.shown_total else []
        lines = [[text(c, row[c.name]) for c in self.columns] for row in (*self.shown_rows, *totals)]
        head = [c.label for c in self.columns]
        return "\n".join([self.title, *("\t".join(line) for line in (head, *lines))])


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60] or "table"


def _parquet(grid: Grid) -> bytes:
    rows = grid.shown_rows + ([grid.shown_total] if grid.shown_total else [])
    arrays = [pa.array([row[c.name] for row in rows], type=_arrow_type(c)) for c in grid.columns]
    flags = pa.array([False] * len(grid.shown_rows) + [True] * (len(rows) - len(grid.shown_rows)), type=pa.bool_())
    table = pa.Table.from_arrays([*arrays, flags], names=[*(c.name for c in grid.columns), TOTAL])
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _arrow_type(column: Column) -> pa.DataType:
    if column.is_number:
        return pa.decimal128(38, column.digits)
    return {"date": pa.date32(), "time": pa.timestamp("us")}.get(column.kind, pa.string())


def _keep(path: Path, data: bytes, title: str) -> None:
    if path.exists() and path.read_bytes() != data:
        raise NotebookError(f"table {title!r}: another table is named {path.stem!r} too; give one of them name=")
    try:
        path.write_bytes(data)
    except OSError as error:
        path.unlink(missing_ok=True)  # what was written of it may be just the room that is lacking
        raise StoreError(f"table {title!r} cannot be kept in {path.parent}: {error.strerror}") from None
