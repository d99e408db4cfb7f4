"""The head of a report's figures, as its sealed notebook shows them: the headline tiles, and of the main table
its total, or its first rows where it has none. Nothing is queried or worked out anew."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from nbformat import NotebookNode

from reports_lib.delivery.words import one_line
from reports_lib.rendering import media, tables
from reports_lib.rendering.notebook_file import parsed
from reports_lib.rendering.tables import StoredColumn, StoredTable
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import open_file
from reports_lib.snapshots.store import Store
from reports_lib.values import formats

MOST_TILES = 8
MOST_FIGURES = 24  # of a total
MOST_ROWS = 5  # of a table without one
MOST_COLUMNS = 3  # side by side on a phone
LETTERS = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure under its label; `change` says how it compares, empty if it does not."""

    label: str
    value: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Figures under a heading, which is empty if they stand under none."""

    heading: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What a reader learns without opening the report. Of `groups` and `rows` at most one is there."""

    tiles: tuple[Figure, ...] = ()
    caption: str = ""  # of what follows
    groups: tuple[Group, ...] = ()
    labels: tuple[str, ...] = ()
    are_numbers: tuple[bool, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left_out: str = ""  # such as "7 more rows"


def head(store: Store, manifest: Manifest) -> Head:
    """The head of a snapshot's figures, of one with personal data only sums.

    Raises `CorruptSnapshotError` if its files are not what they were.
    """
    notebook = parsed(open_file(store, manifest, "ipynb"))
    shown = next(_outputs(notebook, media.TILES), {"tiles": ()})
    tiles = tuple(_tile(each) for each in shown["tiles"][:MOST_TILES])
    references = list(_outputs(notebook, media.TABLE))
    if not references:
        return Head(tiles)
    reference = next((each for each in references if each["is_main"]), references[0])
    table = tables.read(reference, open_file(store, manifest, f"table:{reference['name']}"))
    if table.total:
        return _of_total(tiles, table, table.total)
    return Head(tiles) if manifest.retained_until else _of_rows(tiles, table)  # rows that are of people stay there


def _outputs(notebook: NotebookNode, kind: str) -> Iterator[Any]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if kind in output.get("data", {}):
                yield output["data"][kind]


def _tile(tile: dict[str, str]) -> Figure:
    return Figure(*(one_line(tile[key], LETTERS) for key in ("label", "value", "change")))


def _of_total(tiles: tuple[Figure, ...], table: StoredTable, total: dict[str, Any]) -> Head:
    columns = [column for column in table.columns if column.is_number]
    groups = tuple(
        Group(one_line(heading, LETTERS), tuple(_figure(column, total) for column in members))
        for heading, members in groupby(columns[:MOST_FIGURES], key=lambda column: column.group)
    )
    left_out = _more(len(columns) - MOST_FIGURES, "figure")
    return Head(tiles, f"{one_line(table.title)}: total", groups, left_out=left_out)


def _of_rows(tiles: tuple[Figure, ...], table: StoredTable) -> Head:
    columns = _few(table.columns)
    first = table.first(MOST_ROWS)
    return Head(
        tiles,
        one_line(table.title) + (": first rows" if table.height > MOST_ROWS else ""),
        labels=tuple(one_line(column.heading, LETTERS) for column in columns),
        are_numbers=tuple(column.is_number for column in columns),
        rows=tuple(tuple(_text(column, row[column.name]) for column in columns) for row in first),
        left_out=_more(table.height - MOST_ROWS, "row"),
    )


def _few(columns: Sequence[StoredColumn]) -> list[StoredColumn]:
    """The first column, and the first figures; words where there are none."""
    numbers = [column for column in columns[1:] if column.is_number]
    words = [column for column in columns[1:] if not column.is_number]
    return [*columns[:1], *(numbers + words)[: MOST_COLUMNS - 1]]


def _figure(column: StoredColumn, row: dict[str, Any]) -> Figure:
    return Figure(one_line(column.label, LETTERS), _text(column, row[column.name]))


def _text(column: StoredColumn, value: Any) -> str:  # noqa: ANN401 - whatever Parquet held
    if value is None:
        return formats.NOTHING
    if column.is_number:
        return (formats.percent if column.kind == "percent" else formats.number)(value, column.places)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return formats.day(value) if isinstance(value, date) else one_line(str(value), LETTERS)


def _more(count: int, what: str) -> str:
    return f"{count:,} more {what}{'s' if count > 1 else ''}" if count > 0 else ""
