"""Workers that are told to end, that share what there is, and that cannot start."""

import os
import signal
import subprocess
import time
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import Snapshot, State
from tests.runs.crew import DAYBOOK, GIVEN_BACK, WAITS, is_gone, until

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_end_gives_its_run_back(office, crew, ending):
    family = f"given_{ending.name.lower()}"
    office.write_notebook(family, WAITS.format(folder=str(crew.folder)))
    first = crew.worker()
    run = crew.ask(family)
    until(crew.begun, 60)
    first.send_signal(ending)
    until(lambda: not crew.counts(crew.run(run).worker), GIVEN_BACK)  # nobody is to count on it
    assert crew.run(run).state == State.GENERATING  # it may still finish
    first.send_signal(ending)  # at once
    until(lambda: crew.run(run).state == State.QUEUED, GIVEN_BACK)
    assert first.wait(20) == 0
    assert all(map(is_gone, crew.begun()))
    assert not crew.counts(crew.run(run).worker)
    crew.go()
    crew.hire()
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)


def test_a_worker_that_is_told_to_end_finishes_what_is_nearly_done(office, crew):
    office.write_notebook("nearly", WAITS.format(folder=str(crew.folder)))
    worker = crew.worker()
    run, waiting = crew.ask("nearly"), crew.ask("other")
    until(crew.begun, 60)
    worker.terminate()
    until(lambda: not crew.counts(crew.run(run).worker))
    crew.go()
    assert worker.wait(20) == 0
    assert crew.run(run).attempt == 1
    crew.is_published_once(run)
    assert crew.run(waiting).attempt <= 1


def test_once_makes_what_waits_and_ends(office, crew):
    office.write_notebook("once", "print('gone on')")
    crew.dismiss()
    run, bad = crew.ask("once"), crew.ask("there_is_none")
    worker = crew.hire("--once", "--concurrency", "1", DAYBOOK_KERNELS="1")
    assert worker.wait(60) == 0
    crew.is_published_once(run)
    assert crew.run(bad).error.startswith("no family named 'there_is_none'")
    lines = [line.split()[1] for line in crew.log(worker).splitlines()]
    assert lines == ["ready", "run", "run", "ended"]


def test_two_workers_share_what_there_is(office, crew):  # F7
    office.write_notebook("shared", "print('gone on')")
    workers = [crew.worker(), crew.hire()]
    runs = [crew.ask("shared", run_key=f"shared {number % 6}") for number in range(12)]
    assert len(set(runs)) == 6
    for run in set(runs):
        assert crew.ends(run, 90).state == State.GENERATED
        assert crew.run(run).attempt == 1
    deadline = time.monotonic() + 20
    while (done := sum(" family=shared " in line for w in workers for line in crew.log(w).splitlines())) < 6:
        assert time.monotonic() < deadline  # a line comes a moment after its run
        time.sleep(0.1)
    assert done == 6
    with Session(office.installation.database) as session:
        assert session.query(Snapshot).filter_by(family="shared").count() == 6


def test_a_worker_that_cannot_start_says_so(office, tmp_path):
    nowhere = replace(office.workspace, database_url="postgresql://nobody@127.0.0.1:1/gone")
    env = os.environ | dict(office.environment) | {"DAYBOOK_DATABASE_URL": nowhere.database_url}
    answer = subprocess.run([DAYBOOK, "work"], env=env, capture_output=True, text=True, check=False)
    assert answer.returncode == 7
    assert answer.stderr.startswith("daybook: the database at 127.0.0.1:1/gone cannot be reached")
