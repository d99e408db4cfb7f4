"""The gate before every address: who may pass it, and with what (T5)."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import token as tokens
from reports_lib.accounts.role import Right, Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.portal.app import ROUTES, app
from reports_lib.portal.route import READS
from tests.accounts.conftest import NOW
from tests.portal.people import signed_in

# What answers whoever comes. A share link may be public: the viewer itself looks at whom it is for.
OPEN = {"/sign-in", "/sign-out", "/language", "/health", "/view"}
HERE = {"Sec-Fetch-Site": "same-origin"}


def at(path):
    """An address of that pattern."""
    return re.sub(r"\{\w+(:int)?\}", lambda found: "1" if found[1] else "x", path)


def named(route):
    return f"{route.methods[0]} {route.path}"


WALK = [route for route in ROUTES if route.right is not None]


@pytest.fixture(scope="module")
def stranger(installation):
    return TestClient(app(installation), headers=HERE, follow_redirects=False)


@pytest.fixture(scope="module")
def viewer(installation):
    client = signed_in(installation, "viewer")
    client.follow_redirects = False
    return client


@pytest.fixture(scope="module")
def writer(installation):
    """Somebody who may do everything, in a browser that does not say where a write comes from."""
    client = signed_in(installation, "admin")
    client.headers.pop("Sec-Fetch-Site")
    client.follow_redirects = False
    return client


@pytest.fixture
def powerless(viewer, monkeypatch):
    """Somebody signed in whose role gives no right at all."""
    monkeypatch.setattr(Visitor, "may", lambda self, right: False)
    return viewer


def test_few_addresses_are_open():
    found = {route.path for route in ROUTES if route.right is None}
    assert {path for path in found if not path.startswith(("/view/", "/static/", "/api/v1/openapi"))} <= OPEN


def test_every_right_is_one():
    assert all(isinstance(route.right, Right) for route in WALK)
    assert len(WALK) > 5


@pytest.mark.parametrize("route", WALK, ids=named)
def test_nobody_passes_without_signing_in(stranger, route):
    for method in route.methods:
        answer = stranger.request(method, at(route.path))
        if method in READS and not route.path.startswith("/api/"):
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
        else:
            assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("route", WALK, ids=named)
def test_nobody_passes_without_the_right(powerless, route):
    for method in route.methods:
        assert powerless.request(method, at(route.path)).status_code == 403


@pytest.mark.parametrize("route", [route for route in WALK if route.right is not Right.READ], ids=named)
def test_a_viewer_only_reads(viewer, route):
    for method in route.methods:
        assert viewer.request(method, at(route.path)).status_code == 403


@pytest.mark.parametrize("route", [r for r in ROUTES if set(r.methods) - set(READS)], ids=named)
@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:81"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": ""},
    ],
    ids=str,
)
def test_no_write_comes_from_a_foreign_page(writer, route, origin):  # T5
    client = writer
    for method in set(route.methods) - set(READS):
        answer = client.request(method, at(route.path), headers=origin)
        assert answer.status_code == 403, answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", [{"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
def test_a_write_from_a_page_of_ours_passes(installation, origin):
    client = TestClient(app(installation), follow_redirects=False)
    assert client.post("/sign-out", headers=origin).status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("route", [r for r in ROUTES if r.methods == ("POST",)], ids=named)
def test_what_changes_something_is_never_done_by_another_method(writer, route, method):
    if method in READS and any(r.path == route.path and method in r.methods for r in ROUTES):
        return  # a page of the same address
    others = [r for r in ROUTES if r.path == route.path and method in r.methods]
    answer = writer.request(method, at(route.path), headers=HERE)
    assert others or answer.status_code in (404, 405) or (method in READS and _is_covered(route.path))


def _is_covered(path):
    """Whether a page with a name in its address answers there, such as /queries/{family}/{set} at …/x/delete."""
    parts = path.split("/")
    for route in ROUTES:
        pattern = route.path.split("/")
        pairs = zip(parts, pattern, strict=False)
        if "GET" in route.methods and len(pattern) == len(parts) and all(b[:1] == "{" or a == b for a, b in pairs):
            return True
    return False


# Tokens and changes of users


@pytest.fixture
def program(installation):
    """A client that shows a token; the token; and its user's name."""
    signed_in(installation, "analyst", name="programmer")
    with Session(installation.database) as session, session.begin():
        account = accounts.find(session, "programmer")
        account.disabled_at, account.role = None, Role.ANALYST
        made = tokens.make(session, account, "tests", None, NOW)
    yield TestClient(app(installation), headers={"Authorization": f"Bearer {made}"}, follow_redirects=False), made
    with Session(installation.database) as session, session.begin():
        for each in tokens.working(session, accounts.find(session, "programmer"), NOW):
            session.delete(each)


def test_a_program_reads_with_its_token(program):
    client, made = program
    assert client.get("/").status_code == 200
    for wrong in ("Bearer " + made[:-1], "Bearer", "Bearer  ", f"Basic {made}", made, f"Token {made}"):
        assert client.get("/", headers={"Authorization": wrong}).status_code == 303


def test_a_wrong_token_is_not_made_good_by_a_cookie(installation):
    client = signed_in(installation)
    assert client.get("/", headers={"Authorization": "Bearer no"}, follow_redirects=False).status_code == 303
    assert client.get("/", headers={"Authorization": "Basic b3RoZXI6cHJveHk="}).status_code == 200  # a proxy's


def test_a_token_in_a_cookie_or_a_cookie_as_a_token_opens_nothing(installation, program):
    client, made = program
    del client.headers["Authorization"]
    client.cookies.set("sid", made)
    assert client.get("/").status_code == 303
    cookie = signed_in(installation).cookies["sid"]
    assert client.get("/", headers={"Authorization": f"Bearer {cookie}"}).status_code == 303


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account"),
        ("POST", "/account/password"),
        ("POST", "/account/tokens"),
        ("POST", "/account/browsers/end"),
        ("POST", "/account/browsers/0123456789abcdef/end"),
        ("POST", "/account/tokens/0123456789abcdef/revoke"),
    ],
)
def test_no_program_changes_how_people_get_in(program, method, path):
    assert program[0].request(method, path).status_code == 403


def test_a_disabled_user_is_out_with_the_next_request(installation, program):
    client = signed_in(installation, "analyst", name="programmer")
    client.follow_redirects = False
    assert (client.get("/").status_code, program[0].get("/").status_code) == (200, 200)
    with Session(installation.database) as session, session.begin():
        accounts.disable(session, accounts.find(session, "programmer"), NOW, "tests")
    assert (client.get("/").status_code, program[0].get("/").status_code) == (303, 303)


def test_another_role_holds_with_the_next_request(installation):
    client = signed_in(installation, "analyst", name="climber")
    form = {"label": "x", "days": "30"}
    assert client.post("/account/tokens", data=form).status_code == 200
    with Session(installation.database) as session, session.begin():
        accounts.change_role(session, accounts.find(session, "climber"), Role.VIEWER, NOW, "tests")
    assert client.post("/account/tokens", data=form).status_code == 403


def test_the_gate_asks_one_query(installation):
    client, asked = signed_in(installation), []
    client.get("/account")
    engine = installation.database

    def heard(connection, cursor, statement, *rest):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", heard)
    try:
        client.post("/account/tokens", headers={"Sec-Fetch-Site": "cross-site"})  # refused by the gate itself
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    assert len(asked) == 1
