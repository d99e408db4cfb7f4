"""The parts that charts of every kind are put together from: axes, colours, values with their words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports_lib.picture import PAPER, Ink, Spec
from reports_lib.portal.charts.choice import Kind
from reports_lib.portal.charts.colours import colours
from reports_lib.portal.charts.figures import Figures, Point
from reports_lib.values.formats import legible

LETTER = 7.0  # pixels of a letter of a label, about
TOO_LONG = 26  # letters of a label before it is cut
DOTTED = 60  # figures along a line that get a dot each


@dataclass(frozen=True, slots=True)
class Look:
    """The room a chart has, in CSS pixels, and its ink."""

    width: int = 900
    height: int = 420
    ink: Ink = PAPER


def value(point: Point, tip: str = "") -> Spec:
    """A point as Vega is given it: `x`, `y`, `s` and the words `tip` that are shown beside the pointer."""
    words = f"{point.series}: {point.shown}" if point.series else point.shown
    return {"x": legible(point.x), "s": legible(point.series), "y": number_of(point.value)} | {
        "tip": tip or legible(point.x) + "\n" + legible(words)
    }


def mark(figures: Figures) -> Spec:
    """What is drawn for each figure; lines and areas break where there is none."""
    kind, dots = figures.choice.kind, {"size": 36, "filled": True} if len(figures.xs) <= DOTTED else "transparent"
    gaps = {"invalid": "break-paths-show-domains"}
    if kind == Kind.LINE:
        return {"type": "line", "point": dots, "strokeCap": "round", "strokeJoin": "round"} | gaps
    if kind == Kind.AREA:
        line = {"strokeCap": "round", "strokeWidth": 2}
        return {"type": "area", "line": line, "point": "transparent", "fillOpacity": 0.55} | gaps
    if kind == Kind.SCATTER:
        return {"type": "point", "filled": True, "size": 50, "opacity": 0.75}
    return {"type": "bar", "cornerRadiusEnd": 0 if figures.has_series and kind == Kind.STACKED else 2}


def amounts(figures: Figures, look: Look, is_stacked: bool = False, is_lying: bool = False) -> Spec:
    """The axis of the figures. Lines may begin above zero where that shows more; bars and areas never do."""
    values = [float(point.value) for point in figures.points if point.value is not None]
    axis = axis_of(values, figures.places, is_stacked and figures.has_series)
    if is_lying:
        axis |= {"domain": False, "ticks": False, "grid": True, "tickCount": max(2, look.width // 130), "orient": "top"}
    scale: Spec = {"zero": True, "nice": True} if any(values) else {"domain": [0, 1]}
    if figures.choice.kind in (Kind.LINE, Kind.SCATTER) and not is_stacked:
        scale["zero"] = min(values) <= 0 or min(values) < 0.7 * max(values)
    title = wrapped(figures.y_title, (look.height - 80) if not is_lying else look.width * 0.6)
    encoding = {"field": "y", "type": "quantitative", "axis": axis, "scale": scale, "title": title}
    return encoding | {"stack": "zero" if is_stacked else None}


def axis_of(values: Sequence[float], places: int, is_stacked: bool = False) -> Spec:
    """Ticks and labels of an axis of figures: grouped digits, decimals as the table has them, millions from one on."""
    top, low = max(values, default=0.0), min(values, default=0.0)
    most = max(abs(top), abs(low)) * (2 if is_stacked else 1)
    if most >= 1_000_000:
        unit, word = (1e9, "bn") if most >= 1e9 else (1e6, "M")
        return {
            "tickCount": 5,
            "labelExpr": f"format(datum.value / {unit:.0f}, ',~f') + (datum.value ? ' {word}' : '')",
        }
    axis: Spec = {"tickCount": 5, "format": ",d" if places == 0 else f",.{places}~f"}
    if places == 0 and most <= 5:  # Vega would put halves between them, printed as wholes
        axis["values"] = list(range(math.floor(min(0, low)), math.ceil(most) + 1))
    return axis


def colour(figures: Figures, look: Look) -> Spec:
    """Colours and legend of the series."""
    names = figures.coloured
    drawn = colours(figures.choice.palette, figures.choice.colours, names, look.ink)
    if figures.rest and figures.rest not in dict(figures.choice.colours):
        drawn[names.index(figures.rest)] = look.ink.line
    scale = {"domain": [legible(name) for name in names], "range": drawn}
    return {"field": "s", "type": "nominal", "sort": None, "scale": scale}


def legend_columns(figures: Figures, look: Look) -> int:
    """How many names of the legend have room side by side."""
    names = figures.coloured
    longest = min(TOO_LONG, max(map(len, names), default=1))
    return max(1, min(len(names), int((look.width - 60) / (longest * LETTER + 34))))


def wrapped(text: str, room: float) -> str | list[str]:
    """A title on as many lines as it needs."""
    most, lines = max(12, int(room / LETTER)), [""]
    for word in legible(text).split():
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) > 1 else lines[0]


def number_of(value: Decimal | None) -> float | None:
    """A figure as Vega draws it."""
    return None if value is None else float(value)
