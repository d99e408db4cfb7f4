"""What telephony shows: headlines beside the earlier interval, and figures that do not add up."""

from reports_lib.notebook import Column, headlines, lines

RATE, AVERAGE = Column("rate", "Contact rate", "percent", places=1), Column("average", "Average", "ratio", places=1)


def said(now, before):
    return headlines([RATE, AVERAGE], now, before)._repr_mimebundle_()["text/plain"].splitlines()


def test_percentages_change_by_points_and_other_figures_by_per_cent():  # G-14
    assert said({"rate": 50, "average": 12}, {"rate": 60, "average": 10}) == [
        "Contact rate: 50.0 % −10.0 points",
        "Average: 12.0 +20.0 %",
    ]


def test_what_was_not_there_is_not_compared():  # G-9, T-50
    nothing = {"rate": None, "average": None}
    assert said({"rate": 50, "average": 12}, nothing) == ["Contact rate: 50.0 %", "Average: 12.0"]
    assert said(nothing, {"rate": 60, "average": 10}) == ["Contact rate: —", "Average: —"]


def test_peaks_of_a_single_day_do_not_stand_on_each_other():  # M-55
    rows = [{"day": "2026-10-01", "trunk": trunk, "peak": peak} for trunk, peak in (("All trunks", 3), ("Kyiv", 2))]
    drawn = lines(rows, "day", "peak", "Peaks", color="trunk")
    assert (drawn.mark, [column.name for column in drawn.columns]) == ("rank", ["trunk", "peak"])
    assert lines(rows, "trunk", "peak", "Peaks").mark == "line"
