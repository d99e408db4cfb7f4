"""Invoices in a real browser: narrowed as one types, paid, revised, taken away; by mouse, keys, without a script."""

from dataclasses import replace
from itertools import count

import pytest

from tests.invoicing.samples import line
from tests.portal.bills import Bills
from tests.portal.conftest import CONTRASTS

pytestmark = pytest.mark.browser

_number = count(100)


@pytest.fixture
def bills(installation, sealed):
    """Bills of a client of its own."""
    number = next(_number)
    return Bills(installation, "1", number, f"Client {number}", f"B{number}-")


@pytest.fixture
def window(desk):
    """Billing staff at a desk; what the browser complains of fails the test."""
    page = desk(role="billing", accept_downloads=True)
    page.seen = []
    page.on("console", lambda message: page.seen.append(message.text))
    yield page
    assert page.seen == []


def names(page) -> list[str]:
    return page.locator("tbody th a.to").all_inner_texts()


def test_what_is_typed_narrows_the_list_at_once(window, address, bills):  # TW-51 to TW-53
    one, two = bills.recorded(line(1, "10")), replace(bills, client=next(_number), name="Somebody else").recorded()
    number = bills.get(one).account_number
    window.goto(f"{address}/invoices?q={bills.series}")
    window.evaluate("window.stays = true")
    assert sorted(names(window)) == sorted([number, bills.get(two).account_number])
    window.get_by_label("Account ID").fill(number)
    window.locator("tbody tr").nth(1).wait_for(state="detached")
    assert names(window) == [number]
    assert window.url == f"{address}/invoices?q={number}"
    window.get_by_label("Period from").fill("2026-11-01T00:00")
    window.get_by_text("No invoice is like that.").wait_for()
    window.get_by_role("link", name="Clear").click()
    window.locator("tbody tr").nth(1).wait_for()
    assert window.url == f"{address}/invoices"
    assert window.evaluate("window.stays")  # all of it without another page
    window.get_by_role("link", name="Drafts").click()
    window.wait_for_url(f"{address}/invoices?state=draft")


def test_a_draft_becomes_a_paid_invoice_and_is_taken_away(window, address, bills):  # TW-41, CD-16
    made = bills.draft(line(1, "100", description="Calls <i>abroad</i>"))
    window.goto(f"{address}/invoices/{made}")
    window.get_by_role("button", name="Record").click()
    window.get_by_text("The invoice is recorded").wait_for()
    assert window.url == f"{address}/invoices/{made}"  # what was done is said once
    number = bills.get(made).account_number
    with window.expect_download() as taken:
        window.get_by_role("link", name="Download PDF").click()
    assert taken.value.suggested_filename == f"{number}_2026-11-01.pdf"
    window.get_by_role("link", name="Enter payment").click()
    assert window.evaluate("document.activeElement.id") == "amount"
    assert window.get_by_label("Amount (EUR)").input_value() == "119"
    window.get_by_label("Reference").fill("till 3")
    window.keyboard.press("Enter")
    window.get_by_text("The payment is entered.").wait_for()
    assert window.locator("h1 .badge").inner_text() == "Paid"
    window.once("dialog", lambda dialog: dialog.dismiss())
    window.get_by_role("button", name="Cancel the payment of 119.00 EUR").click()
    assert bills.get(made).paid == 119
    window.once("dialog", lambda dialog: dialog.accept())
    window.get_by_role("button", name="Cancel the payment of 119.00 EUR").click()
    window.get_by_text("The payment is cancelled").wait_for()
    assert bills.get(made).paid == 0


def test_a_revision_is_made_where_the_invoice_stands(window, address, bills):  # TW-44 to TW-50
    made = bills.recorded(line(1, "100", description="Calls"))
    window.goto(f"{address}/invoices/{made}")
    window.locator("summary", has_text="Revise").click()
    window.get_by_label("Net of line 1").fill("80")
    window.get_by_label("Comment").fill("Agreed on the phone")
    window.get_by_role("button", name="Make revision").click()
    row = window.locator(".revisions tbody tr").first
    row.get_by_text("Agreed on the phone").wait_for()
    assert row.locator("td").nth(1).inner_text() == "95.20 EUR"
    with window.expect_download() as taken:
        window.get_by_role("link", name="Download the original as PDF").click()
    assert taken.value.suggested_filename.endswith("_2026-11-01.pdf")


def test_several_are_ticked_and_paid_by_keys_alone(window, address, bills):  # CD-16
    made = [bills.recorded(line(1, amount)) for amount in ("10", "20")]
    window.goto(f"{address}/invoices?client={bills.client}")
    for each in made:
        window.locator(f"#invoice-{each} input").focus()
        window.keyboard.press("Space")
    window.get_by_role("button", name="Mark paid…").focus()
    window.keyboard.press("Enter")
    window.get_by_role("heading", name="Mark 2 invoices as paid").wait_for()
    window.get_by_role("button", name="Mark paid").focus()
    window.keyboard.press("Enter")
    window.get_by_text("2 invoices are paid.").wait_for()
    assert {bills.get(each).paid for each in made} == {bills.get(each).total for each in made}


def test_all_of_it_works_without_a_script(desk, address, bills):
    made = bills.draft()
    page = desk(role="billing", java_script_enabled=False)
    page.goto(f"{address}/invoices?client={bills.client}")
    page.get_by_role("button", name="Show").click()
    page.locator("tbody a.to").click()
    page.get_by_role("button", name="Record").click()
    page.get_by_text("The invoice is recorded").wait_for()
    page.locator("#pay summary").click()
    page.get_by_role("button", name="Enter payment").click()
    page.get_by_text("The payment is entered.").wait_for()
    assert bills.get(made).paid == bills.get(made).total


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_in_colours_that_can_be_read(desk, address, bills, scheme):
    made = bills.recorded()
    bills.revise(made, "A long comment " * 12, paid="20")
    bills.draft(held=["no CDRs on 2026-10-22"])
    page = desk(role="billing", color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in (f"/invoices?client={bills.client}", f"/invoices/{made}", f"/invoices/pay?id={made}"):
        page.goto(address + path)
        page.evaluate("for (const each of document.querySelectorAll('details.act')) each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert page.evaluate(CONTRASTS) == [], path
