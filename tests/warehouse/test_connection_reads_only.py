"""A run reads, and nothing else: what a notebook's own SQL may try, on each engine."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest

from reports_lib.database.url import keywords
from reports_lib.errors import SettingError, WarehouseError
from reports_lib.warehouse import extensions, writer
from reports_lib.warehouse.connection import connect
from reports_lib.warehouse.extensions import extension_path, opened

AS_OF = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def owned(fresh, arrow):
    with fresh("lake") as address:
        writer.write(address, {"client": arrow("client", [{}])}, author="tests", message="one client")
        yield address


@pytest.fixture(scope="module")
def lake(owned, as_reader):
    with connect(as_reader(owned), as_of=AS_OF) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def postgres(fresh, as_reader):
    with fresh("postgres") as address:
        yield as_reader(address)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into client select * from client",
        "update client set name = 'y'",
        "delete from client",
        "truncate client",
        "drop table client",
        "alter table client add column mood varchar",
        "create table mine (n int)",
        "create schema lake.mine",
        "create view lake.mine as select 1",
        "create table __ducklake_metadata_lake.public.mine (n int)",
        "delete from __ducklake_metadata_lake.public.ducklake_snapshot",
        "call postgres_execute('__ducklake_metadata_lake', 'create table public.mine (n int)')",
        "call ducklake_expire_snapshots('lake', older_than => now())",
    ],
)
def test_the_lake_is_not_written(lake, rows, statement):
    with pytest.raises(duckdb.Error, match=r"read-only|permission denied|READ ONLY|Cannot execute"):
        lake.backend.con.execute(statement)
    assert len(rows(lake.table("client"))) == 1


@pytest.mark.parametrize(  # T13
    "statement",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd', header = false)",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "select * from read_text('{lake}/../../../etc/passwd')",
        "select * from read_text('{lake}-sibling/secret')",
        "copy (select 1) to '{elsewhere}/out.csv'",
        "export database '{elsewhere}/out'",
        "attach '{elsewhere}/other.duckdb'",
        "attach 'ducklake:postgres:dbname=daybook' as again",
        "attach 'dbname=daybook' as pg (type postgres)",
        "install httpfs",
        "load httpfs",
        "load '{elsewhere}/evil.duckdb_extension'",
        "select * from read_text('http://127.0.0.1:1/')",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set allowed_directories = ['/']",
        "set memory_limit = '90GB'",
        "set TimeZone = 'Europe/Kyiv'",
        "set autoload_known_extensions = true",
        "reset TimeZone",
    ],
)
def test_the_session_is_shut_in(lake, owned, tmp_path, statement):
    Path(f"{owned.data_path}-sibling").mkdir(exist_ok=True)
    Path(f"{owned.data_path}-sibling", "secret").write_text("secret")
    text = statement.format(lake=owned.data_path, elsewhere=tmp_path)
    with pytest.raises(duckdb.Error):
        lake.backend.con.execute(text)
    assert list(tmp_path.iterdir()) == []


def test_a_link_does_not_lead_out_of_the_lake(lake, owned):  # T13
    Path(owned.data_path).mkdir(exist_ok=True)
    Path(owned.data_path, "link").symlink_to("/etc/passwd")
    with pytest.raises(duckdb.Error):
        lake.backend.con.execute(f"select * from read_text('{owned.data_path}/link')")


def test_sql_cannot_enter_the_catalogue_as_its_owner(lake, owned):
    # DuckDB lets `postgres_scan` go wherever it likes: the server's password stops it
    socket = keywords(owned.database)["host"]
    with pytest.raises(duckdb.Error, match="password"):
        lake.backend.con.execute(
            f"select * from postgres_scan('host={socket} user=postgres dbname=daybook', 'pg_catalog', 'pg_authid')"
        )


def test_times_are_utc_whatever_the_machine_is_set_to(lake_address, reading, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    con = reading(lake_address).backend.con
    assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_query_may_not_take_more_memory_than_set(lake_address, as_reader):
    with connect(as_reader(lake_address), as_of=AS_OF, memory_limit="60MB") as warehouse:
        con = warehouse.backend.con
        con.execute("select 1")
        with pytest.raises(duckdb.OutOfMemoryException):
            con.execute("select list(i) from range(100_000_000) t(i)")
    with pytest.raises(SettingError, match="DAYBOOK_MEMORY_LIMIT='plenty' is not a size"):
        connect(as_reader(lake_address), as_of=AS_OF, memory_limit="plenty")


def test_extensions_are_there_without_a_network():
    assert extension_path("ducklake").is_file()


def test_an_extension_that_nobody_signed_is_refused_also_in_the_place_of_a_signed_one(tmp_path, monkeypatch):
    path = tmp_path / "ducklake.duckdb_extension"
    shutil.copy(extension_path("ducklake"), path)
    monkeypatch.setattr(extensions, "EXTENSIONS", ("ducklake",))
    monkeypatch.setattr(extensions, "extension_path", lambda _: path)
    for _ in range(2):  # the second time it is known
        with opened() as con, pytest.raises(duckdb.InvalidInputException, match="while database is running"):
            con.execute("SET allow_unsigned_extensions = true")
    other = tmp_path / "other"
    other.write_bytes(path.read_bytes()[:-1] + b"?")
    other.replace(path)  # written over in place it would change under whoever has it loaded
    with pytest.raises(WarehouseError, match="signature is either missing or invalid"):
        opened()


@pytest.mark.parametrize(  # T14
    "statement",
    [
        "insert into {schema}.bot values (1, 'x')",
        "update {schema}.client set name = 'y'",
        "delete from {schema}.client",
        "truncate {schema}.client",
        "drop table {schema}.client",
        "create table {schema}.mine (n int)",
        "create temporary table mine (n int)",
        "create view {schema}.mine as select 1",
        "set transaction read write",
        "copy {schema}.client to program 'cat'",
        "select pg_read_file('/etc/passwd')",
        "commit; insert into {schema}.bot values (1, 'x')",
    ],
)
def test_postgres_is_not_written(postgres, statement):
    with connect(postgres, as_of=AS_OF) as warehouse, pytest.raises(psycopg.Error):
        warehouse.backend.con.execute(statement.format(schema=postgres.schema))
