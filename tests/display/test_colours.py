"""Colours of series: each its own wherever it is drawn, told apart by all kinds of colour vision and by grey."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from reports_lib.display import Column, bars, ranks
from reports_lib.display.colours import STATES, colours
from reports_lib.picture import SERIES
from reports_lib.values import contact

CHART = "application/vnd.daybook.chart+json"
TOGETHER = {  # labels that stand in one chart, in its order
    "messages": list(contact.MESSAGE_STATUSES.values()),  # TW-112 to TW-120
    "messages in short": list(dict.fromkeys(contact.SHORT_STATUSES.values())),  # M-24
    "calls": list(contact.CALL_STATUSES.values()),  # M-54
    "results": list(contact.RESULT_STATUSES.values()),  # JD-80
    "channels": list(contact.CHANNELS.values()),  # TW-09 to TW-13, TW-110
    "messengers": list(contact.MESSENGERS.values()),  # TW-69 to TW-81
}
VISION = {  # Machado, Oliveira, Fernandes 2009: linear light as it is seen without one of three cones
    "all": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def light(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour, vision="all"):
    """CIELAB: the distance of two is how far apart they look, 2 being hardly seen; the first number is their grey."""
    x, y, z = np.cbrt(np.maximum(XYZ @ np.clip(VISION[vision] @ light(colour), 0, 1) / [0.9505, 1, 1.089], 0.009))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def of(labels):
    return [STATES[label.casefold()] for label in labels]


@pytest.mark.parametrize("labels", TOGETHER.values(), ids=TOGETHER)
def test_every_status_has_a_colour_that_all_kinds_of_vision_tell_apart(labels):
    for vision in VISION:
        for one, other in combinations(of(labels), 2):
            assert np.linalg.norm(lab(one, vision) - lab(other, vision)) > 14, (vision, one, other)


@pytest.mark.parametrize("labels", TOGETHER.values(), ids=TOGETHER)
def test_statuses_that_stand_on_each_other_are_told_apart_in_grey_and_all_from_paper(labels):
    for one, other in pairwise(of(labels)):
        assert abs(lab(one)[0] - lab(other)[0]) > 11, (one, other)
    assert max(lab(colour)[0] for colour in of(labels)) < 84  # white is 100


def test_what_succeeds_and_what_fails_are_families():
    delivered, answered, success = of(["Delivered", "Answered", "Success"])
    assert delivered == answered == success == SERIES[0]
    assert all(red > green > blue for red, green, blue in map(light, of(["Undelivered", "Not delivered", "Error"])))
    assert of(["Undelivered"]) == of(["Not delivered"]) == of(["Failed"])


def drawn(draw, states):
    rows = [{"day": "1", "n": 1, "state": state} for state in states]
    scale = draw(rows, "day", "n", "T", color=Column("state", "State"))._repr_mimebundle_()[CHART]["spec"]
    found = (scale.get("encoding", {}).get("color") or scale["layer"][0]["encoding"]["color"])["scale"]
    return dict(zip(found["domain"], found["range"], strict=True))


@pytest.mark.parametrize("draw", [bars, ranks])
def test_a_status_keeps_its_colour_whatever_is_beside_it(draw):
    every = drawn(draw, TOGETHER["messages"])
    assert drawn(draw, ["Error", "Delivered"]) == {name: every[name] for name in ("Error", "Delivered")}
    assert drawn(draw, ["Pending", "A package", "Error"]).items() >= {name: every[name] for name in ("Error",)}.items()


def test_what_has_no_colour_of_its_own_takes_none_that_is_taken():
    assert colours(["x", "y"]) == list(SERIES[:2])
    assert colours(["x", "Delivered", "y"]) == [SERIES[1], SERIES[0], SERIES[2]]
    assert colours([str(n) for n in range(9)])[7:] == list(SERIES[:2])
