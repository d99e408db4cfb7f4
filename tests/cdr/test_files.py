"""Files and their rows: taken in once, claimed by one, brought to an end by whoever lives (CD-07 … CD-09)."""

import os
import zipfile
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.cdr import files, mirrored, work
from reports_lib.cdr.files import Given
from reports_lib.cdr.work import load_next, take_in
from reports_lib.errors import DatabaseError, IngestError, StateError
from reports_lib.warehouse.connection import connect
from tests.cdr.shop import ANN, row, silence
from tests.conftest import AS_OF


@pytest.fixture
def engine():
    """One engine will do where the warehouse plays no part."""
    return "postgres"


def test_a_late_word_is_void(shop, drop):
    number = take_in(shop, drop("a.csv", 1), ANN)
    with Session(shop.database) as session, session.begin():
        first = files.claim(session, 2)
    silence(shop, number)
    load_next(shop)
    with Session(shop.database) as session, session.begin():
        assert not files.fail(session, first, "too late")
        assert not files.beat(session, first)
    assert row(shop, number).state == "success"


def test_a_file_whose_loaders_die_is_given_up(shop, drop):
    number = take_in(shop, drop("a.csv", 1), ANN)
    for _ in range(shop.workspace.attempts):
        with Session(shop.database) as session, session.begin():
            assert files.claim(session, 2)
        silence(shop, number)
    ended = load_next(shop)
    assert "a.csv was given up: whoever loaded it died, 5 times" in str(ended.error)


def test_a_file_that_failed_may_come_again(shop, drop):
    path = drop("a.csv", 1)
    path.write_text("nothing\nof the kind\n")
    first = take_in(shop, path, ANN)
    assert "2 of 2 lines do not fit table call: a.csv:1: 1 fields instead of 16" in str(load_next(shop).error)
    assert row(shop, first).rejects
    second = take_in(shop, path, Given("freeswitch", "", "ann"))
    assert second != first
    assert row(shop, first).deleted_at
    assert (row(shop, second).state, row(shop, second).attempt) == ("waiting", 0)


def test_where_the_warehouse_is_away_a_file_waits(shop, drop, monkeypatch):
    number = take_in(shop, drop("a.csv", 1), ANN)
    gone = replace(shop.warehouse, database="postgresql://nobody@127.0.0.1:1/gone")
    with monkeypatch.context() as patched:
        patched.setattr("reports_lib.cdr.work.Address.of", lambda workspace, reader=True: gone)
        with pytest.raises(DatabaseError):
            load_next(shop)
    assert (row(shop, number).state, row(shop, number).attempt) == ("waiting", 0)
    load_next(shop)
    assert row(shop, number).state == "success"


def test_what_is_being_loaded_is_not_deleted(shop, drop):
    number = take_in(shop, drop("a.csv", 1), ANN)
    with Session(shop.database) as session, session.begin():
        files.claim(session, 2)
    with pytest.raises(StateError, match="is being loaded"):
        work.delete(shop, number)
    assert work.originals(shop).path(row(shop, number).sha256).stat().st_mode & 0o777 == 0o444


def test_no_original_no_load(shop, drop):
    number = take_in(shop, drop("a.csv", 1), ANN)
    work.originals(shop).path(row(shop, number).sha256).unlink()
    assert "a.csv is gone from" in str(load_next(shop).error)


@pytest.mark.parametrize("kind", ["folder", "pipe", "bomb"])
def test_what_is_no_file_leaves_nothing_behind(shop, tmp_path, kind):  # T-19
    path = tmp_path / "odd"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("a.csv", b"0" * (80 << 20))
        take_in(shop, path, ANN)
        assert "odd grows more than 200 times: a zip bomb" in str(load_next(shop).error)
        assert not list((shop.workspace.outputs / "cdr/tmp").iterdir())
        return
    with pytest.raises(IngestError, match="odd is not a file"):
        take_in(shop, path, ANN)
    assert not list((shop.workspace.outputs / "cdr").rglob("*"))[1:]


def test_the_warehouse_hears_of_every_change(shop, drop):  # M-65, M-66
    path = drop("a.csv", 1)
    number = take_in(shop, path, ANN)

    def copy():
        mirror.sync(shop.database, shop.warehouse, mirrored.SUBJECTS)
        with connect(shop.warehouse, as_of=AS_OF) as warehouse:
            return warehouse.table("cdr_file").to_pyarrow().to_pylist()

    (waiting,) = copy()
    assert (waiting["file_id"], waiting["status"], waiting["size_bytes"]) == (-number, "waiting", path.stat().st_size)
    load_next(shop)
    (loaded,) = copy()
    assert loaded["status"] == "success"
    assert loaded["processed_at"] >= loaded["uploaded_at"]
    work.delete(shop, number)
    assert copy()[0]["deleted_at"]
