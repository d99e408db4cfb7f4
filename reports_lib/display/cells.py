"""A shown value to the text that a person reads in its cell."""

from datetime import date, datetime
from decimal import Decimal

from markupsafe import Markup, escape

from reports_lib.display.column import Column, Value
from reports_lib.values.formats import NOTHING, day, legible, number


def text(column: Column, value: Value) -> str:
    """The cell's text: grouped figures with a true minus, ISO dates, an em dash for nothing (G-9)."""
    if value is None:
        return NOTHING
    if isinstance(value, int | Decimal):
        shown = number(value, column.digits)
        return f"{shown} %" if column.kind == "percent" else shown
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    return day(value) if isinstance(value, date) else legible(str(value))


def html(column: Column, value: Value, opened_by: object = None) -> Markup:
    """The cell's text, escaped; text from the data is isolated so that its direction stays its own (T22).

    With `opened_by` it is a way to the report that the column opens.
    """
    shown = text(column, value)
    if column.kind != "text" or value is None:
        return escape(shown)
    cell = Markup("<bdi>{}</bdi>").format(shown)
    return column.opens.behind(opened_by, cell).html if column.opens and opened_by is not None else cell
