"""`daybook cdr` on the command line: files in, states and counts out, each error one line."""

import gzip
import os
import signal
import subprocess
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from reports_lib.cdr.files import listed
from reports_lib.cli.chores import CdrLoading
from reports_lib.database.schema import CdrState
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.connection import connect
from tests.cdr.lines import asterisk, cucm
from tests.cli.conftest import PROGRAM
from tests.conftest import AS_OF


@pytest.fixture
def master(tmp_path):
    """`master(1, 2, name=…)`: a Master.csv with a call of each number."""

    def write(*numbers, name="Master.csv", more=""):
        path = tmp_path / name
        path.write_text("".join(asterisk(number) for number in numbers) + more)
        return path

    return write


@pytest.fixture
def states(office):
    """The files that there are: name, state and error, newest first."""

    def read():
        with Session(office.installation.database) as session:
            return [(each.name, each.state, each.error) for each in listed(session)]

    return read


def until(holds):
    """Wait for it, a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def calls(office, table="call"):
    with connect(office.installation.warehouse, as_of=AS_OF) as warehouse:
        return warehouse.table(table).to_pyarrow().to_pylist()


def test_a_file_is_loaded_once_and_listed(daybook, office, master):  # CD-07, T-20
    path = master(1, 2, more='"broken\n\n')
    answer = daybook("cdr", "load", str(path))
    assert (answer.code, answer.err) == (0, "")
    counted, rejects = answer.out.splitlines()
    assert counted.startswith("Master.csv: 4 lines = 2 loaded + 1 rejected + 1 blank (file 10000000")
    kept = Path(rejects.removeprefix("rejected lines are in ")).read_text()
    assert kept.splitlines()[1] == 'Master.csv,3,,a quote is not closed on its line,"""broken"'
    again = daybook("cdr", "load", str(path))
    assert (again.code, again.out, again.err.count("\n")) == (12, "", 1)
    assert "Master.csv was loaded on" in again.err
    packed = path.with_name("other.csv.gz")  # other bytes, but the same lines
    packed.write_bytes(gzip.compress(path.read_bytes()))
    again = daybook("cdr", "load", str(packed))
    assert again.code == 12
    assert "other.csv.gz was loaded into call on" in again.err
    assert "--again" not in again.err
    rows = [line.split("\t") for line in daybook("cdr", "list").out.splitlines()]
    assert [row[1:9] for row in rows[1:]] == [
        ["other.csv.gz", "asterisk", "-", "error", "0", "0", "0", "0"],
        ["Master.csv", "asterisk", "-", "success", "4", "2", "1", "1"],
    ]
    copies = {row["name"]: row for row in calls(office, "cdr_file")}  # what reports read (M-66)
    assert (copies["Master.csv"]["status"], copies["other.csv.gz"]["status"]) == ("success", "error")
    assert copies["Master.csv"]["size_bytes"] == path.stat().st_size  # M-65


def test_the_others_are_loaded_where_one_is_bad(daybook, states, master, tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "cdr_Cluster1_01_202402101000_1").write_text(cucm([5]))
    answer = daybook(
        "cdr", "load", str(tmp_path / "empty.csv"), str(tmp_path / "no.csv"), str(master(3, name="three.csv")),
        str(tmp_path / "cdr_Cluster1_01_202402101000_1"),
    )  # fmt: skip
    assert answer.code == 12
    assert [line.partition(": ")[0] for line in answer.out.splitlines()] == [
        "three.csv",
        "cdr_Cluster1_01_202402101000_1",
    ]
    assert len(answer.err.splitlines()) == 2
    assert answer.err.startswith("daybook: empty.csv is empty; there is nothing to load\ndaybook: no file ")


def test_the_format_is_told_where_it_cannot_be_found_out(daybook, master, tmp_path):
    (tmp_path / "odd.csv").write_text("1,2,3\n")
    answer = daybook("cdr", "load", str(tmp_path / "odd.csv"))
    assert (answer.code, answer.err.count("\n")) == (12, 1)
    assert "is of none of the formats asterisk, cucm, freeswitch, rated; say which it is" in answer.err
    before = daybook("cdr", "list").out
    assert daybook("cdr", "load", str(master(4)), "--format", "asterix").code == 3
    assert daybook("cdr", "load", str(master(4)), "--company", "x").code == 2
    unknown = daybook("cdr", "load", str(master(4)), "--company", "404")
    assert unknown.err.startswith("daybook: the warehouse has no company '404'")
    assert daybook("cdr", "list").out == before  # no file was taken in for nobody
    assert daybook("cdr", "formats").out.splitlines()[1].split("\t") == ["asterisk", "Asterisk Master.csv", "call"]


def test_a_deleted_file_leaves_its_calls(daybook, office, states, master):  # M-65
    number = daybook("cdr", "load", str(master(6, name="six.csv"))).out.partition("(file ")[2][:10]
    before = len(calls(office))
    kept = list((office.workspace.outputs / "cdr").rglob("*"))
    answer = daybook("cdr", "delete", number)
    assert (answer.code, answer.out) == (0, f"file {number}, six.csv, is deleted; its calls stay\n")
    assert len(calls(office)) == before
    assert len(list((office.workspace.outputs / "cdr").rglob("*"))) == len(kept) - 1
    assert daybook("cdr", "delete", number).code == 3
    again = daybook("cdr", "load", str(master(6, name="six.csv")))  # the ledger still knows its lines
    assert (again.code, "was loaded into call on" in again.err) == (12, True)
    (copy,) = [row for row in calls(office, "cdr_file") if row["file_id"] == -int(number)]
    assert copy["deleted_at"]


def test_a_zip_is_one_file_of_several(daybook, tmp_path, master):
    with zipfile.ZipFile(tmp_path / "day.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.write(master(7, 8, name="a.csv"), "deep/../a.csv")
        made.write(master(9, name="b.csv"), "b.csv")
    answer = daybook("cdr", "load", str(tmp_path / "day.zip"))
    assert answer.out.startswith("day.zip: 3 lines = 3 loaded + 0 rejected + 0 blank")


def test_the_folder_is_watched_in_turn(daybook, office, monkeypatch, master, tmp_path, states):
    folder = tmp_path / "drop"
    (folder / "asterisk").mkdir(parents=True)
    monkeypatch.setenv("DAYBOOK_CDR_FOLDER", str(folder))
    master(11, name="eleven.csv").replace(folder / "asterisk/eleven.csv")
    answer = daybook("cdr", "watch", "--once")
    assert answer.code == 0, answer.err
    assert (folder / "done/asterisk/eleven.csv").is_file()
    assert states()[0] == ("eleven.csv", "success", None)
    monkeypatch.delenv("DAYBOOK_CDR_FOLDER")
    assert "DAYBOOK_CDR_FOLDER is not set" in daybook("cdr", "watch").err


def test_what_a_killed_process_left_is_loaded_once(daybook, office, states, tmp_path, monkeypatch):  # T-20: kill -9
    path = tmp_path / "long.csv"
    path.write_text("".join(asterisk(number) for number in range(1000, 21000)))
    env = os.environ | dict(office.environment)
    with subprocess.Popen([PROGRAM, "cdr", "load", str(path)], env=env) as loader:
        until(lambda: [each[:2] for each in states()[:1]] == [("long.csv", CdrState.PROCESSING)])
        loader.send_signal(signal.SIGKILL)
    assert loader.returncode == -signal.SIGKILL
    assert not any(row["client_number"] == "+380501020999" for row in calls(office))
    monkeypatch.setenv("DAYBOOK_LEASE", "2")
    time.sleep(2.1)
    assert daybook("cdr", "watch", "--once").code == 0
    with Session(office.installation.database) as session:
        found = listed(session, limit=1)[0]
        assert (found.name, found.state, found.lines, found.loaded, found.attempt) == (
            "long.csv",
            "success",
            20000,
            20000,
            2,
        )
    assert sum(row["client_number"] == "+380501020999" for row in calls(office)) == 1


@pytest.mark.kernel
def test_a_worker_has_what_comes_into_the_folder_loaded(office, monkeypatch, master, tmp_path, states):
    folder = tmp_path / "drop"
    (folder / "asterisk").mkdir(parents=True)
    for name, value in {**office.environment, "DAYBOOK_CDR_FOLDER": str(folder)}.items():
        monkeypatch.setenv(name, value)
    working = Installation(replace(office.workspace, cdr_folder=folder))
    working.__dict__.update(database=office.installation.database)
    chore = CdrLoading(working)
    assert chore() is None
    assert not chore.is_busy  # nothing to do, no process
    master(12, name="twelve.csv").replace(folder / "asterisk/twelve.csv")

    def ended():
        assert chore() is None
        return not chore.is_busy and (folder / "done/asterisk/twelve.csv").is_file()

    until(ended)
    assert states()[0] == ("twelve.csv", "success", None)
