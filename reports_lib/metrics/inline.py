"""Small tables of Python values inside a query, for warehouses that nobody may write to.

Rows travel as one text that fills a slot and that the engine takes apart again. Nothing is created
in the warehouse, and the same expression runs on every engine. Meant for thousands of rows, not
millions.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from functools import lru_cache

import ibis.expr.types as ir

from reports_lib.errors import WarehouseError
from reports_lib.warehouse.statement import slot

ROW, CELL = "\x1e", "\x1f"  # ASCII's own separators of records and units


def inline(name: str, schema: Mapping[str, str]) -> ir.Table:
    """The table whose `packed` rows fill the slot `name`, with the columns and Ibis types of `schema`."""
    line = slot(name).split(ROW).unnest().name("line").as_table()
    # no row at all is one empty line
    cells = line.filter(line.line != "").line.split(CELL)
    columns = enumerate(schema.items(), 1)  # the order of `schema`; a line begins with a separator
    return cells.as_table().select(**{column: cells[place].cast(kind) for place, (column, kind) in columns})


def packed(rows: Iterable[tuple[object, ...]]) -> str:
    """The text of `rows`: whole numbers, decimals, days, naive UTC moments and text, none of it null.

    Raises `WarehouseError` for a text that holds one of the separators.
    """
    return ROW.join(["".join([CELL + _text(value) for value in row]) for row in rows])


@lru_cache(maxsize=1 << 15, typed=True)  # an end is the next start, for every currency
def _text(value: object) -> str:
    if isinstance(value, datetime):
        # a midnight is its day; every engine reads it so, and most moments here are midnights
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    text = str(value)
    if ROW in text or CELL in text:
        raise WarehouseError(f"{text!r} holds a control character, and cannot be looked for in the warehouse")
    return text
