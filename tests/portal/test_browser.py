"""The viewer in a real browser: it shows the report, asks nobody else for anything, and runs no script."""

import pytest

pytestmark = pytest.mark.browser

FLAGS = (
    "--no-sandbox",  # root, on a machine of tests
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=[(1400, 900), (360, 740)], ids=["desk", "phone"])
def page(request, browser, address):
    width, height = request.param
    page = browser.new_page(viewport={"width": width, "height": height})
    page.seen = []
    page.on("console", lambda message: page.seen.append(message.text))
    page.on("dialog", lambda dialog: page.seen.append("dialog"))
    page.on("request", lambda asked: None if _is_own(asked.url, address) else page.seen.append(asked.url))
    yield page
    assert page.seen == []  # no complaint, no script that spoke, no address but our own
    page.close()


def _is_own(url, address):
    return url.startswith((address, "data:"))


def test_a_report_is_read_in_its_frame(page, address, sealed):  # JD-24, JD-71
    _, token = sealed
    page.goto(f"{address}/view?id={token}")
    report = page.frame_locator("iframe")
    assert report.locator("h1").inner_text() == "Customer dynamics"
    assert report.locator("table.grid").first.locator("tfoot th").first.inner_text() == "Total"
    assert report.locator("figure.chart img").count() == 2
    drawn = report.locator("figure.chart img").first.evaluate("img => img.complete && img.naturalWidth")
    assert drawn > 0


def test_info_opens_by_keyboard(page, address, sealed):  # JD-68, JD-74, JD-75, JD-76
    _, token = sealed
    page.goto(f"{address}/view?id={token}")
    facts = page.locator("details.info dl")
    assert not facts.is_visible()
    page.locator("details.info summary").focus()
    page.keyboard.press("Enter")
    assert facts.is_visible()
    assert "Data interval" in facts.inner_text()
    box = facts.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]


def test_a_file_is_downloaded(page, address, sealed):  # JD-58
    _, token = sealed
    page.goto(f"{address}/view?id={token}")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert download.value.suggested_filename == "customer_dynamics_2025-11-01_2026-10-31.csv"


@pytest.mark.parametrize("path", ["/", "/view?id={token}", "/view?id={token}&as=html"])
def test_no_page_is_wider_than_its_window(page, address, sealed, path):
    _, token = sealed
    page.goto(address + path.format(token=token))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
