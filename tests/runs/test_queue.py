"""The queue: one job for a run that waits, whatever happened to the jobs before."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from reports_lib.database.roles import make_database
from reports_lib.database.schema import Run, State, Worker
from reports_lib.database.server import database_url
from reports_lib.database.url import connect, replaced
from reports_lib.errors import DatabaseError, NotebookError, StateError
from reports_lib.runs import queue, record, recovery, workers
from reports_lib.runs.identity import identity
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import SYSTEM, Request
from reports_lib.snapshots.manifest import Author
from reports_lib.workspace import Workspace

LEASE = 8
ASK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy.orm import Session
from reports_lib.database.engine import engine_of
from reports_lib.runs.queue import submit
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
engine = engine_of(sys.argv[1])
print("ready", flush=True)
input()
for number in range(20):
    request = Request("sales", {}, datetime(2026, 11, 1, tzinfo=UTC), Author("analyst", "ann"), run_key=f"key {number}")
    with Session(engine) as session, session.begin():
        print(submit(session, request).id, flush=True)
"""


@pytest.fixture(scope="module")
def installation(workspace, tmp_path_factory):
    """A database of runs, and nothing else."""
    main = database_url(workspace)
    root = tmp_path_factory.mktemp("queue")
    url = make_database(replaced(main, dbname="queue"), beside=main)
    made = Installation(Workspace(root, root / "outputs", database_url=url))
    yield made
    made.database.dispose()


@pytest.fixture
def session(installation):
    with Session(installation.database) as session, session.begin():
        yield session
        session.rollback()


def request(**more):
    asked = {"as_of": datetime(2026, 11, 1, tzinfo=UTC), "author": Author("analyst", "ann")} | more
    return Request("sales", {}, **asked)


def jobs(session):
    return session.execute(text("SELECT args, status::text, priority FROM procrastinate_jobs ORDER BY id")).all()


def test_a_job_is_a_runs_number_and_nothing_else(session):  # T17
    run = queue.submit(session, request())
    assert jobs(session) == [({"run": run.id}, "todo", queue.PEOPLE)]


def test_run_and_job_are_one_transaction(installation):
    with Session(installation.database) as session:
        queue.submit(session, request(run_key="never"))
        session.rollback()
    with Session(installation.database) as session:
        assert jobs(session) == []
        assert not session.scalars(select(Run).where(Run.run_key == "never")).all()


def test_a_worker_hears_of_a_job_when_it_is_committed(installation):
    with connect(installation.workspace.database_url) as listener:
        listener.execute('LISTEN "procrastinate_any_queue_v1"')
        with Session(installation.database) as session, session.begin():
            queue.submit(session, request(run_key="heard"))
            assert not list(listener.notifies(timeout=0.2, stop_after=1))
        assert list(listener.notifies(timeout=5, stop_after=1))
    with Session(installation.database) as session, session.begin():
        session.execute(text("DELETE FROM procrastinate_jobs"))
        record.cancel(session, session.scalars(select(Run.id)).one(), "tests")


def test_eight_processes_that_ask_with_one_key_ask_for_one_run(installation):  # F7
    url = installation.workspace.database_url
    program = [sys.executable, "-c", ASK, url]
    asking = [
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(8)
    ]
    for each in asking:
        assert each.stdout.readline() == "ready\n"
    for each in asking:
        each.stdin.write("\n")
        each.stdin.flush()
    answers = [each.communicate(timeout=60)[0].split() for each in asking]
    assert [each.returncode for each in asking] == [0] * 8
    assert len(answers[0]) == 20
    assert answers == [answers[0]] * 8
    with Session(installation.database) as session, session.begin():
        assert sorted(row.args["run"] for row in jobs(session)) == sorted(map(int, answers[0]))
        session.execute(text("DELETE FROM procrastinate_jobs"))
        session.execute(text("DELETE FROM run"))


def test_people_come_before_the_schedule(session):
    scheduled = queue.submit(session, request(run_key="schedule:daily@2026-11-01T06:00:00+00:00"))  # whoever owns it
    asked = queue.submit(session, request())
    order = []
    worker = session.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
    fetch = text("SELECT args FROM procrastinate_fetch_job_v2(NULL, :worker)")
    for _ in range(2):
        order.append(session.scalar(fetch, {"worker": worker})["run"])
    assert order == [asked.id, scheduled.id]


def test_what_was_begun_and_lost_comes_first(session):
    fresh, lost = queue.submit(session, request()), queue.submit(session, request(author=SYSTEM))
    session.execute(text("DELETE FROM procrastinate_jobs"))
    session.execute(text("UPDATE run SET attempt = 1 WHERE id = :lost"), {"lost": lost.id})
    session.expire_all()
    assert queue.reconcile(session, LEASE) == 2
    assert jobs(session) == [
        ({"run": fresh.id}, "todo", queue.PEOPLE),
        ({"run": lost.id}, "todo", queue.AGAIN),
    ]


def test_a_job_that_waited_already_comes_first_too_once_its_run_was_lost(session):
    lost = queue.submit(session, request(author=SYSTEM))
    assert record.take(session, lost.id, "a worker that nobody knows")
    session.execute(text("UPDATE run SET heartbeat_at = now() - interval '1 day' WHERE id = :lost"), {"lost": lost.id})
    assert [each.run for each in recovery.recover(session, Workspace(None, None))] == [lost.id]
    assert jobs(session) == [({"run": lost.id}, "todo", queue.AGAIN)]


def test_a_run_without_a_job_gets_one(session):
    run = queue.submit(session, request())
    session.execute(text("DELETE FROM procrastinate_jobs"))  # its worker died between the job and the run
    assert queue.reconcile(session, LEASE) == 1
    assert queue.reconcile(session, LEASE) == 0
    assert jobs(session) == [({"run": run.id}, "todo", queue.PEOPLE)]


def test_a_run_that_is_not_due_waits(session):
    run = queue.submit(session, request())
    session.execute(text("DELETE FROM procrastinate_jobs"))
    assert record.take(session, run.id, identity())
    record.again(session, run.id, 1, DatabaseError("away"), wait=60)
    assert queue.reconcile(session, LEASE) == 0
    assert record.take(session, run.id, identity()) is None
    session.execute(update(Run).where(Run.id == run.id).values(due_at=record.NOW()))
    assert queue.reconcile(session, LEASE) == 1
    assert record.take(session, run.id, identity()).number == 2


@pytest.mark.parametrize("silence", ["worker_id = NULL", "last_heartbeat = last_heartbeat - interval '1 minute'"])
def test_jobs_of_dead_workers_are_removed(session, silence):
    """Procrastinate itself would leave them with the dead for ever."""
    run = queue.submit(session, request())
    worker = session.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
    session.execute(text("SELECT procrastinate_fetch_job_v2(NULL, :worker)"), {"worker": worker})
    assert record.take(session, run.id, identity())
    queue.reconcile(session, LEASE)
    assert [row.status for row in jobs(session)] == ["doing"]  # somebody is at it
    table = "procrastinate_jobs" if "worker_id" in silence else "procrastinate_workers"
    session.execute(text(f"UPDATE {table} SET {silence}"))
    queue.reconcile(session, LEASE)
    assert jobs(session) == []


def test_a_retry_wakes_a_worker(session):
    run = queue.submit(session, request())
    with pytest.raises(StateError):
        queue.retry(session, run.id)
    record.take(session, run.id, identity())
    record.fail(session, run.id, 1, NotebookError("1 / 0"))
    session.execute(text("DELETE FROM procrastinate_jobs"))
    assert queue.retry(session, run.id).state == State.QUEUED
    queue.wake(session, run)  # one is enough
    assert len(jobs(session)) == 1


def test_a_worker_is_there_while_it_gives_signs_of_life(session):
    assert not workers.has_worker(session, LEASE)
    workers.beat(session, identity())
    assert workers.has_worker(session, LEASE)
    late = record.NOW() - timedelta(seconds=LEASE + 1)
    session.execute(update(Worker).values(heartbeat_at=late))
    assert not workers.has_worker(session, LEASE)
    workers.forget(session)
    assert session.scalars(select(Worker.id)).all() == [identity()]  # silent, but it lives, and may come back
    session.execute(update(Worker).values(heartbeat_at=record.NOW() - workers.FORGOTTEN * 2))
    workers.forget(session)
    assert not session.scalars(select(Worker.id)).all()


def test_a_dead_worker_is_none_however_fresh_its_heartbeat(session):
    process = subprocess.Popen(["sleep", "60"])
    worker = identity(process.pid)
    workers.beat(session, worker)
    assert workers.has_worker(session, LEASE)
    process.kill()
    process.wait()
    assert not workers.has_worker(session, LEASE)
    workers.forget(session)
    assert not session.scalars(select(Worker.id)).all()
