"""The clock in its plain form: what is due runs once, one entry's failure is not another's."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

import scheduler
from reports_lib.database.schema import State
from reports_lib.snapshots.seal import open_snapshot
from tests.runs.conftest import ROOT

pytestmark = pytest.mark.kernel

SCHEDULE = """
- {name: broken, family: shaky, cron: "0 0 * * *", formats: [html]}
- {name: misasked, family: sales, parameters: {intreval: last month}, cron: "0 0 * * *", formats: [html]}
- {name: daily-sales, family: sales, set: last-month, cron: "0 0 * * *", time_zone: Europe/Kyiv, formats: [html]}
- {name: hourly-sales, family: sales, cron: "0 * * * *", formats: [html], catch_up: skip}
"""


@pytest.fixture
def clock(office, monkeypatch):
    """`clock("--once")`: the scheduler in this process, in the office."""
    for name, value in office.environment.items():
        monkeypatch.setenv(name, value)
    opened = office.installation.database  # one pool of connections for all
    monkeypatch.setattr("reports_lib.runs.installation.engine", lambda workspace: opened)
    return lambda *words: CliRunner().invoke(scheduler.main, words, catch_exceptions=False)


@pytest.fixture
def schedule(office):
    """Two entries that can be made and two that cannot; the notebook prints the interval it was asked for."""
    office.write_notebook("sales", "print(interval)")
    office.write_notebook("shaky", "1 / 0")
    (office.workspace.parameters / "sales").mkdir(exist_ok=True)
    (office.workspace.parameters / "sales/last-month.yaml").write_text("interval: last month\n")
    (office.workspace.parameters / "schedule.yaml").write_text(SCHEDULE)


def test_what_is_due_runs_once(clock, office, schedule, monkeypatch):
    midnight = datetime(2026, 11, 1, 22, tzinfo=UTC)  # of the second of November, in Kyiv

    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return midnight + timedelta(minutes=20)

    monkeypatch.setattr(scheduler, "datetime", Then)
    planned = clock("--dry-run")
    assert planned.exit_code == 0
    assert planned.stdout.splitlines() == [
        "broken  2026-11-01T00:00:00+00:00  shaky  -",
        "misasked  2026-11-01T00:00:00+00:00  sales  -",
        "daily-sales  2026-11-01T22:00:00+00:00  sales  last-month",
        "hourly-sales  2026-11-01T22:00:00+00:00  sales  -",
    ]
    assert office.runs() == []  # a dry run runs nothing

    done = clock("--once")
    assert done.exit_code == 4  # of the first that failed
    assert done.stderr.splitlines() == [
        "broken  2026-11-01T00:00:00+00:00  failed: shaky: 'The sums' raised ZeroDivisionError: division by zero",
        "misasked  2026-11-01T00:00:00+00:00  failed: no parameter of sales named 'intreval'; did you mean 'interval'?",
    ]
    daily, hourly = done.stdout.splitlines()
    assert daily.startswith("sales  last-month  http://")
    assert hourly.startswith("sales  -  http://")
    assert [run.state for run in office.runs()] == [State.ERROR, State.GENERATED, State.GENERATED]
    run = office.runs(run_key="schedule:daily-sales@2026-11-01T22:00:00+00:00")[0]
    manifest = open_snapshot(office.store, run.snapshot_id)
    assert manifest.as_of == midnight  # the tick, however late it is run
    assert (manifest.asked["interval"], manifest.resolved["interval"]) == ("last month", "2026-10-01/2026-10-31")
    assert (manifest.generated_by.role, run.role) == ("system", "system")

    again = clock("--once")  # a failed tick is told once; what could not even be asked is told until it is mended
    assert (again.exit_code, again.stdout) == (3, "")
    assert again.stderr.startswith("misasked  ")
    assert len(office.runs()) == 3


def test_a_process_of_its_own(office, schedule):
    (office.workspace.parameters / "schedule.yaml").write_text(SCHEDULE.replace("misasked", "broken"))
    program = [sys.executable, ROOT / "scheduler.py", "--once"]
    answer = subprocess.run(program, env=os.environ | office.environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (13, "")
    assert answer.stderr == "scheduler: schedule.yaml: two entries are named 'broken'\n"


def test_nothing_is_scheduled(clock, office):
    (office.workspace.parameters / "schedule.yaml").unlink(missing_ok=True)
    assert clock("--once").exit_code == 0
    assert clock().exit_code == 2  # neither --once nor --dry-run: say which


def test_the_schedule_that_is_delivered_can_be_read(clock, office):
    delivered = ROOT / "parameters/schedule.yaml"
    (office.workspace.parameters / "schedule.yaml").write_text(delivered.read_text())
    planned = clock("--dry-run")
    assert planned.exit_code == 0
    assert "customer_dynamics  previous-month" in planned.stdout
