"""The itemised annex: every charge behind the lines, as a file for programs and as pages for people.

    Parquet of COLUMNS --csv()--> the attached CSV, whose SHA-256 the facts hold
                       --pages()--> one block of set lines a page, sums carried from page to page

A table of that length costs WeasyPrint 4 ms a row; a block of lines in a typeface of one width 0.4 ms.
Sums are exact `Decimal`; they are never rounded, for the line on the invoice is where that happens once.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from markupsafe import Markup

from reports_lib.errors import CorruptSnapshotError, ParameterError
from reports_lib.invoicing.document import Calls, Document, cleaned, plain
from reports_lib.invoicing.words import Words, decimals, isolated
from reports_lib.rendering.csv import neutral

COLUMNS = pa.schema(
    [
        ("at", pa.timestamp("us")),  # on the clocks of the company
        ("service", pa.string()),
        ("number", pa.string()),  # or login of the client that was used
        ("destination", pa.string()),
        ("quantity", pa.decimal128(18, 6)),
        ("unit", pa.string()),
        ("amount", pa.decimal128(18, 6)),  # net, in the currency of the document
    ]
)
TEXTS = ("service", "number", "destination", "unit")
ROWS = 66  # a page
BATCH = 10_000  # rows in memory at a time
GAP = "  "  # between columns
ROOM, LEAST = 121, 10  # letters of a line, and of its last column
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Call:
    """A charge of the annex."""

    at: datetime
    service: str
    number: str
    destination: str
    quantity: Decimal
    unit: str
    amount: Decimal


class Tally:
    """What the facts say of an annex, and its CSV, for rows that come a few at a time."""

    def __init__(self) -> None:
        self._count, self._amount, self._hash = 0, ZERO, hashlib.sha256()
        self._begun = False

    def add(self, rows: Sequence[Call]) -> bytes:
        """Count the next rows; returns their part of the CSV, which begins with the names of the columns."""
        part = _written(rows, is_first=not self._begun)
        self._begun = True
        self._hash.update(part)
        self._count += len(rows)
        self._amount += sum((row.amount for row in rows), ZERO)
        return part

    def calls(self, form: Literal["csv", "pages"]) -> Calls:
        """All rows so far."""
        return Calls(self._count, self._amount, self._hash.hexdigest(), form)


def calls(table: pa.Table, form: Literal["csv", "pages"]) -> Calls:
    """What the facts say of the annex in `table`; raises `ParameterError` if its columns are others."""
    tally = Tally()
    tally.add(list(read(table)))
    return tally.calls(form)


def read(table: pa.Table) -> Iterator[Call]:
    """The rows of `table` in its order, their texts clean; raises `ParameterError` if its columns are others."""
    _check(table.schema)
    for batch in table.to_batches(max_chunksize=BATCH):
        yield from _rows(batch)


def kept(document: Document, path: Path) -> tuple[list[Call], bytes]:
    """Of what is kept for `document` at `path` the rows that are to be printed, and all of them as CSV.

    Raises `CorruptSnapshotError` if they are not those of its facts.
    """
    name = document.account_number or "this draft"
    if not path.is_file():
        raise CorruptSnapshotError(f"the itemised charges of {name} are missing")
    is_printed = document.calls is not None and document.calls.form == "pages"
    tally, sink, printed = Tally(), io.BytesIO(), list[Call]()
    try:
        with pq.ParquetFile(path) as file:
            _check(file.schema_arrow)
            sink.write(tally.add([]))
            for batch in file.iter_batches(BATCH):
                rows = list(_rows(batch))
                sink.write(tally.add(rows))
                printed += rows if is_printed else ()
    except (pa.ArrowException, OSError):
        raise CorruptSnapshotError(f"the itemised charges of {name} cannot be read") from None
    if document.calls is None or tally.calls(document.calls.form) != document.calls:
        raise CorruptSnapshotError(f"the itemised charges of {name} are not its own")
    return printed, sink.getvalue()


def pages(rows: list[Call], words: Words) -> Markup:
    """The rows as blocks of lines, a page each, under their sum so far and above their sum to here."""
    grid = _Grid(words, rows)
    sections, before = [], ZERO
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        after = before + sum((row.amount for row in part), ZERO)
        is_last = start + ROWS >= len(rows)
        title = words.say("all", count=len(rows)) if is_last else words.say("forward")
        sections.append(
            Markup('<section class="annex">{}{}{}{}{}</section>').format(
                Markup("<h2>{}</h2>").format(words.say("calls")) if not start else "",
                Markup('<pre class="head">{}</pre>').format(grid.head),
                Markup('<pre class="brought">{}</pre>').format(grid.sum(words.say("brought"), before)) if start else "",
                Markup("<pre>{}</pre>").format(grid.lines(start, start + ROWS)),
                Markup('<pre class="sum">{}</pre>').format(grid.sum(title, after)),
            )
        )
        before = after
    return Markup("\n").join(sections)


class _Grid:
    """Columns as wide as what stands in them, the last with what is left; every letter, a blank too, costs a moment.

    Figures come first, for what follows a letter of another typeface is shifted.
    """

    names = ("at", "quantity", "unit", "call_amount", "service", "call_number", "place")
    is_right = (False, True, False, True, False, False, False)
    most = (19, ROOM, 7, ROOM, 16, 20, ROOM)  # letters; figures are never cut

    def __init__(self, words: Words, rows: Sequence[Call]) -> None:
        self.words, self._marks = words, words.marks
        self._quantity = f",.{max((decimals(row.quantity) for row in rows), default=0)}f"
        self._amount = f",.{max((decimals(row.amount) for row in rows), default=words.places)}f"
        names = [words.say(name) for name in self.names]
        self._texts = [self._of(row) for row in rows]
        self._widths = [
            max(len(name), min(most, max(map(len, column), default=0)))
            for most, name, *column in zip(self.most, names, *self._texts, strict=True)
        ]
        self._widths[-1] = max(LEAST, ROOM - sum(self._widths[:-1]) - len(GAP) * (len(names) - 1))
        self.head = self._set(names)

    def lines(self, start: int, end: int) -> str:
        """Charges, each on a line."""
        return "\n".join(map(self._set, self._texts[start:end]))

    def sum(self, label: str, amount: Decimal) -> str:
        """`label` at the left and `amount` in its column."""
        figure = self._figure(amount, self._amount)
        room = sum(self._widths[:4]) + 3 * len(GAP) - len(label)
        return label + figure.rjust(max(room, len(figure) + len(GAP)))

    def _of(self, call: Call) -> tuple[str, ...]:
        quantity, amount = self._figure(call.quantity, self._quantity), self._figure(call.amount, self._amount)
        unit = self.words.unit(call.unit)
        return call.at.isoformat(" ", "seconds"), quantity, unit, amount, call.service, call.number, call.destination

    def _figure(self, value: Decimal, form: str) -> str:
        return format(value, form).translate(self._marks)

    def _set(self, texts: Sequence[str]) -> str:
        cells = (
            text.rjust(width) if is_right else _fit(text, width)
            for text, width, is_right in zip(texts, self._widths, self.is_right, strict=True)
        )
        return GAP.join(cells).rstrip()


def line(text: str | None) -> str:
    """A text as it stands in an annex: clean, and on one line."""
    return " ".join(cleaned(text or "").split())


def _check(schema: pa.Schema) -> None:
    if not schema.equals(COLUMNS):
        raise ParameterError(f"an annex has the columns {', '.join(COLUMNS.names)}, each of its type")


def _rows(batch: pa.RecordBatch) -> Iterator[Call]:
    for row in batch.to_pylist():
        yield Call(**row | {name: line(row[name]) for name in TEXTS})


def _written(rows: Sequence[Call], is_first: bool) -> bytes:
    """The rows as CSV: as `rendering/csv.py` writes tables, so no text is taken for a formula."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    if is_first:
        writer.writerow(COLUMNS.names)
    for row in rows:
        texts = (row.service, row.number, row.destination)
        stamp = row.at.isoformat(" ", "seconds")
        writer.writerow(
            [stamp, *map(neutral, texts), plain(row.quantity), neutral(row.unit), plain(row.amount)],
        )
    return sink.getvalue().encode("utf-8-sig" if is_first else "utf-8")


def _fit(text: str, width: int) -> str:
    """`text` in exactly `width` letters; what is written from right to left stays within them (T22)."""
    shown = text if len(text) <= width else text[: width - 1] + "…"
    return isolated(shown) + " " * (width - len(shown))
