"""Where dialogues of the web widget come from, by the cells of a grid (M-39, TW-106)."""

from decimal import Decimal

import pytest
from chatting import EMPTY, asked, chat, session

from reports_lib.metrics.places import web_places


def spots(*found, **columns):
    chats = [chat(1, "Shop"), chat(2, "Bot", "telegram")]
    rows = [session(n, "2026-10-05", latitude=lat, longitude=lon, **columns) for n, (lat, lon) in enumerate(found, 1)]
    return EMPTY | {"chat": chats, "chat_session": rows}


def test_dialogues_by_cell_most_first_and_those_without_coordinates(held):
    tables = spots((50.45, 30.52), (50.4501, 30.99), (50.5, 30.52), (None, None), (50.45, None), (91.0, 0.0))
    other = session(9, "2026-10-05", 2, latitude=50.45, longitude=30.52)  # not of the web
    before = session(10, "2026-09-30", latitude=50.45, longitude=30.52)
    found = web_places(held(tables | {"chat_session": [*tables["chat_session"], other, before]}), asked())
    assert found.rows == [
        {"latitude": Decimal("50.25"), "longitude": Decimal("30.75"), "dialogues": 2},
        {"latitude": Decimal("50.75"), "longitude": Decimal("30.75"), "dialogues": 1},
    ]
    assert (found.total, found.unknown) == (6, 3)
    assert found.note == "6 dialogues of the messenger Web, 3 of them without coordinates."


@pytest.mark.parametrize(
    ("spot", "grid", "middle"),
    [
        ((0.0, 0.0), "0.5", ("0.25", "0.25")),
        ((-0.1, -0.1), "0.5", ("-0.25", "-0.25")),
        ((0.5, 1.0), "0.5", ("0.75", "1.25")),  # an edge belongs to the cell to the north and east of it
        ((90.0, 0.0), "0.5", ("89.75", "0.25")),
        ((-90.0, 180.0), "0.5", ("-89.75", "-179.75")),  # the 180th meridian, from the east or the west
        ((-90.0, -180.0), "5", ("-87.5", "-177.5")),
        ((50.45, 30.52), "10", ("55", "35")),
    ],
)
def test_edges_of_cells_poles_and_the_meridian_where_days_begin(held, spot, grid, middle):
    (row,) = web_places(held(spots(spot)), asked(grid=grid)).rows
    assert (row["latitude"], row["longitude"]) == tuple(map(Decimal, middle))


def test_of_very_many_places_those_with_most_dialogues_are_shown_and_it_says_so(held):
    tables = spots((1.0, 1.0), (1.0, 1.0), (2.0, 2.0), (2.0, 3.0), (3.0, 3.0), (None, None))
    found = web_places(held(tables), asked(), most=2)
    assert [(row["latitude"], row["dialogues"]) for row in found.rows] == [(Decimal("1.25"), 2), (Decimal("3.25"), 1)]
    assert (found.total, found.unknown, found.others) == (6, 1, 2)
    assert found.note.endswith("Shown are the 2 places with most of them; 2 were elsewhere.")


def test_without_dialogues_there_are_no_places(held):  # T-11
    found = web_places(held(spots()), asked())
    assert (found.rows, found.total, found.unknown, found.data_interval) == ([], 0, 0, None)
