"""What a program gets that sends what cannot be accepted: one line, a status that is documented, never a 5xx."""

import json

import pytest

from reports_lib.portal.api import runs
from reports_lib.portal.api.app import CALLS
from reports_lib.portal.app import app
from reports_lib.warehouse.address import Address
from tests.api.conftest import NORTH, program

ASK = {"family": "customer_dynamics", "parameters": {"interval": "last month"}}
KINDS = ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "a/b;c=;"]
NOWHERE = ["/nothing", "/runs/", "/runs/999999999", "/families/dog", "/queries/customer_dynamics/dog", "/charts/dog"]


def refused(answer, status=422):
    """What is told, which is one line and no more than that."""
    told = answer.json()
    assert answer.status_code == status, told
    assert answer.headers["content-type"] == "application/json"
    assert told.keys() <= {"error", "kind", "faults"}
    assert "\n" not in told["error"]
    assert "Traceback" not in answer.text
    return told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"\xff\xfe",
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 90_000,
        b'{"family": ' + b"9" * 5_000 + b"}",
        b'{"family": "customer_dynamics", "family": "arrivals"}',
        b'{"family": "a\\u0000b"}',
        b'{"family": "\\ud800"}',
        b'{"\\udc00": "x"}',
        b'{"family": "x", "name": Infinity}',
        b" " * 1_100_000,
        json.dumps(ASK | {"name": "x" * 1_100_000}).encode(),
    ],
    ids=lambda body: repr(body[:12]) + str(len(body)),
)
def test_bodies_that_are_none(client, body):
    refused(client.post("/runs", content=body, headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize(
    "mime", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "a/b;c=;"]
)
def test_bodies_of_another_kind(client, mime):
    headers = {"Content-Type": mime} if mime else {}
    assert "JSON" in refused(client.post("/runs", content=json.dumps(ASK).encode(), headers=headers))["error"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"famly": "x"}, "famly"),
        ({"family": 7}, "family"),
        ({"family": None}, "family"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {"interval": None}}, "parameters.interval"),
        ({"parameters": {"interval": 1.5}}, "parameters.interval"),
        ({"parameters": {"interval": {"a": 1}}}, "parameters.interval"),
        ({"parameters": {"interval": ["last month", 1]}}, "parameters.interval"),
        ({"parameters": {"interval": []}}, "parameters.interval"),
        ({"parameters": {"interval": "0001-01-01/0001-01-02"}}, "parameters.interval"),
        ({"parameters": {"interval": "9999-12-30/9999-12-31"}}, "parameters.interval"),
        ({"parameters": {"interval": "last 99999999999999999999 months"}}, "parameters.interval"),
        ({"parameters": {"time_zone": []}}, "parameters.time_zone"),
        ({"parameters": {"time_zone": "../../etc/passwd"}}, "parameters.time_zone"),
        ({"parameters": {"active_duration": 10**400}}, "parameters.active_duration"),
        ({"parameters": {"active_duration": True}}, "parameters.active_duration"),
        ({"parameters": {"client_tags": ["x"] * 2_000}}, "parameters.client_tags"),
        ({"parameters": {"\u202e": "x"}}, "parameters.\u202e"),
        ({"parameters": {f"p{n}": "x" for n in range(200)}}, "parameters"),
        ({"formats": "html"}, "formats"),
        ({"formats": [""]}, "formats"),
        ({"name": "a\u202eb"}, "name"),
        ({"as_of": "0001-01-01T00:00+14:00"}, "as_of"),
        ({"as_of": "9999-12-31T23:59-14:00"}, "as_of"),
        ({"as_of": "0001-01-01"}, "as_of"),
        ({"as_of": 7}, "as_of"),
        ({"run_key": "x" * 300}, "run_key"),
        ({"send_to": ["a@example.com\r\nBcc: b@example.com"], "formats": ["csv"]}, "send_to"),
        ({"send_to": ["a@elsewhere.com"], "formats": ["csv"]}, "send_to"),
        ({"send_to": ["a@example.com"]}, "send_to"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_fields_that_cannot_be(client, more, field):
    assert list(refused(client.post("/runs", json=ASK | more))["faults"])[:1] == [field]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "9" * 30},
        {"limit": "x"},
        {"stat": "error"},
        {"state": "dog"},
        {"since": "soon"},
        {"since": "0001-01-01T00:00+14:00"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"before": "x"},
        {"before": "9" * 17 + "-1"},
        {"q": "x" * 300},
        {"x" * 1000: "x"},
    ],
    ids=lambda query: repr(query)[:40],
)
def test_lists_that_cannot_be(client, query):
    assert refused(client.get("/runs", params=query))["faults"]


def test_a_zero_byte_is_looked_for_in_vain(client):
    assert client.get("/runs", params={"q": "a\0b"}).status_code == 200
    refused(client.get("/queries", params={"q": "a\0b"}))


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", str(2**63), "9" * 400, "%00", "1%00", "%ff"])
def test_numbers_that_are_none(client, number):
    refused(client.get(f"/runs/{number}"))


@pytest.mark.parametrize("name", ["%00", "..%2f..", "%2e%2e", "a%20b", "%ff%fe", "x" * 300, "%E2%80%AE"])
def test_names_that_are_none(client, name):
    for path in (f"/families/{name}", f"/charts/{name}", f"/queries/{name}/x", f"/queries/customer_dynamics/{name}"):
        answer = client.get(path)
        assert answer.status_code in (404, 422)
        refused(answer, answer.status_code)


def test_what_there_is_not(client, rows, done):
    run = rows.add()
    for path in (
        "/nothing",
        "/runs/",
        "/runs/999999999",
        "/families/dog",
        "/queries/customer_dynamics/dog",
        "/charts/dog",
    ):
        refused(client.get(path), 404)
    for path in (f"/runs/{run}/tables", f"/runs/{run}/files/csv", f"/runs/{run}/links"):
        assert "has no report" in refused(client.get(path), 409)["error"]
    refused(client.get(f"/runs/{done(NORTH)}/tables/dog"), 404)


def test_a_method_that_is_not_taken(client):
    answer = client.put("/runs", json=ASK)
    refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"


def test_the_warehouse_is_away(client, installation, monkeypatch):  # 503, and what was sealed is there

    monkeypatch.setitem(
        installation.__dict__, "warehouse", Address("postgresql://nobody:secret@127.0.0.1:1/gone", schema="x")
    )
    told = refused(client.post("/runs", json=ASK), 503)
    assert "secret" not in str(told)
    assert client.get("/runs").status_code == 200


def test_a_mistake_of_ours_tells_nothing(installation, monkeypatch):
    def broken(*_):
        raise RuntimeError("/root/secret password")

    monkeypatch.setattr(runs, "families_of", broken)
    client = program(installation, raise_server_exceptions=False)
    assert "secret" not in str(refused(client.get("/runs"), 500))


def test_wrong_tokens_are_counted(installation):
    client = program(installation, by=app)
    good = dict(client.headers)
    client.headers["Authorization"] = "Bearer daybook_" + "x" * 43
    statuses = [client.get("/me").status_code for _ in range(305)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert client.get("/me").headers["retry-after"].isdigit()
    assert client.get("/me", headers=good).status_code == 200  # a good one is never counted


def test_guessed_links_are_counted(installation):
    client = program(installation, by=app)
    statuses = [client.post("/links/revoke", json={"token": "x" * 22}).status_code for _ in range(35)]
    assert (statuses[0], statuses[-1]) == (404, 429)


def test_every_call_says_what_it_refuses():
    for call in CALLS:
        assert ("{" not in call.path) or 404 in call.refusals
