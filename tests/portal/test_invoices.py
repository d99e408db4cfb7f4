"""Invoices in the portal and for programs: the list, one of them, what is done with it, what is refused and how."""

import re
import subprocess
from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Invoice
from reports_lib.database.schema.invoices import InvoiceRevision
from reports_lib.invoicing import record
from reports_lib.portal.invoices.common import net_of
from tests.invoicing.samples import line
from tests.portal.bills import COMPANY, Bills
from tests.portal.place import place
from tests.portal.test_reports import counts

__all__ = ["place"]

API = "/api/v1"


@pytest.fixture(scope="module")
def bills(place):
    place.warehouse(
        {
            "company": [{"company_id": 1, "parent_company_id": None, "name": "Northwind Telecom", **COMPANY}],
            "client": [
                {"client_id": n, "company_id": 1, "name": f"Client {n}", "currency": "EUR"} for n in range(1, 30)
            ],
            "currency": [{"code": "EUR"}],
        }
    )
    return Bills(place.installation)


@pytest.fixture(scope="module")
def anew(bills):
    """`anew()`: bills of a client of its own, so that no credit of others pays them."""
    clients = iter(range(2, 30))
    return lambda: replace(bills, client=(number := next(clients)), name=f"Client {number}")


@pytest.fixture(scope="module")
def desk(place, bills):
    """Somebody of the billing staff."""
    with place.client("billing", "", "bob") as client:
        yield client


def rows(page: str) -> list[dict[str, str]]:
    """The rows of the list: the words of each cell by its label or class."""
    found = []
    for number, inside in re.findall(r'<tr role="row" class="\w+" id="invoice-(\d+)">(.*?)</tr>', page, re.S):
        row = {"id": number, "html": inside}
        for head, text in re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", inside, re.S):
            name = re.search(r'data-label="([^"]+)"', head) or re.search(r'class="([\w-]+)', head)
            row[name[1]] = unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))
        found.append(row)
    return found


def words(page: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def fault(answer) -> str:
    return unescape(re.search(r'class="notice bad"[^>]*><bdi>(.*?)</bdi>', answer.text, re.S)[1])


def text_of(pdf: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


def test_a_row_says_what_the_manual_asks_for(desk, bills, anew):  # TW-36 to TW-40
    made = anew().recorded(line(1, "1200", description="Calls"))
    number = bills.get(made).account_number
    (row,) = rows(desk.get(f"/invoices?q={number}").text)
    assert row["name"].startswith(number)
    assert row["File name"] == f"{number}_2026-11-01.pdf"
    assert f'href="/invoices/{made}/document"' in row["html"]
    assert (row["Amount"], row["Owing"], row["Period"]) == ("1,428.00 EUR", "1,428.00 EUR", "October 2026")
    assert row["Created at"].startswith("1 Nov 2026, 02:")
    assert row["status"].startswith("Unpaid")


def test_the_list_is_searched_and_narrowed_by_its_address(desk, anew):  # TW-51, TW-52, TW-53
    own = anew()
    made, proposed = own.recorded(), own.draft(month=None)
    number = own.get(made).account_number

    def ids(query):
        return {int(row["id"]) for row in rows(desk.get(f"/invoices?client={own.client}&{query}").text)}

    assert ids("") == {made, proposed}
    assert ids(f"q={number.lower()}") == {made}
    assert ids("state=draft") == {proposed}
    assert ids("since=2026-10-31T23:00&until=2026-11-01T00:30") == {made}  # what it bills ends an hour later
    assert ids("since=2026-11-01T00:00&until=2026-11-01T02:00") == set()
    page = desk.get(f"/invoices?client={own.client}&q={number}&state=unpaid").text
    assert counts(page) == {"all": 1, "draft": 0, "unpaid": 1, "paid": 0, "void": 0}
    assert 'id="clear" data-renew href="/invoices?state=unpaid"' in page


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "“yesterday” is not a day and a time"),
        ("since=2026-11-02T00:00&until=2026-11-01T00:00", "The end must come after the beginning."),
        ("state=lost", "There is no category “lost”"),
        ("client=x%27", "“x'” is no number of a client"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(desk, query, told):
    answer = desk.get(f"/invoices?{query}")
    assert answer.status_code == 422
    assert told in words(answer.text)


def test_the_list_has_pages(desk, anew):
    own = anew()
    made = [own.draft(line(1, str(n + 1))) for n in range(53)]
    first = desk.get(f"/invoices?client={own.client}").text
    older = unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    found = [int(row["id"]) for row in rows(first) + rows(desk.get(older).text)]
    assert found == made[::-1]
    assert "53 invoices" in first


def test_an_invoice_lives_as_the_life_cycle_says(desk, anew):  # CD-16, T-53
    own = anew()
    made = own.draft(line(1, "100"))
    at = f"/invoices/{made}"
    assert own.get(made).account_number is None
    assert desk.post(f"{at}/pay", data={"amount": "1"}).status_code == 409  # a draft is not paid
    answer = desk.post(f"{at}/record")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{at}?done=recorded")
    number = own.get(made).account_number
    assert number in desk.get(at).text
    desk.post(f"{at}/unrecord")
    assert (own.get(made).state, own.get(made).account_number) == ("DRAFT", number)  # keeps it
    desk.post(f"{at}/record")
    desk.post(f"{at}/pay", data={"amount": "50,5", "method": "cash", "reference": "till 3", "key": "k1"})
    again = desk.post(f"{at}/pay", data={"amount": "50,5", "method": "cash", "reference": "till 3", "key": "k1"})
    assert again.status_code == 303
    page = words(desk.get(at).text)
    assert "Partly paid" in page
    assert "Paid 50.50 EUR Owing 68.50 EUR" in page  # once
    desk.post(f"{at}/sent")
    answer = desk.post(f"{at}/unrecord")
    assert answer.status_code == 409
    assert fault(answer) == f"invoice {number} has been sent; correct it by a credit note"
    assert desk.post(f"{at}/discard").status_code == 409
    desk.post(f"{at}/pay", data={"amount": "68.50"})
    assert "Owing 0.00 EUR" in words(desk.get(at).text)


def test_a_draft_that_is_held_says_why_until_it_is_released(desk, anew):
    made = anew().draft(held=["3 calls have no line"])
    assert "3 calls have no line" in desk.get(f"/invoices/{made}").text
    assert "release it first" in fault(desk.post(f"/invoices/{made}/record"))
    desk.post(f"/invoices/{made}/release")
    assert desk.post(f"/invoices/{made}/record").status_code == 303


def test_a_discarded_draft_leaves_the_list(desk, anew):
    own = anew()
    made = own.draft()
    assert desk.post(f"/invoices/{made}/discard").headers["location"] == "/invoices?done=discarded"
    assert rows(desk.get(f"/invoices?client={own.client}").text) == []
    assert [row["status"] for row in rows(desk.get(f"/invoices?client={own.client}&state=void").text)] == ["Discarded"]


def test_several_are_paid_together_or_none(desk, anew):  # CD-16
    own = anew()
    one, two, proposed = own.recorded(line(1, "10")), own.recorded(line(1, "20")), own.draft()
    page = words(desk.get(f"/invoices/pay?id={one}&id={two}").text)
    assert "Mark 2 invoices as paid" in page
    assert "Total 35.70 EUR" in page
    answer = desk.post("/invoices/pay", data={"id": [one, proposed]})
    assert answer.status_code == 409
    assert "is DRAFT; only a recorded one can be paid" in fault(answer)
    assert own.get(one).paid == 0
    answer = desk.post("/invoices/pay", data={"id": [one, two], "method": "transfer"})
    assert answer.headers["location"] == "/invoices?done=paid&count=2"
    assert [own.get(each).paid for each in (one, two)] == [Decimal("11.9"), Decimal("23.8")]
    assert "2 invoices are paid." in desk.get("/invoices?done=paid&count=2").text
    assert desk.get("/invoices/pay").status_code == 422  # none is ticked


def test_a_payment_that_came_to_nothing_is_cancelled(desk, anew):
    own = anew()
    made, other = own.recorded(), own.recorded()
    payment = own.pay({made: "10"})
    assert desk.post(f"/invoices/{other}/payments/{payment}/cancel").status_code == 404  # of another invoice
    assert desk.post(f"/invoices/{made}/payments/{payment}/cancel").status_code == 303
    assert own.get(made).paid == 0


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"amount": ""}, "Amount: “” is not an amount such as 120.50."),
        ({"amount": "1e5"}, "“1e5” is not an amount"),
        ({"amount": "-5"}, "-5 is not an amount above 0"),
        ({"amount": "1.234"}, "1.234 EUR has more than 2 decimals"),
        ({"amount": "5", "method": "gold"}, "'gold' is no way to pay"),
        ({"amount": "5", "paid_at": "soon"}, "“soon” is not a day and a time"),
        ({"amount": "5", "paid_at": "2199-01-01T00:00"}, "cannot be entered before it was made"),
    ],
)
def test_a_payment_that_cannot_be_is_refused_and_what_was_typed_stays(desk, bills, form, told):
    made = next(iter(_recorded(bills)))
    answer = desk.post(f"/invoices/{made}/pay", data={"reference": "kept <b>"} | form)
    assert answer.status_code == 422
    assert told in fault(answer)
    assert 'value="kept &lt;b&gt;"' in answer.text


def _recorded(bills):
    with Session(bills.installation.database) as session:
        query = select(Invoice.id).where(Invoice.state == "RECORDED", Invoice.paid == 0, Invoice.kind == "monthly")
        yield from session.scalars(query)


def test_two_who_revise_do_not_undo_each_other(desk, anew):
    made = anew().recorded(line(1, "100", description="Calls"))
    at = f"/invoices/{made}"
    assert '<input type="hidden" name="after" value="0">' in desk.get(at).text
    form = {"after": "0", "net-1": "100", "rate-new": "19", "description-new": "Number kept", "net-new": "5"}
    assert desk.post(f"{at}/revise", data=form | {"comment": "one"}).status_code == 303
    again = desk.post(f"{at}/revise", data=form | {"comment": "sent twice"})
    assert again.status_code == 409
    assert "has revision 1 meanwhile" in fault(again)
    stale = {"comment": "two", "lines": [{"number": 1, "net": "90"}], "after": 0}
    assert desk.post(f"{API}{at}/revisions", json=stale).status_code == 409


@pytest.mark.parametrize(
    ("typed", "net"), [("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("1234,5", "1234.5"), ("1 234.5", "1234.5")]
)
def test_amounts_are_read_as_people_write_them(typed, net):
    assert net_of(typed, "Calls", 2) == Decimal(net)


@pytest.mark.parametrize("typed", ["1,234", "1.2345", "1.23,45.6", "12,34.50", "1,2,3", "1.234.567"])
def test_an_amount_that_may_mean_another_is_not_rounded(desk, anew, typed):
    made = anew().recorded(line(1, "100", description="Calls"))
    answer = desk.post(f"/invoices/{made}/revise", data={"net-1": typed, "comment": "x"})
    assert (answer.status_code, "is not an amount" in fault(answer)) == (422, True)
    lines = {"comment": "x", "lines": [{"number": 1, "net": typed}]}
    assert desk.post(f"{API}/invoices/{made}/revisions", json=lines).status_code == 422


def test_rough_payments(desk, anew):
    made = anew().recorded(line(1, "100", description="Calls"))
    assert (
        desk.post(f"/invoices/{made}/pay", data={"amount": "1", "reference": "a\0b", "key": "k\0"}).status_code == 303
    )
    assert desk.post(f"{API}/invoices/pay", json={"invoices": [10**30]}).status_code == 422
    early = {"amount": "1", "paid_at": "2999-01-01T00:00"}
    assert desk.post(f"{API}/invoices/{made}/payments", json=early).status_code == 422


def test_a_revision_has_its_own_document_and_earlier_ones_stay(desk, anew):  # TW-43 to TW-50, T-58
    own = anew()
    made = own.recorded(line(1, "100", description="Calls"), line(2, "40", description="Messages"))
    at = f"/invoices/{made}"
    original = desk.get(f"{at}/document")
    assert original.headers["content-type"] == "application/pdf"
    form = {"description-1": "Calls", "net-1": "60", "description-2": "Messages", "net-2": "", "rate-new": "19"}
    more = {"description-new": "Number kept", "net-new": "5", "paid": "20", "comment": "agreed by phone"}
    answer = desk.post(f"{at}/revise", data=form | more)
    assert answer.status_code == 303, fault(answer)
    with Session(own.installation.database) as session:
        kept = session.get_one(InvoiceRevision, (made, 1))
        assert (kept.total, kept.paid_amount, kept.comment) == (Decimal("77.35"), 20, "agreed by phone")
    page = words(desk.get(at).text)
    assert "Revision 1 20.00 EUR 77.35 EUR" in page  # TW-45
    assert "bob" in page  # TW-47
    assert "agreed by phone" in page  # TW-49
    revised = desk.get(f"{at}/document?revision=1")
    assert desk.get(f"{at}/document?revision=0").content == original.content  # T-58
    assert desk.get(f"{at}/document").content == revised.content
    assert "140.00" in text_of(original.content)
    assert "77.35" in text_of(revised.content)
    assert "Number kept" in text_of(revised.content)
    assert f'filename="{own.get(made).account_number}_2026-11-01_r1.pdf"' in revised.headers["content-disposition"]
    for wrong in ("2", "-1", "x", "9" * 30):
        assert desk.get(f"{at}/document?revision={wrong}").status_code == 404
    answer = desk.post(f"{at}/revise", data={"comment": ""})
    assert "comment of a revision is empty" in fault(answer)


def test_a_document_is_held_by_who_has_it(desk, anew):
    made = anew().recorded()
    first = desk.get(f"/invoices/{made}/document")
    tag = first.headers["etag"]
    again = desk.get(f"/invoices/{made}/document", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "private" in first.headers["cache-control"]
    assert "sandbox" in first.headers["content-security-policy"]


def test_a_draft_says_so_on_its_paper(desk, anew):  # CD-15
    made = anew().draft()
    paper = desk.get(f"/invoices/{made}/document")
    assert "DRAFT" in text_of(paper.content)
    assert f'filename="draft-{made}.pdf"' in paper.headers["content-disposition"]


def test_a_credit_note_is_a_document_of_its_own(desk, anew):
    own = anew()
    made = own.recorded(line(1, "100"), line(2, "50"))
    assert "credited" in fault(desk.post(f"/invoices/{made}/credit", data={"of": "some", "reason": "x"}))
    answer = desk.post(f"/invoices/{made}/credit", data={"of": "some", "net-2": "30", "reason": "roaming"})
    note = own.get(int(re.search(r"/invoices/(\d+)", answer.headers["location"])[1]))
    assert (note.kind, note.total, note.corrects_id) == ("credit_note", Decimal("-35.7"), made)
    page = desk.get(f"/invoices/{made}").text
    assert note.account_number in page
    assert "Owing 142.80 EUR" in words(page)
    assert "credit note" in fault(desk.post(f"/invoices/{note.id}/credit", data={"reason": "x"}))


def test_an_invoice_for_an_amount_needs_all_details_and_adds_to_the_balance(desk, anew):  # TW-54 to TW-58, T-59
    own = anew()
    at, form = f"/account-balance?client={own.client}", {"client": own.client, "amount": "250", "key": "one"}
    answer = desk.post("/account-balance/invoice", data=form)
    assert answer.status_code == 422
    assert "postal code of the client" in fault(answer)
    assert 'value="250"' in answer.text
    details = {"address_line": "Lange Reihe 12", "city": "Hamburg", "country": "de", "postal_code": "20099"}
    wrong = desk.post("/account-balance/details", data={"client": own.client} | details | {"country": "Germany"})
    assert "is not a code of two letters" in fault(wrong)
    assert 'value="Lange Reihe 12"' in wrong.text
    assert desk.post("/account-balance/details", data={"client": own.client} | details).status_code == 303
    answer = desk.post("/account-balance/invoice", data=form)
    assert answer.status_code == 303, answer.text
    made = int(re.search(r"/invoices/(\d+)", answer.headers["location"])[1])
    assert desk.post("/account-balance/invoice", data=form).headers["location"] == answer.headers["location"]  # once
    assert "250.00" in text_of(desk.get(f"/invoices/{made}/document").content)  # TW-56
    assert "Owes 250.00 EUR" in words(desk.get(at).text)
    desk.post(f"/invoices/{made}/pay", data={"amount": "250"})
    assert "Has credit 250.00 EUR" in words(desk.get(at).text)  # TW-57
    assert "not a currency" in fault(desk.post("/account-balance/invoice", data=form | {"currency": "XYZ"}))
    assert f"?client={own.client}" in desk.get(f"/account-balance?q=CLIENT+{own.client}").text
    assert desk.get("/account-balance?client=999").status_code == 404


def test_two_who_enter_details_do_not_undo_each_other(desk, anew):
    own = anew()
    at = f"/account-balance?client={own.client}"
    looked_at = re.search(r'name="after" value="([^"]*)"', desk.get(at).text)[1]
    form = {"client": own.client, "city": "Bremen", "after": looked_at}
    assert desk.post("/account-balance/details", data=form).status_code == 303
    stale = desk.post("/account-balance/details", data=form | {"city": "Kiel"})
    assert stale.status_code == 409
    assert "changed the details" in fault(stale)
    assert 'value="Kiel"' in stale.text  # as it was typed,
    assert "Kept now: Bremen" in stale.text  # beside what it would undo
    renewed = re.search(r'name="after" value="([^"]*)"', stale.text)[1]
    assert desk.post("/account-balance/details", data=form | {"city": "Kiel", "after": renewed}).status_code == 303
    assert 'value="Kiel"' in desk.get(at).text


def test_a_viewer_sees_and_changes_nothing(place, bills, anew):
    made = anew().draft()
    with place.client("viewer", "", "vera") as viewer:
        page = viewer.get(f"/invoices/{made}").text
        assert f'action="/invoices/{made}/' not in page
        assert 'type="checkbox"' not in viewer.get("/invoices").text
        assert viewer.post(f"/invoices/{made}/record").status_code == 403


def test_programs_do_the_same_with_amounts_as_texts(desk, anew):
    own = anew()
    made = own.draft(line(1, "100"))
    at = f"{API}/invoices/{made}"
    told = desk.post(f"{at}/record").json()
    assert (told["state"], told["owing"], told["lines"][0]["net"]) == ("RECORDED", "119", "100")
    assert desk.post(f"{at}/record").json()["account_number"] == told["account_number"]  # once
    pay = {"amount": "19", "paid_at": "2026-11-05T10:30", "key": "program-1"}
    for _ in range(2):
        told = desk.post(f"{at}/payments", json=pay).json()
    assert (told["paid"], told["owing"], len(told["payments"])) == ("19", "100", 1)
    answer = desk.post(f"{at}/payments", json=pay | {"amount": "20"})
    assert (answer.status_code, answer.json()["kind"]) == (409, "StateError")
    assert desk.post(f"{at}/payments", json={"amount": 19}).status_code == 422  # no numbers
    told = desk.post(f"{at}/revisions", json={"comment": "c", "lines": [{"number": 1, "net": "90"}]}).json()
    assert (told["amount"], told["revision"], told["revisions"][0]["comment"]) == ("107.1", 1, "c")
    note = desk.post(f"{at}/credit-notes", json={"reason": "r", "lines": [{"number": 1, "net": "10"}]}).json()
    assert (note["kind"], note["amount"], note["corrects"]) == ("credit_note", "-11.9", made)
    listed = desk.get(f"{API}/invoices?client={own.client}&limit=1").json()
    assert [each["id"] for each in listed["invoices"]] == [note["id"]]
    assert [
        each["id"]
        for each in desk.get(f"{API}/invoices?client={own.client}&before={listed['next']}").json()["invoices"]
    ] == [made]
    assert desk.get(told["document"]).content.startswith(b"%PDF")
    owes = desk.get(f"{API}/clients/{own.client}/balance").json()["owes"]
    assert owes == {"EUR": "76.2"}
    answer = desk.post(f"{API}/clients/{own.client}/invoices", json={"amount": "5", "key": "p"})
    assert (answer.status_code, "postal code of the client" in answer.json()["error"]) == (422, True)


def test_programs_cancel_payments_and_enter_details(desk, anew):  # TW-58
    bills = anew()
    one, client = bills.recorded(line(1, "10")), bills.client
    payment = desk.post(f"{API}/invoices/{one}/payments", json={"amount": "4"}).json()["payments"][0]["id"]
    answer = desk.post(f"{API}/invoices/{one}/payments/{payment}/cancel")
    assert (answer.status_code, answer.json()["paid"]) == (200, "0")
    assert desk.post(f"{API}/invoices/{one}/payments/{payment}/cancel").status_code in (404, 409)
    other = bills.recorded(line(1, "10"))
    assert desk.post(f"{API}/invoices/{other}/payments/{payment}/cancel").status_code == 404
    at = f"{API}/clients/{client}/details"
    first = desk.get(at).json()
    assert (first["postal_code"], first["version"]) == ("", "none")
    sent = desk.patch(at, json={"postal_code": "10115", "tax_rate": "7.50", "version": first["version"]})
    assert (sent.status_code, sent.json()["postal_code"], sent.json()["tax_rate"]) == (200, "10115", "7.5")
    assert "postal code of the client" not in desk.get(f"{API}/clients/{client}/balance").json()["missing"]
    late = desk.patch(at, json={"city": "Bonn", "version": first["version"]})
    assert (late.status_code, desk.get(at).json()["city"]) == (409, "")
    assert desk.patch(at, json={"country": "Germany"}).status_code == 422
    assert desk.patch(f"{API}/clients/999999/details", json={"city": "Bonn"}).status_code == 404


def test_what_is_recorded_elsewhere_is_told_and_not_lost(desk, anew):
    """Somebody else was quicker: the page says so, and nothing is done twice."""
    own = anew()
    made = own.draft()
    own.do(record.record, made)
    own.do(record.sent, made)
    assert desk.post(f"/invoices/{made}/record").status_code == 303
    assert "only drafts can be thrown away" in fault(desk.post(f"/invoices/{made}/discard"))
