"""A table of a report: described once, shown as HTML, and kept as Parquet for every other format.

    Grid("Customers", rows, [Column("month", "Month"), Column("qty", "Qty", "quantity", "Refills")], total=total)

    text/html                             the table that a person reads
    application/vnd.daybook.table+json    its name, title, columns, and the Parquet file of its shown values
    $DAYBOOK_TABLES/<name>.parquet        those values, exact; the total is flagged in the column `__total`

The rows are taken and the file is written when the Grid is made, not when it is shown: Jupyter only
prints an error raised while showing, and a run would go on without its table.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from reports_lib.display import kept, table_html
from reports_lib.display.cells import text
from reports_lib.display.column import Column
from reports_lib.display.rows import Row, Rows, plain, shown
from reports_lib.errors import NotebookError
from reports_lib.values.formats import number

MIME = "application/vnd.daybook.table+json"


@dataclass(frozen=True)
class Grid:
    """A titled table: rows (an Ibis or Arrow table, or dictionaries) and the columns that are shown of them.

    `total` is one more row, shown at the foot; `name` names the table in exports and must be unlike any other
    of the notebook; `is_main` marks the table that a CSV holds. Of more rows than `first` the page shows the
    first and says so, while every other format holds all; rows too many for memory come as an Arrow
    `RecordBatchReader`, and are never held together. Raises `NotebookError` if the rows lack a column,
    hold what its kind cannot, or another table has the name.
    """

    title: str
    rows: Rows | pa.RecordBatchReader
    columns: Sequence[Column]
    _: KW_ONLY
    total: Mapping[str, Any] | None = None
    name: str | None = None
    note: str = ""
    is_main: bool = False
    first: int | None = None
    shown_rows: list[Row] = field(init=False, repr=False)
    shown_total: Row | None = field(init=False, repr=False)
    count: int = field(init=False, repr=False)  # of all rows, without the total
    sha256: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self._on_page or not self._in_files or len({column.name for column in self.columns}) < len(self.columns):
            raise NotebookError(f"table {self.title!r}: columns must be there, and be named differently")
        put = object.__setattr__
        put(self, "name", _slug(self.name or self.title))
        put(self, "shown_rows", [])
        put(self, "count", 0)
        total = [self._labelled(self.total)] if self.total is not None else []
        put(self, "shown_total", next(iter(shown(total, self.columns, self.title)), None))
        folder = os.environ.get("DAYBOOK_TABLES")
        path = Path(folder) / f"{self.name}.parquet" if folder else None
        put(self, "sha256", kept.keep(self._batches(), self._in_files, path, self.title))
        if self.count > len(self.shown_rows):
            left_out = f"The first {number(len(self.shown_rows))} of {number(self.count)} rows; files have all of them."
            put(self, "note", f"{self.note} {left_out}".strip())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """All rows and the total, to be kept; on their way they are counted, and the first are taken to be shown."""
        if isinstance(self.rows, pa.RecordBatchReader):
            for found in self.rows:
                batch = kept.typed(found, self.columns, self.title)
                first = kept.rows(batch.slice(0, self._room), found.slice(0, self._room), self.columns)
                self._take(first, batch.num_rows)
                yield kept.narrowed(batch, self._in_files)
        else:
            rows = shown(plain(self.rows), self.columns, self.title)
            self._take(rows[: self._room], len(rows))
            yield kept.batch(rows, self._in_files)
        if self.shown_total:
            yield kept.batch([self.shown_total], self._in_files, is_total=True)

    @property
    def _room(self) -> int | None:
        return None if self.first is None else self.first - len(self.shown_rows)

    def _take(self, rows: Sequence[Row], count: int) -> None:
        self.shown_rows.extend(rows)
        object.__setattr__(self, "count", self.count + count)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            "text/html": table_html.table(self.title, self._on_page, self.shown_rows, self.shown_total, self.note),
            "text/plain": self._plain(),
            MIME: self._reference(),
        }

    def _labelled(self, total: Mapping[str, Any]) -> Row:
        """`total` with the words that it leaves out: "Total" in the first column of text, nothing in the others."""
        words = [column.name for column in self.columns if not column.is_number]
        texts = [column.name for column in self.columns if column.kind == "text"]
        opened = [column.opens.value for column in self.columns if column.opens]  # a total opens nothing
        return dict.fromkeys(opened) | dict.fromkeys(words) | dict.fromkeys(texts[:1], "Total") | dict(total)

    def _reference(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "file": f"{self.name}.parquet",
            "rows": self.count,
            "sha256": self.sha256,
            "columns": [
                {"name": c.name, "label": c.label, "kind": c.kind, "group": c.group, "places": c.digits}
                for c in self._in_files
            ],
            "letters": [self._letters(column) for column in self._on_page],
            "has_total": self.shown_total is not None,
            "is_main": self.is_main,
        }

    @property
    def _on_page(self) -> list[Column]:
        return [column for column in self.columns if column.only != "files"]

    @property
    def _in_files(self) -> list[Column]:
        return [column for column in self.columns if column.only != "page"]

    def _letters(self, column: Column) -> int:
        """Letters that the column needs side by side: what paper the table needs follows from it."""
        totals = [self.shown_total] if self.shown_total else []
        cells = (len(text(column, row[column.name])) for row in (*self.shown_rows, *totals))
        return max((*cells, *map(len, column.label.split())), default=1)

    def _plain(self) -> str:
        totals = [self.shown_total] if self.shown_total else []
        lines = [[text(c, row[c.name]) for c in self._on_page] for row in (*self.shown_rows, *totals)]
        head = [c.label for c in self._on_page]
        return "\n".join([self.title, *("\t".join(line) for line in (head, *lines))])


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60] or "table"
