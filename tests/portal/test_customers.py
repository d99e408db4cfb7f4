"""Customers in the portal: the list and its address, the card, what is edited, deleted, undone and refused."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation
from reports_lib.ops import customer
from reports_lib.ops import operation as operations
from reports_lib.portal.customers.address import ListAddress
from reports_lib.warehouse.registered import SIZE, Search
from tests.portal.place import place
from tests.portal.test_reports import counts

__all__ = ["place"]

ANN, BARE, DIRTY, CROWD = 17, 18, 19, 1000
CROWDED = list(range(CROWD, CROWD + 2 * SIZE + 5))  # three pages of customers
BORN, KYIV = date(1990, 5, 31), ZoneInfo("Europe/Kyiv")
MADE = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
LINES = 'first\n\nsecond  "line"'
PEOPLE = [
    {
        "client_id": ANN, "registration_status": "confirmed", "first_name": "Ann", "last_name": "O'Neill",
        "email": "ann@example.com", "phone": "+353 1 700 1000", "birth_date": BORN, "gender": "female",
        "address": "1 <b>High</b> Street", "city": "Cork", "country": "IE",
        "metadata": json.dumps({"favourite_team": "Ajax", "newsletter": True, "note": "<script>alert(1)</script>"}),
    },
    {"client_id": BARE, "registration_status": "registered", "email": "bare@post.example", "metadata": "[1]"},
    {
        "client_id": DIRTY, "registration_status": "blocked", "email": "dirty@post.example", "phone": "n/a",
        "first_name": " two  blanks ", "metadata": json.dumps({"note": LINES, "deep": {"a": [1, 2.50]}}),
    },
]  # fmt: skip
LINKS = [
    {"client_id": ANN, "network": "facebook", "handle": "ann.oneill"},
    {"client_id": ANN, "network": "google", "handle": None},
    {"client_id": DIRTY, "network": "myspace", "handle": "dirty"},
]


@pytest.fixture(scope="module")
def full(place):
    """The place with customers of two companies; one of them has three pages."""
    crowd = [
        {"client_id": CROWD + n, "registration_status": "confirmed", "email": f"{n}@crowd.example", "country": "CL"}
        for n in range(len(CROWDED))
    ]
    people = [*PEOPLE, *crowd]
    clients = [
        {
            "client_id": each["client_id"], "company_id": 3 if each in crowd else 2, "client_type": "ott_user",
            "name": each["email"], "created_at": MADE + timedelta(minutes=each["client_id"]),
        }
        for each in people
    ]  # fmt: skip
    companies = [{"company_id": n, "parent_company_id": None, "name": f"Company {n}"} for n in (2, 3, 4)]
    place.warehouse({"company": companies, "client": clients, "client_profile": people, "client_social": LINKS})
    return place


@pytest.fixture(scope="module")
def desk(full):
    """Somebody of the billing staff of company 2."""
    with full.client("billing", "2", "bob") as client:
        yield client


@pytest.fixture(scope="module")
def group(full):
    """An administrator of the whole group."""
    with full.client("admin", "", "gina") as client:
        yield client


def rows(page: str) -> list[dict[str, str]]:
    """The rows of the list: the words of each cell by its label or class."""
    found = []
    for number, inside in re.findall(r'<tr role="row" id="customer-(\d+)">(.*?)</tr>', page, re.S):
        row = {"id": number}
        for head, text in re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", inside, re.S):
            name = re.search(r'data-label="([^"]+)"', head) or re.search(r'class="([\w-]+)', head)
            row[name[1]] = words(text)
        found.append(row)
    return found


def words(page: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def facts(page: str) -> dict[str, str]:
    """What the card says, by what it is called."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.S)
    return {words(name): unescape(re.sub(r"<[^>]+>", "", text)) for name, text in found}


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form that is changed nowhere."""
    found = {}
    for tag in re.findall(r"<input[^>]+>", page):
        name, value = (re.search(rf' {each}="([^"]*)"', tag) for each in ("name", "value"))
        if name:
            found[unescape(name[1])] = unescape(value[1])
    for name, text in re.findall(r'<textarea[^>]+name="([^"]*)"[^>]*>\n(.*?)</textarea>', page, re.S):
        found[unescape(name)] = unescape(text).replace("\n", "\r\n")
    for name, inside in re.findall(r'<select[^>]+name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        found[name] = unescape(re.search(r'value="([^"]*)" selected', inside)[1])
    return found


def faults(page: str) -> list[str]:
    return [words(text) for text in re.findall(r'<(?:span|p) class="(?:fault|notice bad)".*?</(?:span|p)>', page, re.S)]


def edited(client, number: int, **typed: str):
    """Save the form of a customer with some fields typed over."""
    return client.post(f"/customers/{number}/edit", data=fields(client.get(f"/customers/{number}/edit").text) | typed)


def card_of(place, number: int) -> customer.Card:
    """The card as it is now."""
    return customer.card(place.installation, Visitor("gina", Role.ADMIN), number, datetime.now(UTC))


def operations_of(place, number: int) -> list[Operation]:
    with Session(place.installation.database, expire_on_commit=False) as session:
        query = select(Operation).where(Operation.subject == f"customer {number}").order_by(Operation.id)
        return list(session.scalars(query))


def test_a_row_says_what_the_manual_asks_for(desk):  # MS-02 to MS-09, MS-20, T-65
    page = desk.get("/customers").text
    ann = next(row for row in rows(page) if row["id"] == str(ANN))
    assert ann == {
        "id": "17", "name": "Ann O'Neill", "status": "Confirmed", "E-mail": "ann@example.com", "Country": "Ireland",
        "Networks": "Facebook, Google", "Created at": "1 Mar 2026, 23:47 UTC",
    }  # fmt: skip
    assert '<a class="to" href="/customers/17">' in page
    bare = next(row for row in rows(page) if row["id"] == str(BARE))
    assert (bare["name"], bare["Country"], bare["Networks"]) == ("Customer 18", "–", "–")
    assert counts(page) == {"all": 3, "registered": 1, "confirmed": 1, "blocked": 1}


@pytest.mark.parametrize(
    ("query", "search"),
    [
        ("q=+ANN@exam%0a", Search(email="ANN@exam")),
        ("status=registered", Search(status=("registered",))),
        ("first_name=an&last_name=neil", Search(first_name="an", last_name="neil")),
        ("phone=700&gender=female&metadata=ajax", Search(phone="700", gender="female", metadata="ajax")),
        ("country=IE&network=x", Search(country=("IE",), network=("x",))),
        ("city=cork&address=high&state=m", Search(city="cork", address="high", state="m")),
        ("born_since=1990-05-31&born_until=1990-06-01", Search(born_since=BORN, born_until=date(1990, 6, 1))),
        ("since=2026-03-01T23:48", Search(since=datetime(2026, 3, 1, 21, 48, tzinfo=UTC))),
        ("until=2026-03-01T23:48&colour=red", Search(until=datetime(2026, 3, 1, 21, 48, tzinfo=UTC))),
    ],
)
def test_an_address_says_who_is_looked_for(query, search):  # MS-10, MS-11
    read = ListAddress.read(dict(parse_qsl(query)), KYIV)
    assert (read.search, read.faults) == (search, {})


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("born_since=May", "“May” is not a day, such as 1994-11-30."),
        ("since=yesterday", "“yesterday” is not a day and a time, such as 2026-11-01T08:00."),
        ("since=2026-03-02T00:00&until=2026-03-01T00:00", "The end must come after the beginning."),
        ("status=lost", "There is no status “lost”; all customers are shown."),
        (f"city={'x' * 201}", "Only the first 200 letters are looked for."),
    ],
)
def test_what_cannot_be_read_narrows_nothing_and_is_told(query, told):
    assert list(ListAddress.read(dict(parse_qsl(query)), KYIV).faults.values()) == [told]


def test_the_list_is_searched_and_narrowed_by_its_address(desk):  # MS-10, MS-11
    for query, found in {
        "q=ANN@exam": {ANN},
        "q=post.example&status=blocked": {DIRTY},
        "country=IE&network=google&born_until=1990-05-31&metadata=ajax": {ANN},
        "first_name=100%25": set(),
    }.items():
        assert {int(row["id"]) for row in rows(desk.get(f"/customers?{query}").text)} == found, query
    answer = desk.get("/customers?born_since=May&q=ann")
    assert answer.status_code == 422
    assert faults(answer.text) == ["“May” is not a day, such as 1994-11-30."]
    assert [row["id"] for row in rows(answer.text)] == ["17"]


def test_every_status_is_counted_of_what_is_looked_for(desk):
    page = desk.get("/customers?q=post.example&status=blocked").text
    assert counts(page) == {"all": 2, "registered": 1, "confirmed": 0, "blocked": 1}
    assert 'href="/customers?status=registered&amp;q=post.example"' in page
    assert 'id="clear" data-renew href="/customers?status=blocked"' in page
    assert words(page).endswith(" 1 customer")


def test_the_list_has_pages_there_and_back(full):
    with full.client("billing", "3", "carla") as client:

        def beside(page: str, way: str) -> str:
            return client.get(unescape(re.search(rf'rel="{way}" href="([^"]+)"', page)[1])).text

        first = client.get("/customers?country=CL").text
        second = beside(first, "next")
        third = beside(second, "next")
        assert [int(row["id"]) for row in rows(first) + rows(second) + rows(third)] == CROWDED[::-1]
        assert f"{len(CROWDED)} customers" in words(third)
        assert 'rel="next"' not in third
        assert rows(beside(third, "prev")) == rows(second)
        assert rows(beside(second, "prev")) == rows(first)
        for place_ in ("x", "9" * 18 + "-1", "1-" + "9" * 19):  # written by hand
            read = ListAddress.read({"before": place_, "after": place_}, KYIV)
            assert (read.before, read.after) == (None, None)


def test_where_there_are_no_customers_the_page_says_so(full):  # MS-01
    with full.client("billing", "4", "nobodys") as client:
        page = client.get("/customers")
        assert page.status_code == 200
        assert "There are no customers to show. There is nothing to report on yet: no data in client_profile" in words(
            page.text
        )
        assert "<form class=" not in page.text
        assert "list.js" not in page.text  # it is at home where there is a form


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_what_is_personal_is_for_those_who_may_change_it(full, role):
    with full.client(role, "2", f"{role}-2") as client:
        assert 'href="/customers"' not in client.get("/").text
        assert {client.get(at).status_code for at in ("/customers", "/customers/17", "/customers/17/edit")} == {403}


def test_the_place_is_in_the_bar(desk):
    assert '<a href="/customers" aria-current="page">Customers</a>' in desk.get("/customers/17").text


def test_the_card_has_its_blocks(desk):  # MS-13 to MS-16
    page = desk.get("/customers/17").text
    assert facts(page) == {
        "Registration status": "Confirmed", "First name": "Ann", "Last name": "O'Neill", "E-mail": "ann@example.com",
        "Phone": "+353 1 700 1000", "Date of birth": "31 May 1990", "Gender": "female",
        "Address": "1 <b>High</b> Street", "City": "Cork", "State": "–", "Country": "Ireland",
        "Facebook": "ann.oneill", "Google": "linked",
        "favourite_team": "Ajax", "newsletter": "true", "note": "<script>alert(1)</script>",
    }  # fmt: skip
    assert [words(each) for each in re.findall(r"<h2.*?</h2>", page)] == [
        "Basic Information", "Address Information", "Social", "Metadata", "Changes",
    ]  # fmt: skip
    bare = words(desk.get("/customers/18").text)
    assert "No social network is linked." in bare
    assert "What the warehouse has here is no JSON object" in bare
    assert "Nothing was changed here yet." in bare


def test_reports_are_asked_for_of_this_customer(full, desk):  # MS-09, MS-19, MS-22
    for family in ("customers", "customer_card", "payments"):
        full.notebook(family, family.title(), "?", 'interval: Interval = "last month"')
    page, listed = unescape(desk.get("/customers/17").text), unescape(desk.get("/customers").text)
    assert '/ask/customer_card?interval=last+12+months&customer=17">View History' in page
    assert 'href="/ask/payments?email=ann%40example.com&interval=2026-03-01%2F' in page
    assert 'href="/ask/customers"' in listed
    assert 'href="/ask/customer_card?interval=last+12+months&customer=17"' in listed


def test_nothing_changes_before_it_is_saved(full, desk):  # MS-17
    before = card_of(full, ANN).stamp
    page = desk.get("/customers/17/edit").text
    assert fields(page) | {"seen": "", "was": "", "key": ""} == {
        "seen": "", "was": "", "key": "", "registration_status": "confirmed", "first_name": "Ann",
        "last_name": "O'Neill", "email": "ann@example.com", "phone": "+353 1 700 1000", "birth_date": "1990-05-31",
        "gender": "female", "address": "1 <b>High</b> Street", "city": "Cork", "state": "", "country": "IE",
        "network:facebook": "ann.oneill", "network:google": "?", "network:instagram": "", "network:x": "",
        "network:apple": "", "metadata:favourite_team": "Ajax", "metadata:newsletter": "true",
        "metadata:note": "<script>alert(1)</script>", "fresh-key": "", "fresh-value": "",
    }  # fmt: skip
    assert card_of(full, ANN).stamp == before
    assert edited(desk, ANN).headers["location"] == "/customers/17?done=nothing"
    assert operations_of(full, ANN) == []


def test_what_is_saved_is_saved_at_once_and_can_be_undone(full, desk):  # MS-17
    before = card_of(full, ANN)
    form = fields(desk.get("/customers/17/edit").text) | {
        "first_name": "Anna", "country": "GB", "network:x": "anna", "network:google": "",
        "metadata:favourite_team": "", "fresh-key": "seat", "fresh-value": "12 B",
    }  # fmt: skip
    answers = [desk.post("/customers/17/edit", data=form) for _ in range(2)]
    (made,) = operations_of(full, ANN)  # sent twice it is one change
    assert {answer.headers["location"] for answer in answers} == {f"/customers/17?done={made.id}"}
    assert (made.who, made.company, made.kind) == ("bob", "2", "edit customer")
    page = desk.get(f"/customers/17?done={made.id}").text
    assert "Saved: First name, Country, Google, X, favourite_team, seat." in words(page)
    assert (facts(page)["First name"], facts(page)["Country"], facts(page)["X"], facts(page)["seat"]) == (
        "Anna", "United Kingdom", "anna", "12 B",
    )  # fmt: skip
    assert "First name : Ann → Anna Country : Ireland → United Kingdom Google : linked → –" in words(page)
    undo = f"/customers/17/operations/{made.id}/undo"
    key = fields(page)["key"]
    again = [desk.post(undo, data={"key": key}).headers["location"] for _ in range(2)]
    undone = operations_of(full, ANN)[1:]
    assert again == [f"/customers/17?done={each.id}" for each in undone] * 2
    assert card_of(full, ANN).state == before.state
    page = desk.get(again[0]).text
    assert "It is undone: all is as it was before." in words(page)
    assert undo not in page
    refused = desk.post(undo, data={"key": "another"})
    assert (refused.status_code, faults(refused.text)) == (409, [f"operation {made.id} was undone already"])


def test_what_is_refused_stands_beside_its_field_with_all_that_was_typed(full, desk):
    before = card_of(full, ANN).stamp
    typed = {
        "first_name": "Anna", "email": "nobody", "birth_date": "1790-01-01", "metadata:newsletter": "perhaps",
        "fresh-value": "without a name",
    }  # fmt: skip
    answer = edited(desk, ANN, **typed)
    assert answer.status_code == 422
    assert faults(answer.text) == [
        "Nothing is saved: what is wrong stands beside its field.",
        "'nobody' is not one e-mail address such as ann@example.com",
        "'1790-01-01' is not a day of the past such as 1990-05-31",
        "'perhaps' is not true or false, as what stands there is",
        "Say what this entry is called.",
    ]
    kept = fields(answer.text)
    assert {name: kept[name] for name in typed} == typed
    assert card_of(full, ANN).stamp == before
    assert desk.post("/customers/17/edit", data=kept | {"key": "k" * 500, "email": "x@"}).status_code == 422


def test_an_address_that_another_customer_has_is_refused_beside_it(desk):
    answer = edited(desk, ANN, email="BARE@post.example")
    assert answer.status_code == 409
    assert "another customer has BARE@post.example; each has an address of his own" in faults(answer.text)


def test_whoever_comes_second_sees_what_the_first_has_changed(full, desk):
    form = fields(desk.get(f"/customers/{BARE}/edit").text)
    edited(desk, BARE, city="Graz", last_name="First")
    answer = desk.post(f"/customers/{BARE}/edit", data=form | {"last_name": "Second", "state": "Styria"})
    assert answer.status_code == 409
    assert faults(answer.text) == [
        f"somebody has changed customer {BARE} meanwhile; look at what he is now, then change that"
    ]
    assert "Kept now: First" in words(answer.text)
    assert "City Somebody has changed this meanwhile." in words(answer.text)
    shown = fields(answer.text)
    assert (shown["last_name"], shown["state"], shown["city"]) == ("Second", "Styria", "Graz")
    assert shown["key"] != form["key"]
    assert desk.post(f"/customers/{BARE}/edit", data=shown).status_code == 303
    assert card_of(full, BARE).texts.items() >= {"last_name": "Second", "state": "Styria", "city": "Graz"}.items()
    older = operations_of(full, BARE)[0]
    assert desk.post(f"/customers/{BARE}/operations/{older.id}/undo", data={"key": "late"}).status_code == 409
    assert f"/operations/{older.id}/undo" not in desk.get(f"/customers/{BARE}").text


def test_what_nobody_typed_over_stays_to_the_letter(full, desk):
    before = card_of(full, DIRTY)
    assert edited(desk, DIRTY, city="Linz").status_code == 303
    after = card_of(full, DIRTY)
    assert after.state == before.state | {"city": "Linz"}
    assert facts(desk.get(f"/customers/{DIRTY}").text)["note"] == LINES
    assert operations_of(full, DIRTY)[0].after["networks"] == {"myspace": "dirty"}


def test_a_customer_is_deleted_on_a_second_look_and_put_back(full, group):  # MS-18, Q-12
    number, until = CROWD, datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    full.report("3", "ann", "Customers", [("x", 1)], retained_until=until)
    edited(group, number, city="Quito")
    before = card_of(full, number)
    page = group.get(f"/customers/{number}/delete").text
    said = words(page)
    assert "1 report with personal data that may name this customer; it is sealed, and never edited." in said
    assert f"The last of them is deleted on {until:%-d %b %Y, %H:%M} UTC." in said
    assert "It can be undone for 30 days" in said
    form = {name: text for name, text in fields(page).items() if name in ("seen", "key")}
    stale = group.post(f"/customers/{number}/delete", data=form | {"seen": "0" * 64})
    assert (stale.status_code, card_of(full, number).state) == (409, before.state)
    answers = [group.post(f"/customers/{number}/delete", data=form) for _ in range(2)]
    _edited, made = operations_of(full, number)
    assert {answer.headers["location"] for answer in answers} == {f"/customers/{number}?done={made.id}"}
    page = group.get(f"/customers/{number}?done={made.id}").text
    assert "The customer is deleted." in words(page)
    assert "What he told at registration is gone." in words(page)
    assert facts(page) == {}
    assert not {word for word in ("0@crowd.example", "Quito") if word in page}
    assert str(number) not in [row["id"] for row in rows(group.get("/customers?q=0@crowd").text)]
    for path in ("edit", "delete"):
        refused = group.get(f"/customers/{number}/{path}")
        assert (refused.status_code, "is deleted" in faults(refused.text)[0]) == (409, True)
    assert group.post(f"/customers/{ANN}/operations/{made.id}/undo", data={"key": "k"}).status_code == 404
    assert group.post(f"/customers/{number}/operations/{made.id}/undo", data={"key": "k"}).status_code == 303
    assert card_of(full, number).state == before.state


def test_what_was_personal_is_forgotten_and_cannot_be_undone_then(full, group):
    number = CROWD + 1
    edited(group, number, city="Rome")
    with Session(full.installation.database) as session, session.begin():
        operations.forget(session, datetime.now(UTC) + timedelta(days=31))
    page = group.get(f"/customers/{number}").text
    assert "forgotten, as it was personal" in words(page)
    assert "/undo" not in page


def test_nobody_of_another_company_is_there(desk):
    for path in ("", "/edit", "/delete"):
        answer = desk.get(f"/customers/{CROWD + 2}{path}")
        assert (answer.status_code, "There is no customer of that number." in answer.text) == (404, True)
    assert desk.get(f"/customers/{'9' * 19}").status_code == 404
