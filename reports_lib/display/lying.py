"""Bars that lie under one another: a few things that have names, compared at a glance and read to the digit."""

from collections.abc import Sequence

from reports_lib.display.cells import text
from reports_lib.display.column import Column
from reports_lib.display.drawing import as_float, colour, once
from reports_lib.display.rows import Row
from reports_lib.picture import FONT, PAPER, Spec, theme

WIDTH, HEIGHT = 560, 220  # CSS pixels, names and all: fewer than of other charts, so that its words are larger
NAMES = 190  # pixels for a name
ROOM = 1.35  # of the longest bar, so that its figures stand behind it
PADDING = {"left": 30, "right": 4, "top": 4, "bottom": 4}  # names are wider where Inter is missing


def spec(columns: Sequence[Column], rows: Sequence[Row]) -> Spec:
    """The Vega-Lite specification; each bar has its figures at its end, so it is read without axis or colours."""
    x, y, *series = columns
    names = [text(x, row[x.name]) for row in rows]
    lengths = [as_float(row[y.name]) or 0.0 for row in rows]
    points: list[Spec] = [{"x": name, "y": length} for name, length in zip(names, lengths, strict=True)]
    bar: Spec = {"mark": {"type": "bar", "height": min(30, 0.6 * HEIGHT / len(once(names)))}}
    for column in series:
        states = [text(column, row[column.name]) for row in rows]
        points = [point | {"series": state} for point, state in zip(points, states, strict=True)]
        bar["encoding"] = {"color": colour(column, once(states))}
    figures: dict[str, list[str]] = {}
    ends: dict[str, float] = {}
    for name, length, row in zip(names, lengths, rows, strict=True):
        figures.setdefault(name, []).append(text(y, row[y.name]))
        ends[name] = ends.get(name, 0.0) + length
    labels = [{"x": name, "y": ends[name], "label": " + ".join(found)} for name, found in figures.items()]
    span = [min([0.0, *lengths]), ROOM * max([0.0, *ends.values()]) or 1.0]
    axis = {"labelLimit": NAMES, "domain": False, "ticks": False, "title": None, "labelPadding": 8}
    ink = {"type": "text", "font": FONT, "fontSize": 13, "color": PAPER.words, "align": "left", "dx": 6}
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": PADDING,
        "encoding": {
            "x": {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": span, "nice": False}},
            "y": {"field": "x", "type": "nominal", "sort": None, "axis": axis, "scale": {"domain": once(names)}},
        },
        "layer": [
            {"data": {"values": points}} | bar,
            {"data": {"values": labels}, "mark": ink, "encoding": {"text": {"field": "label"}}},
        ],
        "config": theme(),
    }
