"""Call set-ups per second, by trunk (M-55)."""

from datetime import UTC, datetime

from phone import asked, call

from reports_lib.metrics.calls import calls
from reports_lib.metrics.cps import DRAWN, set_ups
from reports_lib.values.money import ratio

DAY = "2026-10-01/2026-10-01"
TRUNKS = [{"trunk_id": 1, "name": "Kyiv", "cps_limit": 5}, {"trunk_id": 2, "name": "Amsterdam"}]


def shown(found):
    return [(row["key"], row["trunk"], row["attempts"], row["peak"]) for row in found.rows]


def test_two_calls_in_one_second_on_two_trunks(held):  # TW-144, T-51
    rows = [call("2026-10-01 12:00:07.1", trunk_id=1), call("2026-10-01 12:00:07.9", 5, trunk_id=2)]
    found = set_ups(held({"call": rows, "trunk": TRUNKS}), asked(DAY))
    assert [(row["trunk"], row["peak"], row["limit"]) for row in found.trunks] == [
        ("All trunks", 2, None), ("Amsterdam", 1, None), ("Kyiv", 1, 5),
    ]  # fmt: skip


def test_peaks_of_trunks_do_not_add_up(held):
    times = ["10:00:01", "10:00:01", "10:00:01.5", "11:00:02", "11:00:02"]
    rows = [call(f"2026-10-01 {each}", trunk_id=trunk) for each, trunk in zip(times, [1, 1, None, 2, 2], strict=True)]
    found = set_ups(held({"call": rows, "trunk": TRUNKS}), asked("2026-10-01/2026-10-02"))
    assert shown(found)[:4] == [
        ("2026-10-01", "All trunks", 5, 3),  # neither 5, the sum of the peaks, nor 2
        ("2026-10-01", "Amsterdam", 2, 2),
        ("2026-10-01", "Kyiv", 2, 2),
        ("2026-10-01", "(no trunk)", 1, 1),
    ]
    assert {row[2:] for row in shown(found)[4:]} == {(0, 0)}
    assert found.rows[0]["average"] == ratio(5, 86400)  # a second without calls counts as 0
    assert found.trunks[0]["average"] == ratio(5, 172800)
    assert found.trunks[0]["attempts"] == calls(held({"call": rows}), asked("2026-10-01/2026-10-02")).total["attempts"]


def test_only_seconds_that_are_over_count_for_the_average(held):  # T-09
    as_of = datetime(2026, 10, 1, 1, tzinfo=UTC)
    rows = [call("2026-10-01 00:00:09"), call("2026-10-01 01:00:00")]
    found = set_ups(held({"call": rows}, as_of), asked("2026-10-01/2026-10-05", as_of=as_of))
    assert [(row["key"], row["extent"], row["average"]) for row in found.rows if row["trunk"] == "All trunks"] == [
        ("2026-10-01", "partial", ratio(1, 3600))
    ]


def test_a_second_that_the_period_cuts_belongs_to_it(held):  # T-01
    rows = [call("2026-10-01 10:00:00.4"), call("2026-10-01 10:00:00.6")]
    found = set_ups(held({"call": rows}), asked("2026-10-01T10:00:00.5/2026-10-01T10:59"))
    assert [row["attempts"] for row in found.trunks] == [1, 1]


def test_days_of_23_hours_have_fewer_seconds(held):  # T-03
    found = set_ups(held({"call": [call("2026-03-29 12:00:01")]}), asked("2026-03-29/2026-03-29", "Europe/Kyiv"))
    assert found.rows[0]["average"] == ratio(1, 23 * 3600)


def test_a_source_without_seconds_cannot_tell(held):
    rows = [call(f"2026-10-01 10:{minute:02}", trunk_id=1) for minute in range(10)]
    found = set_ups(held({"call": rows, "trunk": TRUNKS}), asked(DAY))
    assert "keeps no seconds" in found.note
    assert [(row["attempts"], row["peak"], row["average"]) for row in found.trunks] == [(10, None, None)] * 2
    with_seconds = set_ups(held({"call": [*rows, call("2026-10-01 10:30:01")]}), asked(DAY))
    assert (with_seconds.note, with_seconds.trunks[0]["peak"]) == ("", 1)
    assert set_ups(held({"call": rows[:9]}), asked(DAY)).note == ""  # too few to say


def test_no_calls_no_calls_per_second(held):  # T-11
    found = set_ups(held({"trunk": TRUNKS}), asked(DAY))
    assert [(row["trunk"], row["peak"], row["average"]) for row in found.rows] == [("All trunks", 0, 0)]
    assert set_ups(held({}), asked("2027-01-01/2027-01-02")).trunks[0]["average"] is None  # begins after as-of


def test_trunks_of_one_name_are_told_apart_and_drawn_by_peak(held):  # G-11
    known = [{"trunk_id": number, "name": "SBC"} for number in range(1, 9)]
    rows = [call(f"2026-10-01 10:00:0{n}", trunk_id=trunk) for trunk in range(1, 9) for n in range(trunk, 9)]
    rows += [call(f"2026-10-01 11:00:0{trunk}", trunk_id=trunk) for trunk in range(1, 9) for _ in range(trunk)]
    found = set_ups(held({"call": [*rows, call("2026-10-01 12:00:01", trunk_id=99)], "trunk": known}), asked(DAY))
    assert [row["trunk"] for row in found.trunks][:3] == ["All trunks", "SBC (1)", "SBC (2)"]
    assert found.trunks[-1]["trunk"] == "trunk (99)"
    assert [row["trunk"] for row in found.busiest] == ["All trunks", *(f"SBC ({number})" for number in range(6, 9))]
    assert len(found.busiest) == DRAWN + 1
