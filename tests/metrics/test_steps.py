"""Steps of time: every bucket has a row, whatever was found (G-4, G-5)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from reports_lib.metrics.steps import Steps
from reports_lib.values.interval import Interval

AS_OF = datetime(2026, 10, 3, 12, tzinfo=UTC)


def steps(text):
    return Steps.of(Interval.parse(text, ZoneInfo("Europe/Kyiv"), AS_OF), AS_OF)


def test_days_of_a_short_period_months_of_a_long_one():
    assert (steps("2026-07-01/2026-09-30").name, len(steps("2026-07-01/2026-09-30").buckets)) == ("Day", 92)
    assert [each.key for each in steps("2026-06-15/2026-09-30").buckets] == ["2026-06", "2026-07", "2026-08", "2026-09"]


def test_every_step_before_as_of_has_a_row():  # G-5, T-09
    found = [{"number": 2, "sent": 5}]
    rows = steps("2026-10-01/2026-10-05").rows(found, ["sent"])
    assert [(row["key"], row["sent"], row["is_partial"]) for row in rows] == [
        ("2026-10-01", 0, False),
        ("2026-10-02", 5, False),
        ("2026-10-03", 0, True),
    ]


def test_every_series_has_every_step():
    found = [{"number": 1, "channel": "sms", "sent": 5}, {"number": 1, "channel": "push", "sent": 1}]
    rows = steps("2026-10-01/2026-10-02").series(found, "channel", ["sms", "email"], ["sent"])
    assert [(row["key"], row["channel"], row["sent"]) for row in rows] == [
        ("2026-10-01", "sms", 5),
        ("2026-10-01", "email", 0),
        ("2026-10-02", "sms", 0),
        ("2026-10-02", "email", 0),
    ]
