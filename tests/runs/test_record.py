"""The run's row: every change guarded by the attempt it belongs to, whatever order changes come in."""

import os
import subprocess
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from reports_lib.database.roles import make_database
from reports_lib.database.schema import AuditEntry, Mail, Run, Snapshot, State
from reports_lib.database.server import database_url
from reports_lib.database.url import replaced
from reports_lib.errors import DatabaseError, DaybookError, NotebookError, StateError, UnknownNameError
from reports_lib.rendering.formats import Format
from reports_lib.runs import record, recovery
from reports_lib.runs.identity import identity, is_dead
from reports_lib.runs.installation import Installation
from reports_lib.runs.record import Place
from reports_lib.runs.request import Request
from reports_lib.snapshots import index
from reports_lib.snapshots.manifest import Author, Manifest
from reports_lib.workspace import Workspace

ATTEMPTS = 3
ELSEWHERE = "another-boot/1/1/1"  # a worker of whom only heartbeats tell
_number = count(1)


@pytest.fixture(scope="module")
def installation(workspace, tmp_path_factory):
    """A database of runs, and nothing else."""
    main = database_url(workspace)
    root = tmp_path_factory.mktemp("record")
    url = make_database(replaced(main, dbname="record"), beside=main)
    made = Installation(Workspace(root, root / "outputs", database_url=url, attempts=ATTEMPTS, lease=8))
    yield made
    made.database.dispose()


@pytest.fixture
def session(installation):
    with Session(installation.database) as session, session.begin():
        yield session
        session.rollback()


def request(**more):
    asked = {"as_of": datetime(2026, 11, 1, tzinfo=UTC), "author": Author("analyst", "ann", "acme")} | more
    return Request("sales", {"interval": "last month", "tags": ["a", "b"]}, **asked)


def manifest():
    number = next(_number)
    return Manifest(
        family="sales", title="Sales", set_name=None, asked={}, resolved={"interval": "2026-10-01/2026-10-31"},
        labels={}, requested_interval=None, data_interval=None,
        as_of=datetime(2026, 11, 1, tzinfo=UTC), time_zone="UTC",
        data_version=str(number), notebook_sha256="0" * 64, code_version="0", generated_by=Author("analyst", "ann"),
        generated_at=datetime(2026, 11, 1, tzinfo=UTC), duration_ms=number,
    )  # fmt: skip


def published(session, run, attempt):
    made = manifest()
    index.insert(session, made)
    session.flush()
    return record.succeed(session, run, attempt, made)


def age(session, run, seconds):
    """Let a run's heartbeat be so old, by the database's clock."""
    session.execute(
        text("UPDATE run SET heartbeat_at = heartbeat_at - make_interval(secs => :s) WHERE id = :i"),
        {"s": seconds, "i": run},
    )


def row(session, run):
    return session.get_one(Run, run, populate_existing=True)


def test_what_was_asked_comes_back_as_it_was_asked(session):
    asked = request(
        set_name="monthly", formats=(Format.PDF, Format.XLS), data_version="7", supersedes="ab" * 32,
        recipients=("a@example.com", "b@example.com"), owner="o@example.com", entry="monthly", run_key="k",
    )  # fmt: skip
    run, is_new = record.record(session, asked)
    assert is_new
    assert record.take(session, run.id, identity()).request == asked
    assert record.record(session, asked) == (run, False)


def test_a_late_report_changes_nothing(session):  # F4
    run = record.record(session, request()).run.id
    first = record.take(session, run, ELSEWHERE)
    age(session, run, 9)
    (lost,) = [each for each in recovery.recover(session, Workspace(None, None, attempts=ATTEMPTS)) if each.run == run]
    assert (lost.attempt, lost.worker, lost.state) == (1, ELSEWHERE, State.QUEUED)
    second = record.take(session, run, identity())
    assert (first.number, second.number) == (1, 2)
    for late in (
        lambda: record.renew(session, run, 1),
        lambda: record.fail(session, run, 1, NotebookError("late")),
        lambda: record.again(session, run, 1, DatabaseError("late")),
        lambda: record.release(session, run, 1),
        lambda: published(session, run, 1),
    ):
        assert not late()
        assert (row(session, run).state, row(session, run).attempt) == (State.GENERATING, 2)
    assert published(session, run, 2)
    assert not record.fail(session, run, 2, NotebookError("after the end"))
    assert row(session, run).state == State.GENERATED


def test_only_the_databases_clock_counts(session):  # F8
    run = record.record(session, request(), datetime(1999, 1, 1, tzinfo=UTC)).run.id
    taken = record.take(session, run, ELSEWHERE)
    now = session.scalar(select(record.NOW()))
    found = row(session, run)
    assert abs((now - found.heartbeat_at).total_seconds()) < 5
    assert found.started_at == found.heartbeat_at or abs((found.started_at - found.heartbeat_at).total_seconds()) < 1
    assert not recovery.recover(session, Workspace(None, None))
    assert taken.waited < 5


def test_nobody_is_waited_for_who_never_gave_a_sign_of_life(session):  # a comparison with nothing is never true
    run = record.record(session, request()).run.id
    record.take(session, run, ELSEWHERE)
    session.execute(text("ALTER TABLE run DROP CONSTRAINT run_generating_check"))
    session.execute(update(Run).where(Run.id == run).values(heartbeat_at=None))
    assert [lost.run for lost in recovery.recover(session, Workspace(None, None))] == [run]


def test_a_dead_process_of_this_machine_is_seen_at_once(session):  # F1
    process = subprocess.Popen(["sleep", "60"])
    worker = identity(process.pid)
    run = record.record(session, request()).run.id
    record.take(session, run, worker)
    assert not is_dead(worker)
    assert not recovery.recover(session, Workspace(None, None))
    process.kill()
    process.wait()
    assert is_dead(worker)
    assert [lost.run for lost in recovery.recover(session, Workspace(None, None))] == [run]


def test_whom_we_cannot_see_may_live():
    boot, namespace, pid, start = identity().split("/")
    assert not is_dead(identity())
    assert is_dead(f"{boot}/{namespace}/{pid}/{int(start) - 1}")  # its number went to somebody else: us
    assert is_dead(f"{boot}/{namespace}/{2**22 + 1}/{start}")
    for foreign in (f"{boot}/1/{pid}/1", f"other/{namespace}/{pid}/1", "", "x", f"{boot}/{namespace}/x/1"):
        assert not is_dead(foreign)


def test_what_cannot_be_done_says_what_can(session):
    run = record.record(session, request()).run.id
    with pytest.raises(StateError, match=f"run {run} is queued; only one that failed or was cancelled is retried"):
        record.retry(session, run)
    record.take(session, run, identity())
    assert record.take(session, run, identity()) is None
    record.cancel(session, run, "olena")
    assert row(session, run).error == "cancelled by olena"
    with pytest.raises(StateError, match="was cancelled and cannot be cancelled"):
        record.cancel(session, run, "olena")
    assert session.scalars(select(AuditEntry.who).where(AuditEntry.object == f"run {run}")).all() == ["olena"]
    record.retry(session, run)
    assert (row(session, run).state, row(session, run).error, row(session, run).attempt) == (State.QUEUED, None, 1)
    assert record.take(session, run, identity()).number == 2
    published(session, run, 2)
    for change in (lambda: record.retry(session, run), lambda: record.cancel(session, run, "olena")):
        with pytest.raises(StateError, match="has made its report"):
            change()
    with pytest.raises(UnknownNameError, match="no run numbered 999999; the last is"):
        record.cancel(session, 999_999, "olena")


def test_any_text_fits_a_row(session):
    run = record.record(session, request()).run.id
    record.take(session, run, identity())
    assert record.renew(session, run, 1, Place("executing", "a\0b\n\ud800", 1, 2))
    assert row(session, run).step == "a\\0b \\ud800"
    assert record.fail(session, run, 1, NotebookError("x\0\n" + "y" * 10_000 + "\udfff"))
    assert row(session, run).error.startswith("x\\0 yyy")
    assert len(row(session, run).error) == record.LONGEST


@pytest.mark.parametrize(
    ("error", "state"), [(DatabaseError("away"), State.QUEUED), (NotebookError("1 / 0"), State.ERROR)]
)
def test_only_what_can_heal_is_tried_again(session, installation, error, state):
    run = record.record(session, request(owner="o@example.com")).run.id
    record.take(session, run, identity())
    assert recovery.settle(session, run, 1, error, installation.workspace) == state
    found = row(session, run)
    assert found.state == state
    assert (found.due_at > session.scalar(select(record.NOW()))) == (state == State.QUEUED)  # after a while
    assert session.scalars(select(Mail.recipient)).all() == (["o@example.com"] if state == State.ERROR else [])


def test_a_run_that_kills_its_workers_is_given_up(session, installation):  # F1
    run = record.record(session, request(owner="o@example.com")).run.id
    for attempt in range(1, ATTEMPTS + 1):
        assert record.take(session, run, ELSEWHERE).number == attempt
        age(session, run, 9)
        recovery.recover(session, installation.workspace)
    found = row(session, run)
    assert (found.state, found.attempt) == (State.ERROR, ATTEMPTS)
    assert found.error == f"given up after {ATTEMPTS} attempts: its worker was silent for 8 seconds"
    assert len(session.scalars(select(Mail)).all()) == 1  # once, at the end
    assert record.take(session, run, ELSEWHERE) is None


class Rows(RuleBasedStateMachine):
    """Runs, and workers that take, renew, finish, fail, die and come too late, against a model of dicts."""

    installation: Installation

    def __init__(self):
        super().__init__()
        self.runs: dict[int, dict] = {}

    def change(self, do):
        with Session(self.installation.database) as session, session.begin():
            return do(session)

    @initialize()
    def empty(self):
        self.change(lambda s: [s.execute(delete(table)) for table in (Mail, Run, Snapshot)])

    @rule(key=st.integers(0, 2))
    def ask(self, key):
        with Session(self.installation.database) as session, session.begin():
            made = record.record(session, request(run_key=f"key {key}"))
            run, is_new = made.run.id, made.is_new
        assert is_new == (run not in self.runs)
        self.runs.setdefault(run, {"key": key, "state": "queued", "attempt": 0, "silent": False, "snapshot": None})
        assert self.runs[run]["key"] == key

    def pick(self, data):
        return data.draw(st.sampled_from(sorted(self.runs)))

    def report(self, data, do, expected):
        """Do as one of the attempts there ever were; only the living one may change anything."""
        run = self.pick(data)
        model = self.runs[run]
        attempt = data.draw(st.integers(1, max(model["attempt"], 1)))
        is_ours = model["state"] == "generating" and attempt == model["attempt"]
        assert bool(self.change(lambda s: do(s, run, attempt))) == is_ours
        if is_ours:
            model |= expected(model)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def take(self, data):
        run = self.pick(data)
        model = self.runs[run]
        taken = self.change(lambda s: record.take(s, run, ELSEWHERE))
        assert (taken is not None) == (model["state"] == "queued")
        if taken:
            model |= {"state": "generating", "attempt": model["attempt"] + 1, "silent": False}
            assert taken.number == model["attempt"]

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def renew(self, data):
        self.report(
            data, lambda s, r, a: record.renew(s, r, a, Place("executing", "x", 1, 2)), lambda m: {"silent": False}
        )

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def succeed(self, data):
        def do(session, run, attempt):
            with session.begin_nested() as inner:
                is_done = published(session, run, attempt)
                if not is_done:
                    inner.rollback()
            return is_done

        self.report(data, do, lambda m: {"state": "generated", "snapshot": True})

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), error=st.sampled_from([NotebookError("bad"), DatabaseError("away"), DaybookError("odd")]))
    def fail(self, data, error):
        workspace = self.installation.workspace

        def expected(model):
            return {"state": "queued" if error.can_heal and model["attempt"] < ATTEMPTS else "error"}

        def do(session, run, attempt):
            state = recovery.settle(session, run, attempt, error, workspace)
            session.execute(update(Run).where(Run.id == run, Run.state == State.QUEUED).values(due_at=record.NOW()))
            return state

        self.report(data, do, expected)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def give_back(self, data):
        self.report(data, record.release, lambda m: {"state": "queued"})

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def crash(self, data):
        """Whoever makes it says nothing any more."""
        run = self.pick(data)
        if self.runs[run]["state"] == "generating":
            self.change(lambda s: age(s, run, 60))
            self.runs[run]["silent"] = True

    @rule()
    def sweep(self):
        lost = self.change(lambda s: recovery.recover(s, self.installation.workspace))
        silent = {run for run, model in self.runs.items() if model["state"] == "generating" and model["silent"]}
        assert {each.run for each in lost} == silent
        for run in silent:
            model = self.runs[run]
            model |= {"state": "queued" if model["attempt"] < ATTEMPTS else "error", "silent": False}

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def cancel(self, data):
        self.order(data, lambda s, run: record.cancel(s, run, "ann"), ("queued", "generating"), "cancelled")

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def retry(self, data):
        self.order(data, record.retry, ("error", "cancelled"), "queued")

    def order(self, data, do, allowed, after):
        run = self.pick(data)
        model = self.runs[run]
        try:
            self.change(lambda s: do(s, run))
        except StateError:
            assert model["state"] not in allowed
        else:
            assert model["state"] in allowed
            model["state"] = after

    @invariant()
    def rows_are_as_the_model(self):
        with Session(self.installation.database) as session:
            found = {r.id: (r.state, r.attempt, r.snapshot_id is not None) for r in session.scalars(select(Run))}
            assert session.query(Snapshot).count() == sum(bool(m["snapshot"]) for m in self.runs.values())
        assert found == {run: (m["state"], m["attempt"], bool(m["snapshot"])) for run, m in self.runs.items()}


def test_whatever_happens_in_whatever_order(installation):
    Rows.installation = installation
    machine = Rows.TestCase
    machine.settings = settings(
        max_examples=int(os.environ.get("DAYBOOK_EXAMPLES", "25")), stateful_step_count=30, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    machine().runTest()
