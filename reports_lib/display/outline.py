"""The land of the earth in outline, as it lies in the package: nothing is fetched to draw a map.

`land.json` is Natural Earth's land at 1:110 million, which is in the public domain. It holds polygons of rings,
each the steps from one corner to the next, east and north in turn, counted in twentieths of a degree.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any

STEPS = 20  # to a degree

Shape = dict[str, Any]  # as GeoJSON has it


@cache
def land() -> Shape:
    """All land as one shape, in degrees east and north."""
    polygons = json.loads(files(__package__).joinpath("land.json").read_text())
    return {"type": "MultiPolygon", "coordinates": [[_ring(ring) for ring in rings] for rings in polygons]}


def _ring(steps: Sequence[int]) -> list[tuple[float, float]]:
    east, north = accumulate(steps[0::2]), accumulate(steps[1::2])
    return [(x / STEPS, y / STEPS) for x, y in zip(east, north, strict=True)]
