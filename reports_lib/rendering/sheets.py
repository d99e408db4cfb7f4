"""What the two spreadsheet formats share: sheet names, limits, and what goes into a cell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from reports_lib.errors import RowLimitError
from reports_lib.rendering.tables import StoredColumn, StoredTable, plain

EXACT_DIGITS = 15  # a spreadsheet's numbers are binary floats: more digits would come back as others
CELL_LETTERS = 32_767
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sheet of a format holds, and where to turn with more."""

    form: str
    rows: int
    columns: int
    way_out: str

    def check(self, table: StoredTable) -> None:
        """Raises `RowLimitError` if `table` does not fit whole: nothing is ever cut off (T-71)."""
        height, width = table.height + heads(table), len(table.columns)
        if height > self.rows or width > self.columns:
            raise RowLimitError(
                f"table {table.title!r} has {height:,} rows and {width:,} columns with its head; "
                f"{self.form} holds {self.rows:,} by {self.columns:,}: {self.way_out}"
            )


class Heading(NamedTuple):
    """A cell of the head: its text, and the rows and columns that it covers, all counted from 0."""

    text: str
    top: int
    left: int
    bottom: int
    right: int
    is_group: bool


def heads(table: StoredTable) -> int:
    """Number of rows of the head: two where columns stand in groups."""
    return 2 if any(column.group for column in table.columns) else 1


def headings(table: StoredTable) -> Iterator[Heading]:
    """The cells of the head, groups above the labels."""
    last = heads(table) - 1
    places = {column.name: place for place, column in enumerate(table.columns)}
    for group, members in groupby(table.columns, key=lambda column: column.group):
        inside = [places[column.name] for column in members]
        if group:
            yield Heading(group, 0, inside[0], 0, inside[-1], True)
        for place in inside:
            yield Heading(table.columns[place].label, 1 if group else 0, place, last, place, False)


def keys(table: StoredTable) -> int:
    """Number of columns at the left that stand still: those before the first figure."""
    return next((place for place, column in enumerate(table.columns) if column.is_number), 1)


def names(tables: Sequence[StoredTable]) -> list[str]:
    """A sheet name for each table: its title as far as a spreadsheet allows, and never the same twice."""
    found: list[str] = []
    for table in tables:
        name = _FORBIDDEN.sub(" ", table.title).strip().strip("'")[:31].strip() or "Table"
        taken = {other.casefold() for other in found} | {"history"}  # Excel keeps that name for itself
        number = 2
        candidate = name
        while candidate.casefold() in taken:
            candidate = f"{name[: 30 - len(str(number))]} {number}"
            number += 1
        found.append(candidate)
    return found


def content(column: StoredColumn, value: Any) -> str | float | date | None:  # noqa: ANN401 - whatever Parquet held
    """What to write for a shown value: a number only where a spreadsheet keeps every digit of it.

    Raises `RowLimitError` for a text longer than a cell.
    """
    if value is None:
        return None
    if column.is_number:
        exact = Decimal(value)
        return float(exact) if _digits(exact) <= EXACT_DIGITS else plain(exact, column.places)
    if isinstance(value, date | datetime):
        # spreadsheets count days from 1900
        return value if value.year >= 1901 else value.isoformat()
    if len(str(value)) > CELL_LETTERS:
        raise RowLimitError(f"a text of column {column.label!r} has {len(value):,} letters; take CSV")
    return str(value)


def number_format(column: StoredColumn) -> str:
    """How a spreadsheet shows the column: grouped, with its places; text as text."""
    if column.is_number:
        fraction = f".{'0' * column.places}" if column.places else ""
        return f"#,##0{fraction}" + ('" %"' if column.kind == "percent" else "")
    return {"date": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm:ss"}.get(column.kind, "@")


def widths(table: StoredTable, rows: Sequence[dict[str, Any]]) -> list[float]:
    """Width of each column in letters, by its longest word in the head and its first thousand cells."""
    return [
        min(48.0, 2.0 + max(*map(len, [*column.label.split(), ""]), *(_length(column, row) for row in rows[:1000]), 5))
        for column in table.columns
    ]


def _length(column: StoredColumn, row: dict[str, Any]) -> int:
    value = row[column.name]
    if value is None:
        return 1
    return len(f"{value:,.{column.places}f}") if column.is_number else len(str(value))


def _digits(value: Decimal) -> int:
    return len(str(abs(value)).replace(".", "").strip("0"))
