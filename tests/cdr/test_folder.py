"""The drop folder: what comes is loaded and moved, what grows is left alone, nothing is overwritten."""

import os
from threading import Event

import pytest
from sqlalchemy.orm import Session

from reports_lib.cdr.files import listed
from reports_lib.cdr.folder import Folder
from reports_lib.cdr.watch import Watcher
from reports_lib.cdr.work import load_next
from tests.cdr.lines import asterisk


@pytest.fixture
def engine():
    """One engine will do: only files are moved."""
    return "postgres"


@pytest.fixture
def said():
    return []


@pytest.fixture
def folder(shop, tmp_path, said):
    (tmp_path / "drop/asterisk/2").mkdir(parents=True)
    return Folder(shop, tmp_path / "drop", said.append, settle=0)


def turn(shop, folder):
    """Taken in, loaded, moved."""
    folder.look()
    folder.look()
    while load_next(shop):
        continue
    return folder.look()


def below(folder):
    return sorted(str(each.relative_to(folder.path)) for each in folder.path.rglob("*") if each.is_file())


def rows(shop):
    with Session(shop.database) as session:
        return [(each.name, each.company, each.state) for each in listed(session)]


def test_what_comes_is_loaded_and_moved(shop, folder, said):
    (folder.path / "asterisk/Master.csv").write_text(asterisk(1))
    (folder.path / "asterisk/2/Master.csv").write_text(asterisk(2, accountcode="both"))
    (folder.path / "asterisk/bad.csv").write_text("what\n")
    assert not turn(shop, folder)
    assert below(folder) == [
        "done/asterisk/2/Master.csv",
        "done/asterisk/Master.csv",
        "failed/asterisk/bad.csv",
        "failed/asterisk/bad.csv.error.txt",
    ]
    assert sorted(rows(shop)) == [
        ("Master.csv", "", "success"),
        ("Master.csv", "2", "success"),
        ("bad.csv", "", "error"),
    ]
    assert "1 of 1 lines do not fit" in (folder.path / "failed/asterisk/bad.csv.error.txt").read_text()
    assert [line.partition(":")[0] for line in said] == ["bad.csv is in failed"]


def test_what_still_grows_is_left_alone(shop, folder):
    path = folder.path / "asterisk/Master.csv"
    for number in range(3):
        with path.open("a") as file:
            file.write(asterisk(number))
        assert folder.look()
    assert rows(shop) == []
    patient = Folder(shop, folder.path, print, settle=60)
    patient.look()
    patient.look()
    assert rows(shop) == []
    turn(shop, folder)
    assert rows(shop) == [("Master.csv", "", "success")]


def test_nothing_is_ever_overwritten(shop, folder):
    for number in range(3):
        (folder.path / "asterisk/Master.csv").write_text(asterisk(number))
        turn(shop, folder)
    assert below(folder) == [f"done/asterisk/Master{tail}.csv" for tail in ("-2", "-3", "")]
    (folder.path / "asterisk/Master.csv").write_text(asterisk(0))  # the first one again
    turn(shop, folder)
    assert below(folder)[-2:] == ["failed/asterisk/Master.csv", "failed/asterisk/Master.csv.error.txt"]
    told = (folder.path / "failed/asterisk/Master.csv.error.txt").read_text()
    assert "Master.csv was loaded on" in told
    assert len(rows(shop)) == 3


def test_who_comes_after_a_dead_process_moves_its_files(shop, folder, said):
    (folder.path / "asterisk/Master.csv").write_text(asterisk(1))
    folder.look()
    folder.look()
    load_next(shop)  # and then it died
    turn(shop, Folder(shop, folder.path, said.append, settle=0))
    assert below(folder) == ["done/asterisk/Master.csv"]
    assert (len(rows(shop)), said) == (1, [])


def test_what_is_no_file_of_ours_is_left_alone(shop, folder, said, tmp_path):
    (folder.path / "asterix").mkdir()
    (folder.path / "asterisk/two").mkdir()
    for name in ("asterix/a.csv", "asterisk/two/a.csv", "asterisk/.a.csv", "asterisk/a.csv.part", "a.csv"):
        (folder.path / name).write_text(asterisk(1))
    (tmp_path / "secret").write_text(asterisk(2))
    (folder.path / "asterisk/link.csv").symlink_to(tmp_path / "secret")
    os.mkfifo(folder.path / "asterisk/pipe.csv")
    before = below(folder)
    turn(shop, folder)
    turn(shop, folder)
    assert (below(folder), rows(shop)) == (before, [])
    assert len(said) == 2  # each once
    assert any("there is no format asterix" in line for line in said)


def test_a_format_with_a_mistake_waits_until_it_is_mended(shop, folder, said):
    own = shop.workspace.parameters / "cdr"
    own.mkdir()
    (own / "asterisk.yaml").write_text("like: asterisk\nzone: Kyiv\n")
    (folder.path / "asterisk/Master.csv").write_text(asterisk(1))
    turn(shop, folder)
    turn(shop, folder)
    assert [line.partition(":")[0] for line in said] == ["Master.csv is left where it is"]
    (own / "asterisk.yaml").write_text("like: asterisk\nzone: Europe/Kyiv\n")
    turn(shop, folder)
    assert below(folder) == ["done/asterisk/Master.csv"]


def test_a_watcher_goes_on(shop, folder, said):
    watcher = Watcher(shop, said.append, lambda: said.append("told the warehouse"))
    watcher.folder = folder
    (folder.path / "asterisk/Master.csv").write_text(asterisk(1))
    watcher.once(Event())
    assert below(folder) == ["done/asterisk/Master.csv"]
    assert said[0].startswith("Master.csv: 1 lines = 1 loaded + 0 rejected + 0 blank (file ")
    assert said[1:] == ["told the warehouse"]
