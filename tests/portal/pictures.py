"""The pictures of the README, of a demo that is up: `python -m tests.portal.pictures ADDRESS USER < password`."""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DESK, LOW = (1280, 800), (1180, 620)  # the report has many letters, and so many bytes
LARGEST = 120_000  # bytes


def keep(page: Page, name: str, size: tuple[int, int] = DESK) -> None:
    """Write what is seen, unless it is too heavy for a README."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(1500)
    data = page.screenshot()
    if len(data) > LARGEST:
        raise SystemExit(f"{name}: {len(data):,} bytes, more than {LARGEST:,}")
    (FOLDER / f"{name}.png").write_bytes(data)


def pictures(address: str, user: str, password: str) -> None:
    """The query form, a report that is shared, a chart."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context(reduced_motion="reduce").new_page()
        page.goto(f"{address}/ask/customer_dynamics?currency=EUR")
        page.get_by_label("User name").fill(user)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#ask")
        keep(page, "form")
        page.goto(f"{address}/?q=last-12-months")
        page.locator("tbody tr").last.locator("a[href^='/view']").first.click()  # of the whole group
        page.frame_locator("iframe").get_by_text("At a glance").wait_for()
        page.get_by_text("Info", exact=True).click()
        keep(page, "report", LOW)
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Show Chart").click()
        page.wait_for_selector("main svg, main canvas")
        keep(page, "chart")
        browser.close()


if __name__ == "__main__":
    pictures(sys.argv[1].rstrip("/"), sys.argv[2], sys.stdin.readline().strip())
