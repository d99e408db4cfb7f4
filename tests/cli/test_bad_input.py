"""Whatever is asked wrongly: one line on standard error, an exit code of its own, nothing half-written."""

import os
import subprocess
import time

import pytest

from tests.cli.conftest import PROGRAM
from tests.runs.conftest import QUARTER

ASK = ("run", "customer_dynamics", "--as-of", "2024-04-10")
GOLDEN = tuple(word for pair in QUARTER.items() for word in ("-p", "=".join(pair)))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([*ASK, "-p", "curency=EUR"], 3, "no parameter of customer_dynamics named 'curency'; did you mean 'currency'?"),
        ([*ASK, "-p", "currency=XXX"], 2, "currency 'XXX' is not one of"),
        ([*ASK, "-p", "client_type=cleint"], 2, "client_type 'cleint' is not there; did you mean 'client'?"),
        ([*ASK, "-p", "active_duration=many"], 2, "active_duration 'many' is not"),  # wrong type
        ([*ASK, "-p", "interval="], 2, "interval is required"),  # JD-08
        ([*ASK, "-p", "interval=2024-03-31/2024-01-01"], 2, "interval '2024-03-31/2024-01-01' ends before it begins"),
        ([*ASK, "-p", "interval=2024-02-30/2024-03-01"], 2, "interval '2024-02-30/2024-03-01' is not like"),
        ([*ASK, "-p", "time_zone=Mars/Base"], 2, "time_zone 'Mars/Base' is not"),
        ([*ASK, "-p", "currency"], 2, "-p 'currency' is not like NAME=VALUE"),
        (["run", "custmer_dynamics"], 3, "no family named 'custmer_dynamics'; did you mean 'customer_dynamics'?"),
        ([*ASK, "-s", "last-12-month"], 3, "no parameter set of customer_dynamics named 'last-12-month'; did you mean"),
        ([*ASK, "-s", "../../etc/passwd"], 3, "no parameter set of customer_dynamics named '../../etc/passwd'"),
        ([*ASK, "--format", "html,docx"], 3, "no format named 'docx'"),
        ([*ASK, "--data-version", "99"], 5, "the lake has no data version 99; it has 0 to 2"),
        (["run", "customer_dynamics", "--as-of", "2999-01-01"], 2, "--as-of 2999-01-01 has not come yet"),
        (["run", "customer_dynamics", "--as-of", "soon"], 2, "--as-of 'soon' is not like"),
        (["resolve", "customer_dynamics", "-p", "curency=EUR"], 3, "did you mean 'currency'?"),
        (["show", "999"], 3, "no run numbered 999; there is none yet"),
        (["show", "abcdef"], 3, "no snapshot of that id"),
        (["verify", "abcdef"], 3, "no snapshot of that id"),
        (["show", "%"], 3, "no snapshot of that id"),
        (["ingest", "usage_evnt", "x.csv"], 3, "no table named 'usage_evnt'; did you mean 'usage_event'?"),
        (["ingest", "usage_event", "absent.csv"], 12, "no file absent.csv"),
        (["lint", "sales"], 3, "no family named 'sales'"),
        (["new", "Sales!"], 13, "'Sales!' cannot name a family"),
        (["new", "customer_dynamics"], 13, "notebooks/customer_dynamics.ipynb is there already"),
        (["demo", "--data-only"], 13, "the warehouse holds data of its own"),
        (["rum"], 3, "no command named 'rum'; did you mean 'run'?"),
        (["run"], 2, "Missing argument 'FAMILY'; see `daybook run --help`"),
        (["run", "customer_dynamics", "--fromat", "csv"], 2, "No such option"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_what_is_asked_wrongly_is_said_in_one_line(daybook, office, words, code, said):
    answer = daybook(*words)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith("daybook: ")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert office.runs() == []  # refused before there is a run
    assert not office.workspace.snapshots.exists()


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("DAYBOOK_HOME", "/nowhere", 13, "DAYBOOK_HOME='/nowhere' is no workspace"),
        ("DAYBOOK_TIME_ZONE", "Mars/Base", 13, "DAYBOOK_TIME_ZONE='Mars/Base' is not a time zone"),
        ("DAYBOOK_CELL_TIMEOUT", "soon", 13, "DAYBOOK_CELL_TIMEOUT='soon' is not a whole number"),
        ("DAYBOOK_WAREHOUSE_URL", "mysql://x", 5, "a warehouse's address must be like postgresql://"),
        ("DAYBOOK_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/gone", 7, "127.0.0.1:1/gone cannot be reached"),
    ],
)
def test_a_setting_that_cannot_be_is_said_in_one_line(daybook, monkeypatch, name, value, code, said):
    monkeypatch.setenv(name, value)
    answer = daybook(*ASK)
    assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1)
    assert said in answer.err


def test_a_database_that_is_down_is_said_within_seconds(office):
    down = {"DAYBOOK_DATABASE_URL": "postgresql://ann:secret@127.0.0.1:1/daybook"}
    begun = time.monotonic()
    answer = subprocess.run(
        [PROGRAM, *ASK], env=os.environ | office.environment | down, capture_output=True, text=True, check=False
    )
    assert time.monotonic() - begun < 20  # of which most is the start of Python on a busy machine
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (7, "", 1)
    assert answer.stderr.startswith("daybook: the database at 127.0.0.1:1/daybook cannot be reached")
    assert "secret" not in answer.stderr


@pytest.mark.kernel
def test_a_cell_that_raises_is_named_by_its_heading(daybook, office):  # T-73
    office.write_notebook("shaky", "1 / 0")
    answer = daybook("run", "shaky")
    assert answer.code == 4
    assert answer.err == "daybook: shaky: 'The sums' raised ZeroDivisionError: division by zero\n"
    assert "shaky\t-\terror" in daybook("runs").out
    number = str(office.runs(family="shaky")[0].id)
    assert "notebook as far as it came: " in daybook("show", number).out


@pytest.mark.kernel
def test_a_missing_rate_is_named_by_currency_and_day(daybook, office):  # T-14
    answer = daybook(*ASK, *GOLDEN, "-p", "currency=UAH")
    assert answer.code == 6
    assert answer.err.count("\n") == 1
    for said in ("EUR", "USD", "UAH", "2024-01-"):
        assert said in answer.err
    assert office.count() == (0, 0)


@pytest.mark.kernel
def test_all_that_the_warehouse_lacks_is_named_at_once(daybook, office):
    for statement in (
        "DROP TABLE usage_event",
        "DROP TABLE ledger_entry",
        "ALTER TABLE client DROP COLUMN client_type",
        "ALTER TABLE client ADD COLUMN client_type BIGINT",
    ):
        office.change(statement)
    answer = daybook(*ASK, *GOLDEN)
    assert answer.code == 5
    assert answer.err.count("\n") == 1
    for said in ("no table usage_event", "no table ledger_entry", "client.client_type is int64, not string"):
        assert said in answer.err
    assert office.count() == (0, 0)
