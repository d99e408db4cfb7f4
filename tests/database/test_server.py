import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from reports_lib.database import server
from reports_lib.database.cluster import Cluster
from reports_lib.database.url import build, connect, keywords, place, reason, replaced
from reports_lib.errors import DatabaseError
from reports_lib.workspace import Workspace

USE = """
import sys
from pathlib import Path
from reports_lib.database import server
from reports_lib.workspace import Workspace
print(server.database_url(Workspace(root=Path(sys.argv[1]), outputs=Path(sys.argv[1]) / "outputs")), flush=True)
sys.stdin.read()
"""


def use(root: Path) -> subprocess.Popen[str]:
    """Another process that uses the workspace's server until its input is closed."""
    return subprocess.Popen([sys.executable, "-c", USE, str(root)], stdin=-1, stdout=-1, text=True)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture
def elsewhere(tmp_path_factory, workspace):
    """A workspace with no server yet."""
    root = workspace.root / tmp_path_factory.mktemp("elsewhere").name
    (root / "outputs").mkdir(parents=True)
    found = Workspace(root=root, outputs=root / "outputs")
    yield found
    server.stop(found)


def test_two_processes_that_start_at_once_share_one_server_and_the_last_stops_it(elsewhere):
    cluster = Cluster.of(elsewhere.outputs)
    users = [use(elsewhere.root), use(elsewhere.root)]
    first, second = (user.stdout.readline() for user in users)
    assert first == second != ""
    users[0].communicate("")
    assert cluster.is_running()  # the other one still uses it
    users[1].communicate("")
    assert not cluster.is_running()
    assert [user.returncode for user in users] == [0, 0]


def test_a_killed_user_does_not_keep_the_server_running(elsewhere):
    user = use(elsewhere.root)
    user.stdout.readline()
    user.kill()
    user.communicate()
    server.database_url(elsewhere)
    server.stop(elsewhere)
    assert not Cluster.of(elsewhere.outputs).is_running()


def test_a_killed_server_starts_again(elsewhere):
    cluster = Cluster.of(elsewhere.outputs)
    url = server.database_url(elsewhere)
    with connect(url) as con:
        con.execute("create table kept as select 7 as n")
    os.kill(postmaster(cluster), signal.SIGKILL)
    while cluster.is_running():
        time.sleep(0.01)
    with connect(server.database_url(elsewhere)) as con:
        assert con.execute("select n from kept").fetchall() == [(7,)]


def test_a_pid_that_another_process_has_by_now_does_not_keep_the_server_from_starting(elsewhere):
    cluster = Cluster.of(elsewhere.outputs)
    server.database_url(elsewhere)
    left = (cluster.data / "postmaster.pid").read_text().splitlines()
    server.stop(elsewhere)
    # as after the restart of a container, where numbers begin anew
    (cluster.data / "postmaster.pid").write_text("\n".join([str(os.getppid()), *left[1:]]) + "\n")
    connect(server.database_url(elsewhere)).close()


def test_a_setup_that_was_cut_off_is_begun_again(elsewhere):
    cluster = Cluster.of(elsewhere.outputs)
    cluster.make_home()
    (cluster.data / "base").mkdir(parents=True)
    connect(server.database_url(elsewhere)).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_closed_folders_stay_closed(tmp_path):
    closed = tmp_path / "closed"
    (closed / "outputs").mkdir(parents=True)
    closed.chmod(0o700)
    hidden = Workspace(root=closed, outputs=closed / "outputs")
    connect(server.database_url(hidden)).close()
    home = Cluster.of(hidden.outputs).home
    server.stop(hidden)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not home.is_relative_to(closed)
    for folder in (home / "data", home / "socket"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    subprocess.run(["rm", "-r", str(home)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_closed_binaries_are_copied_and_stay_closed(tmp_path, monkeypatch, workspace):
    source = tmp_path / "install"
    (source / "bin").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (source / "bin" / name).write_text("#!/bin/sh\necho ran\n")
        (source / "bin" / name).chmod(0o700)
    system = workspace.root / "system"
    monkeypatch.setattr("reports_lib.database.programs.SYSTEM_FOLDER", system)
    monkeypatch.setattr("reports_lib.database.cluster.installed", lambda: source / "bin")
    cluster = Cluster.of(workspace.outputs)
    assert cluster.programs.is_relative_to(system)
    assert cluster.programs == Cluster.of(workspace.outputs).programs
    assert stat.S_IMODE((source / "bin" / "postgres").stat().st_mode) == 0o700


def test_only_its_owner_may_enter_the_folders(workspace):
    server.database_url(workspace)
    home = Cluster.of(workspace.outputs).home
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600


def test_a_socket_path_that_is_too_long_lies_elsewhere(tmp_path):
    cluster = Cluster(tmp_path / ("x" * 120), tmp_path)
    assert len(str(cluster.socket_folder)) < 100


def test_a_database_that_is_down_is_told_in_seconds_and_without_its_password():
    away = Workspace(root=Path("/"), outputs=Path("/"), database_url="postgresql://ann:s3cret%21@127.0.0.1:1/books")
    began = time.monotonic()
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1:1/books cannot be reached: .*refused") as caught:
        server.database_url(away)
    assert time.monotonic() - began < 10
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["mysql://root:s3cret@host/x", "postgresql://ann:s3cret@host:port/x", "s3cret", "postgresql://%zz:s3cret@h/x"],
)
def test_an_address_that_cannot_be_read_does_not_tell_its_password(url):
    with pytest.raises(DatabaseError) as caught:
        connect(url)
    assert "s3cret" not in str(caught.value)


def test_a_wrong_password_is_told_without_it(workspace):
    url = replaced(server.database_url(workspace), password="s3cret")
    with pytest.raises(DatabaseError, match="password authentication failed") as caught:
        connect(url)
    assert "s3cret" not in str(caught.value)


def test_addresses_round_trip():
    for url in (
        "postgresql://postgres@/daybook?host=/srv/a%20b/socket",
        "postgresql://ann:p%40ss%2Fw%20%27%22@/books?host=db.example.com&port=5433&sslmode=require",
    ):
        assert keywords(build(keywords(url))) == keywords(url)
    assert keywords("postgresql://ann:p%40ss@db:5433/books")["password"] == "p@ss"
    assert place("postgresql://ann:p%40ss@db:5433/books") == "db:5433/books"
    assert "p%40ss" not in reason(ValueError("at postgresql://ann:p%40ss@db"), "postgresql://ann:p%40ss@db/books")


def test_the_reader_cannot_enter_the_database_of_users_and_links(workspace):  # T14
    reader = server.reader_url(workspace)
    connect(reader).close()
    with pytest.raises(DatabaseError, match="permission denied"):
        connect(replaced(reader, dbname="daybook"))


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ledger values (2)",
        "update ledger set n = 2",
        "delete from ledger",
        "create table mine (n int)",
        "create schema mine",
        "create temporary table mine (n int)",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "copy ledger to '/tmp/stolen'",
        "copy ledger from program 'id'",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
        "alter role daybook_reader superuser",
        "set role postgres",
    ],
)
def test_the_reader_may_only_read(workspace, statement):  # T14
    owner, reader = server.lake_url(workspace), server.reader_url(workspace)
    with connect(owner) as owning, connect(reader) as con:
        owning.execute("create table if not exists ledger (n int)")  # made after the grants: a table to come
        con.execute("set default_transaction_read_only = off")  # a setting is no wall
        con.execute("set statement_timeout = 0")
        con.execute("select * from ledger")
        with pytest.raises(psycopg.Error, match=r"permission denied|must be|not permitted"):
            con.execute(statement)


def test_a_database_of_your_own_gets_a_reader_with_a_password_of_its_own(workspace):
    main = server.database_url(workspace)
    with connect(main) as con:
        con.execute("create role ann login createdb createrole password 'p@ss word'")
        con.execute("create database books owner ann")
    own = replace(workspace, database_url=replaced(main, dbname="books", user="ann", password="p@ss word"))
    assert server.database_url(own) == own.database_url
    reader = server.reader_url(own)
    words = keywords(reader)
    assert (words["user"], words["dbname"]) == ("books_reader", "books_lake")
    assert words["password"] not in ("", "p@ss word")
    connect(reader).close()


def test_a_user_without_the_rights_is_told(workspace):
    main = server.database_url(workspace)
    with connect(main) as con:
        con.execute("create role bob login password 'pw'")
        con.execute("grant connect on database daybook to bob")
    own = replace(workspace, database_url=replaced(main, user="bob", password="pw"))
    server._made.pop(("lake", own.database_url), None)
    with connect(main) as con:
        con.execute("drop database if exists daybook_lake with (force)")
    with pytest.raises(DatabaseError, match="cannot be set up: permission denied to create database"):
        server.lake_url(own)
    server._made.clear()
