"""Figures to a Vega-Lite specification: the one that the browser draws, and the pictures too.

Names of fields are ours and texts are only data, so no word of a report is ever read as an expression.
Vega draws floats: figures become floats here, and stay exact in the words beside them.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from reports_lib.picture import Spec, theme
from reports_lib.portal.charts.choice import Kind
from reports_lib.portal.charts.colours import colours
from reports_lib.portal.charts.figures import Figures, Point
from reports_lib.portal.charts.parts import LETTER, TOO_LONG, Look, amounts, colour, legend_columns, mark, value
from reports_lib.portal.charts.round import pie, scattered
from reports_lib.values.formats import legible

ROW = 24  # pixels of a bar that lies
LYING = 120  # bars that may lie below each other


def spec(figures: Figures, look: Look) -> Spec:
    """The specification; widths are those of the whole picture, labels and legend included."""
    if figures.choice.kind == Kind.PIE:
        return _whole(figures, look, pie(figures, look))
    if figures.choice.kind == Kind.SCATTER and not figures.xs:
        return _whole(figures, look, scattered(figures, look))
    if _lies(figures, look):
        look = replace(look, height=max(160, ROW * _lines(figures) + 60))
        return _whole(figures, look, _upright(figures, look, is_lying=True))
    return _whole(figures, look, _upright(figures, look))


def _whole(figures: Figures, look: Look, part: Spec) -> Spec:
    config = theme(look.ink, colours(figures.choice.palette, figures.choice.colours, figures.series[:1], look.ink)[0])
    config["area"] = {"color": config["bar"]["color"]}
    config["legend"] |= {"columns": legend_columns(figures, look), "labelLimit": TOO_LONG * 9, "symbolStrokeWidth": 0}
    return {
        "width": look.width,
        "height": look.height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 4,
        "config": config,
    } | part


def _upright(figures: Figures, look: Look, is_lying: bool = False) -> Spec:
    kind = figures.choice.kind
    along, up = ("y", "x") if is_lying else ("x", "y")
    encoding: Spec = {
        along: _names(figures, look, is_lying),
        up: amounts(figures, look, is_stacked=kind in (Kind.STACKED, Kind.AREA), is_lying=is_lying),
        "tooltip": {"field": "tip", "type": "nominal"},
    }
    if figures.has_series:
        encoding["color"] = colour(figures, look)
        if kind == Kind.BAR:
            offset = {"field": "s", "type": "nominal", "sort": None, "scale": {"domain": list(figures.series)}}
            encoding[f"{along}Offset"] = offset
    return {"data": {"values": _values(figures)}, "mark": mark(figures), "encoding": encoding}


def _values(figures: Figures) -> list[Spec]:
    """A value for each x and series, with null where there is no figure, so that lines break there."""
    found = {(point.x, point.series): point for point in figures.points}
    if figures.choice.kind == Kind.SCATTER or not figures.is_unique:
        return [value(point) for point in figures.points if point.value is not None]
    whole = (found.get((x, name)) or Point(x, name, None, "") for name in figures.series for x in figures.xs)
    if figures.choice.kind in (Kind.LINE, Kind.AREA):
        return [value(point) for point in whole]
    return [value(point) for point in whole if point.value is not None]


def _names(figures: Figures, look: Look, is_lying: bool) -> Spec:
    xs = [legible(x) for x in figures.xs]
    limit = min(TOO_LONG * LETTER, look.width * 0.4)
    axis: Spec = {"labelAngle": 0, "labelLimit": limit, "labelOverlap": False, "ticks": not is_lying, "title": None}
    if not is_lying:
        axis |= {"values": _thinned(xs, look), "title": legible(figures.x_title)}
    scale: Spec = {"domain": xs}
    if figures.choice.kind in (Kind.BAR, Kind.STACKED):
        scale |= {"type": "band", "paddingInner": 0.25 if len(xs) < 200 else 0, "paddingOuter": 0.15}
    else:
        scale |= {"type": "point", "padding": 0.5}
    return {"field": "x", "type": "nominal", "sort": None, "axis": axis, "scale": scale}


def _thinned(xs: Sequence[str], look: Look) -> list[str]:
    """The labels that have room side by side, evenly, beginning with the first."""
    longest = min(TOO_LONG, max(map(len, xs)))
    room = max(1, int((look.width - 70) / (longest * LETTER + 12)))
    return list(xs[:: math.ceil(len(xs) / room)])


def _lies(figures: Figures, look: Look) -> bool:
    """Whether bars lie, so that every name can be read: names that are no times and have no room side by side."""
    if figures.choice.kind not in (Kind.BAR, Kind.STACKED) or figures.is_timely:
        return False
    return _lines(figures) <= LYING and len(_thinned(figures.xs, look)) < len(figures.xs)


def _lines(figures: Figures) -> int:
    return len(figures.xs) * (len(figures.series) if figures.choice.kind == Kind.BAR else 1)
