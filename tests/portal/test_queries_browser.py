"""Saved queries in a real browser: from the form to the list, back into the form, changed and deleted."""

import pytest
from playwright.sync_api import expect

from reports_lib.parameters.query import read_query
from tests.portal import ask_site
from tests.portal.conftest import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(workspace, fresh, as_reader):
    """An installation with families and saved sets, and the address of its server."""
    with ask_site.site(workspace, fresh, as_reader) as installation, served(installation) as (_, address):
        yield installation, address


@pytest.fixture
def sheet(desk, place):
    """A page of a desk's size; no script of ours complains, and nothing is asked for elsewhere."""
    page, seen = desk(place[1]), []
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((place[1], "data:")) else seen.append(asked.url))
    yield page
    assert seen == []


def test_a_query_goes_from_the_form_to_the_list_and_back(sheet, place):  # JD-55, JD-56, JD-57, T-72
    installation, address = place
    folder = installation.workspace.parameters / "customer_dynamics"
    sheet.goto(f"{address}/ask/customer_dynamics")
    sheet.select_option("[name=interval]", "last quarter")
    sheet.check("[name=output-type][value=csv]")
    sheet.click("text=Save query")

    dialog = sheet.locator("#save-query")
    assert dialog.get_by_label("CSV", exact=True).is_checked()  # as the form has it
    dialog.get_by_label("Name").press("Enter")  # saves, and does not ask for the report
    dialog.get_by_text("Give the query a name").wait_for()
    assert sheet.evaluate("document.activeElement.name") == "query-name"
    assert sheet.input_value("[name=interval]") == "last quarter"
    dialog.get_by_label("Name").fill("Quarter for Bo")
    dialog.get_by_label("Schedule").select_option("weekly")
    dialog.get_by_label("Day of the week").select_option("5")
    assert not dialog.get_by_label("Cron line").is_visible()
    dialog.get_by_label("Time of day", exact=True).fill("07:15")
    dialog.get_by_role("button", name="Save", exact=True).click()
    sheet.get_by_text("The query is saved.").wait_for()
    query = read_query(folder / "quarter-for-bo.yaml")
    assert (query.values["interval"], query.cron, query.formats) == ("last quarter", "15 7 * * 5", ("csv",))

    sheet.goto(f"{address}/queries")
    assert sheet.locator(".shelf > li").count() > 3
    sheet.fill("#q", "for bo")
    expect(sheet.locator(".shelf > li")).to_have_count(1)
    assert sheet.url.endswith("?q=for%20bo")
    sheet.get_by_text("Every Friday at 07:15").wait_for()

    sheet.get_by_role("link", name="Open Quarter for Bo in the form").click()
    sheet.select_option("[name=interval]", "last year")
    sheet.click("text=Save query")
    assert dialog.get_by_label("Change “Quarter for Bo”").is_checked()
    dialog.get_by_role("button", name="Save", exact=True).click()
    sheet.get_by_text("The query is saved.").wait_for()
    assert read_query(folder / "quarter-for-bo.yaml").values["interval"] == "last year"

    sheet.get_by_label("Note").fill("Bo knows why")
    sheet.get_by_role("button", name="Save changes").click()
    sheet.get_by_text("The query is saved.").wait_for()
    assert read_query(folder / "quarter-for-bo.yaml").note == "Bo knows why"

    sheet.get_by_text("Delete this query").click()
    sheet.get_by_role("button", name="Delete “Quarter for Bo”").click()
    sheet.get_by_text("The query is deleted.").wait_for()
    assert not (folder / "quarter-for-bo.yaml").exists()


def test_it_all_works_without_a_script(desk, place):
    installation, address = place
    page = desk(address, java_script_enabled=False)
    page.goto(f"{address}/ask/arrivals")
    page.click("text=Save query")
    page.get_by_label("Name", exact=True).fill("Plainly saved")
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.get_by_text("The query is saved.").is_visible()
    page.goto(f"{address}/queries")
    page.fill("#q", "plainly")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Delete Plainly saved").click()
    page.get_by_role("button", name="Delete “Plainly saved”").click()
    assert page.get_by_text("The query is deleted.").is_visible()
    assert not (installation.workspace.parameters / "arrivals/plainly-saved.yaml").exists()


@pytest.mark.parametrize("at", ["/queries", "/queries/customer_dynamics/last-12-months", "save"])
def test_a_phone_shows_it_all_and_nothing_is_hard_to_read(browser, desk, place, at):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = desk(place[1], role="admin")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(place[1] + ("/ask/arrivals" if at == "save" else at))
    if at == "save":
        page.click("text=Save query")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = axe.Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
