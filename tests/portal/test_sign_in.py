"""Signing in and out by the pages: cookies, languages, waits (T5)."""

from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.database.schema import AuditEntry, Throttle
from reports_lib.portal.app import app
from reports_lib.runs.installation import Installation
from tests.accounts.conftest import NOW
from tests.portal.people import PASSWORD, token_of

HERE = {"Sec-Fetch-Site": "same-origin"}
NAME = "door-tester"


@pytest.fixture(autouse=True)
def forgotten(installation):
    token_of(installation, name=NAME)
    with Session(installation.database) as session, session.begin():
        session.query(Throttle).delete()
        account = accounts.find(session, NAME)
        account.disabled_at, account.language = None, ""


@pytest.fixture
def visitor(installation):
    """A browser that nobody is signed in in."""
    return TestClient(app(installation), headers=HERE, follow_redirects=False)


@pytest.fixture
def encrypted(installation):
    """The same at an address that is encrypted."""
    where = Installation(replace(installation.workspace, url="https://reports.example.com"))
    where.__dict__["database"] = installation.database
    return TestClient(app(where), base_url="https://reports.example.com", headers=HERE, follow_redirects=False)


def sign_in(client, password=PASSWORD, **more):
    return client.post("/sign-in", data={"name": NAME, "password": password, **more})


def cookies(answer):
    """The cookies an answer sets, by name: their value and every protection."""
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            flags = {key: value for key, value in morsel.items() if value and key not in ("max-age", "expires")}
            found[name] = (morsel.value, flags, morsel["max-age"])
    return found


PLAIN = {"path": "/", "httponly": True, "samesite": "lax"}


def test_a_page_asked_for_is_gone_on_to(visitor):
    asked = visitor.get("/runs/7?x=1&y=2")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fruns%2F7%3Fx%3D1%26y%3D2")
    page = visitor.get(asked.headers["location"])
    assert '<input type="hidden" name="next" value="/runs/7?x=1&amp;y=2">' in page.text
    entered = sign_in(visitor, next="/runs/7?x=1&y=2")
    assert (entered.status_code, entered.headers["location"]) == (303, "/runs/7?x=1&y=2")
    assert visitor.get("/account").status_code == 200
    assert visitor.get("/sign-in?next=/queries").headers["location"] == "/queries"  # is signed in


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(visitor, next):
    assert "evil" not in visitor.get("/sign-in", params={"next": next}).text
    assert sign_in(visitor, next=next).headers["location"] == "/"


def test_every_cookie_has_every_protection(visitor, encrypted):
    for client, front, flags in ((visitor, "", PLAIN), (encrypted, "__Host-", {**PLAIN, "secure": True})):
        answers = [
            client.post("/language", data={"code": "ru"}),
            sign_in(client),
            client.post("/account/password", data={"present": PASSWORD, "new": PASSWORD, "again": PASSWORD}),
            client.post("/sign-out"),
            sign_in(client),
            client.post("/account/browsers/end"),
        ]
        assert [answer.status_code for answer in answers] == [303] * 6
        found = [cookies(answer) for answer in answers]
        assert [sorted(each) for each in found] == [
            [f"{front}language"],
            [f"{front}familiar", f"{front}sid"],
            [f"{front}familiar", f"{front}sid"],
            [f"{front}sid"],
            [f"{front}familiar", f"{front}sid"],
            [f"{front}sid"],
        ]
        assert all(each[1] == flags for answer in found for each in answer.values())
        assert found[3][f"{front}sid"][2] == "0"  # forgotten
        assert found[1][f"{front}sid"][2] == str(14 * 24 * 3600)


def test_each_sign_in_is_a_token_of_its_own_and_ends_the_one_before(visitor, installation):  # fixation
    visitor.cookies.set("sid", "chosen-by-somebody-else")
    first = cookies(sign_in(visitor))["sid"][0]
    assert first != "chosen-by-somebody-else"
    second = cookies(sign_in(visitor))["sid"][0]
    assert second != first
    for token, status in ((first, 303), (second, 200)):
        other = TestClient(app(installation), cookies={"sid": token}, follow_redirects=False)
        assert other.get("/account").status_code == status


def test_signed_out_is_signed_out_at_the_server(visitor, installation):
    token = cookies(sign_in(visitor))["sid"][0]
    thief = TestClient(app(installation), cookies={"sid": token}, follow_redirects=False)
    assert thief.get("/account").status_code == 200
    assert visitor.post("/sign-out").headers["location"] == "/sign-in"
    assert (thief.get("/account").status_code, visitor.get("/account").status_code) == (303, 303)
    with Session(installation.database) as session:
        last = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert (last.who, last.action) == (NAME, "sign-out")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_link_signs_anybody_out(visitor, method):
    sign_in(visitor)
    assert visitor.request(method, "/sign-out").status_code == 404
    assert visitor.get("/account").status_code == 200


def test_time_ends_it(visitor):
    with time_machine.travel(NOW, tick=False) as clock:
        sign_in(visitor)
        clock.shift(timedelta(hours=11, minutes=59))
        assert visitor.get("/account").status_code == 200
        clock.shift(timedelta(hours=12, seconds=1))
        assert visitor.get("/account").status_code == 303


def test_a_mistake_is_told_and_the_name_is_kept(visitor):
    answer = sign_in(visitor, "not the password", next="/queries")
    assert answer.status_code == 401
    assert 'role="alert">The name or the password is not right.' in answer.text
    assert f'value="{NAME}"' in answer.text
    assert 'value="/queries"' in answer.text
    assert "not the password" not in answer.text
    assert cookies(answer) == {}


@pytest.mark.parametrize(
    "form", [{}, {"name": NAME}, {"password": PASSWORD}, {"name": "\x00", "password": "\x00"}, {"name": "<b>'" * 9}]
)
def test_half_a_form_is_a_mistake_too(visitor, form):
    answer = visitor.post("/sign-in", data=form)
    assert answer.status_code == 401
    assert "<b>" not in answer.text


def test_too_many_tries_wait(visitor):
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(5):
            assert sign_in(visitor, "not the password").status_code == 401
        for expected in (1, 2, 4):
            answer = sign_in(visitor)  # the right one is not looked at either
            assert (answer.status_code, answer.headers["retry-after"]) == (429, str(expected))
            assert f"Try again in {expected} second" in answer.text
            clock.shift(timedelta(seconds=expected))
            if expected < 4:
                assert sign_in(visitor, "not the password").status_code == 401
        assert sign_in(visitor).status_code == 303


def test_the_language_is_chosen_before_anybody_is_known(visitor):
    answer = visitor.post("/language", data={"code": "es", "next": "/runs/7"})
    assert answer.headers["location"] == "/sign-in?next=%2Fruns%2F7"
    assert '<html lang="es">' in visitor.get("/sign-in").text
    assert visitor.post("/language", data={"code": "xx"}).headers.get("set-cookie") is None


def test_the_language_of_a_user_is_kept_with_him(visitor, installation):
    sign_in(visitor)
    assert visitor.post("/language", data={"code": "ru", "next": "/account"}).headers["location"] == "/account"
    other = TestClient(app(installation), headers=HERE, follow_redirects=False)
    sign_in(other)
    assert '<html lang="ru">' in other.get("/account").text


def test_where_there_is_no_account_it_says_how_to_make_one(visitor, monkeypatch):
    monkeypatch.setattr("reports_lib.portal.users.sign_in.accounts.are_there_any", lambda session: False)
    assert "<code>daybook user add NAME --role admin</code>" in visitor.get("/sign-in").text
    monkeypatch.undo()
    assert "daybook user add" not in visitor.get("/sign-in").text


def test_a_form_that_is_no_form_of_ours_is_refused(visitor):
    assert sign_in(visitor, "x" * 2_000_000).status_code == 422


def test_nothing_secret_is_logged(visitor, caplog, capfd):
    with caplog.at_level("DEBUG"):
        token = "dctKDmDRmXLDQ19HojMk_Q"
        sign_in(visitor, "not the password", next=f"/view?id={token}")
        shown = cookies(sign_in(visitor, next=f"/view?id={token}"))["sid"][0]
    told = "".join(r.getMessage() for r in caplog.records if not r.name.startswith("http")) + "".join(
        capfd.readouterr()
    )
    for secret in (token, PASSWORD, "not the password", shown):
        assert secret not in told
