"""The two kinds of chart without an axis of names: a pie, and points between two axes of figures."""

import math
from decimal import Decimal

from reports_lib.picture import FONT, Spec
from reports_lib.portal.charts.figures import Figures, Point
from reports_lib.portal.charts.parts import Look, amounts, axis_of, colour, legend_columns, mark, number_of, value
from reports_lib.portal.language import _
from reports_lib.values.formats import legible, number
from reports_lib.values.money import round_half_up

LABELLED = 5  # per cent of the whole from which a slice has room for its share beside it
TIP = {"field": "tip", "type": "nominal"}


def scattered(figures: Figures, look: Look) -> Spec:
    """Points, with figures along both axes."""
    points = [point for point in figures.points if point.value is not None and point.at is not None]
    values = [value(point, _words(figures, point)) | {"x": number_of(point.at)} for point in points]
    along = [float(point.at) for point in points if point.at is not None]
    axis = axis_of(along, figures.x_places) | {"grid": True, "tickCount": max(2, look.width // 130)}
    x = {"field": "x", "type": "quantitative", "axis": axis, "scale": {"zero": False, "nice": True}}
    encoding = {"x": x | {"title": legible(figures.x_title)}, "y": amounts(figures, look), "tooltip": TIP}
    if figures.has_series:
        encoding["color"] = colour(figures, look)
    return {"data": {"values": values}, "mark": mark(figures), "encoding": encoding}


def pie(figures: Figures, look: Look) -> Spec:
    """A ring, its legend above it and the shares of its larger slices around it."""
    whole = sum((point.value or Decimal(0) for point in figures.points), Decimal(0))
    values = [_slice(point, place, whole) for place, point in enumerate(figures.points)]
    legend = 20 * math.ceil(len(figures.xs) / legend_columns(figures, look))
    radius = min(190, (look.width - 100) // 2, max(80, (look.height - legend) // 2 - 30))
    ring = {"type": "arc", "innerRadius": round(radius * 0.52), "outerRadius": radius, "stroke": look.ink.ground}
    share = {"type": "text", "radius": radius + 22, "fontSize": 12, "fill": look.ink.words, "font": FONT}
    return {
        "height": max(look.height, 2 * radius + 60 + legend),
        "data": {"values": values},
        "encoding": {
            "theta": {"field": "y", "type": "quantitative", "stack": True},
            "order": {"field": "n", "type": "quantitative"},
            "tooltip": TIP,
        },
        "layer": [
            {"mark": ring | {"strokeWidth": 1.5}, "encoding": {"color": colour(figures, look)}},
            {"mark": share, "encoding": {"text": {"field": "share", "type": "nominal"}}},
        ],
    }


def _slice(point: Point, place: int, whole: Decimal) -> Spec:
    exact = (point.value or Decimal(0)) * 100 / whole
    share = f"{number(round_half_up(exact, 1), 1)} %"
    words = _("{name}: {figure}\n{share} of what is drawn")
    tip = words.format(name=point.x, figure=point.shown, share=share)
    return value(point, tip) | {"s": legible(point.x), "n": place, "share": share if exact >= LABELLED else ""}


def _words(figures: Figures, point: Point) -> str:
    return (
        legible(f"{figures.x_title}: {point.x}") + "\n" + legible(f"{point.series or figures.y_title}: {point.shown}")
    )
