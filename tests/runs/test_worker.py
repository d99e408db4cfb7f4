"""Workers that are stopped and killed: each run is published once or says why not."""

import os
import signal
from dataclasses import replace

import nbformat
import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import Snapshot, State, Worker
from reports_lib.errors import StateError
from reports_lib.runs import queue, record, recovery
from tests.runs.crew import LEASE, TAKEOVER, WAITS, is_gone, until

pytestmark = pytest.mark.kernel


def test_a_killed_workers_run_is_made_by_another(office, crew):  # F1
    office.write_notebook("killed", WAITS.format(folder=str(crew.folder)))
    first = crew.worker()
    run = crew.ask("killed")
    until(crew.begun, 60)
    (kernel,) = crew.begun()
    crew.hire()
    first.kill()
    first.wait()
    until(lambda: crew.run(run).attempt == 2)
    until(lambda: is_gone(kernel))
    crew.go()
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)
    with Session(office.installation.database) as session:
        until(lambda: session.query(Worker).count() == 1)  # the dead one is forgotten


def test_a_worker_that_slept_through_its_lease_is_refused(office, crew):  # F4
    office.write_notebook("slept", WAITS.format(folder=str(crew.folder)))
    first = crew.worker()
    run = crew.ask("slept")
    until(crew.begun, 60)
    first.send_signal(signal.SIGSTOP)
    second = crew.hire()
    until(lambda: crew.run(run).attempt == 2, LEASE + TAKEOVER)
    until(lambda: len(crew.begun()) == 2, 60)
    crew.go()  # the stopped worker's kernel comes to its end too
    assert crew.ends(run).attempt == 2
    first.send_signal(signal.SIGCONT)
    until(lambda: f"run={run} " in crew.log(first), 30)
    assert "state=thrown-away" in crew.log(first)
    crew.is_published_once(run)
    # and it goes on with other work
    second.send_signal(signal.SIGTERM)
    second.wait(30)
    assert crew.ends(crew.ask("slept")).state == State.GENERATED


def test_a_late_seal_is_refused(office, crew):  # F4: stopped between the last renewal and publishing
    office.write_notebook("late", WAITS.format(folder=str(crew.folder)))
    first = crew.worker()
    run = crew.ask("late")
    until(crew.begun, 60)
    crew.go()  # nothing is left to do but to render, seal and publish
    first.send_signal(signal.SIGSTOP)
    if crew.run(run).state == State.GENERATED:
        pytest.skip("it was quicker than we")
    crew.hire()
    assert crew.ends(run).attempt == 2
    first.send_signal(signal.SIGCONT)
    until(lambda: f"run={run} " in crew.log(first), 30)
    crew.is_published_once(run)


def test_a_cancelled_run_and_its_kernel_end(office, crew):
    office.write_notebook("cancelled", WAITS.format(folder=str(crew.folder)))
    worker = crew.worker()
    run = crew.ask("cancelled")
    until(crew.begun, 60)
    with Session(office.installation.database) as session, session.begin():
        record.cancel(session, run, "olena")
    until(lambda: all(map(is_gone, crew.begun())))
    found = crew.run(run)
    assert (found.state, found.error, found.snapshot_id) == (State.CANCELLED, "cancelled by olena", None)
    until(lambda: f"run={run} " in crew.log(worker))
    assert "CancelledError" in crew.log(worker)
    crew.go()
    with Session(office.installation.database) as session, session.begin():
        queue.retry(session, run)
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)


def test_a_killed_kernels_run_is_made_again(office, crew):
    office.write_notebook("kernel", WAITS.format(folder=str(crew.folder)))
    crew.worker()
    run = crew.ask("kernel")
    until(crew.begun, 60)
    os.kill(crew.begun()[0], signal.SIGKILL)
    until(lambda: crew.run(run).attempt == 2)
    crew.go()
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)


def test_what_a_notebook_does_wrong_is_not_tried_again(office, crew):
    office.write_notebook("wrong", "print(1)\n1 / 0")
    crew.worker()
    run = crew.ask("wrong")
    found = crew.ends(run)
    said = "wrong: 'The sums' raised ZeroDivisionError: division by zero"
    assert (found.state, found.attempt, found.error, found.exit_code) == (State.ERROR, 1, said, 4)
    assert (found.stage, found.step, found.snapshot_id) == ("executing", "The sums", None)
    kept = nbformat.read(office.workspace.outputs / f"runs/{run}/1/executed.ipynb", 4)
    assert kept.cells[-1].outputs[0].text == "1\n"
    with Session(office.installation.database) as session:
        assert session.query(Snapshot).filter_by(family="wrong").count() == 0
    office.write_notebook("wrong", "print('gone on')")
    with Session(office.installation.database) as session, session.begin():
        queue.retry(session, run)
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)


def test_what_cannot_even_begin_says_why(office, crew):
    office.write_notebook("begin", "print(1)")
    crew.worker()
    run = crew.ask("begin", data_version="999")
    assert crew.ends(run).error.startswith("the lake has no data version 999")
    with pytest.raises(StateError), Session(office.installation.database) as session:
        record.cancel(session, run, "olena")


def test_a_run_that_kills_its_worker_is_given_up(office, crew):  # F1
    kills = f"import os, pathlib, time\nplace = pathlib.Path({str(crew.folder)!r})\n"
    kills += "os.kill(int((place / 'victim').read_text()), 9)\ntime.sleep(60)"
    office.write_notebook("poison", kills)
    crew.dismiss()
    run = crew.ask("poison")
    for attempt in (1, 2):
        worker = crew.hire(DAYBOOK_ATTEMPTS="2")
        worker.wait(60)
        assert crew.run(run).attempt == attempt
    with Session(office.installation.database) as session, session.begin():  # as the next worker would
        recovery.recover(session, replace(office.workspace, attempts=2))
    found = crew.run(run)
    assert (found.state, found.attempt) == (State.ERROR, 2)
    assert found.error == "given up after 2 attempts: its worker died"
