"""The list of reports (TW-15 to TW-33): what it says, how it is narrowed and paged, and whose runs are on it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import State
from reports_lib.runs.listing import Category, Listing, Place, Wanted
from tests.portal.people import signed_in

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BOSS = Visitor("boss", Role.ADMIN)


@pytest.fixture(autouse=True)
def _no_other_rows(rows):
    rows.clear()


def table(page: str) -> list[dict[str, str]]:
    """The rows of the page: number, state, and the words of each cell by its class or label."""
    found = []
    for number, attributes, inside in re.findall(
        r'<tr role="row" class="\w+" id="run-(\d+)"([^>]*)>(.*?)</tr>', page, re.S
    ):
        row = {"run": number, "state": re.search(r'data-state="(\w+)"', attributes)[1], "html": inside}
        for head, text in re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", inside, re.S):
            name = re.search(r'data-label="([^"]+)"', head) or re.search(r'class="(\w+)', head)
            row[name[1]] = unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))
        found.append(row)
    return found


def counts(page: str) -> dict[str, int]:
    said = re.findall(r'data-category="(\w+)".*?class="count">(\d+)<', page, re.S)
    return {category: int(number) for category, number in said}


def numbers(page: str) -> list[int]:
    return [int(row["run"]) for row in table(page)]


def test_a_row_says_what_the_manual_asks_for(client, rows, sealed, installation):  # TW-17 to TW-22
    manifest, token = sealed
    rows.add(
        State.GENERATED,
        snapshot_id=manifest.id,
        name="Weekly <b>refills</b>",
        requested_at=AT,
        formed_at=AT + timedelta(minutes=3),
        resolved={"interval": "2025-11-01/2026-10-31"},
    )
    (row,) = table(client.get("/").text)
    assert row["name"].startswith("Weekly <b>refills</b>")
    assert "1 Nov 2025 to 31 Oct 2026" in row["name"]
    assert row["status"] == "Ready"
    assert row["Added"] == "2 Nov 2026, 09:30 UTC"
    assert row["Formed"] == "2 Nov 2026, 09:33 UTC"
    assert '<time datetime="2026-11-02T09:30:00+00:00">' in row["html"]
    assert f'href="/view?id={token}"' in row["html"]
    assert f'href="/view?id={token}&amp;as=xlsx" download aria-label="Download Weekly' in row["html"]  # TW-32
    for form in ("xls", "csv", "pdf"):
        assert f"as={form}" in row["html"]


def test_service_and_type_are_those_of_the_family(client, rows, installation):  # TW-18, TW-19
    notebook = installation.workspace.notebooks / "chats.ipynb"
    notebook.write_text(
        '{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Chats a day\\n\\nHow many?"}],'
        ' "metadata": {"daybook": {"service": "Chat", "type": "Support"}}, "nbformat": 4, "nbformat_minor": 5}'
    )
    try:
        rows.add(family="chats", set_name="weekly")
        rows.add(family="gone")
        gone, chats = table(client.get("/").text)
        assert (chats["Service"], chats["Type"]) == ("Chat", "Support")
        assert chats["name"].startswith("Chats a day (weekly)")
        assert (gone["Service"], gone["Type"]) == ("–", "–")
        assert numbers(client.get("/?q=A+DAY+week").text) == [int(chats["run"])]  # the name that is shown is searched
    finally:
        notebook.unlink()


def test_the_list_says_what_became_of_runs(client, rows):
    failed = rows.add(State.ERROR, set_name="weekly", step="The <i>sums</i>", done=2, total=9, error="a <b>lot</b>")
    rows.add(State.GENERATING, step="Packages", done=3, total=8)
    rows.add(State.CANCELLED, error="cancelled by bob")
    page = client.get("/").text
    cancelled, running, error = table(page)
    assert cancelled["status"] == "Cancelled cancelled by bob"
    assert running["status"] == "Running Cell 4 of 8: Packages"
    assert error["status"] == "Failed In “The <i>sums</i>”, cell 3 of 9 a <b>lot</b>"
    assert error["Formed"] == running["Formed"] == "–"
    assert "/view?" not in page  # none of them leads to a report
    assert f'action="/runs/{failed}/regenerate"' in error["html"]  # TW-31
    assert 'http-equiv="refresh"' in page


def test_a_category_shows_only_its_own(client, rows, sealed):  # TW-26 to TW-30
    made = {
        state: rows.add(state, **({"snapshot_id": sealed[0].id} if state == "generated" else {})) for state in State
    }
    shown = {
        "": set(made.values()),
        "generated": {made[State.GENERATED]},
        "generating": {made[State.QUEUED], made[State.GENERATING]},
        "error": {made[State.ERROR]},
    }
    for state, expected in shown.items():
        page = client.get("/", params={"state": state}).text
        assert set(numbers(page)) == expected
        assert counts(page) == {"all": 5, "generated": 1, "generating": 2, "error": 1}
        assert f'data-category="{state or "all"}" aria-current="true"' in page


def test_search_and_period_narrow_list_and_counts(client, rows):  # TW-23, TW-24
    one = rows.add(State.ERROR, name="Refills 100% of May_Day", requested_at=AT)
    two = rows.add(State.CANCELLED, name="Packages of May", requested_at=AT + timedelta(hours=1))
    found = lambda **query: set(numbers(client.get("/", params=query).text))  # noqa: E731
    assert found(q="may") == {one, two}
    assert found(q="MAY refills") == {one}
    assert found(q="100%") == found(q="may_day") == {one}  # what SQL takes for a pattern is a letter here
    assert found(q="0%o") == found(q="M_y") == set()
    assert found(since="2026-11-02T09:30") == {one, two}
    assert found(since="2026-11-02T09:31") == {two}
    assert found(until="2026-11-02T10:30") == {one}  # the end is not in it
    assert found(since="2026-11-02T09:00", until="2026-11-02T10:00", q="may") == {one}
    assert counts(client.get("/?q=refills").text) == {"all": 1, "generated": 0, "generating": 0, "error": 1}
    page = client.get("/?q=refills&state=error").text
    assert re.search(r'id="clear" data-renew href="/\?state=error"', page)  # TW-25


def test_times_of_the_period_are_of_the_zone_of_the_workspace(rows, installation):
    from zoneinfo import ZoneInfo

    from reports_lib.portal.reports.address import ListAddress

    read = ListAddress.read({"since": "2026-03-29T03:30", "until": "2026-10-25T03:30"}, ZoneInfo("Europe/Kyiv"))
    assert read.wanted.since == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:30 did not exist: the moment of the change
    assert read.wanted.until == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 came twice: the first


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"since": "2026-11-02T10:00", "until": "2026-11-02T10:00"}, "The end must come after the beginning."),
        ({"since": "<b>soon</b>"}, "“&lt;b&gt;soon&lt;/b&gt;” is not a day and a time"),
        ({"until": "0001-01-01T00:00+14:00"}, "is not a day and a time"),
        ({"until": "9999-12-31T23:59"}, "is not a day and a time"),
        ({"state": "lost"}, "There is no category “lost”"),
        ({"q": "x" * 300}, "Only the first 200 letters are looked for."),
    ],
)
def test_a_fault_is_said_beside_its_field_and_nothing_is_lost(client, rows, query, said):
    rows.add(name="x" * 250)
    answer = client.get("/", params={"q": "x"} | query)
    assert answer.status_code == 422
    assert said in answer.text
    assert len(table(answer.text)) == 1  # what cannot be read narrows nothing
    assert f'value="{(query.get("q") or "x")}"' in answer.text
    (name,) = [each for each in ("until", "since", "state", "q") if f'id="fault-{each}"' in answer.text]
    if name != "state":
        assert f'aria-describedby="fault-{name}"' in answer.text


@pytest.mark.parametrize("text", ["", "x", "-", "1-", "1-x", "²-1", "9" * 40 + "-1", "1-" + "9" * 40, "%00", "'; drop"])
def test_a_place_that_is_none_is_the_first_page(client, rows, text):
    run = rows.add()
    assert numbers(client.get("/", params={"before": text, "after": text, "q": "\0"}).text) == [run]


def test_older_and_newer_pages_keep_the_rest_of_the_address(client, rows):
    made = [rows.add(name="weekly", requested_at=AT) for _ in range(120)][::-1]  # one moment: by number
    rows.add(name="another")
    link = lambda page, rel: unescape(re.search(rf'rel="{rel}" href="([^"]+)"', page)[1])  # noqa: E731
    first = client.get("/?q=weekly&state=generating").text
    assert numbers(first) == made[:50]
    assert 'rel="prev"' not in first
    assert parse_qs(urlsplit(link(first, "next")).query).keys() == {"q", "state", "before"}
    second = client.get(link(first, "next")).text
    third = client.get(link(second, "next")).text
    assert numbers(second) + numbers(third) == made[50:]
    assert 'rel="next"' not in third
    assert numbers(client.get(link(third, "prev")).text) == made[50:100]
    assert numbers(client.get(link(second, "prev")).text) == made[:50]
    assert "120 reports" in first


STATES = st.sampled_from([State.QUEUED, State.GENERATING, State.ERROR, State.CANCELLED])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(st.tuples(st.integers(0, 3), STATES), max_size=14),
    size=st.integers(1, 5),
    category=st.sampled_from(list(Category)),
)
def test_pages_one_after_another_are_the_whole_list(rows, made, size, category):
    rows.clear()
    runs = [(rows.add(state, requested_at=AT + timedelta(seconds=at)), at, state) for at, state in made]
    whole = [run for run, at, state in sorted(runs, key=lambda r: (-r[1], -r[0])) if state in category.states]
    listing = Listing(BOSS, Wanted(category), {})
    with Session(rows.installation.database) as session:
        pages = [listing.page(session, size=size)]
        while pages[-1].older is not None:
            pages.append(listing.page(session, before=Place.parse(str(pages[-1].older)), size=size))
        assert [run.id for page in pages for run in page.runs] == whole
        assert listing.counts(session)[category] == len(whole)
        back = pages[-1]
        seen = {run.id for run in back.runs}
        while back.newer is not None:
            back = listing.page(session, after=back.newer, size=size)
            seen |= {run.id for run in back.runs}
        assert seen == set(whole)


def test_a_notebook_that_cannot_be_read_spares_the_list(client, rows, installation):
    broken = installation.workspace.notebooks / "torn.ipynb"
    broken.write_text("{")
    try:
        rows.add(family="torn")
        (row,) = table(client.get("/").text)
        assert row["name"].startswith("torn")
    finally:
        broken.unlink()


def test_an_empty_list_says_what_to_do(client):
    assert "There are no reports yet." in client.get("/").text
    page = client.get("/?q=x").text
    assert "No report is like that." in page
    assert 'href="/"' in page


def test_a_viewer_is_offered_nothing_that_he_may_not(installation, rows, sealed):
    rows.add(State.ERROR)
    rows.add(State.GENERATED, snapshot_id=sealed[0].id)
    rows.add()
    with signed_in(installation, "viewer") as viewer:
        page = viewer.get("/").text
        assert len(table(page)) == 3
        assert "<form method" not in page[page.index("<main") :].replace('<form class="filters"', "")
        for word in ("/regenerate", "/cancel", "/delete", "from_run", 'href="/ask"'):
            assert word not in page[page.index("<main") :], word


def test_the_state_of_the_list_is_its_address(client, rows):
    query = urlencode({"state": "error", "q": 'a"b', "since": "2026-11-01T08:00", "until": "2026-11-03T08:00"})
    page = client.get(f"/?{query}").text
    assert 'value="a&#34;b"' in page
    assert 'name="since" value="2026-11-01T08:00"' in page
    assert 'name="until" value="2026-11-03T08:00"' in page
    assert '<input type="hidden" name="state" id="state" value="error">' in page
    category = unescape(re.search(r'href="([^"]+)" data-category="generated"', page)[1])
    assert parse_qs(urlsplit(category).query) == {
        "state": ["generated"], "q": ['a"b'], "since": ["2026-11-01T08:00"], "until": ["2026-11-03T08:00"],
    }  # fmt: skip
