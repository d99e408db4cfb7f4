"""Who may do what by the API: each role, each company, each token (T5, G-13, Q-15)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import token as tokens
from reports_lib.accounts.role import RIGHTS, Right, Role
from reports_lib.database.schema import State
from reports_lib.portal.api.app import CALLS
from tests.api.conftest import NORTH, SOUTH, program, web
from tests.portal.people import signed_in


def at(path):
    """An address of that pattern, of nothing that there is."""
    return re.sub(r"\{(\w+)\}", lambda found: {"run": "999", "chart": "999", "format": "csv"}.get(found[1], "x"), path)


def named(call):
    return f"{call.method} {call.path}"


@pytest.fixture(scope="module")
def people(installation):
    """A browser of each role, for what tokens are not given."""
    return {role: signed_in(installation, role) for role in Role}


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_each_role_may_what_its_rights_say(people, call):
    for role, client in people.items():
        status = client.request(call.method, f"/api/v1{at(call.path)}").status_code
        assert (status == 403) == (call.right not in RIGHTS[role]), (role, status)
        assert status < 500


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_nobody_passes_without_a_token(installation, call):
    for headers in ({}, {"Authorization": "Bearer daybook_no"}, {"Authorization": "Basic YTpi"}):
        stranger = TestClient(web(installation), headers=headers)  # a program, which is no page
        answer = stranger.request(call.method, f"/api/v1{at(call.path)}", json={"any": "thing"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["kind"] == "SignInError"


@pytest.mark.parametrize("call", [c for c in CALLS if c.method != "GET"], ids=named)
def test_no_write_comes_from_a_foreign_page(people, call):  # T5
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}):
        answer = people[Role.ADMIN].request(call.method, f"/api/v1{at(call.path)}", headers=headers)
        assert answer.status_code == 403


def test_a_program_needs_no_page(installation, rows):
    run = rows.add()
    client = program(installation, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert client.post(f"/runs/{run}/cancel").status_code == 200


def test_the_description_is_for_everyone(installation):
    told = TestClient(web(installation)).get("/api/v1/openapi.json").json()
    assert (told["info"]["title"], told["servers"]) == ("Daybook", [{"url": "/api/v1"}])
    assert told["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    assert {f"{method.upper()} {path}" for path, found in told["paths"].items() for method in found} == set(
        map(named, CALLS)
    )


def test_a_run_of_another_company_is_not_there(installation, done):
    run = done(SOUTH)
    client = program(installation, "admin", NORTH)
    for method, path in [
        ("GET", f"/runs/{run}"),
        ("POST", f"/runs/{run}/cancel"),
        ("POST", f"/runs/{run}/regenerate"),
        ("DELETE", f"/runs/{run}"),
        ("GET", f"/runs/{run}/files/csv"),
        ("GET", f"/runs/{run}/tables"),
        ("GET", f"/runs/{run}/tables/customer_dynamics"),
        ("GET", f"/runs/{run}/links"),
    ]:
        answer = client.request(method, path)
        assert (answer.status_code, "southern" in answer.text) == (404, False), path
    assert client.post(f"/runs/{run}/links", json={}).status_code == 404
    assert client.get("/runs").json()["runs"] == []


def test_a_link_of_another_company_is_not_revoked(installation, client, done):
    run = done(SOUTH)
    token = client.post(f"/runs/{run}/links", json={}).json()["token"]
    stranger = program(installation, "admin", NORTH)
    answer = stranger.post("/links/revoke", json={"token": token})
    assert (answer.status_code, answer.json()["error"]) == (404, "This link is unknown or no longer valid.")
    assert program(installation, "billing", SOUTH).post("/links/revoke", json={"token": token}).status_code == 204


def test_the_company_below_is_seen_from_above(installation, done):
    run = done(NORTH)
    assert program(installation, "analyst", "1").get(f"/runs/{run}").status_code == 200
    assert program(installation, "analyst", NORTH).get(f"/runs/{run}").status_code == 200


def test_names_stay_in_their_company(installation, done):
    run = done(NORTH, user_name="ann-of-north")
    assert "ann-of-north" not in program(installation, "admin").get(f"/runs/{run}").text
    assert program(installation, "billing", SOUTH).get(f"/runs/{run}").status_code == 404


def test_only_his_own_is_deleted_by_who_may_not_more(installation, rows):
    client = program(installation, "analyst", NORTH)
    own, other = (rows.add(State.ERROR, company=NORTH, user_name=name) for name in (client.user, "other"))
    assert client.get(f"/runs/{own}").json()["may"]["delete"]
    assert not client.get(f"/runs/{other}").json()["may"]["delete"]
    assert [client.delete(f"/runs/{run}").status_code for run in (own, other)] == [204, 403]


def test_a_private_query_is_its_owners(installation):
    owner, other = program(installation, "analyst", NORTH), program(installation, "admin")
    body = {"family": "arrivals", "name": "northern plans"}
    here = "/queries/arrivals/northern-plans"
    assert owner.post("/queries", json=body).status_code == 201
    try:
        for method, path in [("GET", here), ("DELETE", here), ("POST", f"{here}/run")]:
            assert other.request(method, path).status_code == 404
        assert other.put(here, json={"name": "x"}).status_code == 404
        assert other.post("/runs", json={"family": "arrivals", "query": "northern-plans"}).status_code == 404
        assert "northern" not in other.get("/queries").text
    finally:
        assert owner.delete(here).status_code == 204


def test_billing_keeps_queries_for_itself(installation):
    client = program(installation, "billing", NORTH)
    body = {"family": "arrivals", "name": "x", "visibility": "public", "cron": "0 6 * * *"}
    assert set(client.post("/queries", json=body).json()["faults"]) == {"visibility", "cron"}


def test_the_token_of_a_disabled_user_is_void(installation):
    client = program(installation)
    assert client.get("/me").status_code == 200
    with Session(installation.database) as session, session.begin():
        accounts.disable(session, accounts.find(session, client.user), datetime.now(UTC), "tests")
    assert client.get("/me").status_code == 401


def test_a_token_ends(installation):
    client = program(installation)
    with Session(installation.database) as session, session.begin():
        account = accounts.find(session, client.user)
        past = datetime.now(UTC) - timedelta(days=2)
        old = tokens.make(session, account, "old", timedelta(days=1), past)
    assert client.get("/me", headers={"Authorization": f"Bearer {old}"}).status_code == 401


def test_another_role_holds_at_once(installation):
    client = program(installation, "analyst")
    with Session(installation.database) as session, session.begin():
        accounts.change_role(session, accounts.find(session, client.user), Role.VIEWER, datetime.now(UTC), "tests")
    assert client.get("/me").status_code == 401  # a viewer has no tokens


def test_every_call_names_a_right():
    assert all(isinstance(call.right, Right) for call in CALLS)
    assert len(CALLS) > 25
