"""Charts in a real browser: every kind is drawn under the page's policy, figures are the table's, texts stay texts."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import nbformat.v4 as nb
import pytest
from sqlalchemy.orm import Session

from reports_lib.display import Column, Grid
from reports_lib.runs.render import contents
from reports_lib.snapshots import index, links
from reports_lib.snapshots.seal import seal
from tests.portal.conftest import MADE
from tests.rendering.corpus import PAYLOADS
from tests.rendering.sample import cell

pytestmark = pytest.mark.browser

DRAWN = "#drawing[data-drawn] svg, #drawing[data-drawn] canvas"
TEXTS = "() => [...document.querySelectorAll('#drawing svg text')].map((e) => e.textContent)"
CHOICES = {
    "bar": "x=bucket&y=refill_total&y=payg_total",
    "stacked": "x=bucket&y=refill_total&y=payg_total&palette=blue",
    "line": "x=bucket&y=refill_total&y=payg_total&sort=largest",
    "area": "x=bucket&y=refill_total",
    "pie": "x=bucket&y=refill_total",
    "scatter": "x=refill_qty&y=refill_total",
}


@pytest.fixture(scope="module")
def hostile(installation, sealed, tmp_path_factory):
    """The link of a report whose every text is an attempt on its readers."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    rows = [
        {"name": f"{n} {text}", "kind": PAYLOADS[n % 9], "qty": n, "other": 2 * n} for n, text in enumerate(PAYLOADS)
    ]
    columns = [
        Column("name", PAYLOADS[0]),
        Column("kind", PAYLOADS[7]),
        Column("qty", PAYLOADS[1], "quantity", PAYLOADS[5]),
        Column("other", PAYLOADS[11], "quantity", PAYLOADS[5]),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYBOOK_TABLES", str(folder))
        notebook = nb.new_notebook(cells=[cell(Grid(PAYLOADS[2], rows, columns, name="t"))])
    draft = replace(sealed[0], title=PAYLOADS[3], tables=(), files={}, nonce="1" * 32)
    files, tables = contents(notebook, folder, draft, [])
    manifest = seal(installation.store, replace(draft, tables=tables), files)
    with Session(installation.database) as session, session.begin():
        index.insert(session, manifest)
        return links.make(session, manifest.id, by="ann", at=MADE)


def figures(page):
    """The table of what is drawn, as the page has it."""
    return page.evaluate(
        "() => [...document.querySelectorAll('#rows tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"
    )


def in_table(page, address, token, *names):
    told = page.context.request.get(f"{address}/view/data?id={token}").json()
    places = [[column["name"] for column in told["columns"]].index(name) for name in names]
    return [[row[place] for place in places] for row in told["rows"]]


@pytest.mark.parametrize("kind", CHOICES)
def test_every_kind_is_drawn_of_the_tables_figures(page, address, sealed, kind):  # JD-66, JD-78, T2
    _, token = sealed
    page.goto(f"{address}/view/chart?id={token}&table=customer_dynamics&kind={kind}&{CHOICES[kind]}")
    page.wait_for_selector(DRAWN)
    assert page.locator("#problem").is_hidden()
    names = [part.split("=")[1] for part in CHOICES[kind].split("&") if part[0] in "xy"]
    assert sorted(figures(page)) == sorted(in_table(page, address, token, *names))
    marks = {
        "line": ".mark-line path",
        "area": ".mark-area path",
        "pie": ".mark-arc path",
        "scatter": ".mark-symbol path",
    }
    assert page.locator(f"#drawing {marks.get(kind, '.mark-rect path')}").count() >= (2 if kind == "line" else 1)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("Object.keys(window).filter((name) => /vega/i.test(name))") == []


def test_a_blank_chart_is_put_together_kept_and_found(page, address, sealed):  # JD-61, JD-66, JD-67
    _, token = sealed
    page.goto(f"{address}/view/chart?id={token}")
    page.wait_for_selector(DRAWN)
    page.get_by_role("link", name="Blank Chart").click()
    assert "Choose at least one column of figures" in page.locator("#problem").inner_text()
    page.locator("input[value=refill_total]").check()
    page.wait_for_selector(f"{DRAWN} >> visible=true")
    page.locator("input[value=payg_total]").check()
    page.locator(".kinds label", has_text="Lines").click()
    page.wait_for_url("**kind=line**y=payg_total**")
    page.wait_for_selector("#drawing[data-drawn*=line] .mark-line path")
    assert "Pay As You Go: Total" in page.evaluate(TEXTS)
    page.locator("input[data-series^=Balance]").evaluate(
        "e => { e.value = '#123456'; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    page.wait_for_selector("#drawing path[stroke='#123456']")
    page.locator("#title").fill("Ours & “theirs”")
    page.wait_for_selector("h2:has-text('Ours & “theirs”')")
    shared = page.url
    page.locator("#keep summary").click()
    page.locator("#name").fill("Kept here")
    page.locator("#save").click()
    page.wait_for_selector("nav a[aria-current]:has-text('Kept here')")
    page.wait_for_selector(f"{DRAWN} >> visible=true")
    page.goto(shared)  # the address is the chart
    page.wait_for_selector("#drawing path[stroke='#123456']")
    assert page.locator("#title").input_value() == "Ours & “theirs”"
    with page.expect_download() as saved:
        page.locator("#png").click()
    assert saved.value.suggested_filename == "customer_dynamics-ours-theirs-2025-11-01-2026-10-31.png"
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    page.get_by_role("link", name="Kept here").click()
    page.get_by_text("Rename or delete this chart").click()
    page.get_by_role("button", name="Delete this chart").click()
    page.wait_for_selector(DRAWN)
    assert page.get_by_role("link", name="Kept here").count() == 0


def test_what_a_figure_is_is_told_beside_the_pointer(desk, address, sealed):
    _, token = sealed
    page = desk()
    page.goto(f"{address}/view/chart?id={token}&chart=Balance%20Refill:%20Total")
    page.wait_for_selector(DRAWN)
    first = page.locator("#drawing .mark-symbol path").first
    first.hover()
    assert page.locator(".tip").inner_text() == "\n".join(figures(page)[0])
    page.mouse.move(2, 2)
    assert page.locator(".tip").is_hidden()


@pytest.mark.parametrize("kind", ["bar", "pie"])
def test_hostile_texts_are_shown_as_they_are(page, address, hostile, kind):  # T1
    choice = {"id": hostile, "table": "t", "kind": kind, "x": "name", "y": "qty", "title": PAYLOADS[8]}
    page.goto(f"{address}/view/chart?{urlencode(choice)}")
    page.wait_for_selector(DRAWN)
    shown = page.locator("#drawing path").last
    shown.dispatch_event("pointermove")
    page.wait_for_timeout(50)
    assert page.evaluate("window.__xss") is None
    assert page.locator("#chart-title").inner_text() == PAYLOADS[8]
    bad = """() => [...document.querySelectorAll('body *')].flatMap((e) => [...e.attributes]).filter((a) =>
      /^on/i.test(a.name) || (/^(href|src|action)$/.test(a.name) && !/^(\\/|data:image|#)/.test(a.value)))
      .map((a) => a.ownerElement.outerHTML)"""
    assert page.evaluate(bad) == []
    assert page.evaluate("document.querySelectorAll('#drawing img, #drawing script, #rows img, iframe').length") == 0


def test_many_figures_are_drawn_and_another_table_has_other_columns(desk, address, hostile):
    page = desk()
    page.goto(f"{address}/view/chart?id={hostile}&table=t&kind=scatter&x=qty&y=other&by=kind")
    page.wait_for_selector(DRAWN)
    assert len(figures(page)) == len(PAYLOADS)


def test_without_a_script_there_is_the_picture_and_a_form(browser, address, sealed, installation):
    from tests.portal.people import let_in

    _, token = sealed
    context = browser.new_context(java_script_enabled=False)
    let_in(context, installation, address)
    page = context.new_page()
    page.goto(f"{address}/view/chart?id={token}&blank=1")
    page.locator("input[value=refill_total]").check()
    page.get_by_role("button", name="Draw").click()
    picture = page.locator("#drawing img")
    assert "Balance Refill: Total: 12 figures" in picture.get_attribute("alt")
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") == 948
    context.close()


def test_a_page_follows_the_ground_and_the_width(desk, address, sealed):
    _, token = sealed
    page = desk(color_scheme="light")
    page.goto(f"{address}/view/chart?id={token}")
    page.wait_for_selector(DRAWN)
    ground = "() => document.querySelector('#drawing svg')?.style.backgroundColor"
    assert page.evaluate(ground) == "white"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.querySelector('#drawing svg')?.style.backgroundColor === 'rgb(26, 32, 40)'")
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_function("() => document.querySelector('#drawing svg')?.getAttribute('width') < 380")


def test_a_specification_that_would_load_something_loads_nothing(desk, address, sealed):  # T2
    _, token = sealed
    page = desk()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/view/chart?id={token}")
    page.wait_for_selector(DRAWN)
    before = len(asked)
    picture = {"url": {"value": "/x.png"}, "x": {"field": "a"}}
    code = {"calculate": "constructor.constructor('window.__xss=1')()", "as": "b"}
    for spec in (
        {"data": {"url": "/view/data.json"}, "mark": "bar"},
        {"data": {"values": [{"a": 1}]}, "mark": "image", "encoding": picture},
        {"data": {"values": [{"a": 1}]}, "mark": "bar", "transform": [code]},
    ):
        page.evaluate(
            "spec => daybookChart(document.createElement('div'), spec, 'svg', () => 0).then(() => 0, () => 1)", spec
        )
    assert asked[before:] == []
    assert page.evaluate("window.__xss") is None
