"""The clock that runs for ever: a database that goes, an edit that breaks, an edit half done."""

import os
import shutil
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reports_lib.database import server
from reports_lib.database.schema import Decision
from reports_lib.runs import timekeeper
from reports_lib.runs.timekeeper import Timekeeper
from reports_lib.workspace import Workspace

EVERY_MINUTE = "- {name: often, family: sales, cron: '* * * * *'}\n"
NEW = "- {name: new, family: sales, cron: '* * * * *'}\n"


@pytest.fixture
def keep(office, monkeypatch):
    """`keep(text)`: a clock at that schedule, what it says and what it warns of; `keep.write(text)` changes it."""
    office.write_notebook("sales", "print(interval)")
    path = office.workspace.parameters / "schedule.yaml"
    made = []

    def start(text, workspace=office.workspace):
        path.write_text(text)
        said, warned = [], []
        made.append(Timekeeper(workspace, said.append, warned.append))
        return made[-1], said, warned

    start.write = path.write_text
    yield start
    path.unlink(missing_ok=True)
    for each in made:
        each._close()


def test_a_turn_decides_and_says_how_long_to_sleep(keep):
    keeper, said, warned = keep(EVERY_MINUTE)
    pause = keeper.turn()
    assert 0 < pause <= timekeeper.LONGEST
    assert [(each.entry, each.decision) for each in said] == [("often", Decision.ASKED)]
    assert warned == []


def test_a_change_is_read_once_it_stays_as_it_is(keep):
    keeper, _, warned = keep(EVERY_MINUTE)
    keep.write(NEW.partition("cron")[0])  # half written
    assert keeper.turn() <= timekeeper.SETTLING
    assert [entry.name for entry in keeper.entries] == ["often"]
    keep.write(EVERY_MINUTE + NEW)
    keeper.turn()
    keeper.turn()
    assert [entry.name for entry in keeper.entries] == ["often", "new"]
    assert warned == []


def test_what_cannot_be_read_goes_on_as_it_was_and_is_told_once(keep):
    keeper, _, warned = keep(EVERY_MINUTE + NEW)
    keep.write(EVERY_MINUTE + NEW.replace("sales", "seles"))
    for _ in range(4):
        keeper.turn()
    assert warned == [
        "schedule.yaml: entry new: no family named 'seles'; did you mean 'sales'?; going on with the entry as it was"
    ]
    assert [entry.name for entry in keeper.entries] == ["often", "new"]
    keep.write("- [")
    for _ in range(4):
        keeper.turn()
    assert [text.partition(":")[0] for text in warned[1:]] == ["schedule.yaml is not YAML"]
    assert warned[1].endswith("; going on with the schedule as it was")
    keep.write(EVERY_MINUTE)
    for _ in range(2):
        keeper.turn()
    assert [entry.name for entry in keeper.entries] == ["often"]
    assert len(warned) == 2


def test_a_database_that_is_away_is_waited_for(keep, office):
    away = replace(office.workspace, database_url="postgresql://nobody@127.0.0.1:1/gone")
    keeper, said, warned = keep(EVERY_MINUTE.replace("often", "patient"), away)
    pauses = [keeper.turn() for _ in range(8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert len(warned) == 1
    assert warned[0].endswith("; trying again until it is there")
    keeper.workspace = office.workspace  # it is back
    keeper.turn()
    assert keeper.turn() <= timekeeper.LONGEST
    assert [each.entry for each in said] == ["patient"]
    assert len(warned) == 1


@pytest.mark.kernel
def test_an_embedded_database_that_is_killed_is_started_again(keep, office):
    root = Path(tempfile.mkdtemp(prefix="daybook-tests-"))
    root.chmod(0o755)
    for name in ("notebooks", "parameters"):
        shutil.copytree(office.workspace.root / name, root / name)
    (root / "outputs").mkdir()
    own = Workspace(root=root, outputs=root / "outputs")
    shutil.copy(office.write_notebook("sales", "1"), root / "notebooks")
    (root / "parameters/schedule.yaml").write_text(EVERY_MINUTE)
    said, warned = [], []
    keeper = Timekeeper(own, said.append, warned.append)
    try:
        keeper.turn()
        assert len(said) == 1
        pid = server._uses[own.outputs].cluster.data / "postmaster.pid"
        os.kill(int(pid.read_text().splitlines()[0]), signal.SIGKILL)
        end = time.monotonic() + 60
        while keeper.turn() < 1 or "database" in keeper._told:
            assert time.monotonic() < end
            time.sleep(0.5)
        assert len(warned) <= 1
        assert len({each.tick for each in said}) == len(said)
    finally:
        keeper._close()
        server.stop(own)
        shutil.rmtree(root)
