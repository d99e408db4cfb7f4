"""A version read from a copy of its catalogue: the same rows, without a server, without a password."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from reports_lib.errors import DatabaseError, WarehouseError
from reports_lib.warehouse import catalogue, lake, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.catalogue import frozen
from reports_lib.warehouse.connection import LOOKUPS, connect, rehearse
from reports_lib.warehouse.versions import latest, versions
from tests.conftest import to_arrow
from tests.metrics import golden

AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
GOLDEN = {name: to_arrow(name, rows) for name, rows in golden.tables().items()}
RERATE = "UPDATE ledger_entry SET amount = amount * 2 WHERE amount > 0"
FORGET = "DELETE FROM client WHERE client_id = (SELECT min(client_id) FROM client)"


@pytest.fixture(scope="module")
def filled(fresh):
    """A lake with the golden data, some of it changed and some of it removed since; for tests that only read it."""
    with fresh("lake") as address:
        fill(address)
        yield address


@pytest.fixture
def own(lake_address):
    """Another one like it, for a test that writes."""
    fill(lake_address)
    return lake_address


def fill(address):
    writer.write(address, GOLDEN, author="ann", message="golden")
    for change in (RERATE, FORGET):
        writer.execute(address, change, author="ann", message="changed")


@pytest.fixture(autouse=True)
def _none_left():
    lake._ready.clear()
    yield
    lake._ready.clear()


def everything(address, version=None):
    """Every row of the golden tables, and every list of options."""
    with connect(address, version=version, as_of=AS_OF) as warehouse:
        con = warehouse.backend.con
        rows = {name: sorted(con.execute(f'FROM "{name}"').fetchall(), key=str) for name in GOLDEN}
        return rows, {lookup: warehouse.options(lookup) for lookup in LOOKUPS}, warehouse.version


def test_every_version_is_read_as_it_is(filled, as_reader, tmp_path):  # T-66, JD-73
    reader = as_reader(filled)
    states = []
    for version in versions(filled)[1:]:
        copy = frozen(reader, version, tmp_path)
        assert copy.catalogue
        there, here = everything(reader, version.name), everything(copy)
        assert here == there
        states.append(here[0])
        assert everything(copy, version.name) == here
    assert all(one != other for one, other in pairwise(states[-4:]))


def test_later_writes_do_not_reach_it(own, as_reader, tmp_path):
    copy = frozen(as_reader(own), latest(own), tmp_path)
    before = everything(copy)
    writer.execute(own, RERATE, author="ann", message="again")
    writer.execute(own, FORGET, author="ann", message="again")
    assert everything(copy) == before != everything(frozen(as_reader(own), latest(own), tmp_path))


def test_it_needs_neither_server_nor_password(filled, as_reader, tmp_path):  # T9
    copy = frozen(as_reader(filled), latest(filled), tmp_path)
    assert Address.parse(str(copy)) == copy
    assert "postgres" not in str(copy)
    assert copy.database == ""
    (path,) = tmp_path.glob("*.ducklake")
    assert b"password" not in path.read_bytes()


def test_a_strange_place_is_no_trouble(filled, as_reader, tmp_path):
    for name in ("it's 50% off & more #1", "why?"):
        copy = frozen(as_reader(filled), latest(filled), tmp_path / name)
        assert everything(Address.parse(str(copy)))[0] == everything(filled)[0]


def test_it_is_copied_once(filled, as_reader, tmp_path, monkeypatch):
    copy = frozen(as_reader(filled), latest(filled), tmp_path)
    monkeypatch.setattr(catalogue, "_copy", lambda *_: pytest.fail("copied twice"))
    assert frozen(as_reader(filled), latest(filled), tmp_path) == copy


def test_a_lake_made_anew_has_copies_of_its_own(fresh, as_reader, tmp_path):
    """Its versions have the numbers that those of the former lake had."""
    found = []
    for amount in (1, 2):
        with fresh("lake") as address:
            name = writer.write(address, GOLDEN, author="ann", message="x")
            writer.execute(address, f"UPDATE ledger_entry SET amount = {amount}", author="ann", message="x")
            copy = frozen(as_reader(address), latest(address), tmp_path)
            found.append((name, everything(copy)[0]["ledger_entry"]))
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_what_is_gone_while_it_is_tidied_away_costs_no_copy(filled, as_reader, tmp_path):
    (tmp_path / ".made").symlink_to(tmp_path / "renamed by whoever made it")
    assert frozen(as_reader(filled), latest(filled), tmp_path).catalogue


def test_several_at_once_make_one(filled, as_reader, tmp_path):
    reader, version = as_reader(filled), latest(filled)
    with ThreadPoolExecutor(6) as threads:
        copies = list(threads.map(lambda _: frozen(reader, version, tmp_path), range(6)))
    assert copies == [copies[0]] * 6
    assert [path.name for path in tmp_path.iterdir()] == [Path(copies[0].catalogue).name]
    assert everything(copies[0]) == everything(reader)


def test_what_cannot_be_copied_is_read_where_it_is(filled, as_reader, tmp_path, monkeypatch):  # F4
    reader = as_reader(filled)
    folder = tmp_path / "file"
    folder.write_text("")
    assert frozen(reader, latest(filled), folder) == reader  # such as a disk that is full
    folder.unlink()
    monkeypatch.setattr(catalogue, "TABLES", catalogue.TABLES + " UNION ALL SELECT 'ducklake_nothing'")
    assert frozen(reader, latest(filled), tmp_path) == reader
    assert list(tmp_path.iterdir()) == []


def test_a_lake_with_rows_in_its_catalogue_is_read_where_it_is(lake_address, as_reader, tmp_path):
    con = lake.open_lake(lake_address)
    con.execute("CALL lake.set_option('data_inlining_row_limit', 10)")
    con.close()
    writer.write(lake_address, GOLDEN, author="ann", message="golden")
    with_limit = lake.open_lake(lake_address)
    with_limit.execute("CREATE TABLE few AS SELECT 1 AS one")
    with_limit.close()
    reader = as_reader(lake_address)
    found = frozen(reader, latest(lake_address), tmp_path)
    assert everything(found) == everything(reader)


def test_our_lakes_keep_no_rows_in_their_catalogue(lake_address, as_reader, tmp_path):
    writer.write(lake_address, {"client": GOLDEN["client"].slice(0, 1)}, author="ann", message="one row")
    assert frozen(as_reader(lake_address), latest(lake_address), tmp_path).catalogue


def test_old_copies_go_and_those_in_use_stay(filled, as_reader, tmp_path):
    reader = as_reader(filled)
    for number in range(12):
        old = tmp_path / f"{number}-old.ducklake"
        old.write_text("")
        os.utime(old, (number, number))
    fresh = tmp_path / "fresh.ducklake"
    fresh.write_text("")
    copy = frozen(reader, latest(filled), tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert {Path(copy.catalogue).name, "fresh.ducklake", "11-old.ducklake"} <= left
    assert len(left) == catalogue.KEPT


def test_a_copy_is_of_one_version(filled, as_reader, tmp_path):
    copy = frozen(as_reader(filled), latest(filled), tmp_path)
    with pytest.raises(WarehouseError, match="is of data version"):
        connect(copy, version="1", as_of=AS_OF)


def test_nobody_writes_into_it(filled, as_reader, tmp_path):
    copy = frozen(as_reader(filled), latest(filled), tmp_path)
    with connect(copy, as_of=AS_OF) as warehouse:
        for change in (RERATE, FORGET, "CREATE TABLE t (x INT)", "CREATE SCHEMA s"):
            with pytest.raises(Exception, match=r"read-only|read only"):
                warehouse.backend.con.execute(change)
    assert everything(copy) == everything(filled, latest(filled).name)


def test_a_rehearsed_session_is_handed_to_whoever_reads_that_version(filled, as_reader, tmp_path):
    reader = as_reader(filled)
    older, newest = (frozen(reader, version, tmp_path) for version in versions(filled)[-2:])
    asked = []
    rehearse(newest, lambda warehouse: asked.append(warehouse.version))
    ready = lake.prepared()
    with connect(newest, as_of=AS_OF) as warehouse:
        assert warehouse.backend.con is ready
        assert warehouse.version == newest.version
    rehearse(newest, lambda warehouse: asked.append(warehouse.version))
    ready = lake.prepared()
    with connect(older, as_of=AS_OF) as warehouse:
        assert warehouse.backend.con is not ready
        with pytest.raises(duckdb.ConnectionException):
            ready.execute("SELECT 1")  # it holds nothing any more
        assert warehouse.version == older.version
    assert asked == [newest.version] * 2
    assert everything(newest) == everything(reader)


def test_what_was_rehearsed_is_known_and_only_of_that_version(own, as_reader, tmp_path):
    reader = as_reader(own)
    companies = to_arrow("company", [{"company_id": number} for number in (1, 2)])
    writer.write(own, {"company": companies}, author="ann", message="two")
    older = frozen(reader, latest(own), tmp_path)
    gone = "DELETE FROM company WHERE company_id = (SELECT max(company_id) FROM company)"
    writer.execute(own, gone, author="ann", message="gone")
    newest = frozen(reader, latest(own), tmp_path)
    rehearse(newest, lambda warehouse: warehouse.ask(_companies))
    with connect(newest, as_of=AS_OF) as warehouse:
        warehouse.backend.con.execute("USE memory")  # nothing can be read any more
        known = warehouse.ask(_companies)
        with pytest.raises(duckdb.CatalogException):
            warehouse.ask(_parents)
    assert known == _asked(reader, newest.version)
    assert _asked(older, older.version) == _asked(reader, older.version) != known


def _asked(address, version):
    with connect(address, version=version, as_of=AS_OF) as warehouse:
        return warehouse.ask(_companies)


def _companies(tables, _shape):
    return tables("company").select("company_id").order_by("company_id")


def _parents(tables, _shape):
    return tables("company").select("company_id", "parent_company_id").order_by("company_id")


def test_files_put_together_anew_are_found(own, as_reader, tmp_path):
    reader = as_reader(own)
    for _ in range(3):
        writer.write(own, GOLDEN, author="ann", message="more")
    before = everything(frozen(reader, latest(own), tmp_path))
    con = lake.open_lake(own)
    con.execute("CALL ducklake_merge_adjacent_files('lake')")
    con.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
    con.close()
    version = next(each for each in versions(own) if each.name == before[2])
    assert everything(frozen(reader, version, tmp_path)) == before


def test_a_damaged_copy_is_made_anew(filled, as_reader, tmp_path):
    reader = as_reader(filled)
    copy = frozen(reader, latest(filled), tmp_path)
    path = Path(copy.catalogue)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DatabaseError, match="the copy of the catalogue"):  # so it is tried again
        connect(copy, as_of=AS_OF)
    assert everything(frozen(reader, latest(filled), tmp_path)) == everything(reader)


@pytest.mark.parametrize("text", ["ducklake:foo", "ducklake:/x?version=1", "ducklake:/x?data_path=/y&version=a"])
def test_an_address_of_a_copy_is_whole(text):
    with pytest.raises(WarehouseError, match="is not the address"):
        Address.parse(text)
