"""Workers as processes that are stopped, killed and told to end: each run is published once or says why not."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.database import server
from reports_lib.database.cluster import Cluster
from reports_lib.database.schema import Link, Run, Snapshot, State, Worker
from reports_lib.errors import StateError
from reports_lib.rendering.formats import Format
from reports_lib.runs import queue, record
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.runs.conftest import AS_OF, PARAMETERS

pytestmark = pytest.mark.kernel

DAYBOOK = Path(sys.executable).with_name("daybook")
LEASE = 4  # seconds
TAKEOVER = 15  # seconds that the task allows
GIVEN_BACK = 7  # seconds, where it would get eight to finish
WAITS = """
import os, pathlib, time
place = pathlib.Path({folder!r})
(place / f"begun-{{os.getpid()}}").touch()
while not (place / "go").exists():
    time.sleep(0.02)
print("gone on")
"""


@dataclass
class Crew:
    """Workers of an installation, and how a test looks at what they do."""

    installation: Installation
    environment: dict[str, str]
    folder: Path  # where notebooks that wait say so, and what they wait for
    workers: list[subprocess.Popen]

    def hire(self, *words: str, **settings: str) -> subprocess.Popen:
        """Start a worker; it is there when this returns."""
        log = (self.folder / f"worker-{len(self.workers)}.log").open("w+b")
        env = os.environ | self.environment | {"DAYBOOK_LEASE": str(LEASE), "DAYBOOK_KERNELS": "1"} | settings
        worker = subprocess.Popen([DAYBOOK, "work", *words], env=env, stderr=log, stdout=log)
        log.close()
        (self.folder / "victim").write_text(str(worker.pid))
        self.workers.append(worker)
        until(lambda: worker.poll() is not None or "ready" in self.log(worker), 60)
        return worker

    def log(self, worker: subprocess.Popen) -> str:
        return (self.folder / f"worker-{self.workers.index(worker)}.log").read_text()

    def ask(self, family: str, **more) -> int:
        asked = {"as_of": AS_OF, "author": Author("analyst", "ann"), "formats": (Format.HTML,)} | more
        with Session(self.installation.database) as session, session.begin():
            return queue.submit(session, Request(family, {}, **asked)).id

    def run(self, run: int) -> Run:
        with Session(self.installation.database) as session:
            return record.find(session, run)

    def counts(self, worker: str) -> bool:
        """Whether it is one of the workers that there are."""
        with Session(self.installation.database) as session:
            return session.get(Worker, worker) is not None

    def begun(self) -> list[int]:
        """Kernels that have come to the cell that waits."""
        return [int(path.name.removeprefix("begun-")) for path in self.folder.glob("begun-*")]

    def go(self) -> None:
        (self.folder / "go").touch()

    def ends(self, run: int, seconds: float = 60) -> Run:
        until(lambda: self.run(run).formed_at, seconds)
        return self.run(run)

    def is_published_once(self, run: int) -> None:
        found = self.run(run)
        assert found.state == State.GENERATED
        with Session(self.installation.database) as session:
            snapshots = session.query(Snapshot).filter_by(family=found.family).all()
            assert [each.id for each in snapshots] == [found.snapshot_id]
            assert session.query(Link).filter_by(snapshot_id=found.snapshot_id).count() == 1
        manifest = open_snapshot(self.installation.store, found.snapshot_id)
        assert b"gone on" in open_file(self.installation.store, manifest, "ipynb")
        until(lambda: not (self.installation.workspace.outputs / f"runs/{run}").exists())

    def dismiss(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()


def until(is_so, seconds=TAKEOVER):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come to that within {seconds} s"
        time.sleep(0.05)


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def crew(office, tmp_path, request):
    """The office's workers; each test has a family of its own, named as the test is."""
    made = Crew(office.installation, dict(office.environment), tmp_path, [])
    yield made
    made.dismiss()
    with Session(office.installation.database) as session, session.begin():
        session.execute(text("UPDATE run SET state = 'cancelled', formed_at = now() WHERE formed_at IS NULL"))
        session.execute(text("DELETE FROM procrastinate_jobs"))


def test_a_killed_workers_run_is_made_by_another(office, crew):  # F1
    office.write_notebook("killed", WAITS.format(folder=str(crew.folder)))
    first = crew.hire()
    run = crew.ask("killed")
    until(crew.begun, 60)
    (kernel,) = crew.begun()
    crew.hire()
    first.kill()
    first.wait()
    until(lambda: crew.run(run).attempt == 2)  # within the fifteen seconds
    until(lambda: is_gone(kernel))
    crew.go()
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)
    with Session(office.installation.database) as session:
        until(lambda: session.query(Worker).count() == 1)  # the dead one is forgotten


def test_a_worker_that_slept_through_its_lease_is_refused(office, crew):  # F4
    office.write_notebook("slept", WAITS.format(folder=str(crew.folder)))
    first = crew.hire()
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
    office.write_notebook("late", "print('gone on')")
    first = crew.hire()
    run = crew.ask("late")
    until(lambda: crew.run(run).state == State.GENERATING)
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
    worker = crew.hire()
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
    crew.hire()
    run = crew.ask("kernel")
    until(crew.begun, 60)
    os.kill(crew.begun()[0], signal.SIGKILL)
    until(lambda: crew.run(run).attempt == 2)
    crew.go()
    assert crew.ends(run).attempt == 2
    crew.is_published_once(run)


def test_what_a_notebook_does_wrong_is_not_tried_again(office, crew):
    office.write_notebook("wrong", "print(1)\n1 / 0")
    crew.hire()
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
    crew.hire()
    run = crew.ask("begin", data_version="999")
    assert crew.ends(run).error.startswith("the lake has no data version 999")
    with pytest.raises(StateError), Session(office.installation.database) as session:
        record.cancel(session, run, "olena")


def test_a_run_that_kills_its_worker_is_given_up(office, crew):  # F1
    kills = f"import os, pathlib, time\nplace = pathlib.Path({str(crew.folder)!r})\n"
    kills += "os.kill(int((place / 'victim').read_text()), 9)\ntime.sleep(60)"
    office.write_notebook("poison", kills)
    run = crew.ask("poison")
    for _ in range(3):
        if crew.run(run).formed_at:
            break
        worker = crew.hire(DAYBOOK_ATTEMPTS="2")
        until(lambda w=worker: w.poll() is not None or crew.run(run).formed_at, 60)
    found = crew.run(run)
    assert (found.state, found.attempt) == (State.ERROR, 2)
    assert found.error == "given up after 2 attempts: its worker died"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_end_gives_its_run_back(office, crew, ending):
    family = f"given_{ending.name.lower()}"
    office.write_notebook(family, WAITS.format(folder=str(crew.folder)))
    first = crew.hire()
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
    worker = crew.hire()
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
    run, bad = crew.ask("once"), crew.ask("there_is_none")
    worker = crew.hire("--once", "--concurrency", "1")
    assert worker.wait(60) == 0
    crew.is_published_once(run)
    assert crew.run(bad).error.startswith("no family named 'there_is_none'")
    lines = [line.split()[1] for line in crew.log(worker).splitlines()]
    assert lines == ["ready", "run", "run", "ended"]


def test_nothing_is_said_when_quiet(office, crew):
    worker = crew.hire("--once", "-q")
    assert worker.wait(60) == 0
    assert crew.log(worker) == ""


@pytest.fixture
def house(tmp_path):
    """A workspace with a database server of its own, which a test may stop."""
    root = Path(tempfile.mkdtemp(prefix="daybook-house-"))
    root.chmod(0o755)
    (root / "notebooks").mkdir()
    (root / "parameters").mkdir()
    cells = [
        new_markdown_cell("# Restarted"),
        new_code_cell(PARAMETERS),
        new_code_cell('interval: Interval = "last month"', metadata={"tags": ["parameters"]}),
        new_code_cell(WAITS.format(folder=str(tmp_path))),
    ]
    nbformat.write(new_notebook(cells=cells), root / "notebooks/restarted.ipynb")
    environment = {"DAYBOOK_HOME": str(root)}
    own = Workspace.find(environ=environment)
    writer.create(Address.of(own, reader=False))
    installation = Installation(own)
    made = Crew(installation, environment, tmp_path, [])
    yield made
    made.dismiss()
    installation.database.dispose()
    server.stop(own)
    shutil.rmtree(root)


def test_a_database_that_restarts_during_a_run_costs_nothing(house):  # F6
    worker = house.hire(DAYBOOK_LEASE="30")
    run = house.ask("restarted")
    until(house.begun, 60)
    cluster = Cluster.of(house.installation.workspace.outputs)
    with server._exclusive(cluster):  # or the worker, which misses it, starts it too
        cluster._run("pg_ctl", "-D", cluster.data, "-m", "immediate", "-w", "-t", 60, "restart")
    house.go()
    assert house.ends(run).attempt == 1
    house.is_published_once(run)
    assert worker.poll() is None
    again = house.ends(house.ask("restarted"))
    assert again.state == State.GENERATED


def test_a_database_that_is_away_when_a_report_is_published_is_waited_for(house):  # F6
    house.go()
    cluster = Cluster.of(house.installation.workspace.outputs)
    begun = []

    def away(step, done, total):
        if step == "sealing":
            cluster.stop()
            begun.append(threading.Timer(2.0, cluster.start))
            begun[0].start()

    asked = Request("restarted", {}, AS_OF, Author("analyst", "ann"), formats=(Format.HTML,))
    outcome = generate(asked, house.installation, away)
    assert begun
    assert house.run(outcome.run).attempt == 1
    house.is_published_once(outcome.run)


def test_a_database_that_stays_away_ends_the_run_and_not_the_worker(house):  # F6
    worker = house.hire(DAYBOOK_ATTEMPTS="3")
    run = house.ask("restarted")
    until(house.begun, 60)
    cluster = Cluster.of(house.installation.workspace.outputs)
    postgres = psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))
    stopped = [postgres, *postgres.children()]
    for each in stopped:
        each.suspend()  # it neither answers nor hangs up
    try:
        until(lambda: all(map(is_gone, house.begun())), LEASE + TAKEOVER)
    finally:
        for each in stopped:
            each.resume()
    house.go()
    assert house.ends(run, 90).state == State.GENERATED
    assert worker.poll() is None


def test_two_workers_share_what_there_is(office, crew):  # F7
    office.write_notebook("shared", "print('gone on')")
    workers = [crew.hire(), crew.hire()]
    runs = [crew.ask("shared", run_key=f"shared {number % 6}") for number in range(12)]
    assert len(set(runs)) == 6
    for run in set(runs):
        assert crew.ends(run, 90).state == State.GENERATED
        assert crew.run(run).attempt == 1
    deadline = time.monotonic() + 20
    while (done := sum(" run " in line for w in workers for line in crew.log(w).splitlines())) < 6:
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
