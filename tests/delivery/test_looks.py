"""Letters in a real browser: they fit a phone, light and dark, and ask nobody for anything."""

import pytest

from reports_lib.database.schema import Run
from reports_lib.delivery.failure import failure
from tests.delivery.test_letters import letter, plain_rows

pytestmark = pytest.mark.browser

LEAST_CONTRAST = """() => {
  const channel = part => (part /= 255) <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const light = color => {
    const [r, g, b] = color.match(/[0-9.]+/g).map(channel);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = node => {
    const color = getComputedStyle(node).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? ground(node.parentElement) : color;
  };
  const contrast = node => {
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
    return (a + .05) / (b + .05);
  };
  return Math.min(...[...document.querySelectorAll("td, th, p, h1, h2, a, div")].map(contrast));
}"""


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def pages(bureau):
    run = Run(
        id=1, family="customer_dynamics", set_name="s", attempt=1, recipients=[], error="x" * 200, error_class="X"
    )
    return {
        "total": letter(bureau).html,
        "rows": letter(bureau, plain_rows).html,
        "failure": failure(run, 1, "https://reports.example.com").html,
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [600, 360])
def test_a_letter_fits_and_can_be_read(browser, pages, width, scheme):
    for name, html in pages.items():
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.set_content(html)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(LEAST_CONTRAST) >= 4.5, name  # AA
        assert asked == []
        page.close()
