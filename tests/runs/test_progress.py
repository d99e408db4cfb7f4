"""Following a run: what is said of it, in which order, and what happens when the database goes away."""

import shutil
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func

from reports_lib.database.cluster import Cluster
from reports_lib.database.schema import State
from reports_lib.errors import DatabaseError, UnknownNameError
from reports_lib.runs import progress
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import follow, look
from reports_lib.workspace import Workspace
from tests.portal.rows import ERROR, Rows

FOR_EVER = 20.0  # seconds between looks: what is heard sooner was told by the database


@pytest.fixture
def rows(workspace):
    installation = Installation(workspace)
    rows = Rows(installation)
    yield rows
    rows.clear()
    installation.database.dispose()


@pytest.fixture
def own():
    """A server of our own, which is stopped and started, and an installation on it."""
    root = Path(tempfile.mkdtemp(prefix="daybook-progress-"))
    root.chmod(0o755)  # reachable for the user who runs Postgres where we are root
    cluster = Cluster.of(root / "outputs")
    cluster.make_home()
    cluster.start()
    installation = Installation(Workspace(root, root / "outputs", database_url=cluster.url))
    yield installation, cluster
    installation.database.dispose()
    cluster.stop()
    shutil.rmtree(root)


def test_each_change_is_told_until_the_run_has_ended(rows):
    run = rows.add()
    seen = []
    following = follow(rows.installation, run, FOR_EVER)
    seen.append(next(following))
    began = time.monotonic()
    changes = [
        {"state": State.GENERATING, "stage": "executing", "step": "The sums", "done": 2, "total": 9},
        {"done": 3},
        {"state": State.ERROR, "error": "'The sums' raised ValueError: no", **ERROR},
    ]
    for change in changes:
        teller = threading.Timer(0.2, rows.change, [run], change)
        teller.start()
        seen.append(next(following))
        teller.join()
    assert time.monotonic() - began < FOR_EVER  # told by the database, not looked for
    assert list(following) == []  # it has ended
    assert [(s.state, s.step, s.cell) for s in seen] == [
        ("queued", None, None),
        ("generating", "The sums", 3),
        ("generating", "The sums", 4),
        ("error", "The sums", 4),
    ]
    assert seen[-1].error == "'The sums' raised ValueError: no"
    assert seen[-1].snapshot is None  # it never looks like success


def test_a_change_that_nobody_told_of_is_seen(rows):
    run = rows.add()
    following = follow(rows.installation, run, 0.1)
    next(following)
    rows.change(run, quietly=True, state=State.CANCELLED)
    assert next(following).state == "cancelled"


def test_news_of_other_runs_and_of_nothing_new_are_not_passed_on(rows):
    run, other = rows.add(), rows.add()
    following = follow(rows.installation, run, FOR_EVER)
    next(following)

    def others():
        rows.change(other, state=State.GENERATING)
        rows.change(run, due_at=func.now())  # nothing that anybody watches
        rows.change(run, state=State.GENERATING)

    teller = threading.Timer(0.3, others)
    teller.start()
    assert next(following).state == "generating"
    teller.join()


def test_one_that_has_ended_is_told_once(rows):
    run = rows.add(State.CANCELLED)
    assert [s.state for s in follow(rows.installation, run)] == ["cancelled"]


def test_a_run_that_there_is_not(rows):
    with pytest.raises(UnknownNameError, match="no run numbered"):
        next(follow(rows.installation, 10**9))


def test_time_is_that_of_the_attempt(rows):
    now = datetime.now(UTC)
    asked, started = now - timedelta(hours=2), now - timedelta(minutes=1)
    waiting = rows.add(requested_at=asked)
    running = rows.add(State.GENERATING, requested_at=asked, started_at=started)
    ended = rows.add(State.ERROR, requested_at=asked, started_at=started, formed_at=started + timedelta(seconds=7))
    seconds = [look(rows.installation, run).elapsed for run in (waiting, running, ended)]
    assert seconds == [pytest.approx(7200, abs=30), pytest.approx(60, abs=30), 7.0]


def test_a_database_that_restarts_is_waited_for(own):
    installation, cluster = own
    rows = Rows(installation)
    run = rows.add()
    following = follow(installation, run, FOR_EVER)
    next(following)

    def restart():
        cluster.stop()
        time.sleep(0.5)
        cluster.start()
        rows.change(run, state=State.GENERATING, step="The sums")

    restarting = threading.Timer(0.3, restart)
    restarting.start()
    assert next(following).step == "The sums"
    restarting.join()


def test_a_database_that_stays_away_is_told(own, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.5)
    installation, cluster = own
    following = follow(installation, Rows(installation).add(), 0.1)
    next(following)
    cluster.stop()
    with pytest.raises(DatabaseError):
        next(following)
