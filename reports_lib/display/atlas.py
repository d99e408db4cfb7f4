"""Figures at places on the earth: a circle each, whose area is the figure, on an outline of the land (M-39)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reports_lib.display.cells import text
from reports_lib.display.column import Column
from reports_lib.display.drawing import as_float
from reports_lib.display.outline import land
from reports_lib.display.rows import Row
from reports_lib.errors import NotebookError
from reports_lib.picture import PAPER, SERIES, Spec, theme

WIDTH, HEIGHT = 560, 300  # CSS pixels
LARGEST = 900  # square pixels of the largest circle
MARGIN = 1.25  # what is shown is so much wider than the places lie apart
LEAST = math.radians(20)  # and at least so wide and high
WORLD = math.radians(200)  # places that lie further apart are shown on the whole of it
POLE, HALF_TURN, TURN = 90, 180, 360  # degrees


@dataclass(frozen=True)
class View:
    """What of the earth is shown: the meridian in its middle, in degrees, pixels to a radian, and where 0° 0° lies."""

    meridian: float
    scale: float
    origin: tuple[float, float]

    @classmethod
    def of(cls, places: Sequence[tuple[float, float]]) -> "View":
        """The least view that holds these latitudes and longitudes with a margin."""
        meridian, breadth = _middle([longitude for _, longitude in places])
        corners = list(_world()) if breadth > WORLD else [_flat(lat, lon - meridian) for lat, lon in places]
        (left, right), (low, high) = ((min(each), max(each)) for each in zip(*corners, strict=True))
        wide, tall = (max(LEAST, MARGIN * (end - start)) for start, end in ((left, right), (low, high)))
        earth = [max(each) * 2 for each in zip(*_world(), strict=True)]
        scale = max(min(WIDTH / wide, HEIGHT / tall), min(WIDTH / earth[0], HEIGHT / earth[1]))
        origin = (WIDTH / 2 - scale * (left + right) / 2, HEIGHT / 2 + scale * (low + high) / 2)
        return cls(meridian, scale, origin)

    @property
    def projection(self) -> Spec:
        """The view as Vega-Lite takes it."""
        return {
            "type": "naturalEarth1",
            "rotate": [-self.meridian, 0, 0],
            "scale": self.scale,
            "translate": list(self.origin),
            "clipExtent": [[0, 0], [WIDTH, HEIGHT]],
        }


def spec(columns: Sequence[Column], rows: Sequence[Row]) -> Spec:
    """The Vega-Lite specification; rows without a place are left out, and the larger circles lie below the smaller.

    Raises `NotebookError` for a place that is not on the earth.
    """
    latitude, longitude, y = columns
    found = [row for row in rows if is_placed(columns, row)]
    points = [{"lat": float(row[latitude.name]), "lon": float(row[longitude.name])} for row in found]
    for point in points:
        if abs(point["lat"]) > POLE or abs(point["lon"]) > HALF_TURN:
            raise NotebookError(f"no place on the earth: latitude {point['lat']}, longitude {point['lon']}, in degrees")
    sizes = [as_float(row[y.name]) or 0.0 for row in found]
    circles = [point | {"y": max(0.0, size)} for point, size in zip(points, sizes, strict=True)]
    most = max(sizes) or 1.0
    look: Spec = {"color": SERIES[0], "stroke": SERIES[0], "strokeWidth": 1, "fillOpacity": 0.45, "opacity": 1}
    legend = {"values": _round(most), "format": ",~f", "title": y.label, "symbolType": "circle"}
    scale = {"domain": [0, most], "range": [0, LARGEST]}
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "view": {"stroke": PAPER.hair},
        "projection": View.of([(point["lat"], point["lon"]) for point in points]).projection,
        "layer": [
            {
                "data": {"values": [{"type": "Feature", "geometry": land()}]},
                "mark": {"type": "geoshape", "fill": PAPER.hair, "stroke": PAPER.line, "strokeWidth": 0.7},
            },
            {
                "data": {"values": sorted(circles, key=lambda circle: -circle["y"])},
                "mark": {"type": "circle"} | look,
                "encoding": {
                    "latitude": {"field": "lat", "type": "quantitative"},
                    "longitude": {"field": "lon", "type": "quantitative"},
                    "size": {"field": "y", "type": "quantitative", "scale": scale, "legend": legend},
                },
            },
        ],
        "config": theme(),
    }


def summary(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """One sentence that says where there is something, and where there is most."""
    y = columns[2]
    found = [row for row in rows if is_placed(columns, row)]
    if not found:
        return "No data for these parameters."
    most = max(found, key=lambda row: row[y.name] or 0)
    lost = len(rows) - len(found)
    return (
        f"{y.label} at {len(found)} {'place' if len(found) == 1 else 'places'}: most at {_place(columns, most)}, "
        f"{text(y, most[y.name])}{f'; {lost} without a place' if lost else ''}."
    )


def is_placed(columns: Sequence[Column], row: Row) -> bool:
    """Whether it is known where the row belongs."""
    return all(row[column.name] is not None for column in columns[:2])


def _place(columns: Sequence[Column], row: Row) -> str:
    """A place as it is written: `52.50° N, 13.50° W`."""
    parts = zip(columns, ("NS", "EW"), strict=False)
    return ", ".join(f"{text(c, abs(row[c.name]))}° {sides[row[c.name] < 0]}" for c, sides in parts)


def _middle(longitudes: Sequence[float]) -> tuple[float, float]:
    """The meridian in the middle of these, in degrees, and how wide they lie around it, in radians.

    What is left out is the widest gap between them, so places on both sides of the 180th meridian are together.
    """
    around = sorted({longitude % TURN for longitude in longitudes})
    gaps = [(after - before, after) for before, after in pairwise([*around, around[0] + TURN])]
    gap, first = max(gaps)
    breadth = math.radians(TURN - gap)
    if breadth > WORLD:
        return 0.0, breadth
    return (first + (TURN - gap) / 2 + HALF_TURN) % TURN - HALF_TURN, breadth


def _world() -> Iterator[tuple[float, float]]:
    yield from (_flat(0, -HALF_TURN), _flat(0, HALF_TURN), _flat(-POLE, 0), _flat(POLE, 0))


def _flat(latitude: float, longitude: float) -> tuple[float, float]:
    """Where a place lies east and north of 0° 0° in the projection Natural Earth, the earth's radius being 1."""
    across, up = math.radians((longitude + HALF_TURN) % TURN - HALF_TURN), math.radians(latitude)
    if longitude == HALF_TURN:
        across = math.pi
    second, fourth = up**2, up**4
    return (
        across * (0.8707 - 0.131979 * second + fourth * (-0.013791 + fourth * (0.003971 * second - 0.001529 * fourth))),
        up * (1.007226 + second * (0.015085 + fourth * (-0.044475 + 0.028874 * second - 0.005916 * fourth))),
    )


def _round(most: float) -> list[float]:
    """One or two round figures that circles of a legend stand for."""
    digits = 10.0 ** math.floor(math.log10(most))
    top = max(step * digits for step in (1, 2, 5) if step * digits <= most)
    return [top / 10, top] if top >= 10 else [top]
