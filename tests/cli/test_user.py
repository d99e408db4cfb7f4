"""`daybook user`: who may sign in."""

import io
import json
import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import sign_in, token
from reports_lib.accounts.password import is_right
from reports_lib.cli import demo_users
from reports_lib.cli.main import daybook as root
from reports_lib.database.schema import Account, ApiToken, AuditEntry, SignIn
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from tests.accounts.conftest import NOW
from tests.conftest import to_arrow

PASSWORD = "four plain words here"


@pytest.fixture(autouse=True)
def empty(office):
    with Session(office.installation.database) as session, session.begin():
        for table in (SignIn, ApiToken, Account, AuditEntry):
            session.query(table).delete()


@pytest.fixture
def found(office):
    """`found("ann")`: the account as it is in the database."""

    def find(name):
        with Session(office.installation.database) as session:
            return accounts.find(session, name)

    return find


def typed(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_one_is_added_with_a_password_that_is_shown_once(daybook, found):
    answer = daybook("user", "add", "Ann", "--role", "admin", "--full-name", "Ann Lee", "--email", "ann@example.com")
    assert (answer.code, answer.err) == (0, "")
    told, password = answer.out.splitlines()
    assert told == "user ann: admin, the whole group"
    ann = found("ann")
    assert is_right(ann.password_hash, password.removeprefix("password: "))
    assert (ann.full_name, ann.email, ann.role, ann.company) == ("Ann Lee", "ann@example.com", "admin", "")
    assert PASSWORD not in daybook("user", "list").out


def test_a_password_is_read_from_standard_input(daybook, found, monkeypatch):
    typed(monkeypatch, f"{PASSWORD}\n")
    answer = daybook("user", "add", "ann", "--role", "viewer", "--password-stdin")
    assert answer.out == "user ann: viewer, the whole group\n"
    assert is_right(found("ann").password_hash, PASSWORD)


def test_a_company_is_one_of_the_warehouse(daybook, found, office):
    rows = to_arrow("company", [{"company_id": 1}])
    owner = Address.of(office.workspace, reader=False)
    writer.write(owner, {"company": rows}, author="tests", message="a company")
    assert daybook("user", "add", "bob", "--role", "billing", "--company", "1").out.startswith(
        "user bob: billing, comp"
    )
    assert found("bob").company == "1"
    refused = daybook("user", "add", "eve", "--role", "billing", "--company", "4711")
    assert (refused.code, refused.out) == (5, "")
    assert "no company '4711'" in refused.err
    assert daybook("user", "company", "bob", "x'); drop").code == 5
    assert daybook("user", "company", "bob", "group").out == "user bob: the whole group\n"
    assert found("bob").company == ""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "ann", "--role", "analist"), 3, "no role named 'analist'; did you mean 'analyst'?"),
        (("add", "ann"), 2, "Missing option '--role'"),
        (("add", "no name", "--role", "viewer"), 2, "is not a user's name"),
        (("add", "carla", "--role", "viewer"), 16, "there is a user named 'carla' already"),
        (("role", "karla", "viewer"), 3, "no user named 'karla'; did you mean 'carla'?"),
        (("role", "carla", "boss"), 3, "no role named 'boss'"),
        (("role", "carla", "viewer"), 16, "carla is the only admin; make another one first"),
        (("disable", "carla"), 16, "carla is the only admin; make another one first"),
        (("password", "karla"), 3, "no user named 'karla'"),
        (("enable", "karla"), 3, "no user named 'karla'"),
        (("company", "karla", "group"), 3, "no user named 'karla'"),
        (("frobnicate",), 2, "No such command 'frobnicate'"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_is_one_line(daybook, words, code, told):
    daybook("user", "add", "carla", "--role", "admin")
    before = daybook("user", "list", "--json").out
    answer = daybook("user", *words)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.count("\n") == 1
    assert told in answer.err
    assert daybook("user", "list", "--json").out == before


@pytest.mark.parametrize("text", ["", "\n", "short\n", "aaaaaaaaaaaaaaaa\n"])
def test_a_password_that_will_not_do_changes_nothing(daybook, monkeypatch, text):
    typed(monkeypatch, text)
    assert daybook("user", "add", "ann", "--role", "viewer", "--password-stdin").code == 2
    assert json.loads(daybook("user", "list", "--json").out) == []


def test_no_password_is_ever_on_the_command_line():
    options = [p for command in root.get_command(None, "user").commands.values() for p in command.params]
    assert [p.opts for p in options if "password" in p.name] == [["--password-stdin"]] * 2
    assert all(p.is_flag for p in options if "password" in p.name)


def test_another_password_signs_out_and_leaves_tokens(daybook, found, office):
    daybook("user", "add", "ann", "--role", "analyst")
    with Session(office.installation.database) as session, session.begin():
        ann = accounts.find(session, "ann")
        browser, program = sign_in.begin(session, ann, NOW), token.make(session, ann, "x", None, NOW)
    answer = daybook("user", "password", "ann")
    assert is_right(found("ann").password_hash, re.search(r"password: (\S+)", answer.out)[1])
    with Session(office.installation.database) as session:
        assert sign_in.who(session, browser, NOW) is None
        assert token.who(session, program, NOW).name == "ann"
    assert daybook("user", "disable", "ann").out == "user ann: disabled\n"
    with Session(office.installation.database) as session:
        assert token.who(session, program, NOW) is None
    assert daybook("user", "enable", "ann").out == "user ann: enabled\n"


def test_all_are_listed_and_each_change_is_written_down(daybook, office):
    daybook("user", "add", "ann", "--role", "admin")
    daybook("user", "add", "bob", "--role", "viewer", "--full-name", "Боб")
    daybook("user", "role", "bob", "billing")
    daybook("user", "disable", "bob")
    assert daybook("user", "list").out.splitlines() == [
        "user\trole\tcompany\tfull name\tmail\tstate",
        "ann\tadmin\tthe group\t-\t-\tenabled",
        "bob\tbilling\tthe group\tБоб\t-\tdisabled",
    ]
    listed = json.loads(daybook("user", "list", "--json").out)
    assert [(each["name"], each["state"]) for each in listed] == [("ann", "enabled"), ("bob", "disabled")]
    assert not any("password" in key or "hash" in key for each in listed for key in each)
    with Session(office.installation.database) as session:
        query = select(AuditEntry).where(AuditEntry.object == "user bob").order_by(AuditEntry.id)
        found = [(each.who.partition(":")[0], each.action) for each in session.scalars(query)]
    assert found == [("command line", action) for action in ("add user", "change role", "disable user")]


def test_the_demo_makes_one_a_role_and_says_their_passwords_once(office, capsys, found):
    demo_users.show(office.installation)
    told = capsys.readouterr().out
    assert f"{office.installation.url}/sign-in" in told
    rows = re.findall(r"^  (\w+) +([a-z2-9-]{23}) +(.+)$", told, re.MULTILINE)
    assert [(name, sees) for name, _, sees in rows] == [
        ("admin", "the whole group"),
        ("analyst", "the whole group"),
        ("billing", "Aurora Voice and below"),
        ("viewer", "Dnipro Connect and below"),
    ]
    for name, password, _ in rows:
        assert found(name).role == name
        assert is_right(found(name).password_hash, password)
    demo_users.show(office.installation)
    again = capsys.readouterr().out
    assert "there already" in again
    assert not [password for _, password, _ in rows if password in again]
