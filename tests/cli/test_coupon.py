"""`daybook coupon`: groups and coupons on the command line, each step one line or one error."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.database.schema import Coupon, CouponGroup, Operation
from reports_lib.warehouse import writer
from tests.conftest import to_arrow

PLAIN = ("coupon_type=plan", "discount_type=percent", "discount_percent=20")


@pytest.fixture(scope="module")
def shop(fresh):
    """A Postgres to report from, for each command copies what it changed; a coupon of another system is there."""
    with fresh("postgres") as address:
        rows = {"coupon": to_arrow("coupon", [{"coupon_id": 1, "code": "theirs"}])}
        writer.write(address, rows, author="source", message="theirs")
        yield address


@pytest.fixture(autouse=True)
def empty(office, shop, monkeypatch):
    monkeypatch.setenv("DAYBOOK_WAREHOUSE_URL", str(shop))
    yield
    with office.installation.database.begin() as connection:
        for name in ("coupon", "coupon_group", "operation", "mirror_note"):
            connection.execute(text(f"DELETE FROM {name}"))  # a name of our own tables


def count(office, model):
    with Session(office.installation.database) as session:
        return session.query(model).count()


def test_from_a_group_to_its_codes(daybook, office):  # MS-25, MS-30, MS-33, MS-34, MS-42
    made = daybook("coupon", "group", "Winter fair", "--key", "k")
    id = made.out.removeprefix("coupon group Winter fair (id ").rstrip(")\n")
    assert (made.code, made.err) == (0, "")
    assert daybook("coupon", "group", "Winter fair", "--key", "k").out == made.out
    many = daybook("coupon", "generate", "winter FAIR", "quantity=2", "valid_to=2100-12-31", *PLAIN)
    assert many.out.startswith("2 coupons in Winter fair, enabled (operation ")
    one = daybook("coupon", "generate", id, "name==code", "detail=+1, for you", *PLAIN)
    assert one.out.startswith("coupon =CODE in Winter fair, enabled (operation ")
    listed = json.loads(daybook("coupon", "list", "--search", "winter =cod", "--json").out)
    assert [(each["code"], each["state"], each["redeemed"]) for each in listed] == [("=CODE", "available", 0)]
    (group,) = json.loads(daybook("coupon", "groups", "fair", "--json").out)
    assert (group["group"], group["coupons"], group["used"], str(group["id"])) == ("Winter fair", 3, 0, id)
    lines = daybook("coupon", "export", "Winter fair").out.splitlines()
    assert lines[0] == "\ufeffCode,Enabled,Reusable,Availability from,Availability to,Detail"
    assert [line.partition(",")[2] for line in lines[1:3]] == ["yes,no,,2100-12-31,"] * 2
    assert lines[3] == "'=CODE,yes,yes,,,\"'+1, for you\""  # T-70: no spreadsheet takes it for a formula
    assert len(lines) == 4


def test_coupons_are_switched_and_switched_back(daybook, office):
    daybook("coupon", "group", "Fair")
    daybook("coupon", "generate", "Fair", "name=one-1", *PLAIN)
    daybook("coupon", "generate", "Fair", "name=two-2", *PLAIN)
    tried = daybook("coupon", "disable", "One-1", "--dry-run")
    assert tried.out.splitlines()[1:] == ["coupons: 1", "enabled: false"]
    assert "\tavailable\t" in daybook("coupon", "list", "--search", "one-1").out
    off = daybook("coupon", "disable", "One-1")
    operation = off.out.removeprefix("1 coupon disabled (operation ").rstrip(")\n")
    assert [each["code"] for each in listed(daybook, "disabled")] == ["ONE-1"]
    assert daybook("coupon", "disable", "--group", "fair").out.startswith("1 coupon disabled")
    assert daybook("coupon", "enable", "--group", "fair").out.startswith("2 coupons enabled")
    daybook("coupon", "disable", "ONE-1", "TWO-2")
    assert daybook("coupon", "undo", operation, "--dry-run").out.endswith("coupons: 1\nenabled: true\n")
    assert daybook("coupon", "undo", operation).out.startswith("1 coupon enabled (operation ")
    assert [each["code"] for each in listed(daybook, "disabled")] == ["TWO-2"]


def listed(daybook, state):
    return json.loads(daybook("coupon", "list", "--state", state, "--json").out)


def test_a_dry_run_changes_nothing(daybook, office):
    assert daybook("coupon", "group", "Tried", "--dry-run").out.startswith("would add coupon group: ")
    assert (count(office, CouponGroup), count(office, Operation)) == (0, 0)
    daybook("coupon", "group", "Tried")
    told = daybook("coupon", "generate", "Tried", "quantity=500", *PLAIN, "--dry-run").out
    assert "coupons: 500\ncode: 12 letters and digits\nenabled: true\n" in told
    assert count(office, Coupon) == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("group", " "), 2, "name: a coupon group's name has 1 to 100 letters that can be printed"),
        (("generate", "Nothing", "quantity=1", *PLAIN), 3, "there is no coupon group 'Nothing'"),
        (("generate", "Fair", "quantity=0", *PLAIN), 2, "quantity: '0' is not a whole number from 1 to 100,000"),
        (("generate", "Fair", "name=ab", *PLAIN), 2, "name: 'ab' does not have 3 to 40 letters"),
        (("generate", "Fair", "quantity=1", "colour=red", *PLAIN), 3, "no field of a coupon named 'colour'"),
        (("generate", "Fair", "quantity"), 2, "'quantity' is not FIELD=VALUE; fields are group, valid_from, "),
        (("generate", "Fair", "name=Theirs", *PLAIN), 2, "name: there is a coupon THEIRS already; think of another"),
        (("list", "Nothing"), 3, "there is no coupon group 'Nothing'"),
        (("list", "--state", "gone"), 3, "no state of a coupon named 'gone'; there is available, "),
        (("export", "Nothing"), 3, "there is no coupon group 'Nothing'"),
        (("enable", "NOTHING"), 3, "there is no coupon 'NOTHING'"),
        (("disable",), 2, "say which coupons, or which group of them"),
        (("undo", "999999"), 3, "there is no operation 999999"),
    ],
)
def test_a_bad_wish_is_one_line_and_an_exit_code(daybook, office, words, code, told):
    daybook("coupon", "group", "Fair")
    answer = daybook("coupon", *words)
    assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1)
    assert answer.err.startswith(f"daybook: {told}")
    assert count(office, Coupon) == 0


def test_an_operation_of_another_kind_is_not_undone(daybook, office):
    daybook("coupon", "group", "Fair")
    with Session(office.installation.database) as session:
        (made,) = session.query(Operation)
    refused = daybook("coupon", "undo", str(made.id))
    assert refused.err == f"daybook: operation {made.id} cannot be undone: it is to add coupon group\n"
    assert refused.code == 16


def test_a_warehouse_that_is_away_leaves_nothing_half_made(daybook, office, monkeypatch):
    monkeypatch.setenv("DAYBOOK_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/gone")
    added = daybook("coupon", "group", "Later")
    assert added.out.startswith("coupon group Later (id ")
    assert added.err.startswith("not in the warehouse yet: ")
    refused = daybook("coupon", "generate", "Later", "quantity=5", *PLAIN)
    assert (refused.code, refused.out, count(office, Coupon)) == (7, "", 0)
