"""Circles on an outline of the land (M-39, TW-106)."""

import re
from decimal import Decimal
from importlib.resources import files

import pytest
from lxml import etree

from reports_lib.display import Column, atlas, circles, outline
from reports_lib.errors import NotebookError

CHART, SVG = "application/vnd.daybook.chart+json", "image/svg+xml"
DIALOGUES = Column("n", "Dialogues", "quantity")
EUROPE = [("52.5", "13.5", 812), ("48.75", "2.25", 203), ("37.75", "23.75", 1)]
PACIFIC = [("-18.25", "178.25", 12), ("-13.75", "-171.75", 8), ("-36.75", "174.75", 40)]  # on both sides of 180°
WORLD = [
    ("40.75", "-73.75", 9),
    ("35.75", "139.75", 7),
    ("-33.75", "151.25", 2),
    ("0", "15", 1),
    ("-90", "-180", 1),
    ("90", "180", 1),
]


def bundle(places, **changes):
    rows = [{"latitude": lat and Decimal(lat), "longitude": lon and Decimal(lon), "n": n} for lat, lon, n in places]
    return circles(rows, "latitude", "longitude", DIALOGUES, "T", **changes)._repr_mimebundle_()


def drawn(svg):
    """Centre and radius of each circle on the map, the largest first."""
    marks = [g for g in etree.fromstring(svg.encode()).iter("{*}g") if "mark-symbol" in g.get("class", "")]
    paths = [path for g in marks if "layer_1" in g.get("class") for path in g]
    places = [re.fullmatch(r"translate\((.+),(.+)\)", path.get("transform")).groups() for path in paths]
    radii = [float(re.match(r"M([\d.]+),", path.get("d"))[1]) for path in paths]
    return [(float(x), float(y), radius) for (x, y), radius in zip(places, radii, strict=True)]


@pytest.mark.parametrize("places", [EUROPE, PACIFIC, WORLD, EUROPE[:1]], ids=["near", "180°", "far", "one"])
def test_every_place_lies_on_the_map_where_the_view_says(places):
    found = drawn(bundle(places)[SVG])
    assert len(found) == len(places)
    assert all(0 <= x <= atlas.WIDTH and 0 <= y <= atlas.HEIGHT for x, y, _ in found)
    points = [(float(lat), float(lon)) for lat, lon, _ in sorted(places, key=lambda place: -place[2])]
    view = atlas.View.of(points)
    for (lat, lon), (x, y, _) in zip(points, found, strict=True):
        east, north = atlas._flat(lat, lon - view.meridian)
        assert (x, y) == pytest.approx((view.origin[0] + view.scale * east, view.origin[1] - view.scale * north), abs=1)


def test_the_view_is_as_near_as_the_places_lie_together():
    near, far = (atlas.View.of([(float(lat), float(lon)) for lat, lon, _ in places]) for places in (EUROPE, WORLD))
    assert near.scale > 4 * far.scale
    assert (near.meridian, far.meridian) == (13.0, 0.0)
    assert atlas.View.of([(0.0, 179.0), (0.0, -179.0)]).meridian in (180.0, -180.0)


def test_a_circle_is_as_large_as_its_figure_and_the_smaller_lie_above():
    (_, _, first), (_, _, second), (_, _, third) = drawn(bundle(EUROPE)[SVG])
    assert (first / second) ** 2 == pytest.approx(812 / 203, rel=0.01)
    assert (first / third) ** 2 == pytest.approx(812, rel=0.05)


def test_the_map_is_said_in_words_and_in_figures():
    found = bundle([*EUROPE, (None, None, 5)])
    assert found[CHART]["description"] == ("Dialogues at 3 places: most at 52.50° N, 13.50° E, 812; 1 without a place.")
    assert found[CHART]["rows"][1:] == [["48.75", "2.25", "203"], ["37.75", "23.75", "1"], ["—", "—", "5"]]
    assert bundle(PACIFIC[1:2])[CHART]["description"] == "Dialogues at 1 place: most at 13.75° S, 171.75° W, 8."
    assert bundle(EUROPE, description="Of the web.")[CHART]["description"] == "Of the web."


@pytest.mark.parametrize("places", [[], [(None, None, 5)], [(None, "1", 5)]])
def test_nothing_to_place_is_no_data(places):
    assert "No data for these parameters" in bundle(places)[SVG]


def test_places_without_a_figure_are_drawn_all_the_same():
    assert len(drawn(bundle([("1", "1", 0), ("2", "2", None)])[SVG])) == 2


@pytest.mark.parametrize(("lat", "lon"), [("90.01", "0"), ("0", "-180.5")])
def test_a_place_that_is_not_on_the_earth_is_refused(lat, lon):
    with pytest.raises(NotebookError, match="no place on the earth"):
        bundle([(lat, lon, 1)])


def test_the_outline_lies_in_the_package_and_is_small():
    assert len(files("reports_lib.display").joinpath("land.json").read_bytes()) < 40_000
    rings = [ring for polygon in outline.land()["coordinates"] for ring in polygon]
    assert all(ring[0] == ring[-1] and len(ring) > 3 for ring in rings)
    assert all(abs(lon) <= 180 and -86 < lat < 84 for ring in rings for lon, lat in ring)
    assert len(rings) > 100


def test_nothing_is_fetched_for_a_map():
    assert not re.search(r"https?://(?!www\.w3\.org/)", bundle(EUROPE)[SVG])
    assert '"url"' not in str(bundle(EUROPE)[CHART]["spec"])
