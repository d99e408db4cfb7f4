"""Chart rows to a Vega-Lite specification.

The specification is written as the plain dictionary that it is: Altair would check it against its
schema for a second of import time, and comes to the same.
"""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

from reports_lib.display.cells import text
from reports_lib.display.colours import colours
from reports_lib.display.column import Column
from reports_lib.display.rows import Row
from reports_lib.picture import FONT, PAPER, Spec, theme

WIDTH, HEIGHT = 490, 180  # CSS pixels without axes; the page scales the picture, two side by side on paper
WHOLE = 100  # per cent
ROUNDED = 0.5  # what parts of a whole may come to over it, each rounded for itself
TICKS = 14
LETTERS = 54  # of tick labels that fit side by side before they are thinned
LETTER, SYMBOL = 6.6, 30  # pixels of a letter of a legend, about, and of what stands around a name
TOO_LONG = 24  # letters of a tick label before it is cut


def spec(mark: str, columns: Sequence[Column], rows: Sequence[Row]) -> Spec:
    """The Vega-Lite specification of a chart; x keeps the order of the rows, figures are floats to draw by."""
    x, y, *series = columns
    keys = once(text(x, row[x.name]) for row in rows)
    data = [{"x": text(x, row[x.name]), "y": as_float(row[y.name])} for row in rows]
    is_stacked = bool(series) and mark == "bar"
    encoding = {"x": _x(x, keys), "y": _y(y, rows, is_stacked)}
    if is_stacked and y.kind == "percent" and _is_whole(data):
        encoding["y"] |= {"axis": {"values": [0, 20, 40, 60, 80, 100]}, "scale": {"domain": [0, WHOLE], "nice": False}}
    for column in series:
        names = [text(column, row[column.name]) for row in rows]
        data = [point | {"series": name} for point, name in zip(data, names, strict=True)]
        encoding["color"] = colour(column, once(names))
    return {
        "data": {"values": data},
        "width": WIDTH,
        "height": HEIGHT,
        "mark": _mark(mark, len(keys)),
        "encoding": encoding,
        "config": theme(),
    }


def summary(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """One sentence that says what a chart shows: its extent, its least and its greatest figure."""
    if not rows:
        return "No data for these parameters."
    x, y = columns[0], columns[1]
    found = [row for row in rows if row[y.name] is not None]
    if not found:
        return f"{_name(y)}: no figures."
    low, high = (pick(found, key=lambda row: row[y.name]) for pick in (min, max))
    if len(found) == 1:
        return f"{_name(y)}: {text(y, high[y.name])} ({text(x, high[x.name])})."
    first, last = text(x, rows[0][x.name]), text(x, rows[-1][x.name])
    return (
        f"{_name(y)}, {first} to {last}: lowest {text(y, low[y.name])} ({text(x, low[x.name])}), "
        f"highest {text(y, high[y.name])} ({text(x, high[x.name])})."
    )


def once(names: Iterator[str] | Sequence[str]) -> list[str]:
    """Each name once, in the order of their first coming."""
    return list(dict.fromkeys(names))


def _name(column: Column) -> str:
    return ": ".join(filter(None, (column.group, column.label)))


def _mark(mark: str, count: int) -> Spec:
    if mark == "line":
        return {"type": "line", "point": count <= 40}
    return {"type": "bar", "width": max(1.0, min(64.0, 0.68 * WIDTH / max(count, 1)))}


def _x(column: Column, keys: list[str]) -> Spec:
    longest = min(TOO_LONG, max(map(len, keys)))
    step = math.ceil(len(keys) / max(1, min(TICKS, LETTERS // max(1, longest))))
    axis = {"values": keys[::step], "labelAngle": 0, "labelLimit": TOO_LONG * 8, "labelOverlap": False}
    return {"field": "x", "type": "nominal", "title": column.label, "axis": axis, "scale": {"domain": keys}}


def _y(column: Column, rows: Sequence[Row], is_stacked: bool) -> Spec:
    found = [float(row[column.name]) for row in rows if row[column.name] is not None]
    top = max(map(abs, found), default=0.0) * (2 if is_stacked else 1)
    axis: Spec = {"tickCount": 5, "format": ",d" if column.digits == 0 else f",.{column.digits}~f"}
    if column.digits == 0 and top <= 5:  # Vega would put halves between them, printed as wholes
        axis["values"] = list(range(math.floor(min([0, *found])), math.ceil(top) + 1))
    if top >= 1_000_000:
        axis = {"tickCount": 5, "labelExpr": "format(datum.value / 1e6, ',~f') + (datum.value ? ' M' : '')"}
    title = _name(column) + (" (%)" if column.kind == "percent" else "")
    scale = {"domain": [0, 1]} if top == 0 else {"zero": True, "nice": True}
    return {"field": "y", "type": "quantitative", "title": title, "axis": axis, "scale": scale}


def _is_whole(points: Sequence[Spec]) -> bool:
    """Whether what stands on each other is parts of a whole: never below 0, nor together over 100."""
    ends: dict[str, float] = {}
    for point in points:
        ends[point["x"]] = ends.get(point["x"], 0.0) + (point["y"] or 0.0)
    return all((point["y"] or 0.0) >= 0 for point in points) and max(ends.values()) < WHOLE + ROUNDED


def colour(column: Column, names: list[str], width: int = WIDTH) -> Spec:
    """What tells the series `names` apart, told above a chart of that width, in several lines if need be."""
    scale = {"domain": names, "range": colours(names)}
    found: Spec = {"field": "series", "type": "nominal", "sort": None, "title": column.label, "scale": scale}
    if sum(len(name) * LETTER + SYMBOL for name in names) > width:
        found["legend"] = {"columns": max(1, int(width // (max(map(len, names)) * LETTER + SYMBOL)))}
    return found


def as_float(value: Decimal | int | None) -> float | None:
    """What is drawn for a figure; nothing for none."""
    return None if value is None or not math.isfinite(value) else float(value)


def blank() -> str:
    """The picture of a chart without a figure."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="120" viewBox="0 0 {WIDTH} 120">'
        f'<rect width="{WIDTH}" height="120" fill="#f5f7fa"/>'
        f'<text x="{WIDTH // 2}" y="65" text-anchor="middle" font-family="{FONT}" '
        f'font-size="15" fill="{PAPER.words}">No data for these parameters</text></svg>'
    )
