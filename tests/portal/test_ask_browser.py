"""The query form in a real browser: filters picked and removed, 50,000 options, keys only, a phone, no script."""

import re
import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run
from tests.portal import ask_site
from tests.portal.conftest import CONTRASTS
from tests.portal.people import let_in
from tests.portal.rows import Rows

pytestmark = pytest.mark.browser

FORM = "/ask/customer_dynamics"
WIDE = "document.documentElement.scrollWidth > window.innerWidth"
SMALL = """() => [...document.querySelectorAll(
    "main button, main a.button, main select, main input:not([type=hidden], [type=checkbox])")]
  .filter((e) => e.checkVisibility() && !e.closest("p")).map((e) => [e.getBoundingClientRect(), e])
  .filter(([box]) => box.height < 22 && box.width > 2).map(([box, e]) => e.outerHTML.slice(0, 80))"""


@pytest.fixture
def form(browser, asking, ask_address, asker):
    """`form(path, **settings)`: the form in a browser; what it complains of or asks of others fails the test."""
    opened, seen = [], []
    Rows(asking).clear()  # of another module

    def open_(path=FORM, width=1280, height=800, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        let_in(context, asking, ask_address)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda said: seen.append(said.text) if "422" not in said.text else None)
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith((ask_address, "data:")) else seen.append(sent.url))
        page.goto(ask_address + path)
        return page

    yield open_
    assert seen == []
    for context in opened:
        context.close()


def asked(asking):
    with Session(asking.database) as session:
        return list(session.scalars(select(Run).order_by(Run.id)))


def add(page, name):
    field = page.get_by_role("combobox", name="Add a filter")
    field.fill(name)
    page.get_by_role("listbox", name="Add a filter").get_by_role("option").first.click()


def offered(page, name="Add a filter"):
    place = page.get_by_role("listbox", name=name)
    return [text for group in place.get_by_role("option").all() for text in [group.inner_text()]]


def shown(page):
    return [line.get_attribute("data-filter") for line in page.locator(".filter:visible").all()]


def test_filters_are_picked_from_a_menu_that_narrows_and_removed_singly(form, asking):  # JD-04, JD-05, JD-06
    page = form()
    assert shown(page) == []
    field = page.get_by_role("combobox", name="Add a filter")
    field.click()
    assert offered(page) == ["Client type", "Client tags", "Company", "Include sub companies", "Owner user", "Package"]
    assert page.locator(".list-of:visible .of").all_inner_texts() == ["By clients", "Extras"]
    field.fill("OM")
    assert offered(page) == ["Company", "Include sub companies"]
    field.fill("zz")
    page.locator(".list-of:visible", has_text="Nothing is called that.").wait_for()
    for name in ("Package", "Include", "Client type"):
        add(page, name)
    assert shown(page) == ["client_type", "include_sub_companies", "package"]
    assert page.locator("#f-include_sub_companies").is_checked()  # picked to be so
    field.click()
    assert offered(page) == ["Client tags", "Company", "Owner user"]
    page.get_by_role("checkbox", name="Reseller").check()
    page.get_by_role("button", name="Remove filter Package").click()
    assert page.evaluate("document.activeElement.id") == "add-filter"
    page.get_by_role("button", name="Remove filter Include sub companies").click()
    page.get_by_role("button", name="Query", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+"))
    (run,) = asked(asking)
    assert run.asked == {"interval": "last 12 months", "client_type": ["reseller"]}


def test_a_filter_that_has_nothing_to_pick_is_in_the_menu_and_says_why(form, asking):  # TW-84, T-49
    with ask_site.grouped(asking) as address:
        page = form(address)
        field = page.get_by_role("combobox", name="Add a filter")
        field.fill("operator")
        row = page.get_by_role("option", name="Operator group There is no operator group yet.")
        row.wait_for()
        assert row.get_attribute("aria-disabled") == "true"
        field.press("Enter")
        row.click(force=True)
        assert shown(page) == []


def test_clear_empties_all(form):  # TW-03
    page = form(f"{FORM}?client_tags=vip&interval=last+7+days&group_by=year")
    assert shown(page) == ["client_tags"]
    page.locator("#f-report-name").fill("Mine")
    page.get_by_role("link", name="Clear").click()
    page.wait_for_load_state()
    assert shown(page) == []
    assert page.locator("#f-report-name").input_value() == ""
    assert page.locator("#f-interval").input_value() == "last 12 months"


def test_one_of_fifty_thousand_is_found_as_one_types(form, asking):
    page = form()
    add(page, "Client tags")
    field = page.locator("#f-client_tags")
    assert page.evaluate("document.activeElement.id") == "f-client_tags"
    field.click()
    page.locator(".list-of:visible", has_text="There are more: type to narrow them.").wait_for()
    assert len(offered(page, "Client tags")) == 50
    begun = time.monotonic()
    field.fill("49876")
    page.get_by_role("option", name="campaign 49876").wait_for()
    assert time.monotonic() - begun < 3  # on a machine that does much else; unhurried it is a tenth of that
    assert offered(page, "Client tags") == ["campaign 49876"]
    page.keyboard.press("Enter")
    field.fill("silver")
    page.get_by_role("option", name="gold, silver").click()
    chips = page.locator("[data-name=client_tags] .chip")
    assert chips.all_inner_texts() == ["campaign 49876", "gold, silver"]
    field.fill("vip gold")
    page.get_by_role("option", name="VIP gold").click()
    page.get_by_role("button", name="Remove campaign 49876").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Query", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+"))
    assert asked(asking)[0].asked["client_tags"] == ["gold, silver", "VIP gold"]


def test_all_of_it_goes_by_keys_alone(form, asking):
    page = form()
    press, at = page.keyboard.press, "document.activeElement.id"
    page.locator("#f-interval").focus()
    page.keyboard.type("Last quarter")
    press("Tab")
    assert page.evaluate(at) == "f-time_zone"
    page.keyboard.type("kyiv")
    page.get_by_role("option", name="Europe/Kyiv").wait_for()
    press("ArrowDown")
    assert (
        page.evaluate("document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).innerText")
        == "Europe/Kyiv"
    )
    press("Enter")
    assert page.locator("#f-time_zone").get_attribute("aria-expanded") == "false"
    press("Tab")
    assert page.evaluate(at) == "add-filter"
    press("ArrowDown")
    page.keyboard.type("comp")
    press("ArrowDown")
    press("ArrowDown")
    press("ArrowUp")
    press("Enter")
    assert page.evaluate(at) == "f-company"
    page.keyboard.type("north")
    page.get_by_role("option", name="Northern Voice").wait_for()
    press("Enter")
    page.get_by_role("button", name="Remove Northern Voice").wait_for()
    press("Escape")
    assert page.get_by_role("listbox").locator("visible=true").count() == 0
    assert page.locator("[role=status].unseen").last.inner_text()
    page.locator("#ask .go").focus()
    press("Enter")
    page.wait_for_url(re.compile(r"/runs/\d+"))
    assert asked(asking)[0].asked == {"interval": "last quarter", "time_zone": "Europe/Kyiv", "company": ["2"]}


def test_a_single_tag_that_holds_a_comma_stays_one_when_the_form_is_refused(form, asking):
    page = form()
    add(page, "Client tags")
    page.locator("#f-client_tags").fill("silver")
    page.get_by_role("option", name="gold, silver").click()
    page.locator("#f-active_duration").fill("500")
    page.get_by_role("button", name="Query", exact=True).click()
    page.locator("#faults").wait_for()
    assert page.locator("[data-name=client_tags] .chip").all_inner_texts() == ["gold, silver"]
    page.locator("#f-active_duration").fill("1")
    page.get_by_role("button", name="Query", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+"))
    assert asked(asking)[0].asked["client_tags"] == ["gold, silver"]


def test_enter_in_a_field_that_is_searched_sends_nothing(form, asking):
    page = form()
    for name in ("#add-filter", "#f-time_zone"):
        page.locator(name).fill("o")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert page.url.endswith(FORM)
    assert asked(asking) == []


def test_a_period_says_which_days_it_means(form):  # TW-02
    page = form()
    means = page.locator("[data-means]")
    page.locator("#f-interval").select_option("exact")
    for name, value in (("start", "2026-03-01"), ("start-time", "08:30"), ("end", "2026-03-02"), ("end-time", "17:59")):
        page.locator(f"[name=interval-{name}]").fill(value)
    page.get_by_text("1 Mar 2026, 08:30 – 2 Mar 2026, 17:59").wait_for()
    page.locator("[name=interval-end]").fill("2026-02-01")
    page.get_by_text("ends before it begins").wait_for()
    assert "wrong" in means.get_attribute("class")
    page.locator("#f-interval").select_option("counted")
    page.locator("#f-interval-count").fill("2")
    page.locator("#f-interval-unit").select_option("year")
    page.get_by_text(re.compile(r"1 Jan \d{4} – 31 Dec \d{4}")).wait_for()
    assert not page.locator("[name=interval-start]").is_visible()


def test_what_is_wrong_stands_beside_its_field_and_the_way_there_is_a_link(form, asking):  # JD-08, JD-30
    page = form(f"{FORM}?client_tags=vipp")
    page.locator("#f-interval").select_option("exact")
    page.locator("#f-active_duration").fill("500")
    page.locator("#f-send-to").fill("ann@example.com, bob")
    page.locator("#f-send-to").press("Enter")
    page.get_by_role("button", name="Query", exact=True).click()
    page.locator("#faults").wait_for()
    assert page.evaluate("document.activeElement.id") == "faults"
    assert page.title().startswith("Error: ")
    assert page.locator("#faults li").count() == 4
    for name in ("interval", "client_tags", "active_duration", "send-to"):
        page.locator(f"#faults a[href='#f-{name}']").click()
        assert page.evaluate("document.activeElement.id") == f"f-{name}"
        box, fault = (page.locator(f"#{each}-{name}").bounding_box() for each in "fe")
        assert 0 < fault["y"] - box["y"] < 200
        assert page.locator(f"#f-{name}").get_attribute("aria-invalid") == "true"
    assert page.locator("[data-name=send-to] .chip").all_inner_texts() == ["ann@example.com", "bob"]
    assert asked(asking) == []


def test_it_is_fit_to_be_looked_at(form):
    full = (
        f"{FORM}?client_tags=campaign+00001&client_tags={'x' * 60}&company=2&owner_user=7&package=1&client_type=client"
    )
    for path in ("/ask", FORM, full):
        page = form(path, reduced_motion="reduce")
        if path != "/ask":
            page.locator("#f-interval").select_option("exact")
            page.locator("details.more summary").click()
        for width, scheme in ((1280, "light"), (768, "dark"), (360, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            seen = (page.evaluate(WIDE), page.evaluate(CONTRASTS), page.evaluate(SMALL))
            assert seen == (False, [], []), (path, width, scheme)


def test_without_a_script_it_is_plain_fields(form, asking):
    page = form(java_script_enabled=False)
    assert len(shown(page)) == 6
    assert not page.get_by_label("Add a filter").is_visible()
    page.get_by_label("Client tags", exact=True).fill("vip, VIP gold")
    page.locator("#f-time_zone").fill("Mars")
    page.locator("#f-send-to").fill("ann@example.com\nbob@example.org")
    page.get_by_role("radio", name="CSV").check()
    page.get_by_role("button", name="Query", exact=True).click()
    assert page.locator("#e-time_zone").inner_text().endswith("'Mars' is not a time zone such as Europe/Kyiv")
    assert page.get_by_label("Client tags", exact=True).input_value() == "vip, VIP gold"
    page.locator("#f-time_zone").fill("")
    page.get_by_role("button", name="Query", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+"))
    (run,) = asked(asking)
    assert run.asked == {"interval": "last 12 months", "client_tags": "vip, VIP gold"}
    assert (run.formats, run.recipients) == (["csv"], ["ann@example.com", "bob@example.org"])
