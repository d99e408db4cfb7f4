"""The clock as people start it: once, for ever, in the past; killed, doubled, with a schedule that breaks."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

import scheduler
from reports_lib.database.schema import Decision, Mail, Run, State, Tick
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.runs import clock as clocks
from reports_lib.snapshots.seal import open_snapshot
from tests.runs.conftest import ROOT

MIDNIGHT = datetime(2026, 11, 1, 22, tzinfo=UTC)  # of the second of November, in Kyiv
SCHEDULE = """
- {name: broken, family: shaky, cron: "0 0 * * *", formats: [html], owner: eve@example.com}
- {name: daily-sales, family: sales, set: last-month, cron: "0 0 * * *", time_zone: Europe/Kyiv, formats: [html]}
- {name: hourly-sales, family: sales, cron: "0 * * * *", formats: [pdf], catch_up: skip, recipients: [ann@example.com]}
"""
EVERY_MINUTE = "- {name: often, family: sales, cron: '* * * * *', catch_up: all}\n"


@pytest.fixture
def clock(office, monkeypatch):
    """`clock("--once")`: the scheduler in this process, in the office, twenty minutes after midnight in Kyiv."""
    for name, value in office.environment.items():
        monkeypatch.setenv(name, value)
    opened = office.installation.database  # one pool of connections for all
    monkeypatch.setattr("reports_lib.runs.installation.engine", lambda workspace: opened)
    monkeypatch.setattr(clocks, "_now", lambda session: MIDNIGHT + timedelta(minutes=20))
    return lambda *words: CliRunner().invoke(scheduler.main, words, catch_exceptions=False)


@pytest.fixture
def schedule(office):
    """`schedule(text)`: a schedule that nothing was decided about yet; the notebook prints the interval."""
    office.write_notebook("sales", "print(interval)")
    office.write_notebook("shaky", "1 / 0")
    (office.workspace.parameters / "sales").mkdir(exist_ok=True)
    (office.workspace.parameters / "sales/last-month.yaml").write_text("interval: last month\n")
    with Session(office.installation.database) as session, session.begin():
        for table in (Tick, Mail, Run):
            session.execute(delete(table))

    def write(text):
        (office.workspace.parameters / "schedule.yaml").write_text(text)

    yield write
    (office.workspace.parameters / "schedule.yaml").unlink(missing_ok=True)


@pytest.fixture
def process(office):
    """`process("scheduler.py", "--once")`: Python as a process of its own; killed after the test if it still runs."""
    started = []

    def start(*words):
        program = [sys.executable, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(program, cwd=ROOT, env=os.environ | office.environment, **pipes))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.fixture
def quick(process):
    """`quick()`: the clock for ever, in a process whose minutes take three seconds; all agree what time it is."""
    begun = datetime.now(UTC).isoformat()
    return lambda: process("-m", "tests.runs.quick_scheduler", begun)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def ticks(office, entry):
    with Session(office.installation.database) as session:
        found = session.execute(select(Tick.at, Tick.decision).where(Tick.entry == entry).order_by(Tick.at))
        return [tuple(row) for row in found]


def test_a_dry_run_says_what_would_run_and_writes_nothing(clock, office, schedule):
    schedule(SCHEDULE)
    planned = clock("--dry-run")
    assert (planned.exit_code, planned.stderr) == (0, "")
    assert planned.stdout.splitlines() == [
        "broken  2026-11-01T00:00:00+00:00  shaky  -",
        "    interval=2026-10-01/2026-10-31",
        "daily-sales  2026-11-01T22:00:00+00:00  sales  last-month",
        "    interval=2026-10-01/2026-10-31",
        "hourly-sales  2026-11-01T22:00:00+00:00  sales  -",
        "    interval=2026-10-01/2026-10-31",
        "    to ann@example.com",
    ]
    assert (office.runs(), ticks(office, "broken")) == ([], [])


@pytest.mark.kernel
def test_what_is_due_runs_once(clock, office, schedule):
    schedule(SCHEDULE)
    done = clock("--once")
    assert done.exit_code == 4  # of the first that failed; the others ran
    failed = "broken  2026-11-01T00:00:00+00:00  failed: shaky: 'The sums' raised ZeroDivisionError: division by zero"
    assert done.stderr.splitlines() == [failed]
    daily, hourly = done.stdout.splitlines()
    assert daily.startswith("daily-sales  2026-11-01T22:00:00+00:00  sales  last-month  http://")
    assert hourly.startswith("hourly-sales  2026-11-01T22:00:00+00:00  sales  -  http://")
    assert [run.state for run in office.runs()] == [State.ERROR, State.GENERATED, State.GENERATED]
    run = office.runs(run_key="schedule:daily-sales@2026-11-01T22:00:00+00:00")[0]
    manifest = open_snapshot(office.store, run.snapshot_id)
    assert manifest.as_of == MIDNIGHT  # the tick, however late it is run
    assert (manifest.asked["interval"], manifest.resolved["interval"]) == ("last month", "2026-10-01/2026-10-31")
    assert (manifest.generated_by.role, run.role) == ("system", "system")
    with Session(office.installation.database) as session:  # without a worker, mail goes out from here
        mails = session.execute(select(Mail.recipient, Mail.kind, Mail.state).order_by(Mail.recipient)).all()
    assert mails == [("ann@example.com", "report", "sent"), ("eve@example.com", "failure", "sent")]

    again = clock("--once")  # a failed tick is told once
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")
    assert len(office.runs()) == 3


@pytest.mark.kernel
def test_an_entry_that_cannot_be_read_keeps_no_other_from_running(clock, office, schedule):
    bad = "- {name: bad, family: seles, cron: '0 0 * * *'}\n"
    schedule(bad + "- {name: good, family: sales, cron: '0 0 * * *', formats: [html]}")
    done = clock("--once")
    assert done.exit_code == 13
    assert done.stderr == ("scheduler: schedule.yaml: entry bad: no family named 'seles'; did you mean 'sales'?\n")
    assert done.stdout.startswith("good  ")


@pytest.mark.kernel
def test_what_a_killed_clock_asked_for_is_made_by_the_next(clock, office, schedule):  # F2
    schedule("- {name: good, family: sales, cron: '0 0 * * *', formats: [html]}")
    from reports_lib.runs.schedule import read_schedule

    clocks.look(office.installation, read_schedule(office.workspace))  # and there it was killed
    assert [run.state for run in office.runs()] == [State.QUEUED]
    done = clock("--once")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [run.state for run in office.runs()] == [State.GENERATED]


# The past


@pytest.mark.kernel
def test_the_past_is_made_with_the_ticks_as_as_of(clock, office, schedule):
    schedule(SCHEDULE)
    span = ("--since", "2026-09-30", "--until", "2026-10-01", "--entry", "daily-sales")
    planned = clock(*span, "--dry-run")
    assert planned.stdout.splitlines() == [
        "daily-sales  2026-09-30T21:00:00+00:00  sales  last-month",
        "    interval=2026-08-01/2026-08-31",
        "daily-sales  2026-10-01T21:00:00+00:00  sales  last-month",  # the last day is all of it
        "    interval=2026-09-01/2026-09-30",
    ]
    assert office.runs() == []
    done = clock(*span)
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2
    assert [(run.state, run.as_of.day) for run in office.runs()] == [(State.GENERATED, 30), (State.GENERATED, 1)]
    again = clock(*span)
    numbers = [run.id for run in office.runs()]
    assert again.stdout.splitlines() == [
        f"daily-sales  2026-09-30T21:00:00+00:00  is there: run {numbers[0]}",
        f"daily-sales  2026-10-01T21:00:00+00:00  is there: run {numbers[1]}",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "--since 'soon' is not like 2026-11-01"),
        (("--since", "2999-01-01"), "--since 2999-01-01 has not come yet"),
        (("--since", "2026-01-01", "--until", "2999-01-01"), "--until 2999-01-01 has not come yet"),
        (("--since", "2026-01-01", "--entry", "dayly-sales"), "no entry of the schedule named 'dayly-sales'; did you"),
    ],
)
def test_a_past_that_cannot_be_is_named(clock, schedule, words, said):
    schedule(SCHEDULE)
    with pytest.raises((ParameterError, UnknownNameError), match=said.replace(".", r"\.")):
        clock(*words)


@pytest.mark.parametrize("words", [("--once", "--dry-run"), ("--until", "2026-01-01"), ("--deliver",)])
def test_options_that_do_not_go_together(clock, words):
    assert clock(*words).exit_code == 2


# Processes


def test_a_process_of_its_own(office, schedule, process):
    schedule("- {name: a, family: sales, cron: '0 0 * * *'}\n" * 2)
    once = process("scheduler.py", "--once")
    assert once.communicate() == ("", "scheduler: schedule.yaml: two entries are named 'a'\n")
    assert once.returncode == 13


@pytest.mark.kernel
def test_two_clocks_one_killed_and_started_again_decide_every_minute_once(office, schedule, quick):  # F2
    schedule(EVERY_MINUTE)
    first, second = quick(), quick()
    begun = until(lambda: ticks(office, "often"))[0][0]
    first.kill()  # SIGKILL
    second.kill()
    before = len(ticks(office, "often"))
    third, fourth = quick(), quick()
    for each in (third, fourth):
        assert each.stdout.readline().startswith("scheduler: 1 entries of the schedule")
    until(lambda: len(ticks(office, "often")) >= before + 3)
    for each in (third, fourth):
        each.send_signal(signal.SIGTERM)
    said = [each.communicate(timeout=30) for each in (third, fourth)]
    assert [each.returncode for each in (third, fourth)] == [0, 0]
    assert [stderr for _, stderr in said] == ["", ""]
    found = ticks(office, "often")
    assert found == [(begun + number * timedelta(minutes=1), Decision.ASKED) for number in range(len(found))]
    assert [run.as_of for run in office.runs(entry="often")] == [tick for tick, _ in found]
    lines = sorted(line for stdout, _ in said for line in stdout.splitlines())
    assert len(lines) == len(set(lines))
    assert lines[-1] == f"often  {found[-1][0].isoformat()}  asked  run {office.runs(entry='often')[-1].id}"


@pytest.mark.kernel
def test_a_running_clock_survives_an_edit_that_breaks_and_takes_one_that_mends(office, schedule, quick):
    schedule(EVERY_MINUTE)
    running = quick()
    running.stdout.readline()
    schedule("- [")
    assert running.stderr.readline().endswith("; going on with the schedule as it was\n")
    schedule(EVERY_MINUTE + "- {name: new, family: seles, cron: '* * * * *'}")
    assert running.stderr.readline().endswith("did you mean 'sales'?; going on without it\n")
    schedule(EVERY_MINUTE + "- {name: new, family: sales, cron: '* * * * *'}")
    until(lambda: ticks(office, "new"))
    running.send_signal(signal.SIGTERM)
    assert (running.communicate(timeout=30)[1], running.returncode) == ("", 0)


def test_nothing_is_scheduled(clock, office, schedule):
    assert clock("--once").exit_code == 0
    assert clock("--dry-run").stdout == ""


def test_the_schedule_that_is_delivered_can_be_read(clock, schedule):
    delivered = (ROOT / "parameters/schedule.yaml").read_text()
    schedule(delivered)
    planned = clock("--dry-run")
    assert "customer_dynamics  previous-month" in planned.stdout
    assert "    to board@example.com" in planned.stdout
