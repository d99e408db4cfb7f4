"""The hold on a run: an attempt that loses it ends."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from reports_lib.database.engine import engine_of
from reports_lib.database.notices import RUN
from reports_lib.database.roles import make_database
from reports_lib.database.schema import Run, State
from reports_lib.database.server import database_url
from reports_lib.database.url import connect, replaced
from reports_lib.errors import CancelledError, DatabaseError, NotebookError, StateError
from reports_lib.kernels.guard import Guard
from reports_lib.kernels.limits import Limits
from reports_lib.runs import record
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.lease import Lease
from reports_lib.runs.record import Place
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.workspace import Workspace


@pytest.fixture(scope="module")
def installation(workspace, tmp_path_factory):
    """A database of runs, and nothing else."""
    main = database_url(workspace)
    root = tmp_path_factory.mktemp("lease")
    url = make_database(replaced(main, dbname="lease"), beside=main)
    made = Installation(Workspace(root, root / "outputs", database_url=url))
    yield made
    made.database.dispose()


@pytest.fixture
def taken(installation):
    with Session(installation.database) as session, session.begin():
        asked = Request("sales", {}, datetime(2026, 11, 1, tzinfo=UTC), Author("analyst", "ann"))
        return record.take(session, record.record(session, asked).run.id, identity())


@pytest.fixture
def guard(installation):
    return Guard(Limits.of(installation.workspace))


def change(installation, run, **values):
    with Session(installation.database) as session, session.begin():
        session.execute(update(Run).where(Run.id == run).values(**values))


def row(installation, run):
    with Session(installation.database) as session:
        return record.find(session, run)


def until(is_so, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def ended(guard):
    try:
        guard.check()
    except (CancelledError, DatabaseError, StateError) as why:
        return why
    return None


def test_it_is_renewed_and_says_how_far_the_run_is(installation, taken, guard):
    first = row(installation, taken.run).heartbeat_at
    with Lease(installation.database, taken, guard, seconds=1) as lease:
        until(lambda: row(installation, taken.run).heartbeat_at > first)
        for number in range(100_000):  # whoever tells it never waits
            lease.at(Place("executing", f"cell {number}", number, 100_000))
        until(lambda: row(installation, taken.run).step == "cell 99999")
    found = row(installation, taken.run)
    assert (found.stage, found.done, found.total) == ("executing", 99_999, 100_000)
    assert ended(guard) is None


def test_whoever_watches_is_told_of_progress_and_not_of_mere_signs_of_life(installation, taken, guard):
    with connect(installation.workspace.database_url) as listener:
        listener.execute(f"LISTEN {RUN}")
        with Lease(installation.database, taken, guard, seconds=0.4) as lease:
            assert not list(listener.notifies(timeout=0.6, stop_after=1))
            lease.at(Place("executing", "The sums", 3, 7))
            assert [n.payload for n in listener.notifies(timeout=5, stop_after=1)] == [str(taken.run)]


def test_a_run_that_somebody_else_has_is_let_go(installation, taken, guard):  # F4
    with Lease(installation.database, taken, guard, seconds=1):
        change(installation, taken.run, attempt=2)
        until(lambda: ended(guard))
    assert "taken over by another attempt" in str(ended(guard))
    assert row(installation, taken.run).attempt == 2


def test_a_cancelled_run_ends_at_once_when_it_is_told_to_look(installation, taken, guard):
    with Lease(installation.database, taken, guard, seconds=600) as lease:
        with Session(installation.database) as session, session.begin():
            record.cancel(session, taken.run, "olena")
        assert ended(guard) is None
        lease.look()
        until(lambda: ended(guard))
    assert str(ended(guard)) == f"run {taken.run} was cancelled by olena"
    assert isinstance(ended(guard), CancelledError)


def test_a_cancelled_run_ends_soon_when_nobody_tells(installation, taken, guard):
    with Lease(installation.database, taken, guard, seconds=1):
        change(installation, taken.run, state=State.CANCELLED, formed_at=record.NOW(), error="cancelled by olena")
        until(lambda: ended(guard))


def test_who_cannot_renew_for_a_whole_lease_ends_itself(taken, guard):
    nowhere = engine_of("postgresql://nobody@127.0.0.1:1/gone")
    began = time.monotonic()
    with Lease(nowhere, taken, guard, seconds=1):
        until(lambda: ended(guard))
    assert time.monotonic() - began >= 1
    assert isinstance(ended(guard), DatabaseError)
    assert "did not answer for 1 seconds" in str(ended(guard))


def test_an_outage_shorter_than_a_lease_is_survived(installation, taken, guard, monkeypatch):
    renew, away = record.renew, []

    def shaky(session, run, attempt, place=None):
        if len(away) < 3:
            away.append(1)
            raise DatabaseError("away")
        return renew(session, run, attempt, place)

    monkeypatch.setattr(record, "renew", shaky)
    first = row(installation, taken.run).heartbeat_at
    with Lease(installation.database, taken, guard, seconds=4):
        until(lambda: row(installation, taken.run).heartbeat_at > first)
    assert ended(guard) is None


def test_a_run_that_failed_meanwhile_is_lost(installation, taken, guard):
    with Lease(installation.database, taken, guard, seconds=0.4):
        with Session(installation.database) as session, session.begin():
            record.fail(session, taken.run, taken.number, NotebookError("said by another thread"))
        until(lambda: ended(guard))
    assert isinstance(ended(guard), StateError)
