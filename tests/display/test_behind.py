"""Ways to the reports behind figures, many tiles, and bars that lie."""

import re
from decimal import Decimal

import pyarrow as pa
import pytest
from lxml import etree

from reports_lib.display import Behind, Column, Grid, Opening, Tile, Tiles, ranks
from reports_lib.display.colours import STATES
from reports_lib.errors import NotebookError
from reports_lib.picture import SERIES
from reports_lib.rendering.clean import clean
from reports_lib.rendering.long_tables import for_paper

CHART = "application/vnd.daybook.chart+json"
TABLE = "application/vnd.daybook.table+json"
EVIL = Behind("invoices", "<b>In & out</b>", {"account_id": '"><script>x</script>', "status": ["A&B", "C D"]})


def words(svg):
    return ["".join(text.itertext()) for text in etree.fromstring(svg.encode()).iter("{*}text")]


def test_a_way_behind_survives_cleaning_and_nothing_else_leads_away():  # T1
    cleaned = clean(Tiles([Tile("L", 1, "c", EVIL)])._repr_mimebundle_()["text/html"])
    (link,) = etree.fromstring(f"<div>{cleaned}</div>").iter("a")
    assert dict(link.attrib) == {
        "href": "/ask/invoices?account_id=%22%3E%3Cscript%3Ex%3C%2Fscript%3E&status=A%26B&status=C+D",
        "target": "_blank",
    }
    assert link.text == "<b>In & out</b>"


@pytest.mark.parametrize(
    "address",
    [
        *("//evil.example/ask/x", "https://x/ask/x", "javascript:/ask/x", "/ask/x\nhttp://y", "\\ask\\x"),
        *("/ask/../sign-out", "/ask/x?a=<b>", "/view?id=1", "/ask/", "/ask/x#y", "/ask/x/days"),
    ],
)
def test_no_other_address_of_ours_or_theirs_stays(address):
    assert "href" not in clean(f'<a href="{address}" target="_top">x</a>')
    assert "target" not in clean(f'<a href="{address}" target="_top">x</a>')


def test_paper_has_the_name_alone():
    page = f"<html><head></head><body>{EVIL.html} <a href='#x'>y</a></body></html>"
    assert for_paper(page).count("<a ") == 1
    assert "&lt;b&gt;In &amp; out&lt;/b&gt;" in for_paper(page)


def test_many_tiles_stand_in_rows():
    few, many = (Tiles([Tile("L", n) for n in range(count)])._repr_mimebundle_()["text/html"] for count in (6, 9))
    assert few.startswith('<dl class="tiles">')
    assert many.startswith('<dl class="tiles many">')


def drawn(rows, **changes):
    return ranks(rows, Column("name", "Name"), Column("n", "N", "money"), "T", **changes)._repr_mimebundle_()


def test_bars_that_lie_have_their_names_and_figures_beside_them():
    rows = [{"name": "Ann", "n": Decimal("1234.5")}, {"name": "Bob", "n": Decimal("-2")}, {"name": "Cy", "n": None}]
    found = words(drawn(rows)["image/svg+xml"])
    assert {"Ann", "Bob", "Cy", "1,234.50", "−2.00", "—"} <= set(found)
    assert drawn(rows)[CHART]["rows"][0] == ["Ann", "1,234.50"]
    assert "behind" not in drawn(rows)[CHART]


@pytest.mark.parametrize("rows", [[], [{"name": "Ann", "n": None}], [{"name": "Ann", "n": Decimal(0)}]])
def test_nothing_to_draw_is_drawn_all_the_same(rows):
    assert "<svg" in drawn(rows)["image/svg+xml"]


def test_states_keep_their_colours_whatever_their_order():
    rows = [{"name": "M", "n": Decimal(3), "state": "Error"}, {"name": "M", "n": Decimal(4), "state": "Success"}]
    svg = drawn(rows, color=Column("state", "State"))["image/svg+xml"]
    bars = re.findall(r'aria-roledescription="bar"|fill="(#[0-9a-f]{6})"', svg)
    assert {STATES["success"], STATES["error"]} <= set(bars)
    assert "3.00 + 4.00" in words(svg)
    assert [STATES[name] for name in ("success", "error")] == [SERIES[0], SERIES[4]]


def test_a_chart_opens_the_report_behind_it():
    chart = ranks([{"name": "Ann", "n": 1}], "name", "n", "T").opening(EVIL)
    assert chart._repr_mimebundle_()[CHART]["behind"] == {"title": EVIL.title, "address": EVIL.address}


NAME = Column("name", "Name", opens=Opening("coupons", "group", "number", {"interval": "last month"}))


@pytest.mark.parametrize("streamed", [False, True])
def test_the_cells_of_a_column_open_a_report(streamed):
    rows = [{"name": "<Summer>", "number": 3}, {"name": "Nobody's", "number": None}, {"name": None, "number": 4}]
    given = pa.Table.from_pylist(rows).to_reader() if streamed else rows
    grid = Grid("Groups", given, [NAME], total={}, first=2 if streamed else None)
    cleaned = clean(grid._repr_mimebundle_()["text/html"])
    (link,) = etree.fromstring(cleaned).iter("a")
    assert link.attrib["href"] == "/ask/coupons?interval=last+month&group=3"
    assert "".join(link.itertext()) == "<Summer>"
    assert for_paper(f"<body>{cleaned}</body>").count("<a ") == 0
    assert [c["name"] for c in grid._repr_mimebundle_()[TABLE]["columns"]] == ["name"]  # files have the text alone


def test_what_a_cell_is_opened_with_must_be_in_the_rows():
    for rows in ([{"name": "x"}], pa.table({"name": ["x"]}).to_reader()):
        with pytest.raises(NotebookError, match="the rows lack number"):
            Grid("Groups", rows, [NAME])


def test_only_texts_open_anything():
    with pytest.raises(NotebookError, match="'n' opens a report but its kind is 'money'"):
        Column("n", "N", "money", opens=NAME.opens)
