"""Every page for everybody: screen readers, keys, small screens, large letters, less motion (WCAG 2.2 AA)."""

import pytest

from tests.portal.conftest import served
from tests.portal.people import token_of
from tests.portal.place import furnished, place

__all__ = ["furnished", "place"]
pytestmark = pytest.mark.browser

PAGES = (
    "list", "ask", "form", "form-filled", "run-running", "run-failed", "run-ready", "delete", "queries", "query",
    "viewer", "sealed", "share", "chart", "chart-blank", "account", "missing", "sign-in",
    "invoices", "invoice", "invoice-held", "invoice-partly", "invoices-pay", "balances", "balance",
    "customers-filtered", "customer", "customer-edit", "customer-delete",
    "coupons", "coupon-group", "coupons-new",
)  # fmt: skip
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_SIZE = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]
WEIGHT = 150_000  # bytes of a page without charts

OUTLINE = """() => {
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  return {
    mains: document.querySelectorAll("main").length,
    firsts: [...document.querySelectorAll("h1")].filter(shown).length,
    levels: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown).map((e) => Number(e.tagName[1])),
    language: document.documentElement.lang,
    title: document.title,
  };
}"""
WIDER = """() => [...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && e.checkVisibility())
  .slice(0, 5).map((e) => `${e.tagName}.${e.className}#${e.id} ${Math.round(e.getBoundingClientRect().right)}`)"""
# What can be reached by Tab, in one number each; a group of radio buttons is reached at the chosen one.
REACHABLE = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe, [tabindex]")];
  const is = (e) => !e.disabled && e.tabIndex >= 0 && e.type !== "hidden"
    && e.checkVisibility({ visibilityProperty: true }) && !e.closest("[inert]")
    && (e.tagName !== "SUMMARY" || e.parentElement.querySelector("summary") === e);
  const found = all.filter(is);
  found.forEach((e, n) => { e.dataset.reach = e.type === "radio" ? `radio ${e.name}` : n; });
  return [...new Set(found.map((e) => e.dataset.reach))];
}"""
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const label = e.closest("label");
  const around = [e, e.nextElementSibling, label, e.parentElement].filter(Boolean).map((x) => getComputedStyle(x));
  const is_round = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none";
  const what = `${e.tagName} ${e.id || e.className || e.name || e.textContent.trim().slice(0, 30)}`;
  return { reach: e.dataset.reach ?? "?", what, is_seen: e.tagName === "IFRAME" || around.some(is_round) };
}"""
MOVING = """() => [...document.querySelectorAll("*")].flatMap((e) => {
  const s = getComputedStyle(e), long = (text) => text.split(",").some((t) => parseFloat(t) > 0.011);
  const moves = long(s.transitionDuration) || (s.animationName !== "none" && long(s.animationDuration));
  return moves ? [e.tagName + "." + e.className] : [];
}).slice(0, 5)"""


@pytest.fixture(scope="module")
def site(furnished):
    with served(furnished.place.installation) as (_, address):
        yield address


@pytest.fixture(scope="module")
def window(browser, furnished, site):
    """`window(width, scheme)`: a page in which `ann` is signed in, one for each kind of window."""
    opened = {}

    def open_(width=1280, scheme="light", signed=True, **settings):
        key = (width, scheme, signed, *settings.items())
        if key not in opened:
            size = {"width": width, "height": 740 if width < 600 else 800}
            context = browser.new_context(viewport=size, color_scheme=scheme, **settings)
            context.set_default_timeout(20_000)
            if signed:
                context.add_cookies(
                    [{"name": "sid", "value": token_of(furnished.place.installation, name="ann"), "url": site}]
                )
            opened[key] = context.new_page()
        return opened[key]

    yield open_
    for page in opened.values():
        page.context.close()


@pytest.fixture
def look(window, furnished, site):
    """`look(name, width, …)`: the page of that name, as it stands when its script has done its part."""

    def open_(name, width=1280, scheme="light", **settings):
        page = window(width, scheme, name != "sign-in", **settings)
        page.goto(site + furnished.pages[name])
        if name == "chart":
            page.locator("#drawing[data-drawn]").wait_for()
        return page

    return open_


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_that_can_be_found(look, name):
    page = looked_into(look(name), name)
    page.evaluate("for (const menu of document.querySelectorAll('details')) menu.open = true")
    assert faults(page, TAGS) == []
    page.evaluate("for (const menu of document.querySelectorAll('details')) menu.open = false")
    check_outline(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_and_a_window_with_letters_twice_as_large(look, name):
    page = looked_into(look(name, 360, "dark"), name)  # menus stay shut: open, they lie over what is below them
    # what does not hang on the window is looked at in one
    assert faults(page, {"type": "rule", "values": OF_SIZE}) == []
    check_outline(page)
    wide = {}
    for width in (320, 360, 640, 900):  # 1280 at four times the size, a phone, at twice the size, a tablet
        page.set_viewport_size({"width": width, "height": 740})
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wide[width] = page.evaluate(WIDER)
    page.set_viewport_size({"width": 360, "height": 740})
    assert wide == {}


def looked_into(page, name):
    """The page, fit for a script to examine it: the sealed one lets none run, so its text stands in a page of ours."""
    if name == "sealed":
        html = page.request.get(page.url).text()
        page.goto("about:blank")
        page.set_content(html)
    return page


def faults(page, only):
    """What axe finds by the rules of `only`."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
    return [f"{v['impact']} {v['id']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found]


def check_outline(page):
    outline = page.evaluate(OUTLINE)
    assert (outline["mains"], outline["firsts"]) == (1, 1)
    steps = zip(outline["levels"], outline["levels"][1:], strict=False)
    assert outline["levels"][0] == 1
    assert all(after <= before + 1 for before, after in steps)
    assert outline["language"] == "en"
    assert outline["title"]


@pytest.mark.parametrize("name", ["list", "form", "viewer", "chart-blank", "share", "queries", "query", "account"])
def test_keys_reach_everything_and_one_sees_where_one_is(look, name):
    page = look(name)
    wanted = set(page.evaluate(REACHABLE))
    assert len(wanted) > 5
    reached, unseen = set(), []
    page.evaluate("document.activeElement.blur()")
    for _ in range(len(wanted) * 2 + 20):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None or (focused["reach"] in reached and not wanted - reached):
            if not wanted - reached:
                break
            continue
        reached.add(focused["reach"])
        if not focused["is_seen"]:
            unseen.append(focused["what"])
    missed = [
        page.evaluate("n => document.querySelector(`[data-reach='${n}']`)?.outerHTML.slice(0, 120)", n)
        for n in wanted - reached
    ]
    assert (missed, unseen) == ([], [])


@pytest.mark.parametrize("name", ["list", "form", "run-running", "viewer", "chart-blank"])
def test_less_motion_for_whom_it_makes_sick(look, name):
    assert look(name, reduced_motion="reduce").evaluate(MOVING) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("sealed", "chart", "chart-blank")])
def test_a_page_is_light(window, furnished, site, name):
    """HTML, styles and scripts as they are sent, with nothing kept from before."""
    page = window(1280, "light", name != "sign-in")
    sizes = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    urls = {}
    session.on("Network.responseReceived", lambda e: urls.update({e["requestId"]: e["response"]["url"]}))
    session.on("Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}))
    page.goto(site + furnished.pages[name], wait_until="load")
    session.detach()
    own = {
        urls[key].removeprefix(site): size for key, size in sizes.items() if "as=html" not in urls.get(key, "as=html")
    }
    timing = "performance.getEntriesByType('navigation').map((n) => n.responseStart - n.requestStart)[0]"
    print(f"{name}: {sum(own.values()):,} bytes, {page.evaluate(timing):.0f} ms on the server")  # noqa: T201  looked at with -s
    assert 1_000 < sum(own.values()) < WEIGHT, own


def test_the_report_is_printed_whole(look, furnished):
    page = look("sealed")
    page.emulate_media(media="print")
    assert page.locator("table.grid tfoot").first.is_visible()
    assert page.pdf()[:5] == b"%PDF-"
    page.emulate_media(media="screen")
    page = look("viewer")
    page.emulate_media(media="print")
    assert page.locator(".paper").is_visible()
    assert not page.locator(".acts").is_visible()
    page.emulate_media(media="screen")
