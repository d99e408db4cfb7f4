"""What every answer carries and no log holds: the policy, the cookies' protections, no token of a link (T2, T3, T5)."""

import http.client
import logging
from urllib.parse import urlsplit

import pytest

from reports_lib.portal import page
from reports_lib.portal.app import HEADERS
from reports_lib.portal.view import quick
from tests.portal.conftest import served
from tests.portal.people import PASSWORD, signed_in, token_of

OWN = ("Content-Security-Policy", "Cache-Control", "Referrer-Policy")
UNTOLD = ("no-referrer", "strict-origin")  # the latter tells who we are, so that a browser says where a write is from
ALWAYS = {name.lower(): value for name, value in HEADERS.items() if name not in OWN}
LOOSE = ("unsafe-inline", "unsafe-eval", "*", "http:", "https:", "blob:", "wasm-unsafe-eval", "strict-dynamic")


def directives(policy):
    """A policy's sources by their directive."""
    parts = [part.split() for part in policy.split(";")]
    return {name: sources for name, *sources in parts}


@pytest.fixture(scope="module")
def site(installation, sealed):
    with served(installation) as (_, address):
        yield address


@pytest.fixture
def ask(site, installation):
    """`ask(path, method, **headers)`: what the real server answers to somebody who is signed in, and its body."""
    cookie = token_of(installation, name="header-reader")

    def get(path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=20)
        own = {"Cookie": f"sid={cookie}", "Sec-Fetch-Site": "same-origin"}
        connection.request(method, path, body, own | {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        found = answer.status, {k.lower(): v for k, v in answer.getheaders()}
        answer.close()
        connection.close()
        return found

    return get


def test_the_policy_of_pages_is_strict():
    found = directives(page.POLICY)
    assert found["default-src"] == ["'none'"]
    assert (found["script-src"], found["style-src"]) == (["'self'"], ["'self'"])
    assert not [source for sources in found.values() for source in sources if source.strip("'") in LOOSE]
    for name in ("base-uri", "frame-ancestors", "object-src"):
        assert found[name] == ["'none'"]


def test_a_sealed_report_can_do_nothing():
    found = directives(quick.POLICY)
    assert "script-src" not in found
    assert found["default-src"] == ["'none'"]
    assert "allow-scripts" not in found["sandbox"]
    assert "allow-same-origin" not in found["sandbox"]
    assert "allow-forms" not in found["sandbox"]
    assert found["form-action"] == ["'none'"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 200),
        ("/", "HEAD", 200),
        ("/", "POST", 404),
        ("/nowhere", "GET", 404),
        ("/?since=x", "GET", 422),
        ("/ask/nothing", "GET", 404),
        ("/runs/999999999", "GET", 404),
        ("/runs/999999999/events", "GET", 404),
        ("/view?id=x", "GET", 404),
        ("/view?id={token}", "GET", 200),
        ("/view?id={token}&as=html", "GET", 200),
        ("/view?id={token}&as=csv", "GET", 200),
        ("/view?id={token}&as=nothing", "GET", 404),
        ("/view/chart?id={token}", "GET", 200),
        ("/view/chart.svg?id={token}", "GET", 200),
        ("/view/data?id={token}", "GET", 200),
        ("/view/share?id={token}", "GET", 200),
        ("/account", "GET", 200),
        ("/sign-in", "GET", 303),
        ("/sign-in", "POST", 401),
        ("/language", "POST", 303),
        ("/health", "GET", 200),
        ("/static/daybook.css", "GET", 200),
        ("/static/nothing.css", "GET", 404),
        ("/static/../page.py", "GET", 404),
        ("/api/v1/me", "GET", 200),
        ("/api/v1/nothing", "GET", 404),
        ("/api/v1/openapi.json", "GET", 200),
    ],
)
def test_every_answer_is_guarded(ask, sealed, path, method, status):
    for _ in range(2):  # the second time it may be at hand
        found, headers = ask(path.format(token=sealed[1]), method)
        assert found == status
        assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
        policy = directives(headers["content-security-policy"])
        assert policy["default-src"] == ["'none'"]
        assert not [s for s in policy.get("script-src", []) if s.strip("'") in LOOSE]
        assert headers["referrer-policy"] in UNTOLD
        assert "server" not in headers
        if "/static/" not in path:
            assert headers["cache-control"].startswith("private")
        if method == "POST":
            assert "public" not in headers["cache-control"]


def test_what_has_not_changed_is_guarded_too(ask, sealed):
    path = f"/view?id={sealed[1]}&as=html"
    _, headers = ask(path)
    for _ in range(2):
        status, found = ask(path, If_None_Match=headers["etag"])
        assert status == 304
        assert {name: found.get(name) for name in ALWAYS} == ALWAYS
        assert "sandbox" in directives(found["content-security-policy"])


def test_a_stream_is_guarded(ask, rows):
    from reports_lib.database.schema import State

    status, headers = ask(f"/runs/{rows.add(State.ERROR)}/events")
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS


def test_cookies_are_out_of_reach(installation):
    client = signed_in(installation, name="cookie-eater")
    client.cookies.clear()
    client.follow_redirects = False
    answer = client.post("/sign-in", data={"name": "cookie-eater", "password": PASSWORD})
    assert answer.status_code == 303
    given = answer.headers.get_list("set-cookie")
    assert len(given) == 2
    for cookie in [*given, *client.post("/language", data={"code": "ru"}).headers.get_list("set-cookie")]:
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "samesite=lax", "path=/"} <= parts
        assert not [part for part in parts if part.startswith("domain")]


def test_no_log_holds_a_token(installation, sealed, ask, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    _, token = sealed
    client = signed_in(installation, name="logged")
    secrets = [token, client.cookies["sid"]]
    for rest in (f"?id={token}", f"?id={token}&as=html", f"?id={token}&as=nothing", f"/share?id={token}"):
        path = f"/view{rest}"
        client.get(path)
        ask(path)
    made = client.post("/account/tokens", data={"label": "logs", "days": "30"}).text
    secrets.append(made.partition('id="made" tabindex="0">')[2].partition("<")[0])
    assert len(secrets[2]) > 40
    client.get("/api/v1/me", headers={"Authorization": f"Bearer {secrets[2]}"})
    out, err = capfd.readouterr()
    # the test's own client of HTTP writes its requests down; ours is what is looked at
    said = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert [secret for secret in secrets if secret in out + err + "\n".join(said)] == []


def test_an_address_that_is_none_is_told_to_who_asks(installation):
    client = signed_in(installation, name="lost")
    client.post("/language", data={"code": "ru"})
    del client.cookies["language"]
    answer = client.get("/nowhere")
    assert (answer.status_code, 'lang="ru"' in answer.text, "/sign-out" in answer.text) == (404, True, True)
