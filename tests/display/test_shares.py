"""What stands in the place of pies: figures with their shares, and parts of a whole over time."""

from decimal import Decimal

import pytest
from lxml import etree

from reports_lib.display import Column, bars, ranks
from reports_lib.display.colours import STATES
from reports_lib.display.lying import WIDTH
from reports_lib.errors import NotebookError
from reports_lib.values.contact import MESSENGERS
from reports_lib.values.shares import shares

CHART, SVG = "application/vnd.daybook.chart+json", "image/svg+xml"
MESSAGES = Column("n", "Messages", "quantity")
SHARE = Column("share", "Share", "percent", places=1)
STATUS = Column("status", "Status")


def counted(**counts):
    parts = shares(list(counts.values()))
    return [
        {"status": name.replace("_", " "), "n": count, "share": share}
        for (name, count), share in zip(counts.items(), parts, strict=True)
    ]


def drawn(rows, **changes):
    return ranks(rows, STATUS, MESSAGES, "T", **changes)._repr_mimebundle_()


def words(svg):
    return ["".join(text.itertext()) for text in etree.fromstring(svg.encode()).iter("{*}text")]


def test_a_share_stands_behind_its_figure_and_in_all_that_is_said():  # T-43
    bundle = drawn(counted(Delivered=1234, Error=766), share=SHARE)
    assert {"1,234 (61.7 %)", "766 (38.3 %)"} <= set(words(bundle[SVG]))
    assert bundle[CHART]["description"] == "Messages: Delivered 1,234 (61.7 %); Error 766 (38.3 %)."
    assert bundle[CHART]["columns"][-1] == {"name": "share", "label": "Share", "kind": "percent"}
    assert bundle[CHART]["rows"] == [["Delivered", "1,234", "61.7 %"], ["Error", "766", "38.3 %"]]


def test_a_description_says_what_is_meant_before_the_figures():
    said = drawn(counted(Delivered=1), description="Of the last quarter.", share=SHARE)[CHART]["description"]
    assert said == "Of the last quarter. Messages: Delivered 1 (100.0 %)."


def test_of_many_the_first_are_said_and_of_nothing_no_share():
    assert drawn(counted(**dict.fromkeys("abcdefghij", 1)), share=SHARE)[CHART]["description"].endswith("; 2 more.")
    assert {"0"} <= set(words(drawn(counted(a=0, b=0), share=SHARE)[SVG]))
    assert drawn([], share=SHARE)[CHART]["description"] == "No data for these parameters."


def test_rows_without_their_share_are_refused():
    with pytest.raises(NotebookError, match="lack share"):
        drawn([{"status": "Error", "n": 1}], share=SHARE)


def test_bars_named_by_statuses_have_their_colours_and_no_legend_that_says_it_again():
    bundle = drawn(counted(Not_delivered=3, Delivered=1), share=SHARE)
    assert {STATES["not delivered"], STATES["delivered"]} <= set(bundle[SVG].split('"'))
    assert words(bundle[SVG]).count("Delivered") == 1


@pytest.mark.parametrize("name", ["a", "By a name as long as a name may well be, and then some"])
@pytest.mark.parametrize("count", [1, 123_456_789_012])
def test_the_longest_figure_stands_within_the_picture(name, count):
    bundle = drawn([{"status": name, "n": count, "share": Decimal("100.0")}], share=SHARE)
    assert float(etree.fromstring(bundle[SVG].encode()).get("width")) == WIDTH


def test_many_names_have_a_line_each():
    spec = drawn(counted(**dict.fromkeys(MESSENGERS, 1)), share=SHARE)[CHART]["spec"]
    assert spec["height"] >= 17 * len(MESSENGERS)


def stacked(parts, kind="percent"):
    rows = [{"day": "1", "part": Decimal(part), "s": str(place)} for place, part in enumerate(parts)]
    y = Column("part", "Messages", kind, places=1)
    return bars(rows, "day", y, "T", color=Column("s", "S"))._repr_mimebundle_()[CHART]["spec"]["encoding"]["y"]


@pytest.mark.parametrize("parts", [["50", "50"], ["33.4", "33.4", "33.4"], ["12"], ["0", "0"]])
def test_parts_of_a_whole_end_at_a_hundred_per_cent(parts):
    y = stacked(parts)
    assert (y["scale"]["domain"], y["axis"]["values"][-1], y["title"]) == ([0, 100], 100, "Messages (%)")


@pytest.mark.parametrize(("parts", "kind"), [(["80", "40"], "percent"), (["-1", "5"], "percent"), (["5"], "money")])
def test_what_is_no_part_of_a_whole_keeps_its_own_scale(parts, kind):
    assert stacked(parts, kind)["scale"] == {"zero": True, "nice": True}


def test_a_legend_of_many_names_stands_in_lines_above_the_chart():
    rows = [{"day": "1", "n": 1, "s": label} for label in MESSENGERS.values()]
    svg = bars(rows, "day", "n", "T", color=Column("s", "Messenger"))._repr_mimebundle_()[SVG]
    assert float(etree.fromstring(svg.encode()).get("width")) < 900
    assert set(MESSENGERS.values()) <= set(words(svg))
