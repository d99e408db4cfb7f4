"""Small tables of Python values inside a query, for warehouses that nobody may write to.

Rows travel as one text literal that the engine takes apart again. Nothing is created in the
warehouse, and the same expression runs on every engine. Meant for thousands of rows, not millions.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import ibis
import ibis.expr.types as ir

ROW, CELL = "\x1e", "\x1f"  # ASCII's own separators of records and units: no value holds them


def inline(rows: Iterable[tuple[object, ...]], schema: Mapping[str, str]) -> ir.Table:
    """A table of `rows`, with the columns and Ibis types of `schema`.

    Values are whole numbers, decimals, days, naive UTC moments and text; none may be null.
    """
    lines = [CELL.join(map(_text, row)) for row in rows]
    # No row at all still needs a line to be typed by; the filter takes it away again.
    line = ibis.literal(ROW.join(lines or [""])).split(ROW).unnest().name("line").as_table()
    cells = line.filter(line.line != "").line.split(CELL)
    return cells.as_table().select(
        **{name: cells[i].cast(kind) for i, (name, kind) in enumerate(schema.items())}  # the order of `schema`
    )


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    return str(value).replace(ROW, "").replace(CELL, "")
