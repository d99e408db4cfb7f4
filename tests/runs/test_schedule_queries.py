"""Saved queries that are asked for by the clock: in whose name, when, and what happens when that is no longer his."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.database.schema import Account, Decision, Mail, Run, State, Tick
from reports_lib.errors import SettingError
from reports_lib.parameters.query import Query, write_query
from reports_lib.runs import clock
from reports_lib.runs.make import Making, Manner, Tools
from reports_lib.runs.record import take
from reports_lib.runs.schedule import read_entries, read_schedule
from reports_lib.runs.timekeeper import Timekeeper
from reports_lib.snapshots.seal import open_snapshot

NAME = "query:sales/board"
BEFORE = datetime(2024, 4, 1, tzinfo=UTC)
TICK = datetime(2024, 4, 2, 6, tzinfo=UTC)
NOW = TICK + timedelta(seconds=3)
QUERY = Query(
    {"interval": "last month"},
    name="The board's figures",
    visibility="company",
    owner="ann",
    company="9",
    formats=("html", "pdf"),
    recipients=("board@example.com",),
    cron="0 6 * * *",
    time_zone="UTC",
)


@pytest.fixture
def desk(office):
    """The office with a query `sales/board` of Ann's, saved before it is due; `desk(query)` saves another."""
    office.write_notebook("sales", "print(interval)")
    path = office.workspace.parameters / "sales/board.yaml"

    def save(query=QUERY, at=BEFORE):
        write_query(path, query)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return read_entries(office.workspace)

    save.path = path
    yield save
    path.unlink(missing_ok=True)
    with Session(office.installation.database) as session, session.begin():
        for table in (Mail, Run, Tick, Account):
            session.query(table).delete()


def sign_up(office, **values):
    """Ann's account."""
    plain = {"name": "ann", "role": Role.ANALYST, "email": "ann@example.com", "password_hash": "x"}
    with Session(office.installation.database) as session, session.begin():
        session.add(Account(**plain | {"password_at": NOW, "made_at": NOW} | values))


def change(office, **values):
    with Session(office.installation.database) as session, session.begin():
        session.execute(update(Account).values(**values))


def look(office, now=NOW):
    return clock.look(office.installation, read_entries(office.workspace)[0], now)


def test_a_query_is_asked_for_in_its_owners_name_as_he_is_then(office, desk):
    desk()
    sign_up(office, company="2")  # the file says 9
    (decided,) = look(office)
    assert (decided.entry, decided.tick, decided.decision, len(decided.runs)) == (NAME, TICK, Decision.ASKED, 1)
    (run,) = office.runs(set_name="board")
    assert (run.role, run.user_name, run.company) == ("analyst", "ann", "2")
    assert (run.run_key, run.as_of, run.entry) == (f"schedule:{NAME}@{TICK.isoformat()}", TICK, NAME)
    assert (run.asked, run.set_name, run.name) == ({"interval": "last month"}, "board", "The board's figures")
    assert (run.recipients, run.owner) == (["board@example.com"], "ann@example.com")
    assert look(office) == []  # each tick once
    assert look(office, NOW + timedelta(days=1))[0].tick == TICK + timedelta(days=1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (None, "its owner 'ann' is no user"),
        ({"disabled_at": NOW}, "its owner 'ann' is disabled"),
        ({"role": Role.BILLING}, "its owner 'ann' may not schedule reports any more"),
        ({"role": Role.VIEWER}, "its owner 'ann' may not schedule reports any more"),
    ],
)
def test_nothing_is_asked_for_whom_it_is_not_allowed(office, desk, values, reason):
    """Fails closed: there is no run of the whole group's data, and none later when he may again."""
    desk()
    if values is not None:
        sign_up(office, **values)
    (decided,) = look(office)
    assert (decided.decision, decided.runs, str(decided.error)) == (Decision.REFUSED, (), reason)
    assert office.runs() == []
    with Session(office.installation.database) as session:
        assert session.scalars(select(Tick.decision)).all() == [Decision.REFUSED]
    if values:
        change(office, role=Role.ANALYST, disabled_at=None)
        assert look(office) == []
        assert [each.decision for each in look(office, NOW + timedelta(days=1))] == [Decision.ASKED]


def test_a_query_of_nobody_has_no_schedule(office, desk):
    entries, problems = desk(Query({}, cron="0 6 * * *"))
    assert entries == []
    assert str(problems[NAME]) == (
        "sales/board.yaml: a query with a cron line needs an owner, in whose name it is asked for"
    )


def test_what_was_due_before_it_was_saved_is_not_wanted(office, desk):
    desk(at=TICK + timedelta(seconds=1))
    sign_up(office)
    assert [each.decision for each in look(office)] == [Decision.MISSED]
    assert office.runs() == []
    assert [each.decision for each in look(office, NOW + timedelta(days=1))] == [Decision.ASKED]


def test_of_ticks_that_were_missed_the_last_is_made(office, desk):
    desk()
    sign_up(office)
    look(office)
    decided = look(office, NOW + timedelta(days=3))
    assert [each.decision for each in decided] == [Decision.MISSED, Decision.MISSED, Decision.ASKED]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query: {cron: 0 6 * * *, owner: ann, nam: x}", "sales/board.yaml, line 1: query has no 'nam'"),
        ("query: {cron: x y, owner: ann}", "sales/board.yaml: cron 'x y' cannot be read"),
        ("query: {cron: 0 6 * * *, owner: ann, time_zone: Mars/Base}", "sales/board.yaml: 'Mars/Base' is not"),
        ("query: {cron: 0 6 * * *, owner: ann, formats: [doc]}", "sales/board.yaml: no format named"),
        ("query: {cron: 0 6 * * *, owner: ann, formats: [html], recipients: [a@b.c]}", "for the web alone"),
        ("query: {cron: 0 6 * * *, owner: ann}\nintervall: x", "did you mean 'interval'?"),
    ],
)
def test_a_broken_query_spares_the_other_entries(office, desk, text, said):
    desk.path.parent.mkdir(exist_ok=True)
    desk.path.write_text(text)
    schedule = office.workspace.parameters / "schedule.yaml"
    schedule.write_text("- {name: often, family: sales, cron: '0 7 * * *'}\n")
    try:
        entries, problems = read_entries(office.workspace)
        assert [entry.name for entry in entries] == ["often"]
        assert said in str(problems[NAME])
        assert "\n" not in str(problems[NAME])
        with pytest.raises(SettingError):
            read_schedule(office.workspace)
    finally:
        schedule.unlink()


def test_the_clock_notices_a_query_that_is_saved_changed_and_deleted(office, desk):
    keeper = Timekeeper(office.workspace, lambda each: None, lambda text: None)
    try:
        sign_up(office)
        for query, expected in (
            (QUERY, ["0 6 * * *"]),
            (Query(QUERY.values, owner="ann", cron="0 7 * * *"), ["0 7 * * *"]),
        ):
            desk(query)
            keeper.turn()
            keeper.turn()
            assert [entry.cron.line for entry in keeper.entries] == expected
        desk.path.unlink()
        keeper.turn()
        keeper.turn()
        assert keeper.entries == []
    finally:
        keeper._close()


def test_the_clock_says_why_a_query_was_refused(office, desk):
    desk()
    said, warned = [], []
    keeper = Timekeeper(office.workspace, said.append, warned.append)
    try:
        keeper.turn()  # by the database's clock, at which the tick of today is
        assert said == []
        assert len(warned) == 1
        assert warned[0].startswith(NAME)
        assert warned[0].endswith("refused: its owner 'ann' is no user")
        keeper.turn()
        assert len(warned) == 1
    finally:
        keeper._close()


@pytest.mark.kernel
def test_a_relative_interval_means_the_days_before_its_tick(office, desk):  # T-72
    desk()
    sign_up(office)
    (decided,) = look(office)
    with Session(office.installation.database) as session, session.begin():
        attempt = take(session, decided.runs[0], "tests")
    ended = Making(attempt, office.installation, Tools(), Manner()).run()
    assert (ended.state, ended.error) == (State.GENERATED, None)
    manifest = open_snapshot(office.store, ended.snapshot)
    assert manifest.asked == {"interval": "last month"}
    assert manifest.resolved["interval"] == "2024-03-01/2024-03-31"
    assert (manifest.set_name, manifest.generated_by.user) == ("board", "ann")
    with Session(office.installation.database) as session:
        assert session.scalars(select(Mail.recipient)).all() == ["board@example.com"]


@pytest.mark.kernel
def test_the_command_line_runs_a_saved_query(office, desk):  # JD-57
    desk()
    command = [str(Path(sys.executable).with_name("daybook"))]
    command += ["run", "sales", "-s", "board", "--as-of", "2024-04-10", "--format", "html"]
    ended = subprocess.run(command, env=os.environ | office.environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (run,) = office.runs(set_name="board")
    assert (run.set_name, run.asked) == ("board", {"interval": "last month"})
    assert run.resolved["interval"] == "2024-03-01/2024-03-31"
