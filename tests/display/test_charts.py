import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
import vl_convert
from lxml import etree

from reports_lib import picture
from reports_lib.display import Column, bars, circles, drawing, lines, ranks
from reports_lib.errors import NotebookError
from reports_lib.values.contact import MESSAGE_STATUSES

CHART = "application/vnd.daybook.chart+json"


def drawn(chart):
    return chart._repr_mimebundle_()["image/svg+xml"]


def words(svg):
    return ["".join(text.itertext()) for text in etree.fromstring(svg.encode()).iter("{*}text")]


def months(count, value=lambda place: place + 1):
    return [{"month": f"20{20 + i // 12}-{i % 12 + 1:02}", "qty": value(i)} for i in range(count)]


def test_picture_is_named_described_and_made_of_words():
    svg = drawn(bars(months(3), "month", "qty", "Clients & more", "They grow <fast>"))
    assert "<title>Clients &amp; more</title><desc>They grow &lt;fast&gt;</desc>" in svg
    assert {"2020-01", "2020-02", "2020-03", "Qty"} <= set(words(svg))
    assert "<script" not in svg
    assert not re.search(r"https?://(?!www\.w3\.org/)", svg)


@pytest.mark.parametrize(
    "name", ["2020-01", "W" * picture.SURE, "@" * picture.SURE, "a package of a long name", "W" * 24, "Ω%"]
)
@pytest.mark.parametrize("value", [0, -7, 12_345, 999_999, -1_234_567, 10**12 - 1, 10**12, 10**20])
def test_limits_that_no_label_reaches_do_not_change_the_picture(name, value):
    rows = [{"month": name, "qty": Decimal(value)}, {"month": "other", "qty": Decimal(value) / 3}]
    column = Column("qty", "Qty", "money", places=4)
    spec = drawing.spec("bar", (Column("month", "Month"), column), rows)
    assert picture.svg(spec, "T", "") == picture.named(vl_convert.vegalite_to_svg(picture._drawable(spec)), "T", "")


def test_figures_behind_the_chart_are_exact():
    rows = [{"month": "2026-01", "total": Decimal("0.10")}, {"month": "2026-02", "total": None}]
    bundle = bars(rows, "month", Column("total", "Total", "money"), "T")._repr_mimebundle_()
    assert bundle[CHART]["rows"] == [["2026-01", "0.10"], ["2026-02", "—"]]


def test_counts_have_whole_ticks():
    svg = drawn(bars(months(3, lambda i: i), "month", "qty", "T"))
    assert [w for w in words(svg) if re.fullmatch(r"[\d.,]+", w)] == ["0", "1", "2"]


def test_at_most_fourteen_labels_however_many_buckets():
    days = [{"day": date(2024, 1, 1) + timedelta(days=i), "qty": i} for i in range(730)]
    labels = [w for w in words(drawn(lines(days, "day", "qty", "T"))) if re.fullmatch(r"\d{4}-\d\d-\d\d", w)]
    assert 4 <= len(labels) <= 14


def test_a_single_bucket_is_a_bar_not_a_lonely_dot():
    assert lines(months(1), "month", "qty", "T").mark == "bar"
    assert lines(months(2), "month", "qty", "T").mark == "line"


def test_no_data_is_said():
    chart = lines([], "month", "qty", "T")
    assert "No data for these parameters" in words(drawn(chart))
    assert chart.alternative == "No data for these parameters."


def test_nothing_but_zeros_is_a_chart_and_nothing_but_nulls_is_no_data():
    quantity = Column("qty", "Qty", "quantity")
    assert "2020-01" in words(drawn(bars(months(2, lambda i: 0), "month", quantity, "T")))
    assert "No data for these parameters" in words(drawn(bars(months(2, lambda i: None), "month", quantity, "T")))


def test_a_bucket_without_a_figure_keeps_its_place():
    rows = months(3, lambda i: None if i == 1 else i)
    assert "2020-02" in words(drawn(lines(rows, "month", Column("qty", "Qty", "quantity"), "T")))


def test_description_is_worked_out_if_none_is_given():
    chart = bars(months(3), "month", Column("qty", "Qty", "quantity", "Clients"), "T")
    assert chart.alternative == "Clients: Qty, 2020-01 to 2020-03: lowest 1 (2020-01), highest 3 (2020-03)."


def test_series_are_told_apart_in_the_order_of_the_rows():
    rows = [{"m": "1", "n": 1, "s": s} for s in ("Zeta", "Alpha")]
    found = words(drawn(bars(rows, "m", "n", "T", color="s")))
    assert found.index("Zeta") < found.index("Alpha")


def test_order_of_rows_is_kept():
    found = words(drawn(bars([{"m": m, "n": 1} for m in ("b", "a", "c")], "m", "n", "T")))
    assert [w for w in found if w in "abc"] == ["b", "a", "c"]


def test_a_control_character_in_a_name_does_not_end_the_process():
    svg = drawn(bars([{"m": "a\x01\u2028b", "n": 1}], "m", "n", "t\x02", "d\x03"))
    assert "a\ufffd b" in words(svg)


def test_missing_column_is_named():
    with pytest.raises(NotebookError, match="lack total"):
        bars(months(2), "month", "total", "T")


def test_same_rows_same_picture():
    assert drawn(bars(months(5), "month", "qty", "T")) == drawn(bars(months(5), "month", "qty", "T"))


@pytest.mark.parametrize("draw", [bars, lines, ranks, circles])
def test_words_can_be_read_on_paper_where_two_charts_stand_side_by_side(draw):
    if draw is circles:
        chart = circles([{"lat": Decimal(1), "lon": Decimal(1), "n": 1_234_567}], "lat", "lon", "n", "T")
    else:
        rows = [month | {"s": s} for month in months(12, lambda i: 1_234_567) for s in MESSAGE_STATUSES.values()]
        chart = draw(rows[:9] if draw is ranks else rows, "month", "qty", "T", color="s")
    picture = etree.fromstring(drawn(chart).encode())
    millimetres = 87 * 12 / float(picture.get("width"))  # of a letter of 12 pixels on half of an A4
    assert millimetres * 72 / 25.4 > 4.8  # points
