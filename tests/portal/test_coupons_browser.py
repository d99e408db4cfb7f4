"""Coupons in a real browser: a group, coupons in it, who used one, switched off and back; without a script too."""

from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.cli.chores import copy_now
from reports_lib.database.schema import Coupon
from tests.portal.conftest import CONTRASTS, served
from tests.portal.people import let_in
from tests.portal.place import place

__all__ = ["place"]
pytestmark = pytest.mark.browser

_number = count(1)


@pytest.fixture(scope="module")
def site(place):
    """A server whose warehouse has media, a plan and a customer."""
    place.warehouse(
        {
            "company": [{"company_id": 1, "parent_company_id": None}],
            "client": [{"client_id": 17, "company_id": 1}],
            "client_profile": [{"client_id": 17, "email": "ann@example.com"}],
            "content": [{"content_id": 7, "title": "Night & <b>Day</b>", "kind": "vod"}],
            "package": [{"package_id": 1, "name": "Basic", "status": "active"}],
            "coupon_redemption": [],
        }
    )
    with served(place.installation) as (_, address):
        yield address


@pytest.fixture
def window(browser, place, site):
    """`window(**settings)`: billing staff; what the browser complains of fails the test."""
    opened, seen = [], []

    def open_(width=1280, **settings):
        context = browser.new_context(viewport={"width": width, "height": 800}, accept_downloads=True, **settings)
        context.set_default_timeout(20_000)
        let_in(context, place.installation, site, "billing")
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: seen.append(message.text))
        return page

    yield open_
    for context in opened:
        context.close()
    assert [text for text in seen if "422" not in text] == []  # a form that is refused is no complaint


def begun(page, site) -> str:
    """A group made by its form; its name."""
    name = f"Group {next(_number)}"
    page.goto(f"{site}/coupons")
    page.locator("#create summary").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create group").click()
    page.get_by_text("The group is there").wait_for()
    return name


def test_coupons_are_made_found_switched_off_and_put_back(place, site, window):  # MS-25 to MS-44
    page = window()
    name = begun(page, site)
    page.get_by_role("link", name="Create coupons").first.click()
    assert not page.get_by_label("Redemptions at most").is_visible()
    page.get_by_role("radio", name="One reusable coupon").check()
    page.get_by_label("Code", exact=True).fill("night1")
    assert not page.get_by_label("Quantity").is_visible()
    page.get_by_role("radio", name="PPV VOD").check()
    assert not page.get_by_label("Plan (optional)").is_visible()
    media = page.get_by_label("Media")
    media.press_sequentially("night")
    page.locator("#list-content_id option").wait_for(state="attached")
    media.fill(page.locator("#list-content_id option").get_attribute("value"))
    page.get_by_label("Percentage (%)").fill("200")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("1 thing is to be mended").wait_for()
    assert page.get_by_label("Code", exact=True).input_value() == "night1"
    page.locator("#faults a").click()
    assert page.evaluate("document.activeElement.id") == "f-discount_percent"
    page.get_by_label("Percentage (%)").fill("50")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Generate NIGHT1").click()
    page.get_by_role("heading", name="1 coupon generated").wait_for()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download codes as CSV").click()
    assert "NIGHT1" in taken.value.path().read_text("utf-8-sig")

    _redeem(place, "NIGHT1")
    page.goto(f"{site}/coupons")
    page.get_by_label("Coupon or group").fill("night1")
    row = page.locator("#found tbody tr")
    row.wait_for()
    assert row.locator(".who a").inner_text() == "ann@example.com"
    assert page.url == f"{site}/coupons?q=night1"
    row.get_by_role("link", name=name).click()
    page.get_by_role("checkbox", name="Tick NIGHT1").check()
    page.get_by_role("button", name="Disable…", exact=True).click()
    page.get_by_role("button", name="Disable", exact=True).click()
    page.get_by_role("heading", name="1 coupon disabled").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name="1 coupon enabled").wait_for()
    page.get_by_role("link", name="Back to the group").click()
    assert page.locator("tbody .status").inner_text() == "Available"


def test_all_of_it_works_without_a_script(site, window):
    page = window(java_script_enabled=False)
    begun(page, site)
    page.get_by_role("link", name="Create coupons").first.click()
    page.get_by_label("Quantity").fill("3")
    page.get_by_label("Plan (optional)").fill("basic")
    page.get_by_label("Percentage (%)").fill("12.5")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Generate 3 coupons").click()
    page.get_by_role("link", name="Show them").click()
    assert page.locator("tbody tr").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_in_colours_that_can_be_read(site, window, scheme):
    page = window(360, color_scheme=scheme)
    begun(page, site)
    group = page.url.partition("?")[0]
    page.goto(f"{group}/new")
    page.get_by_label("Percentage (%)").fill("5")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Generate 100 coupons").wait_for()
    check(page)
    page.get_by_role("button", name="Generate 100 coupons").click()
    page.get_by_role("button", name="Undo").wait_for()
    check(page)
    for path in (group, f"{group}/switch?to=off&all=yes", f"{site}/coupons?q=group"):
        page.goto(path)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        check(page)


def check(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, page.url
    assert page.evaluate(CONTRASTS) == [], page.url


def _redeem(place, code: str) -> None:
    with Session(place.installation.database) as session:
        coupon = session.scalars(select(Coupon.id).where(Coupon.code == code)).one()
    at = datetime.now(UTC).replace(tzinfo=None)
    row = {"redemption_id": coupon, "coupon_id": -coupon, "client_id": 17, "redeemed_at": at}
    place.warehouse({"coupon_redemption": [row]})
    assert copy_now(place.installation) == ""
