"""The steps that Postgres works out for a dashboard are those that a report of the period has (G-4, T-03, T-04)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reports_lib.grafana.macros import filled
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.timeline import Timeline, buckets, naive, place_within
from reports_lib.values.interval import Interval
from reports_lib.values.spine import Unit, spine
from reports_lib.warehouse.scope import WHOLE
from reports_lib.warehouse.statement import Dialect, Statement
from tests.conftest import SCHEMA
from tests.grafana.asking import expanded

AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAYS = "2026-08-20/2026-11-10"  # Kyiv and Santiago change their clocks within it; Santiago skips a midnight


@pytest.fixture
def answered(live):
    """`answered(build, interval)`: rows of an expression, its slots filled as a panel's."""

    def ask(build, interval, as_of=AS_OF):
        dialect = Dialect(SCHEMA)
        sql = filled(Statement.of(build(dialect.table), dialect.compiler), interval.zone.key, WHOLE, {})
        text = expanded(sql, interval.start, interval.end).replace("now()", f"timestamptz '{as_of.isoformat()}'")
        return live.connection.execute(text).fetchall()

    return ask


def stretches(_tables):
    bucket = buckets()
    return bucket.select("number", "starts", "ends").order_by("number")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv", "America/Santiago", "Asia/Kathmandu"])
@pytest.mark.parametrize("text", [DAYS, "2026-10-24T21:30/2026-10-29T10:15", "2023-12-05/2026-12-31"])
def test_days_and_months_are_those_of_the_report(answered, zone, text):
    interval = Interval.parse(text, ZoneInfo(zone), AS_OF)
    expected = [(b.number, naive(b.start), naive(b.end)) for b in Steps.of(interval, AS_OF).buckets]
    assert answered(stretches, interval) == expected


@pytest.mark.parametrize("day", ["2026-10-25", "2026-03-29", "2026-06-01"])
def test_a_short_period_is_cut_into_hours_that_leave_nothing_out(answered, day):
    interval = Interval.parse(f"{day}T00:20/{day}T23:40", ZoneInfo("Europe/Kyiv"), AS_OF)
    found = answered(stretches, interval)
    assert [one[2] for one in found[:-1]] == [other[1] for other in found[1:]]  # each begins where one ends
    assert (found[0][1], found[-1][2]) == (naive(interval.start), naive(interval.end))
    assert {one[1].minute for one in found[1:]} == {0}
    hours = [naive(bucket.start) for bucket in spine(interval, Unit.HOUR, AS_OF)]
    assert {one[1] for one in found} <= set(hours)
    assert len(hours) - len(found) == (day == "2026-10-25")  # the hour that there is twice is one


def test_a_period_that_begins_in_the_hour_that_there_is_twice_loses_nothing(answered):
    interval = Interval(
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC), ZoneInfo("Europe/Kyiv")
    )
    assert answered(stretches, interval)[0][1] == datetime(2026, 10, 25, 0, 30)


def test_facts_are_placed_as_in_the_report(answered, live):  # T-01
    interval = Interval.parse(DAYS, ZoneInfo("America/Santiago"), AS_OF)

    def placed(tables, _shape=None):
        call = tables("call")
        found = place_within(call.select("call_id", at=call.started_at))
        return found.select("call_id", "number").order_by("call_id")

    report = live.warehouse.ask(placed, None, Timeline(Steps.of(interval, AS_OF).buckets).values)
    assert answered(placed, interval) == [(row["call_id"], row["number"]) for row in report]
    assert len(report) > 100


def test_of_a_period_to_come_there_is_nothing(answered):
    interval = Interval.parse("2026-12-01/2026-12-31", ZoneInfo("UTC"), AS_OF)
    assert answered(stretches, interval) == []
