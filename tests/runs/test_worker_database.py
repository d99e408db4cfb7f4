"""Workers whose database restarts, goes away or stays away."""

import threading

import psutil
import pytest

from reports_lib.database import server
from reports_lib.database.cluster import Cluster
from reports_lib.database.schema import State
from reports_lib.rendering.formats import Format
from reports_lib.runs.generate import generate
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from tests.runs.conftest import AS_OF
from tests.runs.crew import LEASE, TAKEOVER, is_gone, until

pytestmark = pytest.mark.kernel


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
