"""The list of reports in a real browser: narrowed as one types, changed as runs change, worked by keyboard."""

import re

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from tests.portal.conftest import CONTRASTS
from tests.portal.shared import another, link

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _no_other_rows(rows):
    rows.clear()


def names(page) -> list[str]:
    return page.locator("tbody th a.to").all_inner_texts()


def counts(page) -> dict[str, str]:
    return {
        a.get_attribute("data-category"): a.locator(".count").inner_text() for a in page.locator(".categories a").all()
    }


def of(page, run):
    return page.locator(f"#run-{run}")


def test_what_is_typed_narrows_the_list_at_once(page, address, rows):  # TW-04, TW-23 to TW-25
    rows.add(State.ERROR, name="Weekly refills")
    rows.add(State.CANCELLED, name="Packages of May")
    page.goto(f"{address}/")
    page.evaluate("window.stays = true")
    assert not page.get_by_role("button", name="Show").is_visible()
    page.get_by_label("Search by name").press_sequentially("refil")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    assert names(page) == ["Weekly refills"]
    assert page.url == f"{address}/?q=refil"
    assert counts(page) == {"all": "1", "generated": "0", "generating": "0", "error": "1"}
    assert page.evaluate("document.activeElement.id") == "q"
    page.locator("#said", has_text="1 report").wait_for(state="attached")
    page.get_by_label("Added from").fill("2026-11-03T10:00")
    page.get_by_label("Added to").fill("2026-11-02T10:00")
    page.get_by_text("The end must come after the beginning.").wait_for()
    assert page.get_by_label("Added to").get_attribute("aria-invalid") == "true"
    page.get_by_role("link", name="Clear").click()
    page.locator("tbody tr").nth(1).wait_for()
    assert page.url == f"{address}/"
    assert page.get_by_label("Added to").input_value() == ""
    assert page.get_by_label("Added to").get_attribute("aria-invalid") is None
    assert not page.get_by_text("The end must come after").is_visible()
    page.get_by_role("link", name=re.compile("^Error")).click()  # TW-30
    page.wait_for_url(f"{address}/?state=error")
    assert names(page) == ["Weekly refills"]
    page.seen[:] = [said for said in page.seen if "422" not in said]  # a browser notes each refusal
    assert page.evaluate("window.stays") is None  # a category is a page of its own


def test_the_list_changes_while_something_is_made(page, address, rows):
    run, quiet = rows.add(), rows.add(State.CANCELLED, name="Quiet")
    page.goto(f"{address}/")
    assert of(page, run).locator(".badge").inner_text() == "Waiting"
    of(page, run).locator("a.to").focus()
    of(page, quiet).locator("summary").evaluate("menu => menu.click()")
    new = rows.add(State.GENERATING, name="Newest")
    rows.change(run, state=State.ERROR, error="'The sums' raised ValueError: no", step="The sums", total=4, done=1)
    page.wait_for_selector("tr.error")
    assert of(page, run).locator(".badge").inner_text() == "Failed"
    assert "In “The sums”, cell 2 of 4" in of(page, run).inner_text()
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/runs/{run}"  # where it was
    assert of(page, quiet).locator("details").get_attribute("open") is not None  # and so is the menu
    assert names(page)[0] == "Newest"
    assert counts(page) == {"all": "3", "generated": "0", "generating": "1", "error": "1"}
    assert page.locator("#said").inner_text() == "customer_dynamics: Failed"  # what ended is said, nothing else
    rows.change(new, state=State.CANCELLED)
    page.locator("#list:not([data-live])").wait_for()  # nothing more will change by itself


def test_what_ends_leaves_its_category(desk, address, rows):
    run = rows.add(State.GENERATING, name="Weekly")
    page = desk()
    page.goto(f"{address}/?state=generating")
    rows.change(run, state=State.CANCELLED)
    page.get_by_text("No report is like that.").wait_for()
    assert page.locator("#said").inner_text() == "Weekly has ended"


def test_everything_is_done_by_keyboard(desk, address, rows, installation, sealed):  # TW-31 to TW-33
    manifest = another(installation, sealed[0])
    link(installation, manifest)
    ready = rows.add(State.GENERATED, snapshot_id=manifest.id, name="Weekly")
    page = desk(role="admin")
    page.goto(f"{address}/?q=weekly")
    of(page, ready).locator("a.to").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "XLSX"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    menu = of(page, ready).locator(".sheet")
    assert menu.is_visible()
    words = ["Open", "Download PDF", "Download CSV", "Download XLSX", "Download XLS", "About this run",
             "Ask again with these parameters", "Regenerate", "Delete…"]  # fmt: skip
    for word in words:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent.trim()") == word
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    menu.get_by_role("link", name="Delete…").press("Enter")
    page.get_by_label("Reason").fill("a mistake")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("The report was deleted.").wait_for()
    page.wait_for_url(f"{address}/?q=weekly")  # an address that is kept does not say it again
    assert names(page) == []


def test_one_that_failed_is_made_again_from_the_list(desk, address, rows):  # TW-31, T-73
    failed = rows.add(State.ERROR, name="Weekly")
    page = desk()
    page.goto(f"{address}/?state=error")
    of(page, failed).get_by_role("button", name="Regenerate").first.click()
    page.get_by_text("The report is being made again.").wait_for()
    assert counts(page) == {"all": "2", "generated": "0", "generating": "1", "error": "1"}


def test_a_file_is_taken_from_the_list(page, address, rows, sealed):  # TW-32, Q-26
    run = rows.add(State.GENERATED, snapshot_id=sealed[0].id)
    page.goto(f"{address}/")
    with page.expect_download() as download:
        of(page, run).get_by_role("link", name=re.compile("^Download .* as XLSX")).click()
    assert download.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_report_asked_for_in_the_form_opens_by_itself(desk, address, rows, sealed, installation, is_busy):
    page = desk()
    page.goto(f"{address}/account")
    who = page.locator(".account .who").inner_text()
    run = rows.add(State.GENERATING, run_key="form:" + "0" * 64 + str(is_busy), user_name=who)
    page.goto(f"{address}/runs/{run}")
    page.get_by_text("The report opens here as soon as it is ready.").wait_for()
    if is_busy:
        page.get_by_role("link", name="Saved queries").focus()
    rows.change(run, state=State.GENERATED, snapshot_id=sealed[0].id)
    if is_busy:  # whoever has turned to something else is not taken away from it
        page.get_by_role("link", name="Open the report").wait_for()
        page.wait_for_timeout(800)
        assert page.url == f"{address}/runs/{run}"
    else:
        page.wait_for_url(f"{address}/view?id={sealed[1]}")
    page.goto(f"{address}/runs/{run}")  # one that was ready before is only shown
    page.wait_for_timeout(700)
    assert page.url == f"{address}/runs/{run}"
    with Session(installation.database) as session:
        assert session.get_one(Run, run).state == State.GENERATED


def test_without_a_script_a_button_narrows_the_list(desk, address, rows):
    rows.add(State.ERROR, name="Weekly refills")
    rows.add(State.CANCELLED, name="Packages of May")
    page = desk(java_script_enabled=False)
    page.goto(f"{address}/?state=error")
    page.get_by_label("Search by name").fill("week")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"q=week"))
    assert "state=error" in page.url
    assert names(page) == ["Weekly refills"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_long_names_and_menus_fit_and_are_read(desk, address, rows, scheme):
    run = rows.add(State.ERROR, name="Name" * 60, error="x" * 300, step="A" * 80, total=3)
    rows.add(State.GENERATING, name="A name of many words " * 8)
    page = desk(color_scheme=scheme, role="admin")
    for width in (360, 700, 1000, 1136, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        page.goto(f"{address}/?since=2026-01-01T00:00")
        of(page, run).locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        box = of(page, run).locator(".sheet").bounding_box()
        assert box["x"] >= 0
        assert page.evaluate(CONTRASTS) == []
