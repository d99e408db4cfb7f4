"""The tables, the steps that make them, and the engine."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from reports_lib.database import migrations, server
from reports_lib.database.engine import engine, engine_of
from reports_lib.database.roles import make_database
from reports_lib.database.schema import Base, Link, Run, Snapshot
from reports_lib.database.url import connect, replaced
from reports_lib.errors import DatabaseError
from reports_lib.workspace import Workspace

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UPGRADE = """
import sys
from reports_lib.database import migrations
from reports_lib.database.engine import engine_of
engine = engine_of(sys.argv[1])
migrations.upgrade(engine)
engine.dispose()
"""
SNAPSHOT = "5" * 64

_number = count(1)


@pytest.fixture
def new_url(workspace: Workspace) -> Iterator[Callable[[], str]]:
    """`new_url()`: address of a new, empty database."""
    main, made = server.database_url(workspace), []

    def make() -> str:
        made.append(f"tests_schema_{next(_number)}")
        return make_database(replaced(main, dbname=made[-1]), beside=main)

    yield make
    with connect(replaced(main, dbname="postgres")) as con:
        for name in made:
            con.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def empty(new_url: Callable[[], str]) -> Iterator[Engine]:
    """An engine on a new database without any table."""
    made = engine_of(new_url())
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def upgraded(workspace: Workspace) -> Iterator[Engine]:
    """An engine on a database with all tables, which tests leave empty."""
    main = server.database_url(workspace)
    made = engine_of(make_database(replaced(main, dbname="tests_schema"), beside=main))
    migrations.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def session(upgraded: Engine) -> Iterator[Session]:
    with Session(upgraded) as opened:
        yield opened
        opened.rollback()


def tables(of: Engine) -> list[tuple]:
    """Everything that Postgres knows of the tables of a database, its indexes and constraints."""
    query = text("""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, a.attidentity::text,
               pg_get_expr(d.adbin, d.adrelid)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        UNION ALL
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
        UNION ALL
        SELECT tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
         ORDER BY 1, 2, 3
    """)
    with of.connect() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    return [row for row in found if row[0] != "alembic_version" and migrations.is_ours(row[0], "table", None)]


def test_the_steps_make_exactly_the_tables_of_the_models(upgraded, empty):
    Base.metadata.create_all(empty)
    assert tables(upgraded) == tables(empty)
    assert len(tables(upgraded)) > 60


def test_alembic_finds_nothing_to_change(upgraded):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with upgraded.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "include_name": migrations.is_ours}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_steps_are_one_line_and_end_at_head(empty):
    from alembic.script import ScriptDirectory

    with empty.begin() as connection:
        assert ScriptDirectory.from_config(migrations.config(connection)).get_heads() == [migrations.head()]


def test_upgrading_twice_changes_nothing(upgraded):
    before = tables(upgraded)
    migrations.upgrade(upgraded)
    assert tables(upgraded) == before


def test_two_processes_may_upgrade_at_once(empty):
    url = empty.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with connect(url) as holder:
        holder.execute("select pg_advisory_lock(%s)", (migrations.LOCK,))
        command = [sys.executable, "-W", "error", "-c", UPGRADE, url]
        running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        until = time.monotonic() + 30
        while holder.execute(waiting).fetchone() != (2,) and time.monotonic() < until:  # both want to begin
            time.sleep(0.02)
        assert inspect(empty).get_table_names() == []
        holder.execute("select pg_advisory_unlock(%s)", (migrations.LOCK,))
        errors = [process.communicate(timeout=30)[1] for process in running]
    assert errors == ["", ""]
    assert [process.returncode for process in running] == [0, 0]
    assert {"run", "snapshot", "link", "audit"} < set(inspect(empty).get_table_names())


def test_a_step_that_fails_leaves_the_database_as_it_was(empty):
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE run (id int)"))  # in the way of the first step's last table
    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(empty)
    assert inspect(empty).get_table_names() == ["run"]


def test_a_database_of_a_newer_version_is_left_alone(empty):
    migrations.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="step 9999, this version of Daybook knows"):
        migrations.upgrade(empty)


def run(**changes) -> Run:
    plain = {
        "run_key": "k", "family": "f", "asked": {}, "formats": ["html"], "as_of": NOON,
        "role": "analyst", "user_name": "olena", "requested_at": NOON,
    }  # fmt: skip
    return Run(**plain | changes)


GENERATING = {"state": "generating", "attempt": 1, "started_at": NOON, "heartbeat_at": NOON}
ERROR = {"state": "error", "error": "no", "error_class": "NotebookError", "exit_code": 4, "formed_at": NOON}
GENERATED = {"state": "generated", "snapshot_id": SNAPSHOT, "formed_at": NOON}


def snapshot(session: Session) -> None:
    plain = {"family": "f", "title": "F", "labels": {}, "formats": [], "bytes": 0, "duration_ms": 1}
    session.add(Snapshot(id=SNAPSHOT, role="analyst", user_name="olena", company="", generated_at=NOON, **plain))
    session.flush()


@pytest.mark.parametrize("changes", [{}, GENERATING, ERROR, GENERATED, {"state": "cancelled", "formed_at": NOON}])
def test_every_state_can_be_stored(session, changes):
    snapshot(session)
    session.add(run(**changes))
    session.flush()


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "done"},
        GENERATING | {"heartbeat_at": None},  # no run without a heartbeat may wait for ever
        GENERATING | {"attempt": 0},
        GENERATING | {"started_at": None},
        GENERATING | {"formed_at": NOON},
        GENERATED | {"snapshot_id": None},  # generated, and nothing to show
        GENERATED | {"snapshot_id": "6" * 64},  # … or no such snapshot
        GENERATED | {"formed_at": None},
        {"snapshot_id": SNAPSHOT},  # something to show, and still queued
        ERROR | {"error": None},
        ERROR | {"exit_code": None},
        ERROR | {"state": "queued", "formed_at": None},
    ],
)
def test_what_no_run_can_be_is_refused(session, changes):
    snapshot(session)
    session.add(run(**changes))
    with pytest.raises(IntegrityError):
        session.flush()


def test_asking_twice_with_one_key_is_refused(session):
    session.add(run())
    session.flush()
    session.add(run())
    with pytest.raises(IntegrityError, match="run_run_key_unique"):
        session.flush()


def test_a_snapshot_belongs_to_one_run(session):
    snapshot(session)
    session.add_all([run(run_key="a", **GENERATED), run(run_key="b", **GENERATED)])
    with pytest.raises(IntegrityError, match="run_snapshot_id_unique"):
        session.flush()


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "short"},
        {"token": "A" * 22 + "\n"},
        {"audience": "everyone"},
        {"audience": "company"},
        {"audience": "named"},
        {"company": "north"},
        {"snapshot_id": "6" * 64},
    ],
)
def test_what_no_link_can_be_is_refused(session, changes):
    snapshot(session)
    session.add(Link(**{"token": "A" * 22, "snapshot_id": SNAPSHOT, "made_by": "olena", "made_at": NOON} | changes))
    with pytest.raises(IntegrityError):
        session.flush()


def test_times_come_back_aware_and_in_utc(session):
    session.add(made := run())
    session.flush()
    session.refresh(made)
    assert (made.requested_at, made.requested_at.utcoffset().total_seconds()) == (NOON, 0)


def test_a_database_that_is_down_is_one_line(tmp_path):
    away = engine_of(f"postgresql://olena:secret@/daybook?host={tmp_path}")
    with (
        pytest.raises(DatabaseError, match=r"^the database at .* cannot be reached: [^\n]*$") as refused,
        away.connect(),
    ):
        pass
    assert "secret" not in str(refused.value)


def test_a_workspace_whose_database_is_down(tmp_path):
    url = f"postgresql://olena:secret@/daybook?host={tmp_path}"
    with pytest.raises(DatabaseError, match="cannot be reached"):
        engine(Workspace(root=tmp_path, outputs=tmp_path, database_url=url))


CUT = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = :own")


def test_a_connection_that_was_cut_while_idle_is_replaced_without_a_word(upgraded):  # F6
    with upgraded.connect() as cutter:
        with upgraded.connect() as idle:
            idle.execute(text("SELECT 1"))
        cutter.execute(CUT, {"own": upgraded.url.database})
        with upgraded.connect() as replaced_one:
            assert replaced_one.scalar(text("SELECT 1")) == 1


def test_a_connection_that_is_cut_in_use_is_one_line_and_the_next_works(upgraded):  # F6
    with upgraded.connect() as cutter, upgraded.connect() as used:
        used.execute(text("SELECT 1"))
        cutter.execute(CUT, {"own": upgraded.url.database})
        with pytest.raises(DatabaseError, match="cannot be reached"):
            used.execute(text("SELECT 1"))
    with upgraded.connect() as later:
        assert later.scalar(text("SELECT 1")) == 1


def test_an_engine_reads_what_its_workspace_says(workspace):
    made = engine(workspace)
    with made.connect() as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
    made.dispose()


def test_movements_of_before_belong_to_the_company_of_their_cause(empty):
    """Step 0008, on rows that nobody else may change."""
    from alembic import command

    with empty.begin() as connection:
        command.upgrade(migrations.config(connection), "0007")
        connection.execute(
            text("""
            WITH made AS (
                INSERT INTO invoice (company, client_id, kind, key, currency, invoice_date, series, net, tax, total,
                                     facts, facts_sha256, created_at, created_by)
                VALUES ('3', 7, 'other', 'k', 'EUR', '2026-10-31', 'A-', 1, 0, 1, '{}', repeat('a', 64), now(), 'ann')
                RETURNING id
            ), paid AS (
                INSERT INTO invoice_payment (client_id, company, currency, amount, paid_at, method, key, by, at)
                VALUES (7, '2', 'EUR', 1, now(), 'card', 'k', 'ann', now()) RETURNING id
            )
            INSERT INTO account_entry (client_id, currency, posted_at, kind, amount, invoice_id, payment_id, by)
            SELECT 7, 'EUR', now(), 'invoice', 1, id, NULL, 'ann' FROM made UNION ALL
            SELECT 7, 'EUR', now(), 'payment', -1, NULL, id, 'ann' FROM paid
        """)
        )
    migrations.upgrade(empty)
    with empty.begin() as connection:
        entries = connection.execute(text("SELECT company, amount FROM account_entry ORDER BY amount")).all()
        noted = connection.execute(text("SELECT subject FROM mirror_note ORDER BY 1")).scalars().all()
        with pytest.raises(ProgrammingError, match="never changed"):
            connection.execute(text("DELETE FROM account_entry"))
    assert (entries, noted) == ([("2", -1), ("3", 1)], ["invoice", "payment"])
