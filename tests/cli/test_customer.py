"""`daybook customer`: customers on the command line, each step a few lines or one error."""

import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from reports_lib.cli.chores import chores
from reports_lib.errors import DatabaseError
from reports_lib.ops import settle
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from tests.ops.conftest import filling, names
from tests.ops.test_customer import killed

ANN, BOB, STRANGER = names(1)
EDITED, DELETED, LEFT, WAITING = (names(number)[0] for number in (2, 3, 4, 5))  # each of one test


@pytest.fixture(scope="module", autouse=True)
def customers(office):
    """Those of all tests, instead of the office's own clients."""
    rows = filling(5)
    address = Address.of(office.workspace, reader=False)
    writer.write(address, rows, author="source", message="Customers", replace=True)


@pytest.fixture(autouse=True)
def no_operations(office):
    """Whatever a test has asked for is gone after it."""
    yield
    with office.installation.database.begin() as con:
        con.execute(text("delete from operation"))


def test_found_by_address_and_by_name(daybook):  # MS-10, MS-11
    listed = daybook("customer", "find", "N1@mail").out.splitlines()
    assert listed[0].split("\t")[:5] == ["id", "status", "first name", "last name", "email"]
    assert [line.split("\t")[0] for line in listed[1:]] == [str(ANN)]
    found = json.loads(daybook("customer", "find", "LEE A", "--json").out)
    assert [each["id"] for each in found] == [WAITING, LEFT, DELETED, EDITED, ANN]
    assert (found[-1]["email"], found[-1]["networks"]) == ("ann1@mail.example", "Facebook, Google")
    assert daybook("customer", "find", "nobody").out == "id\n"
    refused = daybook("customer", "find", " ")
    assert (refused.code, refused.err) == (2, "daybook: say what the e-mail address or name holds\n")


def test_from_one_city_to_another_and_back(daybook):  # MS-17
    line = "city: Leeds → York\n"
    dry = daybook("customer", "edit", str(EDITED), "city=York", "--dry-run")
    assert (dry.code, dry.out) == (0, line)
    assert json.loads(daybook("customer", "show", str(EDITED), "--json").out)["city"] == "Leeds"
    edited = daybook("customer", "edit", str(EDITED), "city=York", "--key", "one")
    number = re.fullmatch(rf"{line}operation (\d+): edit customer, {EDITED}\n", edited.out)[1]
    assert daybook("customer", "edit", str(EDITED), "city=York", "--key", "one").out == edited.out
    listed = daybook("customer", "operations", str(EDITED)).out.splitlines()[1:]
    assert [row.split("\t")[:3] + row.split("\t")[5:] for row in listed] == [
        [number, "edit customer", f"customer {EDITED}", "done", "city"]
    ]
    assert daybook("customer", "undo", number, "--dry-run").out == "city: York → Leeds\n"
    assert daybook("customer", "undo", number).out.startswith("city: York → Leeds\noperation ")
    assert "\ncity: Leeds\n" in daybook("customer", "show", str(EDITED)).out
    again = daybook("customer", "undo", number)
    assert (again.code, again.err) == (16, f"daybook: operation {number} was undone already\n")


def test_deleted_and_brought_back(daybook, monkeypatch):  # MS-18
    dry = daybook("customer", "delete", str(DELETED), "--dry-run").out
    assert f"name: Ann Lee → deleted customer {DELETED}\n" in dry
    assert "ips: of 2 sessions → -\nraw: of 1 payments → -\nno report with personal data is kept\n" in dry
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert daybook("customer", "delete", str(DELETED)).code == 0
    assert "first_name: Ann\n" in daybook("customer", "show", str(DELETED)).out
    deleted = daybook("customer", "delete", str(DELETED), "--yes", "--key", "two")
    number = re.search(r"operation (\d+): delete customer", deleted.out)[1]
    assert daybook("customer", "delete", str(DELETED), "--yes", "--key", "two").out == deleted.out
    shown = json.loads(daybook("customer", "show", str(DELETED), "--json").out)
    assert (shown["name"], shown["email"]) == (f"deleted customer {DELETED}", "")
    assert daybook("customer", "undo", number).code == 0
    assert "first_name: Ann\n" in daybook("customer", "show", str(DELETED)).out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["show", "99"], 3, "there is no customer 99"),
        (["show", str(STRANGER)], 3, f"there is no customer {STRANGER}"),
        (["show", "0"], 2, "Invalid value for 'ID': 0 is not in the range"),
        (["edit", str(ANN), "York"], 2, "'York' is not FIELD=VALUE"),
        (["edit", str(ANN), "citty=York"], 3, "no field of a customer named 'citty'; did you mean 'city'?"),
        (["edit", str(ANN), "email=x"], 2, "email: 'x' is not one e-mail address such as ann@example.com"),
        (["edit", str(ANN)], 2, f"nothing of customer {ANN} would change: say what shall be different"),
        (["edit", str(ANN), "city=York", "--key", "a\nb"], 2, "the key of a change has 1 to 200 letters"),
        (["undo", "999999"], 3, "there is no operation 999999"),
    ],
)
def test_what_is_wrong_is_one_line(daybook, words, code, told):
    refused = daybook("customer", *words)
    assert (refused.code, refused.out, refused.err.count("\n")) == (code, "", 1)
    assert refused.err.startswith(f"daybook: {told}")


def test_a_worker_ends_what_was_left_and_says_so_once(daybook, office, monkeypatch):
    with killed(monkeypatch, settle, "swap"):
        daybook("customer", "edit", str(LEFT), "city=York")
    chore = next(each for each in chores(office.installation) if each.name == "operations")
    assert chore.do() == {"done": 1, "refused": 0, "forgotten": 0, "error": None}
    assert chore.do() is None
    assert "\ncity: York\n" in daybook("customer", "show", str(LEFT)).out
    with office.installation.database.begin() as con:
        con.execute(text("update operation set forget_at = :now"), {"now": datetime(2026, 1, 1, tzinfo=UTC)})
    assert chore.do() == {"done": 0, "refused": 0, "forgotten": 1, "error": None}
    listed = daybook("customer", "operations").out.splitlines()
    assert listed[1].endswith("\tdone\tforgotten")


def test_a_warehouse_that_cannot_be_written_now_is_told_once(office, daybook, monkeypatch):
    with killed(monkeypatch, settle, "swap"):
        daybook("customer", "edit", str(WAITING), "city=York")
    chore = next(each for each in chores(office.installation) if each.name == "operations")

    def down(*_args, **_more):
        raise DatabaseError("the database at nowhere cannot be reached")

    with monkeypatch.context() as patched:
        patched.setattr(settle, "swap", down)
        assert chore.do()["error"] == "the database at nowhere cannot be reached"
        assert chore.do() is None
    assert chore.do()["done"] == 1
