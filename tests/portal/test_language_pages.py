"""The pages in Russian and Spanish: no text of the catalogue is left in English, for it did not go through `_`."""

import json
import re
from html.parser import HTMLParser

import pytest

from reports_lib.database.schema import State
from reports_lib.portal import language
from tests.portal.people import signed_in
from tests.portal.rows import Rows
from tests.portal.words import catalogue

OTHERS = [code for code in language.LANGUAGES if code != "en"]
SPOKEN = ("aria-label", "placeholder", "title", "alt", "label", "data-label", "data-done", "data-gone", "data-ends")
FORM = "/ask/customer_dynamics"
EVERYTHING = (
    "?interval=last+5+weeks&client_type=client,reseller&client_tags=vip&company=2&owner_user=7&package=1"
    "&include_sub_companies=no&group_by=year,month&compare_to=previous_year&chargebacks=yes"
)
ASKED = {"interval": "last month", "client_type": ["client", "call_shop"], "compare_to": "previous_day"}
WRONG = {
    "interval": "written", "interval-written": "tomorrow", "active_duration": "999", "client_type": "clients",
    "time_zone": "Mars/Base", "output-type": "html", "send-to": "nobody", "as-of": "soon", "currency": "XXX",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _english():
    yield
    language.use("en")


class Texts(HTMLParser):
    """What a page shows or reads out, and what its scripts will."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._tags.append(tag)
        given = dict(attrs)
        self.found |= {given[name] for name in SPOKEN if given.get(name)}
        if "data-words" in given:
            self.found |= set(json.loads(given["data-words"]).values())
        if given.get("id") == "words":
            self.found |= {value for name, value in given.items() if name.startswith("data-")}

    def handle_data(self, data):
        if self._tags[-1:] not in (["script"], ["style"]):
            self.found.add(" ".join(data.split()))

    def handle_endtag(self, tag):
        while self._tags and self._tags.pop() != tag:
            pass


def left_in_english(page: str, code: str, sealed: set[str] = frozenset()) -> set[str]:
    """Texts of the catalogue that a page says in English; what is `sealed` in a report is not ours to translate."""
    assert f'<html lang="{code}">' in page
    ours = {m.id for m in catalogue(code) if m.id and isinstance(m.id, str) and m.string != m.id}
    sentences = [text for text in ours if text.count(" ") > 1 and "{" not in text]
    found = Texts(page).found - sealed
    whole = found & ours
    return whole | {text for text in sentences if any(text in each for each in found)}


@pytest.fixture(scope="module")
def runs(asking):
    rows = Rows(asking)
    yield [
        rows.add(State.QUEUED, asked=ASKED),
        rows.add(State.GENERATING, asked=ASKED, run_key="schedule:of the tests"),
        rows.add(State.ERROR, asked=ASKED),
        rows.add(State.CANCELLED, asked=ASKED, error="cancelled by ann"),
    ]
    rows.clear()


@pytest.mark.parametrize("code", OTHERS)
def test_pages_of_the_workspace_leave_nothing_in_english(asking, runs, code):
    with signed_in(asking, "admin") as client:
        client.headers["Accept-Language"] = code
        pages = ["/", "/?state=error&q=zz&since=soon", "/?state=what", "/ask", FORM, FORM + EVERYTHING, "/queries"]
        pages += ["/queries/customer_dynamics/compare-with-last-year", f"{FORM}?set=by-package", "/account", "/nothing"]
        pages += ["/queries/customer_dynamics/compare-with-last-yeer", "/ask/customers"]
        pages += [f"/runs/{number}" for number in runs] + [f"/runs/{runs[-1]}/delete"]
        shown = {address: client.get(address).text for address in pages}
        shown["a wrong form"] = client.post(FORM, data=WRONG).text
        shown["a wrong query"] = client.post(
            f"{FORM}/save", data={"interval": "last month", "query-often": "line"}
        ).text
        shown["a wrong password"] = client.post("/account/password", data={"new": "a", "again": "b"}).text
    assert {address: left for address, page in shown.items() if (left := left_in_english(page, code))} == {}
    lower = re.compile(r"\b(is not|did you mean|is required|no \w+ named|cancelled by)\b")  # errors of lower rooms
    assert [text for page in shown.values() for text in Texts(page).found if lower.search(text)] == []


@pytest.mark.parametrize("code", OTHERS)
def test_pages_of_a_report_leave_nothing_in_english(installation, sealed, code):
    manifest, token = sealed
    columns = {str(value) for table in manifest.tables for column in table.columns for value in column.values()}
    views = (
        f"/view?id={token}",
        f"/view/share?id={token}",
        f"/view/chart?id={token}",
        f"/view/chart?id={token}&blank=1",
    )
    with signed_in(installation, "admin") as client:
        client.headers["Accept-Language"] = code
        shown = {address: client.get(address).text for address in views}
        shown["a wrong link"] = client.post(f"/view/share?id={token}", data={"audience": "named", "until": "soon"}).text
    assert {address: left for address, page in shown.items() if (left := left_in_english(page, code, columns))} == {}


@pytest.mark.parametrize("code", OTHERS)
def test_the_door_leaves_nothing_in_english(installation, sealed, code):
    with signed_in(installation) as client:
        client.cookies.clear()
        client.headers["Accept-Language"] = code
        pages = [client.get("/sign-in").text, client.post("/sign-in", data={"name": "x", "password": "y"}).text]
    assert [left_in_english(page, code) for page in pages] == [set(), set()]


def test_programs_get_english_whatever_they_accept(asking):
    with signed_in(asking) as client:
        client.headers["Accept-Language"] = "ru"
        told = client.get("/api/v1/families/customers").json()["error"]
        about = client.get("/api/v1/families/customer_dynamics").json()
    assert told.startswith("no family named 'customers'")
    assert about["title"] == "Customer Dynamics"
    assert about["parameters"][0]["label"] == "Interval"
