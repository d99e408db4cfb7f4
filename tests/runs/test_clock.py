"""The clock's decisions on the real database: each tick once, whatever clocks and jumps there are (F2, F8)."""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from reports_lib.database import engine
from reports_lib.database.schema import Decision, Run, State, Tick
from reports_lib.errors import WarehouseError
from reports_lib.parameters.schema import Schema
from reports_lib.rendering.formats import Format
from reports_lib.runs import clock
from reports_lib.runs.cron import Cron
from reports_lib.runs.entry import CatchUp, Entry, Overlap
from reports_lib.runs.fan_out import ForEach
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import connection
from tests.runs.brute_force import LINES, MINUTE, ZONES, brute_force, newest
from tests.runs.clock_process import NOON, every_minute, moment
from tests.runs.conftest import ROOT

HOUR = timedelta(hours=1)
ASKED, MISSED, OVERLAPPED = Decision.ASKED, Decision.MISSED, Decision.OVERLAPPED

_number = count(1)


def hourly(**more):
    """An entry that nothing was ever decided about, due at every full hour."""
    cron = Cron("0 * * * *", ZoneInfo("UTC"))
    return replace(Entry(f"entry-{next(_number)}", "sales", None, {}, cron, (Format.HTML,)), **more)


def each_currency(office, **more):
    """An hourly entry of a run for each currency that the warehouse has."""
    notebook = office.write_notebook("by_currency", "print(currency)", 'currency: Currency = "USD"')
    return hourly(family="by_currency", for_each=ForEach(Schema.read(notebook)["currency"], None, **more))


def decisions(office, entry):
    """What is written about the entry's ticks, in their order."""
    with Session(office.installation.database) as session:
        return list(session.execute(select(Tick.at, Tick.decision).where(Tick.entry == entry.name).order_by(Tick.at)))


def hours(*found):
    return [(NOON + number * HOUR, decision) for number, decision in found]


def finish(office, entry):
    with Session(office.installation.database) as session, session.begin():
        ended = {"state": State.CANCELLED, "formed_at": NOON}
        session.execute(update(Run).where(Run.entry == entry.name).values(**ended))


def test_what_is_due_is_asked_for_and_written_down_together(office):
    entry = hourly(recipients=("ann@example.com",), owner="eve@example.com")
    (decided,) = clock.look(office.installation, [entry], NOON + 20 * MINUTE)
    assert (decided.entry, decided.tick, decided.decision, decided.error) == (entry.name, NOON, ASKED, None)
    (run,) = office.runs(entry=entry.name)
    assert (run.id,) == decided.runs
    assert (run.state, run.as_of, run.run_key) == (
        State.QUEUED,
        NOON,
        f"schedule:{entry.name}@2026-06-22T12:00:00+00:00",
    )
    assert (run.recipients, run.owner) == (["ann@example.com"], "eve@example.com")
    assert decisions(office, entry) == hours((0, ASKED))
    assert clock.look(office.installation, [entry], NOON + 59 * MINUTE) == []


def test_now_is_the_databases(office):
    entry = hourly()
    before = clock.now(office.installation)
    (decided,) = clock.look(office.installation, [entry])
    assert before - HOUR < decided.tick <= clock.now(office.installation)


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        (CatchUp.ALL, [(0, ASKED), (1, ASKED), (2, ASKED), (3, ASKED)]),
        (CatchUp.LAST, [(0, ASKED), (1, MISSED), (2, MISSED), (3, ASKED)]),
        (CatchUp.SKIP, [(0, ASKED), (1, MISSED), (2, MISSED), (3, ASKED)]),  # it is of the last hour
    ],
)
def test_what_passed_while_no_clock_ran(office, catch_up, expected):
    entry = hourly(catch_up=catch_up)
    clock.look(office.installation, [entry], NOON)
    clock.look(office.installation, [entry], NOON + 3.5 * HOUR)
    assert decisions(office, entry) == hours(*expected)
    assert len(office.runs(entry=entry.name)) == sum(decision is ASKED for _, decision in expected)


def test_a_tick_of_more_than_an_hour_ago_is_skipped_for_good(office):
    entry = hourly(cron=Cron("0 6 * * *", ZoneInfo("UTC")), catch_up=CatchUp.SKIP)
    clock.look(office.installation, [entry], NOON)
    assert decisions(office, entry) == hours((-6, MISSED))
    assert office.runs(entry=entry.name) == []


def test_a_long_time_without_a_clock(office):  # more ticks than are decided together
    entry = hourly(catch_up=CatchUp.LAST)
    clock.look(office.installation, [entry], NOON)
    clock.look(office.installation, [entry], NOON + 450 * HOUR)
    found = [decision for _, decision in decisions(office, entry)]
    assert found == [ASKED, *[MISSED] * 449, ASKED]


def test_a_clock_that_jumps(office):  # F8
    entry = hourly(catch_up=CatchUp.ALL)
    for jump, count_ in ((0, 1), (-5, 1), (2, 3), (-400, 3), (2, 3), (3, 4)):
        clock.look(office.installation, [entry], NOON + jump * HOUR)
        assert len(decisions(office, entry)) == count_
    assert len(office.runs(entry=entry.name)) == 4


def test_where_runs_must_not_overlap(office):
    entry = hourly(overlap=Overlap.SKIP)
    for number in range(3):
        clock.look(office.installation, [entry], NOON + number * HOUR)
    finish(office, entry)
    clock.look(office.installation, [entry], NOON + 3 * HOUR)
    assert decisions(office, entry) == hours((0, ASKED), (1, OVERLAPPED), (2, OVERLAPPED), (3, ASKED))


def test_what_is_caught_up_at_once_overlaps_too(office):
    entry = hourly(overlap=Overlap.SKIP, catch_up=CatchUp.ALL)
    clock.look(office.installation, [entry], NOON)
    finish(office, entry)
    clock.look(office.installation, [entry], NOON + 3 * HOUR)
    assert decisions(office, entry) == hours((0, ASKED), (1, ASKED), (2, OVERLAPPED), (3, OVERLAPPED))


def test_an_entry_whose_times_change_goes_on_from_its_last_tick(office):
    entry = hourly(catch_up=CatchUp.ALL)
    clock.look(office.installation, [entry], NOON)
    changed = replace(entry, cron=Cron("30 */2 * * *", ZoneInfo("UTC")))
    clock.look(office.installation, [changed], NOON + 2.5 * HOUR)
    assert decisions(office, entry) == hours((0, ASKED), (0.5, ASKED), (2.5, ASKED))


def test_a_backfill_keeps_nobody_from_running(office):
    entry = hourly(overlap=Overlap.SKIP)
    filled = list(clock.backfill(office.installation, entry, NOON - 2 * HOUR, NOON - HOUR, deliver=True))
    assert [fill.is_new for fill in filled] == [True, True]
    clock.look(office.installation, [entry], NOON)
    assert decisions(office, entry) == hours((0, ASKED))


# For each


def test_one_run_for_each_option_of_the_warehouse(office):
    entry = each_currency(office, recipients={"EUR": ("ops@example.com",)})
    (decided,) = clock.look(office.installation, [entry], NOON)
    runs = office.runs(entry=entry.name)
    assert tuple(run.id for run in runs) == decided.runs
    assert [(run.run_key.partition("#")[2], run.asked["currency"], run.recipients) for run in runs] == [
        ("EUR", "EUR", ["ops@example.com"]),
        ("UAH", "UAH", []),
        ("USD", "USD", []),
    ]
    assert decisions(office, entry) == hours((0, ASKED))


def test_a_warehouse_that_answers_slowly_is_waited_for(office, monkeypatch):
    monkeypatch.setattr(engine, "IDLE_SECONDS", 1)
    own, connect = Installation(office.workspace), connection.connect

    def slowly(*words, **more):
        time.sleep(1.5)
        return connect(*words, **more)

    monkeypatch.setattr(connection, "connect", slowly)
    entry = each_currency(office)
    (decided,) = clock.look(own, [entry], NOON)
    assert (decided.decision, len(decided.runs)) == (ASKED, 3)
    own.database.dispose()


def test_without_a_warehouse_the_tick_waits_and_the_others_do_not(office, without_warehouse):
    waiting, other = each_currency(office), hourly()
    found = clock.look(without_warehouse.installation, [waiting, other], NOON)
    assert [(d.tick, d.decision, type(d.error)) for d in found] == [
        (NOON, None, WarehouseError),
        (NOON, ASKED, type(None)),
    ]
    assert (decisions(office, waiting), office.runs(entry=waiting.name)) == ([], [])


# Many clocks


def test_two_clocks_at_once(office):
    entries = [hourly(catch_up=CatchUp.ALL) for _ in range(4)]
    clock.look(office.installation, entries, NOON)
    clocks = [Installation(office.workspace) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: clock.look(one, entries, NOON + 5 * HOUR), clocks))
    made = [(each.entry, each.tick) for decided in found for each in decided]
    assert len(made) == len(set(made)) == 20
    for entry in entries:
        assert decisions(office, entry) == hours(*((n, ASKED) for n in range(6)))
        assert len(office.runs(entry=entry.name)) == 6
    for one in clocks:
        one.database.dispose()


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line=st.sampled_from(list(LINES)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    catch_up=st.sampled_from(CatchUp),
    start=st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01"]),
    looks=st.lists(st.tuples(st.integers(-300, 900), st.integers(1, 3)), min_size=1, max_size=6),
)
def test_whatever_clocks_look_whenever_each_tick_is_decided_once(office, line, zone, catch_up, start, looks):
    """`looks`: minutes that the clock goes on or back, and how many clocks look at that moment."""
    entry = hourly(cron=Cron(line, zone), catch_up=catch_up)
    now = datetime.fromisoformat(start).replace(tzinfo=UTC)
    expected, last, returned = [], None, []
    with ThreadPoolExecutor(3) as pool:
        for minutes, clocks in looks:
            now += minutes * MINUTE
            found = pool.map(lambda _, at=now: clock.look(office.installation, [entry], at), range(clocks))
            returned += [(each.tick, each.decision) for decided in found for each in decided]
            came = [newest(line, zone, now)] if last is None else brute_force(line, zone, last, max(now, last))
            expected += [(tick, wanted(catch_up, tick, came, now)) for tick in came]
            last = expected[-1][0]
    assert decisions(office, entry) == expected
    assert sorted(returned) == expected
    keys = [run.run_key for run in office.runs(entry=entry.name)]
    asked = [tick for tick, decision in expected if decision is ASKED]
    assert sorted(keys) == [f"schedule:{entry.name}@{tick.isoformat()}" for tick in asked]


def wanted(catch_up, tick, came, now):
    is_newest = tick == came[-1]
    rule = {CatchUp.ALL: True, CatchUp.LAST: is_newest, CatchUp.SKIP: is_newest and now - tick < HOUR}
    return ASKED if rule[catch_up] else MISSED


def test_clocks_that_are_killed_at_any_moment_lose_and_double_nothing(office):  # F2, T15
    entry, begun, chance = every_minute(f"often-{next(_number)}"), time.time(), random.Random(7)
    program = [sys.executable, "-m", "tests.runs.clock_process", entry.name, str(begun)]
    running = []
    for _ in range(5):
        while len(running) < 2:
            process = subprocess.Popen(
                program, cwd=ROOT, env=os.environ | office.environment, stdout=subprocess.PIPE, text=True
            )
            running.append(process)
        victim = running.pop(0)
        victim.stdout.readline()  # it has begun to decide
        time.sleep(chance.random() / 3)
        victim.kill()
        victim.communicate()
    running[0].kill()
    running[0].communicate()
    clock.look(office.installation, [entry], moment(begun))  # whoever comes next
    found = decisions(office, entry)
    assert len(found) > 20  # minutes of theirs, ten a second
    assert found == [(found[0][0] + number * MINUTE, ASKED) for number in range(len(found))]
    runs = office.runs(entry=entry.name)
    assert [run.as_of for run in runs] == [tick for tick, _ in found]
    with Session(office.installation.database) as session:  # and each has the one job that wakes a worker
        jobs = session.scalars(text("select args->>'run' from procrastinate_jobs where status = 'todo'")).all()
    assert {str(run.id) for run in runs} <= set(jobs)
    assert len(jobs) == len(set(jobs))


# Backfill


def test_a_backfill_asks_for_past_ticks_once_and_mails_nobody(office):
    entry = hourly(recipients=("ann@example.com",), owner="eve@example.com")
    clock.look(office.installation, [entry], NOON)
    since, until = NOON - 3 * HOUR, NOON
    filled = list(clock.backfill(office.installation, entry, since, until, deliver=False))
    assert [(fill.key[-14:-6], fill.is_new) for fill in filled] == [
        ("09:00:00", True),
        ("10:00:00", True),
        ("11:00:00", True),
        ("12:00:00", False),  # the clock asked for it
    ]
    runs = [run for run in office.runs() if run.run_key.startswith(f"schedule:{entry.name}@") and not run.entry]
    assert [(run.as_of, run.recipients, run.owner) for run in runs] == [(NOON - n * HOUR, [], None) for n in (3, 2, 1)]
    assert decisions(office, entry) == hours((0, ASKED))  # nothing is decided by it
    assert not any(fill.is_new for fill in clock.backfill(office.installation, entry, since, until, deliver=True))


def test_a_backfill_that_is_to_be_delivered(office):
    entry = hourly(recipients=("ann@example.com",), owner="eve@example.com")
    list(clock.backfill(office.installation, entry, NOON, NOON, deliver=True))
    (run,) = office.runs(entry=entry.name)
    assert (run.recipients, run.owner) == (["ann@example.com"], "eve@example.com")


def test_a_backfill_stops_at_now(office):
    entry, now = hourly(), clock.now(office.installation)
    filled = list(clock.backfill(office.installation, entry, now - HOUR, now + 5 * HOUR, deliver=False))
    assert len(filled) == 1
