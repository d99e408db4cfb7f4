"""Files into a warehouse of either engine: once, whole, and no line lost (T-20)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reports_lib.cdr import files
from reports_lib.cdr.files import Given
from reports_lib.cdr.work import load_next, take_in
from reports_lib.errors import IngestError
from tests.cdr.shop import ANN, calls, row, silence


def test_a_file_is_loaded_whole(shop, drop):
    number = take_in(shop, drop("a.csv", 1, 2, more="bad\n\n"), ANN)
    assert row(shop, number).state == "waiting"
    load_next(shop)
    found = row(shop, number)
    assert (found.state, found.lines, found.loaded, found.rejected, found.blank) == ("success", 4, 2, 1, 1)
    assert bool(found.data_version) == shop.warehouse.is_lake
    assert "bad" in (shop.workspace.outputs / found.rejects).read_text()
    assert sorted(call["client_number"] for call in calls(shop)) == ["+380501000001", "+380501000002"]
    assert load_next(shop) is None


def test_records_that_came_before_are_rejects(shop, drop):
    take_in(shop, drop("a.csv", 1, 2), ANN)
    number = take_in(shop, drop("b.csv", 2, 3, 3), ANN)
    load_next(shop)
    load_next(shop)
    found = row(shop, number)
    assert (found.state, found.loaded, found.rejected) == ("success", 1, 2)
    assert len(calls(shop)) == 3
    told = (shop.workspace.outputs / found.rejects).read_text()
    assert "is in the table already" in told
    assert "is in line 2" in told


def test_clients_are_looked_for_in_the_companys_own(shop, drop):
    for company, number in (("2", 1), ("3", 2)):
        take_in(shop, drop(f"{company}.csv", number, accountcode="both"), Given("asterisk", company, "ann"))
        assert not load_next(shop).error
    assert sorted(call["client_id"] for call in calls(shop)) == [11, 13]
    take_in(shop, drop("all.csv", 3, accountcode="both"), ANN)
    assert "'both' is the external_id of more than one client" in str(load_next(shop).error)
    take_in(shop, drop("phone.csv", 99, accountcode=""), ANN)
    load_next(shop)
    assert 12 in [call["client_id"] for call in calls(shop)]
    take_in(shop, drop("none.csv", 4), Given("asterisk", "9", "ann"))
    assert "no company '9'" in str(load_next(shop).error)


def test_one_of_many_takes_a_file_in_and_one_loads_it(shop, drop):  # T-20: same file twice = one load
    path = drop("a.csv", *range(50))
    barrier = threading.Barrier(6)

    def attempt(_):
        barrier.wait()
        try:
            number = take_in(shop, path, ANN)
        except IngestError as error:
            number = str(error)
        return number, load_next(shop)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attempt, range(6)))
    refused = [number for number, _ in found if isinstance(number, str)]
    assert len(refused) == 5
    assert all("as a.csv (file" in told for told in refused)
    assert sum(ended is not None for _, ended in found) == 1
    assert len(calls(shop)) == 50


def test_who_died_after_the_rows_were_written_is_believed(shop, drop, monkeypatch):  # T-20: kill = none or all
    number = take_in(shop, drop("a.csv", 1, 2, 2, more="bad\n\n"), ANN)

    class Killed(BaseException):
        """What nothing catches."""

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(files, "succeed", die)
        with pytest.raises(Killed):
            load_next(shop)
    assert row(shop, number).state == "processing"
    assert load_next(shop) is None  # its heartbeat is fresh
    silence(shop, number)
    load_next(shop)
    found = row(shop, number)
    assert (found.state, found.attempt) == ("success", 2)
    assert (found.lines, found.loaded, found.rejected, found.blank) == (5, 2, 2, 1)
    assert bool(found.data_version) == shop.warehouse.is_lake
    assert found.rejects
    assert len(calls(shop)) == 2
