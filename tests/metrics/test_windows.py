"""Calls of the last minutes, of today and of this year (M-52 to M-54, Q-16)."""

from datetime import UTC, datetime

import pytest
from phone import asked, call

from reports_lib.errors import ParameterError
from reports_lib.metrics.talk import Classes
from reports_lib.metrics.windows import NAMES, windows

AS_OF = datetime(2026, 10, 1, 12, tzinfo=UTC)
LONG_AGO = "2020-01-01/2020-01-31"  # a period that holds none of the calls: it does not matter


def counted(found, rows="statuses"):
    return [sum(row[name] for row in getattr(found, rows)) for name in NAMES]


def test_windows_end_at_as_of_and_ignore_the_period(held):  # TW-136 … TW-143, T-52, Q-16
    moments = ["12:00", "11:59:59.999999", "11:45", "11:44:59", "11:30", "11:00", "10:59:59.999999", "00:00"]
    rows = [call(f"2026-10-01 {moment}", 5) for moment in moments]
    rows += [call("2026-09-30 23:59:59", 5), call("2026-01-01", 5), call("2025-12-31 23:59:59", 5)]
    found = windows(held({"call": rows}, AS_OF), asked(LONG_AGO, as_of=AS_OF))
    assert counted(found) == counted(found, "lengths") == list(found.total.values()) == [2, 4, 5, 7, 9]


def test_today_and_the_year_are_local(held):  # T-05
    rows = [call("2026-10-01 02:59"), call("2026-10-01 03:00"), call("2026-01-01 02:59"), call("2026-01-01 03:00")]
    for zone, today, year in (("UTC", 2, 4), ("America/Santiago", 1, 3)):  # three hours behind
        found = windows(held({"call": rows}, AS_OF), asked(LONG_AGO, zone, as_of=AS_OF))
        assert (found.total["today"], found.total["year"]) == (today, year)


def test_minutes_may_reach_into_the_day_and_the_year_before(held):  # T-52
    rows = [call("2025-12-31 23:50"), call("2025-12-31 23:20"), call("2026-01-01 00:01")]
    as_of = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert counted(windows(held({"call": rows}, as_of), asked(LONG_AGO, as_of=as_of))) == [2, 2, 3, 1, 1]


def test_at_midnight_nothing_was_today(held):  # T-01
    as_of = datetime(2026, 10, 1, tzinfo=UTC)
    found = windows(held({"call": [call("2026-09-30 23:59"), call("2026-10-01")]}, as_of), asked(LONG_AGO, as_of=as_of))
    assert counted(found) == [1, 1, 1, 0, 1]
    assert {row["today_share"] for row in found.statuses} == {None}  # G-9


def test_the_upper_bound_belongs_to_its_class(held):  # M-53
    seconds = [0, 1, 10, 11, 30, 60, 61, 180, 300, 600, 601]
    rows = [call("2026-10-01 10:00", talk, status="answered") for talk in seconds]
    found = windows(held({"call": rows}, AS_OF), asked(LONG_AGO, as_of=AS_OF))
    assert [(row["length"], row["today"]) for row in found.lengths] == [
        ("0 s (not connected)", 1), ("1–10 s", 2), ("11–30 s", 2), ("31–60 s", 1), ("61–180 s", 2),
        ("181–300 s", 1), ("301–600 s", 1), ("over 600 s", 1),
    ]  # fmt: skip
    found = windows(held({"call": rows}, AS_OF), asked(LONG_AGO, as_of=AS_OF, duration_classes="60"))
    assert [row["today"] for row in found.lengths] == [1, 5, 5]


def test_a_status_that_nobody_knows_is_unknown(held):  # M-54
    rows = [call("2026-10-01 10:00", status=status) for status in ("busy", "Busy", "", "unknown", "busy", "no_channel")]
    found = windows(held({"call": rows}, AS_OF), asked(LONG_AGO, as_of=AS_OF))
    ranked = [(row["status"], row["today"]) for row in found.ranked("today")]
    assert ranked[:4] == [("Unknown", 3), ("Busy", 2), ("No channel", 1), ("Answered", 0)]
    assert len(found.statuses) == 10


@pytest.mark.parametrize(
    "text", ["", "ten", "10,,30", "0, 10", "30, 10", "10, 10", "-5", ", ".join(map(str, range(1, 22)))]
)
def test_classes_that_are_none_are_refused(text):
    with pytest.raises(ParameterError, match="not like 10, 30, 60"):
        Classes.parse(text)
