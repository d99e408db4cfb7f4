"""The queue from the command line: leave a report to the workers, cancel it, ask for it again, have it mailed."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace

import pytest

from reports_lib.database.schema import State
from reports_lib.parameters.query import Query, write_query
from tests.cli.conftest import PROGRAM

pytestmark = pytest.mark.kernel

TABLE = """
from reports_lib.display import Column, Grid
Grid("One", [{"n": 1}], [Column("n", "N", "quantity")], is_main=True)
"""
WAITS = """
import pathlib, time
place = pathlib.Path({folder!r})
(place / "begun").touch()
while not (place / "go").exists():
    time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def worker(office, tmp_path_factory):
    """The process of a worker, from here to the end of the module."""
    log = tmp_path_factory.mktemp("worker") / "log"
    with log.open("wb") as file:
        env = os.environ | office.environment | {"DAYBOOK_LEASE": "4"}
        process = subprocess.Popen([PROGRAM, "work"], env=env, stderr=file, stdout=file)
    try:
        until(lambda: "ready" in log.read_text())
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def until(is_so, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come to that within {seconds} s"
        time.sleep(0.05)


def lines(text):
    return dict(line.split(": ", 1) for line in text.splitlines())


def test_a_report_is_left_to_the_workers(daybook, office):
    office.write_notebook("left", "print(1)")
    answer = daybook("run", "left", "--queue", "--format", "html", "--json")
    assert (answer.code, answer.err) == (0, "")
    told = json.loads(answer.out)
    assert told == {"run": told["run"], "state": "queued"}
    run = str(told["run"])
    assert lines(daybook("show", run).out)["state"] == "queued"
    assert [r["run"] for r in json.loads(daybook("runs", "--state", "queued", "--json").out)] == [run]
    worked = daybook("work", "--once", "--quiet")
    assert (worked.code, worked.out, worked.err) == (0, "", "")
    assert lines(daybook("show", run).out)["state"] == "generated"
    assert daybook("runs", "--state", "queued").out.splitlines()[1:] == []
    refused = daybook("cancel", run)
    assert (refused.code, refused.err) == (16, f"daybook: run {run} has made its report and cannot be cancelled\n")


def test_a_saved_query_is_run_in_its_formats_under_its_name(daybook, office):  # JD-55
    office.write_notebook("kept", "print(1)")
    query = Query({"interval": "last month"}, name="For the board", formats=("xlsx", "csv"))
    path = office.workspace.parameters / "kept" / "for-the-board.yaml"
    write_query(path, query)
    asked = []
    for more in ([], ["--format", "pdf"], ["-p", "interval=last year"]):
        answer = daybook("run", "kept", "-s", "for-the-board", "--queue", "--json", *more)
        assert (answer.code, answer.err) == (0, "")
        asked.append(json.loads(answer.out)["run"])
    runs = {run.id: run for run in office.runs(family="kept")}
    assert [runs[each].formats for each in asked] == [["xlsx", "csv"], ["pdf"], ["xlsx", "csv"]]
    assert [runs[each].asked["interval"] for each in asked] == ["last month", "last month", "last year"]
    assert {run.name for run in runs.values()} == {"For the board"}
    assert not any(run.recipients for run in runs.values())  # nobody is sent mail by it
    write_query(path, replace(query, formats=("docx",)))
    refused = daybook("run", "kept", "-s", "for-the-board", "--queue")
    assert (refused.code, refused.err.count("\n")) == (3, 1)
    assert "docx" in refused.err
    for each in asked:
        daybook("cancel", str(each))


def test_what_cannot_be_made_is_refused_before_it_is_queued(daybook, office):
    office.write_notebook("left", "print(1)")
    before = len(office.runs())
    for words, code in (
        (["left", "-p", "intreval=last month"], 3),
        (["left", "-p", "interval=sometime"], 2),
        (["left", "--data-version", "999"], 5),
        (["nothing"], 3),
    ):
        answer = daybook("run", *words, "--queue")
        assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1)
    assert len(office.runs()) == before


def test_a_run_that_waits_is_cancelled_and_asked_for_again(daybook, office):
    office.write_notebook("left", TABLE)
    run = str(json.loads(daybook("run", "left", "--queue", "--json").out)["run"])
    assert daybook("cancel", run).out == f"run {run} is cancelled\n"
    (found,) = office.runs(id=int(run))
    assert (found.state, found.error.startswith("cancelled by ")) == (State.CANCELLED, True)
    assert daybook("cancel", run).code == 16
    assert (
        daybook("retry", run, "--queue").out
        == f"run {run} waits for a worker; `daybook show {run}` tells how far it is\n"
    )
    assert daybook("retry", run).code == 16
    daybook("cancel", run)
    answer = daybook("retry", run)  # nobody else is there, so it is made here
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("left  -  http://")
    assert daybook("cancel", "99999").code == 3


def test_what_was_made_is_deleted(daybook, office):
    office.write_notebook("mistake", "print(1)")
    made = office.generate("mistake", formats="html")
    (run,) = office.runs(snapshot_id=made.id)
    assert daybook("delete", str(run.id), "--reason", "wrong month").out == f"run {run.id} is deleted\n"
    refused = daybook("show", made.id)
    assert (refused.code, "wrong month" in refused.err) == (10, True)
    assert str(run.id) not in [each["run"] for each in json.loads(daybook("runs", "--json").out)]
    assert office.open(made.url).status_code == 410
    assert daybook("verify").code == 0
    assert daybook("delete", str(run.id)).code == 0  # it is deleted already
    waits = str(json.loads(daybook("run", "mistake", "--queue", "--json").out)["run"])
    assert daybook("delete", waits).err == f"daybook: run {waits} is being made: cancel it, then delete it\n"
    daybook("cancel", waits)
    assert daybook("delete", "99999").code == 3


def test_who_stops_what_he_makes_himself_cancels_it(office, tmp_path):
    office.write_notebook("mine", WAITS.format(folder=str(tmp_path)))
    env = os.environ | dict(office.environment)
    making = subprocess.Popen(
        [PROGRAM, "run", "mine"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until((tmp_path / "begun").exists)
    making.send_signal(signal.SIGINT)
    out, _ = making.communicate(timeout=60)
    assert (making.returncode, out) == (130, "")
    (run,) = office.runs(family="mine")
    assert (run.state, run.snapshot_id) == (State.CANCELLED, None)


def test_a_page_alone_is_not_sent(daybook, office):  # JD-30
    office.write_notebook("mailed", TABLE)
    answer = daybook("run", "mailed", "--send-to", "ann@example.com", "--format", "html")
    said = "daybook: a report for the web alone cannot be sent by mail: add pdf, csv, xlsx or xls\n"
    assert (answer.code, answer.out, answer.err) == (2, "", said)
    assert not office.runs(family="mailed")
    assert daybook("run", "mailed", "--send-to", "ann@example.com, eve@example.com").code == 2  # T18


def test_a_report_is_mailed_though_no_worker_is_there(daybook, office, tmp_path, monkeypatch):
    office.write_notebook("mailed", TABLE)
    monkeypatch.setenv("DAYBOOK_OUTBOX", str(tmp_path))
    to = ("--send-to", "ann@example.com", "--send-to", "bob@example.com", "--send-to", "ann@example.com")
    answer = daybook("run", "mailed", *to, "--format", "csv")
    assert (answer.code, answer.err) == (0, "")
    sent = sorted(path.read_text() for path in tmp_path.glob("*.eml"))
    assert len(sent) == 2
    assert [sum(f"To: {name}@example.com" in mail for mail in sent) for name in ("ann", "bob")] == [1, 1]


# With a worker, which stays to the end


def test_a_worker_makes_it_and_the_command_waits(daybook, office, worker):
    office.write_notebook("made", TABLE)
    answer = daybook("run", "made", "--format", "html,csv", "--json")
    assert (answer.code, answer.err) == (0, "")
    told = json.loads(answer.out)
    (run,) = office.runs(id=told["run"])
    assert f"/{worker.pid}/" in run.worker
    assert set(told["files"]) == {"html", "csv", "ipynb"}

    office.write_notebook("made", "1 / 0")
    failed = daybook("run", "made")  # the error is that of the run
    said = "daybook: made: 'The sums' raised ZeroDivisionError: division by zero\n"
    assert (failed.code, failed.out, failed.err) == (4, "", said)
    run = office.runs(family="made")[-1]
    shown = lines(daybook("show", str(run.id)).out)
    assert (shown["state"], shown["stage"], shown["step"], shown["cell"]) == (
        "error",
        "executing",
        "The sums",
        "6 of 6",
    )
    assert shown["worker"].endswith(f"process {worker.pid}")
    assert shown["notebook as far as it came"].endswith(f"outputs/runs/{run.id}/1/executed.ipynb")


def test_who_stops_waiting_does_not_stop_the_run(office, worker, tmp_path):
    office.write_notebook("slow", WAITS.format(folder=str(tmp_path)))
    env = os.environ | dict(office.environment)
    waiting = subprocess.Popen(
        [PROGRAM, "run", "slow", "--format", "html"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until((tmp_path / "begun").exists)
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=30)
    (run,) = office.runs(family="slow")
    told = f"run {run.id} goes on: `daybook show {run.id}` tells how far it is, `daybook cancel {run.id}` ends it"
    assert (waiting.returncode, out, err.rstrip("\n")) == (130, "", told)
    assert run.state == State.GENERATING
    (tmp_path / "go").touch()
    until(lambda: office.runs(family="slow")[0].state == State.GENERATED)


def test_cancelled_while_the_command_waits(daybook, office, worker, tmp_path):
    office.write_notebook("ended", WAITS.format(folder=str(tmp_path)))
    env = os.environ | dict(office.environment)
    waiting = subprocess.Popen(
        [PROGRAM, "run", "ended"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until((tmp_path / "begun").exists)
    (run,) = office.runs(family="ended")
    assert daybook("cancel", str(run.id)).code == 0
    out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, out, err.count("\n")) == (15, "", 1)
    assert f"run {run.id} was cancelled by" in err
