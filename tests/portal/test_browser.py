"""The pages in a real browser: they show what is so as it changes, ask nobody else for anything, break no policy."""

import re
import time

import pytest

from reports_lib.database.schema import State
from tests.portal.conftest import CONTRASTS, served

pytestmark = pytest.mark.browser


def test_a_report_is_read_in_its_frame(page, address, sealed):  # JD-24, JD-71
    _, token = sealed
    page.goto(f"{address}/view?id={token}")
    report = page.frame_locator("iframe")
    assert report.locator("h1").inner_text() == "Customer dynamics"
    assert report.locator("table.grid").first.locator("tfoot th").first.inner_text() == "Total"
    assert report.locator("figure.chart img").count() == 2
    drawn = report.locator("figure.chart img").first.evaluate("img => img.complete && img.naturalWidth")
    assert drawn > 0


def test_a_file_is_downloaded(page, address, sealed):  # JD-58
    _, token = sealed
    page.goto(f"{address}/view?id={token}")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert download.value.suggested_filename == "customer_dynamics_2025-11-01_2026-10-31.csv"


def test_the_page_of_a_run_moves_and_turns_red(page, address, rows):
    run = rows.add()
    page.goto(f"{address}/runs/{run}")
    page.evaluate("window.stays = true")  # gone if the page were loaded anew
    article, bar = page.locator("#run"), page.locator("#run progress")
    assert page.locator(".badge").inner_text() == "Waiting"
    rows.change(run, state=State.GENERATING, stage="executing", step="Packages", done=3, total=8)
    page.wait_for_selector("#run.generating")
    assert page.locator("[data-text=doing]").inner_text() == "Cell 4 of 8: Packages"
    rows.change(run, step="<b>Sums</b>", done=5)
    page.get_by_text("Cell 6 of 8: <b>Sums</b>", exact=True).wait_for()
    assert (bar.evaluate("bar => bar.value"), bar.evaluate("bar => bar.max")) == (5, 8)
    assert bar.get_attribute("aria-label") == "Cells done"
    assert page.locator("#said").inner_text() == "Running. Cell 6 of 8: <b>Sums</b>"
    page.get_by_text(re.compile(r"^0:\d[2-9]$")).wait_for()  # time passes by itself
    rows.change(run, state=State.ERROR, error="'<b>Sums</b>' raised ValueError: no")
    page.wait_for_selector("#run.error")
    assert page.locator(".badge").inner_text() == "Failed"
    assert page.locator(".why").inner_text() == "'<b>Sums</b>' raised ValueError: no"
    assert page.title().startswith("Failed: ")
    assert "Failed. In “<b>Sums</b>”, cell 6 of 8. " in page.locator("#said").inner_text()
    red, green, blue = _colour(article.locator(".badge"))
    assert red > 2 * max(green, blue)
    assert page.locator("a", has_text="Open the report").count() == 0
    assert page.evaluate("window.stays")


def test_the_page_of_a_run_leads_to_its_report(page, address, rows, sealed):
    manifest, token = sealed
    run = rows.add(State.GENERATING)
    page.goto(f"{address}/runs/{run}")
    rows.change(run, state=State.GENERATED, snapshot_id=manifest.id)
    link = page.get_by_role("link", name="Open the report")
    link.wait_for()
    assert page.locator(".badge").inner_text() == "Ready"
    red, green, _ = _colour(page.locator(".badge"))
    assert green > 2 * red
    link.click()
    page.wait_for_url(f"{address}/view?id={token}")


def test_a_page_whose_stream_breaks_off_finds_its_way_back(desk, rows, installation, sealed):
    run = rows.add(State.GENERATING)
    with served(installation) as (_, address):
        page = desk(address)
        page.goto(f"{address}/runs/{run}")
        page.locator("#said", has_text=re.compile("Waiting|Running")).wait_for(state="attached")
    page.wait_for_selector("#lost:not([hidden])")  # it says that it knows nothing new
    rows.change(run, state=State.CANCELLED)
    with served(installation, int(address.rpartition(":")[2])):
        page.wait_for_selector("#run.cancelled")
        assert not page.locator("#lost").is_visible()


def test_a_hidden_page_holds_no_stream(desk, rows, installation, sealed):  # a browser has six for one address
    with served(installation) as (server, address):
        page = desk(address)
        watching = server.config.app.state.watcher
        page.goto(f"{address}/runs/{rows.add()}")
        page.locator("#said", has_text=re.compile("Waiting|Running")).wait_for(state="attached")
        assert len(watching) == 1
        page.evaluate(
            "Object.defineProperty(document, 'hidden', {get: () => true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        deadline = time.monotonic() + 20
        while len(watching):
            assert time.monotonic() < deadline
            page.wait_for_timeout(20)


def test_without_a_script_the_page_says_the_same(desk, address, rows):
    run = rows.add(State.GENERATING, stage="executing", step="Packages", done=3, total=8)
    page = desk(java_script_enabled=False)
    page.goto(f"{address}/runs/{run}")
    assert page.locator("[data-text=doing]").inner_text() == "Cell 4 of 8: Packages"
    rows.change(run, state=State.CANCELLED)
    page.wait_for_selector("#run.cancelled")  # it loads itself again


def _colour(place):
    return [int(part) for part in re.findall(r"\d+", place.evaluate("e => getComputedStyle(e).color"))[:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", list(State))
def test_words_are_told_from_their_ground(desk, address, rows, sealed, scheme, state):  # WCAG AA: 4.5 to 1
    run = rows.add(state, **({"snapshot_id": sealed[0].id} if state == State.GENERATED else {}))
    page = desk(color_scheme=scheme)
    for path in ("/", f"/runs/{run}"):
        page.goto(address + path)
        assert page.evaluate(CONTRASTS) == []


@pytest.mark.parametrize("path", ["/", "/runs/{run}", "/view?id={token}", "/view?id={token}&as=html"])
def test_no_page_is_wider_than_its_window(page, address, sealed, rows, path):
    _, token = sealed
    run = rows.add(State.ERROR, step="A" * 80, total=3, error="x" * 300, asked={"tags": ["y" * 200]})
    page.goto(address + path.format(token=token, run=run))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
