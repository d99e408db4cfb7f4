"""Bars that lie under one another: a few things that have names, compared at a glance and read to the digit."""

from collections.abc import Sequence

from reports_lib.display.cells import text
from reports_lib.display.colours import STATES
from reports_lib.display.column import Column
from reports_lib.display.drawing import as_float, colour, once
from reports_lib.display.rows import Row
from reports_lib.picture import FONT, PAPER, Spec, theme

WIDTH, HEIGHT = 560, 220  # CSS pixels, names and all: fewer than of other charts, so that its words are larger
LINE = 18  # the least that a name and its bar take
NAMES = 190  # pixels for a name
ROOM = 1.35  # of the longest bar, so that its figures stand behind it
LETTER = 7.2  # pixels of a letter of figures, about
SAID = 8  # bars that a sentence tells of
PADDING = {"left": 30, "right": 4, "top": 4, "bottom": 4}  # names are wider where Inter is missing


def spec(columns: Sequence[Column], rows: Sequence[Row], share: Column | None = None) -> Spec:
    """The Vega-Lite specification; each bar has its figures at its end, so it is read without axis or colours.

    Behind each figure stands its `share`, if there is one. Bars whose names all have colours of their own have them.
    """
    x, y, *series = columns
    names = [text(x, row[x.name]) for row in rows]
    lengths = [as_float(row[y.name]) or 0.0 for row in rows]
    points: list[Spec] = [{"x": name, "y": length} for name, length in zip(names, lengths, strict=True)]
    height = max(HEIGHT, LINE * len(once(names)))
    bar: Spec = {"mark": {"type": "bar", "height": min(30, 0.6 * height / len(once(names)))}}
    if is_self := not series and all(name.casefold() in STATES for name in names):
        series = [x]
    for column in series:
        states = [text(column, row[column.name]) for row in rows]
        points = [point | {"series": state} for point, state in zip(points, states, strict=True)]
        bar["encoding"] = {"color": colour(column, once(states), WIDTH) | ({"legend": None} if is_self else {})}
    figures: dict[str, list[str]] = {}
    ends: dict[str, float] = {}
    for name, length, row in zip(names, lengths, rows, strict=True):
        figures.setdefault(name, []).append(figure(y, share, row))
        ends[name] = ends.get(name, 0.0) + length
    labels = [{"x": name, "y": ends[name], "label": " + ".join(found)} for name, found in figures.items()]
    span = [min([0.0, *lengths]), _room(names, labels) * max([0.0, *ends.values()]) or 1.0]
    axis = {"labelLimit": NAMES, "domain": False, "ticks": False, "title": None, "labelPadding": 8}
    ink = {"type": "text", "font": FONT, "fontSize": 13, "color": PAPER.words, "align": "left", "dx": 6}
    return {
        "width": WIDTH,
        "height": height,
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


def summary(columns: Sequence[Column], rows: Sequence[Row], share: Column) -> str:
    """One sentence that says each bar's figure and its share; of many bars the first."""
    x, y, *series = columns
    said = [f"{_named(x, series, row)} {figure(y, share, row)}" for row in rows[:SAID]]
    more = f"; {len(rows) - SAID} more" if len(rows) > SAID else ""
    return f"{y.label}: {'; '.join(said)}{more}."


def figure(y: Column, share: Column | None, row: Row) -> str:
    """A bar's figure as it is read, with its share of all in brackets."""
    found = text(y, row[y.name])
    return found if share is None or row[share.name] is None else f"{found} ({text(share, row[share.name])})"


def _named(x: Column, series: Sequence[Column], row: Row) -> str:
    return ", ".join(text(column, row[column.name]) for column in (x, *series))


def _room(names: Sequence[str], labels: Sequence[Spec]) -> float:
    """What the scale is longer by than the longest bar, that the longest label stands behind it."""
    breadth = WIDTH - min(NAMES, LETTER * max(map(len, names))) - sum(PADDING[side] for side in ("left", "right"))
    label = LETTER * max(len(each["label"]) for each in labels) + 10
    return max(ROOM, breadth / max(breadth - label, breadth / 4))
