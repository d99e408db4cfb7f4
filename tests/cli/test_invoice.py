"""`daybook invoice`: the life of an invoice on the command line, each step one line or one error."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.database.schema import Base
from reports_lib.invoicing import account, draft
from reports_lib.invoicing.draft import Order
from tests.invoicing.conftest import proposal

NOW = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
TABLES = [name for name in Base.metadata.tables if name.startswith(("invoice", "account_entry", "billing_details"))]


@pytest.fixture(autouse=True)
def empty(office):
    with office.installation.database.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name in TABLES:
            connection.execute(text(f"DELETE FROM {name}"))  # a name of our own tables


@pytest.fixture
def drafted(office):
    """`drafted("100", rate=20)`: the id of a new draft, as text."""

    def make(*nets, key="k", held=(), **changes):
        with Session(office.installation.database) as session, session.begin():
            return str(draft.make(session, proposal(*nets, **changes), Order(key, "C-", held=held), "ann", NOW).id)

    return make


def test_from_draft_to_paid(daybook, drafted):  # T-53
    one = drafted("100", rate=20)
    assert daybook("invoice", "record", one).out == "other C-202610-0001: RECORDED, 120.00 EUR, 120.00 owed\n"
    paid = daybook("invoice", "pay", "C-202610-0001=50.5", "--reference", "bank 1")
    assert (paid.code, paid.out) == (0, "other C-202610-0001: RECORDED, 120.00 EUR, 69.50 owed\n")
    assert daybook("invoice", "pay", one).out == "other C-202610-0001: RECORDED, 120.00 EUR, 0.00 owed\n"
    shown = json.loads(daybook("invoice", "show", "C-202610-0001", "--json").out)
    assert (shown["payment"], shown["paid"], shown["owed"], shown["to pay"]) == ("paid", "120.00", "0.00", "120.00")


def test_several_are_paid_or_none(daybook, drafted):  # CD-16
    one, two = drafted("10", key="a"), drafted("20", key="b")
    daybook("invoice", "record", one)
    refused = daybook("invoice", "pay", one, two)
    assert (refused.code, refused.out) == (16, "")
    assert refused.err == f"daybook: invoice {two} is DRAFT; only a recorded one can be paid or corrected\n"
    number = json.loads(daybook("invoice", "show", one, "--json").out)["number"]
    twice = daybook("invoice", "pay", f"{one}=1", f"{number}=2")  # neither of them is taken for the other
    assert (twice.code, f"invoice {number} is named twice" in twice.err) == (2, True)
    some = daybook("invoice", "pay", f"{one}=1", two)
    assert (some.code, f"{two} has none" in some.err) == (2, True)
    assert json.loads(daybook("invoice", "show", one, "--json").out)["paid"] == "0.00"


def test_what_is_held_is_released_first(daybook, drafted):
    one = drafted("10", held=["no calls on 2026-10-04"])
    refused = daybook("invoice", "record", one)
    assert (refused.code, refused.err) == (
        16, f"daybook: invoice {one} is held: no calls on 2026-10-04; release it first\n",
    )  # fmt: skip
    assert daybook("invoice", "release", one).code == 0
    assert daybook("invoice", "record", one, "--on", "2026-11-05").out.startswith("other C-202611-0001: RECORDED")


def test_sent_is_credited_and_not_unrecorded(daybook, drafted):
    one = drafted("100", rate=20)
    daybook("invoice", "record", one)
    assert daybook("invoice", "unrecord", one).out == "other C-202610-0001: DRAFT, 120.00 EUR\n"
    daybook("invoice", "record", one)
    assert daybook("invoice", "send", one).code == 0
    assert daybook("invoice", "unrecord", one).code == 16
    assert daybook("invoice", "discard", one).code == 16
    credited = daybook("invoice", "credit", one, "--line", "One call=10", "--reason", "a mistake")
    note, rest = credited.out.splitlines()
    assert note.startswith("credit_note C-20")
    assert note.endswith("-0002: RECORDED, -12.00 EUR")
    assert rest == "other C-202610-0001: RECORDED, 120.00 EUR, 108.00 owed"
    assert daybook("invoice", "credit", one, "--line", "No sum", "--reason", "x").code == 2


def test_a_revision_names_who_and_why(daybook, drafted):  # TW-44 … TW-50
    one = drafted("100", "20", rate=20)
    daybook("invoice", "record", one)
    said = ("--comment", "agreed by phone", "--by-name", "Ann Lee", "--by-email", "ann@example.com")
    revised = daybook("invoice", "revise", one, "--drop", "2", "--add", "A discount=-10", "--paid", "8", *said)
    assert revised.out == "other C-202610-0001: RECORDED, 108.00 EUR, 100.00 owed, revision 1\n"
    shown = json.loads(daybook("invoice", "show", one, "--json").out)
    (revision,) = shown["revisions"]
    assert {key: revision[key] for key in ("revision", "paid", "total", "by", "email", "comment")} == {
        "revision": 1, "paid": "8", "total": "108", "by": "Ann Lee", "email": "ann@example.com",
        "comment": "agreed by phone",
    }  # fmt: skip
    assert [each["net"] for each in shown["lines"]] == ["100.00", "-10.00"]
    for wrong, told in (
        (("--drop", "9", *said), "there is no line 9; there are 2"),
        ((*said,), "nothing of C-202610-0001 is changed"),
        (("--paid", "1", *said), "8 EUR of C-202610-0001 are paid or credited; it cannot be less"),
        (("--paid", "a lot", *said), "'a lot' is not an amount such as 12.50"),
    ):
        refused = daybook("invoice", "revise", one, *wrong)
        assert (refused.code, told in refused.err, refused.err.count("\n")) == (2, True, 1)


def test_the_list_is_searched_and_narrowed(daybook, drafted):  # TW-51
    one, _ = drafted("10", key="a"), drafted("20", key="b", client=77)
    daybook("invoice", "record", one)
    heads, *rows = daybook("invoice", "list").out.splitlines()
    assert heads == "invoice\tclient\tperiod\ttotal\towed\tcurrency\tstate\tpaid\tid"
    assert len(rows) == 2
    found = json.loads(daybook("invoice", "list", "c-202610", "--json").out)
    assert [each["number"] for each in found] == ["C-202610-0001"]
    assert [each["state"] for each in json.loads(daybook("invoice", "list", "77", "--json").out)] == ["DRAFT"]
    assert len(json.loads(daybook("invoice", "list", "--category", "draft", "--json").out)) == 1
    assert daybook("invoice", "list", "--category", "none").code == 2


def test_details_are_kept_and_checked(daybook):
    assert daybook("invoice", "details", "7", "postal_code=10115", "country=de", "tax_rate=7.5").code == 0
    shown = json.loads(daybook("invoice", "details", "7", "--json").out)
    assert (shown["postal_code"], shown["country"], shown["tax_rate"], shown["city"]) == ("10115", "DE", "7.5", "")
    assert daybook("invoice", "details", "7", "postal_code=").code == 0
    assert "postal_code: -\n" in daybook("invoice", "details", "7").out
    for wrong, code in (
        ("zip=1", 3), ("country=Germany", 2), ("tax_rate=x", 2), ("email=x", 2), ("city", 2), ("tax_category=Q", 2),
        ("language=fr", 2), ("city=" + "x" * 201, 2),
    ):  # fmt: skip
        refused = daybook("invoice", "details", "7", wrong)
        assert (refused.code, refused.err.count("\n")) == (code, 1)


def test_an_amount_is_asked_once_all_details_are_there(daybook, office):  # TW-54 to TW-58, T-59
    office.change(
        "INSERT INTO company (company_id, name, city, country, currency) VALUES (1, 'North', 'B', 'DE', 'EUR')"
    )
    refused = daybook("invoice", "create", "1", "50", "--currency", "EUR")
    assert (refused.code, refused.err) == (
        2,
        "daybook: an invoice needs more details; please fill in address line of the company, postal code of the"
        " company, tax id of the company, bank account of the company, address line of the client, city of the"
        " client, postal code of the client, country of the client\n",
    )
    office.change(
        "UPDATE company SET address_line = 'A 1', postal_code = '1', tax_id = 'DE1',"
        " bank_details = 'DE89370400440532013000'"
    )
    daybook("invoice", "details", "1", "address_line=B 2", "city=H", "country=DE")
    refused = daybook("invoice", "create", "1", "50", "--currency", "EUR")
    assert refused.err == "daybook: an invoice needs more details; please fill in postal code of the client\n"
    daybook("invoice", "details", "1", "postal_code=20099")
    for _ in range(2):
        made = daybook("invoice", "create", "1", "50", "--currency", "EUR", "--key", "once")
        assert (made.code, " RECORDED, 50.00 EUR, 50.00 owed (id " in made.out, made.out[:11]) == (
            0,
            True,
            "top_up MG-2",
        )
    (found,) = json.loads(daybook("invoice", "list", "--json").out)
    assert daybook("invoice", "create", "1", "51", "--currency", "EUR", "--key", "once").code == 16
    daybook("invoice", "pay", found["number"])
    with Session(office.installation.database) as session:
        assert account.balance(session, account.Account("1", 1, "EUR")) == -50  # TW-57
    for wrong, code in (("999999 5", 3), ("1 lots", 2), ("1 5 --currency ZZZ", 3)):
        assert (wrong, daybook("invoice", "create", *wrong.split()).code) == (wrong, code)


def test_verify_proves_and_gives_anchors(daybook, drafted, office):
    daybook("invoice", "record", drafted("10"))
    proof, unmade, anchor = daybook("invoice", "verify").out.splitlines()
    assert proof == "1 invoices, 1 links, 0 files: all as they were issued"
    assert unmade.startswith("1 documents are still to be made")
    assert daybook("invoice", "verify", "--anchor", anchor.removeprefix("anchor ")).code == 0
    with office.installation.database.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE account_entry SET amount = 1"))
    broken = daybook("invoice", "verify")
    assert (broken.code, broken.out) == (
        9, "invoice C-202610-0001: 1.000000 are on the account, and should be 10.000000\n",
    )  # fmt: skip
    assert daybook("invoice", "verify", "--anchor", "x").code == 2


def test_a_payment_is_taken_back(daybook, drafted, office):
    one = drafted("10")
    daybook("invoice", "record", one)
    daybook("invoice", "pay", one)
    with office.installation.database.connect() as connection:
        payment = connection.execute(text("SELECT id FROM invoice_payment")).scalar_one()
    assert daybook("invoice", "cancel-payment", str(payment)).out == f"payment {payment} is cancelled\n"
    assert json.loads(daybook("invoice", "show", one, "--json").out)["owed"] == "10.00"


@pytest.mark.parametrize(
    ("words", "code"),
    [(("show", "nothing"), 3), (("record",), 2), (("pay",), 2), (("record", "1", "2"), 3), (("credit", "1"), 2)],
)
def test_what_cannot_be_is_one_line(daybook, words, code):
    refused = daybook("invoice", *words)
    assert (refused.code, refused.out, refused.err.count("\n")) == (code, "", 1)
