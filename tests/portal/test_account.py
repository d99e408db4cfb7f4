"""The page of one's own account."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import password as passwords
from reports_lib.database.schema import Throttle
from reports_lib.errors import DatabaseError
from reports_lib.portal.app import app
from reports_lib.portal.users.agent import browser, system
from tests.portal.people import PASSWORD, signed_in

NEW = "words that are new here"


@pytest.fixture
def client(installation):
    with Session(installation.database) as session, session.begin():
        session.query(Throttle).delete()
    client = signed_in(installation, "analyst")
    client.follow_redirects = False
    return client


def name_of(client):
    return re.search(r"<dd><bdi>(\w+)</bdi>", client.get("/account").text)[1]


def change(client, present=PASSWORD, new=NEW, again=None):
    return client.post(
        "/account/password", data={"present": present, "new": new, "again": new if again is None else again}
    )


def test_it_says_who_one_is(client):
    page = client.get("/account").text
    assert "Analyst" in page
    assert "The whole group" in page


def test_a_company_has_its_name(installation, monkeypatch):
    monkeypatch.setattr("reports_lib.portal.users.account_view.named", lambda address: {"2": "Aurora & <Voice>"})
    monkeypatch.setattr("reports_lib.accounts.reach.below", lambda address, company: frozenset({company}))
    monkeypatch.setitem(installation.__dict__, "warehouse", "an address")
    assert "Aurora &amp; &lt;Voice&gt;" in signed_in(installation, "viewer", "2").get("/account").text


def test_the_page_is_there_while_the_warehouse_is_not(installation, monkeypatch):
    def down(address):
        raise DatabaseError("it is down")

    monkeypatch.setattr("reports_lib.portal.users.account_view.named", down)
    monkeypatch.setattr("reports_lib.accounts.reach.below", lambda address, company: down(address))
    assert "<dd><bdi>417</bdi></dd>" in signed_in(installation, "viewer", "417").get("/account").text


def test_a_new_password_signs_all_others_out_and_changes_the_own_token(client, installation):
    name, before = name_of(client), client.cookies["sid"]
    other = signed_in(installation, name=name)
    answer = change(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=password")
    assert client.cookies["sid"] != before
    assert "Your password is changed" in client.get("/account?done=password").text
    assert other.get("/account", follow_redirects=False).status_code == 303
    thief = TestClient(app(installation), cookies={"sid": before}, follow_redirects=False)
    assert thief.get("/account").status_code == 303
    with Session(installation.database) as session:
        assert passwords.is_right(accounts.find(session, name).password_hash, NEW)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"present": "not the one"}, "This is not your present password."),
        ({"new": "short", "again": "short"}, "A password has from 12 to 256 letters."),
        ({"new": "aaaaaaaaaaaaaaa"}, "A password has at least 5 different letters."),
        ({"again": "something else"}, "This is not the same as the new password."),
        ({"present": ""}, "This is not your present password."),
    ],
)
def test_what_is_wrong_with_a_new_password_is_told_beside_it(client, form, told):
    answer = change(client, **form)
    assert answer.status_code == 422
    field, fault = re.search(r'<span class="fault" id="(\w+)-fault">(.*?)</span>', answer.text).groups()
    assert fault == told
    assert field == next(iter(form)) or (field, "new") == ("new", next(iter(form)))
    assert re.search(rf'id="{field}"[^>]*aria-describedby="{field}-fault" aria-invalid="true"', answer.text)
    assert client.get("/account").status_code == 200  # still signed in
    assert not [value for value in form.values() if value and value in answer.text]


def test_the_present_password_cannot_be_guessed_there(client):
    for _ in range(5):
        assert "not your present" in change(client, present="a guess").text
    assert "Try again in" in change(client).text


def test_a_browser_is_signed_out_from_another(client, installation):
    other = signed_in(installation, name=name_of(client))
    page = client.get("/account").text
    (short,) = re.findall(r"/account/browsers/(\w{16})/end", page)  # none for this one
    assert page.count("this browser") == 1
    assert client.post(f"/account/browsers/{short}/end").status_code == 303
    assert other.get("/account", follow_redirects=False).status_code == 303
    assert client.get("/account").status_code == 200
    for gone in (short, "x", "%00", "%", "0" * 16):
        assert client.post(f"/account/browsers/{gone}/end").status_code == 404
        assert client.post(f"/account/tokens/{gone}/revoke").status_code == 404


def test_signed_out_everywhere(client, installation):
    other = signed_in(installation, name=name_of(client))
    answer = client.post("/account/browsers/end")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert client.get("/account").status_code == other.get("/account", follow_redirects=False).status_code == 303


def test_a_token_is_shown_once_works_and_is_revoked(client, installation):
    made = client.post("/account/tokens", data={"label": "<i>nightly</i>", "days": "30"})
    token = re.search(r'<code id="made"[^>]*>(daybook_[\w-]{43})</code>', made.text)[1]
    assert made.headers["cache-control"] == "private, no-store"
    page = client.get("/account").text
    assert token not in page
    assert "&lt;i&gt;nightly&lt;/i&gt;" in page
    assert "never used" in page
    program = TestClient(app(installation), headers={"Authorization": f"Bearer {token}"}, follow_redirects=False)
    assert program.get("/account").status_code == 403  # known, but no person
    page = client.get("/account").text
    assert "last used" in page
    (short,) = re.findall(r"/account/tokens/(\w{16})/revoke", page)
    assert client.post(f"/account/tokens/{short}/revoke").headers["location"] == "/account?done=token"
    assert program.get("/account").status_code == 303
    assert "nightly" not in client.get("/account").text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"label": "", "days": "30"}, "Give it a name of 1 to 80 letters."),
        ({"label": "x" * 81, "days": "30"}, "Give it a name of 1 to 80 letters."),
        ({"label": "export", "days": "31"}, "Choose how long it works from the list."),
    ],
)
def test_what_is_wrong_with_a_token_is_told_and_nothing_is_lost(client, form, told):
    answer = client.post("/account/tokens", data=form)
    assert answer.status_code == 422
    assert told in answer.text
    assert f'value="{form["label"]}"' in answer.text
    assert "/revoke" not in answer.text


def test_who_only_reads_is_offered_no_token(installation):
    assert "/account/tokens" not in signed_in(installation, "viewer").get("/account").text


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", ("Chrome", "Linux")),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1.15", ("Safari", "macOS")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140 Mobile Safari/604", ("Chrome", "iPhone")),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", ("Firefox", "Android")),
        ("curl/8.5.0", ("curl", "")),
        ("", ("", "")),
    ],
)
def test_what_a_browser_calls_itself(agent, words):
    assert (browser(agent), system(agent)) == words
