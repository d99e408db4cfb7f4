"""Signing in and the account page in a real browser, and behind a real server."""

import http.client
import urllib.parse

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.database.schema import AuditEntry, Throttle
from tests.portal.conftest import FLAGS
from tests.portal.people import PASSWORD, token_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def far(address):
    """A browser to which the server is neither local nor encrypted: such a one does not say `Sec-Fetch-Site`."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        flags = [*FLAGS, "--host-resolver-rules=MAP reports.test 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield browser, f"http://reports.test:{address.rpartition(':')[2]}"
        browser.close()


@pytest.fixture
def name(installation):
    token_of(installation, "analyst", name="traveller")
    with Session(installation.database) as session, session.begin():
        session.query(Throttle).delete()
    return "traveller"


def sign_in(page, name, password=PASSWORD):
    page.fill("#name", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    "settings",
    [
        {"viewport": {"width": 1280, "height": 800}},
        {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
    ],
    ids=["desk", "phone, dark"],
)
def test_from_the_door_to_the_account_and_out_again(far, name, settings):
    browser, address = far
    context = browser.new_context(**settings)
    page = context.new_page()
    page.goto(f"{address}/account")
    assert page.evaluate("document.activeElement.id") == "name"
    no_faults(page)
    sign_in(page, name, "not the password")
    page.wait_for_selector("#told")
    assert page.input_value("#name") == name
    assert page.evaluate("document.activeElement.id") == "password"
    sign_in(page, name)
    page.wait_for_url("**/account")
    no_faults(page)
    (cookie,) = [each for each in context.cookies() if each["name"] == "sid"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""
    page.fill("#label", "My program")
    page.click("text=Make a token")
    assert page.inner_text("#made").startswith("daybook_")
    page.fill("#present", PASSWORD)
    page.fill("#new", PASSWORD)
    page.fill("#again", "something else")
    page.click("text=Change password")
    assert page.inner_text("#again-fault") == "This is not the same as the new password."
    no_faults(page)
    page.click("button[lang=es]")
    page.wait_for_selector("html[lang=es]")
    page.click("button[lang=en]")
    page.click("details.account summary")
    page.click("text=Sign out >> nth=0")
    page.wait_for_url("**/sign-in")
    page.go_back()
    page.reload()  # nothing of it was kept
    page.wait_for_url("**/sign-in*")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def no_faults(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found] == []


@pytest.mark.parametrize(
    ("source", "said", "counted"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),  # a proxy on this machine
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what came to the proxy is not believed
        ("127.0.0.2", "203.0.113.9", "127.0.0.2"),  # nobody that is trusted says so
    ],
)
def test_which_address_tries_are_counted_under(address, installation, name, source, said, counted):
    server = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(server.hostname, server.port, source_address=(source, 0))
    headers = {"Sec-Fetch-Site": "same-origin"} | ({"X-Forwarded-For": said} if said else {})
    body = urllib.parse.urlencode({"name": name, "password": "not the password"})
    connection.request("POST", "/sign-in", body, headers)
    assert connection.getresponse().status == 401
    connection.close()
    with Session(installation.database) as session:
        assert accounts.find(session, name)
        last = session.query(AuditEntry).filter_by(action="sign-in failed").order_by(AuditEntry.id.desc()).first()
    assert last.after == {"address": counted}
