"""A total in large type: each figure of it, and how it compares."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reports_lib.display import cells
from reports_lib.display.column import Column
from reports_lib.display.tiles import Tile, Tiles
from reports_lib.values.formats import number
from reports_lib.values.money import percent_of, round_half_up


def headlines(
    columns: Sequence[Column], total: Mapping[str, Any] | None, compared: Mapping[str, Any] | None = None
) -> Tiles:
    """The `total` of some columns in large type, with the change against a `compared` total in per cent."""
    return Tiles([_tile(column, total, compared) for column in columns])


def _tile(column: Column, total: Mapping[str, Any] | None, compared: Mapping[str, Any] | None) -> Tile:
    label = f"{column.group}: {column.label}" if column.group else column.label
    value = column.value(total) if total else None
    if column.kind == "percent" and value is not None:
        value = cells.text(column, value)  # its unit with it
    if not total or not compared:
        return Tile(label, value)  # type: ignore[arg-type]  # a headline is a figure
    return Tile(label, value, _change(column, total[column.name], compared[column.name]))  # type: ignore[arg-type]


def _change(column: Column, now: Decimal | int | None, before: Decimal | int | None) -> str | Decimal | None:
    """By how many per cent a figure changed, and a percentage by how many points; None where that cannot be told."""
    if now is None or before is None:
        return None
    if column.kind == "percent":
        points = round_half_up(Decimal(now) - Decimal(before), 1)
        return f"{'+' if points > 0 else ''}{number(points)} points"
    change = percent_of(Decimal(now) - before, abs(Decimal(before)))
    return None if change is None else round_half_up(change, 1)
