"""Customers in a real browser: searched as one types, edited by Save Changes, left by Cancel, deleted, put back."""

from datetime import UTC, datetime

import pytest

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.ops import customer
from tests.portal.conftest import served
from tests.portal.people import let_in
from tests.portal.place import place

__all__ = ["place"]
pytestmark = pytest.mark.browser

NAMES = ["Ann", "Béa", "Cem", "Dag"]


@pytest.fixture(scope="module")
def site(place):
    """Address of a web with four customers."""
    clients = [{"client_id": n, "company_id": 1, "client_type": "ott_user"} for n in range(1, 5)]
    people = [
        {
            "client_id": n, "registration_status": "confirmed", "first_name": name, "email": f"{name}@example.com",
            "metadata": '{"team": "Ajax"}',
        }
        for n, name in enumerate(NAMES, 1)
    ]  # fmt: skip
    company = {"company_id": 1, "parent_company_id": None, "name": "Northwind"}
    place.warehouse({"company": [company], "client": clients, "client_profile": people, "client_social": []})
    with served(place.installation) as (_, address):
        yield address


@pytest.fixture(scope="module")
def open_(browser, place, site):
    """`open_(path, **settings)`: a page of somebody of the billing staff; its complaints are in `seen`."""
    contexts = []

    def opened(path, **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | settings)
        contexts.append(context)
        let_in(context, place.installation, site, "billing")
        page = context.new_page()
        page.seen = []
        page.on("console", lambda message: page.seen.append(message.text))
        page.goto(site + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def kept(place, number: int) -> dict[str, str]:
    """The texts of the card as it is now."""
    return customer.card(place.installation, Visitor("t", Role.ADMIN), number, datetime.now(UTC)).texts


def names(page) -> list[str]:
    return page.locator("tbody a.to").all_inner_texts()


def test_what_is_typed_narrows_the_list_at_once(open_, site):  # MS-10, MS-11
    page = open_("/customers")
    page.evaluate("window.stays = true")
    assert sorted(names(page)) == sorted(NAMES)
    page.get_by_label("E-mail").fill("ANN@")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    assert (names(page), page.url) == (["Ann"], f"{site}/customers?q=ANN%40")
    page.get_by_role("link", name="Clear").click()
    page.locator("tbody tr").nth(3).wait_for()
    page.get_by_text("Advanced").click()
    page.get_by_label("First name").fill("bé")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    assert names(page) == ["Béa"]
    assert page.locator('[data-category="confirmed"] .count').inner_text() == "1"
    page.get_by_label("Created from").fill("2100-01-01T00:00")
    page.get_by_text("No customer is like that.").wait_for()
    assert page.get_by_label("First name").is_visible()
    assert page.evaluate("window.stays")  # all of it without another page
    assert page.seen == []


def test_changes_take_effect_only_on_save_changes(open_, place, site):  # MS-17
    before = kept(place, 1)
    page = open_("/customers/1")
    page.get_by_role("link", name="Edit", exact=True).click()
    will = page.locator("#will")
    assert will.inner_text() == "Nothing changes until it is saved."
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("Country").select_option("IE")
    assert will.inner_text() == "2 fields will change."
    page.get_by_label("First name").fill("Ann")
    assert will.inner_text() == "One field will change."
    page.get_by_role("link", name="Cancel").click()
    page.get_by_text("Nothing was changed here yet.").wait_for()
    assert kept(place, 1) == before
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Date of birth").fill("2100-01-01")
    page.get_by_label("City").fill("Cork")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is saved").wait_for()
    assert page.evaluate("document.activeElement.id") == "birth_date"
    assert (page.get_by_label("City").input_value(), kept(place, 1)) == ("Cork", before)
    page.keyboard.press("Delete")
    page.get_by_label("Date of birth").fill("1990-05-31")
    page.get_by_role("button", name="Save Changes").dblclick()
    page.get_by_text("Saved: Date of birth, City.").wait_for()
    assert kept(place, 1) == before | {"birth_date": "1990-05-31", "city": "Cork"}
    assert page.url == f"{site}/customers/1"  # what was done is said once
    page.locator(".said").get_by_role("button").click()
    page.get_by_text("It is undone").wait_for()
    assert kept(place, 1) == before


def test_a_customer_is_deleted_by_a_second_click_and_put_back(open_, place):  # MS-18
    before = kept(place, 2)
    page = open_("/customers/2")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("link", name="Keep").click()
    page.get_by_role("link", name="Delete…").click()
    assert kept(place, 2) == before
    page.get_by_role("button", name="Delete this customer").click()
    page.get_by_text("The customer is deleted.").wait_for()
    assert "Béa" not in page.locator("main").inner_text()
    page.get_by_role("link", name="Customers").first.click()
    page.locator("tbody tr").nth(2).wait_for()
    assert "Béa" not in names(page)
    page.go_back()
    page.locator("#changes").get_by_role("button", name="Undo").click()
    page.get_by_text("It is undone").wait_for()
    assert kept(place, 2) == before
    assert page.seen == []


def test_all_of_it_works_without_a_script(open_, place):
    page = open_("/customers?q=cem", java_script_enabled=False)
    page.get_by_role("button", name="Show").click()
    page.locator("tbody a.to").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("team").fill("PSV")
    page.get_by_label("Another entry").fill("seat")
    page.get_by_label("Its value").fill("12 B")
    page.get_by_role("button", name="Save Changes").click()
    page.get_by_text("Saved: team, seat.").wait_for()
    assert kept(place, 3).items() >= {"metadata:team": "PSV", "metadata:seat": "12 B"}.items()
