"""Calls of a period: volume of contact, handling time, the work of bots (M-50, M-51, M-56)."""

from datetime import UTC, datetime
from decimal import Decimal

import phone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from phone import asked, call

from reports_lib.metrics.calls import MOST_EVALUATIONS, calls, evaluations
from reports_lib.metrics.cps import set_ups
from reports_lib.metrics.windows import NAMES, windows

OCTOBER = "2026-10-01/2026-10-03"


def test_volume_of_contact(held):  # TW-135, M-51
    rows = [
        call("2026-10-01 10:00", 60, client_id=1),
        call("2026-10-01 11:00", 60, client_id=1),
        call("2026-10-01 12:00", client_id=2),  # nobody was reached
        call("2026-10-02 12:00", 5, client_id=1),
        call("2026-10-02 13:00", 5, client_number="+380"),  # someone, though no client that is known
        call("2026-10-02 14:00", 5),  # nobody can say who
    ]
    found = calls(held({"call": rows}), asked(OCTOBER))
    shown = [(row["key"], row["attempts"], row["answered"], row["reached"]) for row in found.rows]
    assert [row["not_answered"] for row in (*found.rows, found.total)] == [1, 0, 0, 1]  # as the chart has them
    assert shown == [("2026-10-01", 3, 2, 1), ("2026-10-02", 3, 3, 2), ("2026-10-03", 0, 0, 0)]
    assert (found.total["attempts"], found.total["answered"], found.total["reached"]) == (6, 5, 2)  # G-10
    assert [row["contact_rate"] and round(row["contact_rate"], 3) for row in found.rows] == [
        Decimal("66.667"),
        100,
        None,
    ]


def test_average_handling_time_is_total_by_total(held):  # TW-145, M-56
    rows = [
        call("2026-10-01 10:00", 100, hold_s=20, acw_s=30, bot_id=None),
        call("2026-10-02 10:00", 10, bot_id=7),  # hold and work afterwards are missing: 0
        call("2026-10-02 11:00", 20, bot_id=7),
        call("2026-10-02 12:00", acw_s=500),  # not answered
        call("2026-10-02 13:00", 900, status="voicemail"),  # a machine took it
        call("2026-10-02 14:00", 900, status="in_progress", ended_at=None),  # not finished
    ]
    found = calls(held({"call": rows}), asked(OCTOBER))
    assert [row["average_s"] for row in found.rows] == [150, 15, None]
    assert (found.total["average_s"], found.total["bot_average_s"]) == (60, 15)  # not 82.5, the mean of means
    assert [row["average_s"] for row in found.average_by[2:4]] == [15, 15]
    assert found.total["answered"] == 4  # the one that goes on is a contact already
    assert round(found.total["contact_rate"], 3) == Decimal("66.667")


def test_a_period_without_a_call(held):  # T-11, T-50
    found = calls(held({"call": [call("2026-09-30 23:59:59", 5)]}), asked(OCTOBER))
    assert (found.total["attempts"], found.total["average_s"], found.total["contact_rate"]) == (0, None, None)
    assert [row["attempts"] for row in found.rows] == [0, 0, 0]
    assert [(row["calls"], row["share"]) for row in found.evaluations] == [(0, None)]
    assert found.data_interval is None
    assert calls(held({}), asked("2027-01-01/2027-01-02")).rows == []  # begins after as-of


def test_a_call_stands_as_it_stood_at_as_of(held):  # G-1, T-09: the row was written again since
    rows = [call("2026-10-01 11:59:00", 300), call("2026-10-01 11:59:55", 300), call("2026-10-01 12:00", 300)]
    rows += [call("2026-10-01 11:58:00", 110)]  # ends at as-of: still going on
    as_of = datetime(2026, 10, 1, 12, tzinfo=UTC)
    question = asked(OCTOBER, as_of=as_of)
    found = calls(held({"call": rows}, as_of), question)
    assert (found.total["attempts"], found.total["answered"], found.total["handled"]) == (3, 2, 0)
    assert [(row["key"], row["extent"]) for row in found.rows] == [("2026-10-01", "partial")]
    last = windows(held({"call": rows}, as_of), question)
    assert {row["status"]: row["last_15"] for row in last.statuses if row["last_15"]} == {"In progress": 3}
    assert [row["last_15"] for row in last.lengths] == [1, 0, 0, 1, 1, 0, 0, 0]  # ringing; 50 seconds; 110


def test_evaluations_of_bots_however_they_are_written(held):  # TW-134, M-50
    rows = [
        call("2026-10-01 10:00", 9, bot_id=1, bot_evaluation="Interested"),
        call("2026-10-01 10:00", 9, bot_id=2, bot_evaluation=" interested "),
        call("2026-10-01 10:00", 9, bot_id=1),
        call("2026-10-01 10:00", 9, bot_id=1, bot_evaluation=" "),
        call("2026-10-01 10:00", bot_id=1, bot_evaluation="ВІДМОВА", status="voicemail"),
        call("2026-10-01 10:00", bot_id=1),  # nobody answered: no work of the bot
        call("2026-10-01 10:00", 9, bot_evaluation="Interested"),  # no bot
    ]
    found = calls(held({"call": rows}), asked(OCTOBER)).evaluations
    assert [(row["evaluation"], row["calls"], row["share"]) for row in found] == [
        ("Interested", 2, 40), ("Відмова", 1, 20), ("Not evaluated", 2, 40),
    ]  # fmt: skip


def test_evaluations_that_are_too_many_stand_together():  # T-43
    found = evaluations({"bot_evaluation": f"e{n:02}", "calls": 1} for n in range(30))
    assert len(found) == MOST_EVALUATIONS
    assert [(row["evaluation"], row["calls"]) for row in found[-3:]] == [
        ("E09", 1), ("Other evaluations", 20), ("Not evaluated", 0),
    ]  # fmt: skip
    assert sum(row["share"] for row in found) == 100


def test_calls_of_a_moment_are_of_the_local_day(held):  # T-01, T-05
    books = held({"call": [call("2026-10-01 22:30", 5), call("2026-10-02 00:00", 5)]})

    def counted(zone):
        return [row["attempts"] for row in calls(books, asked(OCTOBER, zone)).rows]

    assert (counted("UTC"), counted("Europe/Kyiv"), counted("America/Santiago")) == ([1, 1, 0], [0, 2, 0], [2, 0, 0])


def compare(warehouse, rows, question):
    """All figures of telephony beside those of plain Python."""
    days = phone.by_day(rows, question)
    whole = [row for each in days.values() for row in each]
    found = calls(warehouse, question)
    for row in found.rows:
        plain = phone.figures(days[row["key"]], question.as_of)
        assert {name: row[name] for name in plain} == plain, row["key"]
    assert [row["key"] for row in found.rows] == list(days)
    plain = phone.figures(whole, question.as_of)
    assert {name: found.total[name] for name in plain} == plain
    shown = {row["evaluation"].lower(): row["calls"] for row in found.evaluations if row["calls"]}
    assert shown == phone.evaluated(whole, question.as_of)

    lines = set_ups(warehouse, question)
    plain = phone.per_second(days, question)
    named = {"All trunks": "all", "(no trunk)": None} | {f"trunk ({number})": number for number in (1, 2, 3)}
    if lines.note:
        assert all(row["started_at"].second == 0 for row in whole)
        assert {row["peak"] for row in lines.rows} == {None}
    else:
        assert {
            (row["key"], named[row["trunk"]]): (row["attempts"], row["peak"], row["average"]) for row in lines.rows
        } == plain

    last = windows(warehouse, question)
    for name in NAMES:
        then = phone.inside(rows, last.starts[name], question)
        states = [phone.stood(row, question.as_of)[0] for row in then]
        lengths = [phone.classed(phone.stood(row, question.as_of)[3]) for row in then]
        assert [row[name] for row in last.statuses] == [states.count(each) for each in phone.CALL_STATUSES], name
        assert [row[name] for row in last.lengths] == [lengths.count(number) for number in range(8)], name
        assert sum(row[f"{name}_share"] or 0 for row in last.statuses) == (100 if then else 0)  # T-43


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_figures_equal_plain_python(held, data):
    rows, question = data.draw(phone.calls()), data.draw(phone.questions())
    compare(held({"call": rows}, question.as_of), rows, question)


def test_figures_equal_plain_python_on_both_engines(address, warehouse_of, reading):  # T-06, T-74
    rows = []

    @settings(max_examples=8, deadline=None, database=None, derandomize=True)
    @given(phone.calls())
    def gather(more):
        rows.extend(more)

    gather()
    warehouse_of({"call": rows})
    for as_of, zone in ((phone.NOW, "Europe/Kyiv"), (phone.EDGES[3].replace(tzinfo=UTC), "America/Santiago")):
        compare(reading(address, as_of=as_of), rows, asked("2026-09-05/2026-11-01T18:30", zone, as_of=as_of))
