"""The list of invoices: what each came to, what is owing, whose they are, and what they were at a past moment."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bills import asked, bill, paid, revised
from books import at, client, rate

from reports_lib.errors import RateError
from reports_lib.metrics.invoices import invoices

D = Decimal


def lines(number, *amounts, revision=0):
    return [
        {"invoice_id": number, "revision_no": revision, "line_no": place, "amount": D(net), "tax": D(tax)}
        for place, (net, tax) in enumerate(amounts, 1)
    ]


def test_a_row_has_what_the_list_of_bills_shows(held):  # TW-34, TW-36 … TW-40
    made = bill(1, 7, "120", "2026-10-01 02:00:30", paid="20")
    warehouse = held({"client": [client(7, name="Ørsted & Søn")], "invoice": [made]})
    (row,) = invoices(warehouse, asked("2026-09-01/2026-09-30", "Europe/Kyiv")).rows
    assert (row["account_number"], row["file_name"]) == ("A202610-0001", "A202610-0001.pdf")
    assert (row["total"], row["paid"], row["owing"], row["state"]) == (120, 20, 100, "Partly paid")
    assert row["period"] == "2026-09"
    assert f"{row['created_at']:%Y-%m-%d %H:%M:%S}" == "2026-10-01 05:00:30"
    assert (row["client"], row["client_number"], row["late"]) == ("Ørsted & Søn", "7", 19)


def test_states_of_payment(held):  # CD-14, T-53, T-54, M-64, Q-22
    bills = [
        bill(1, 1, "100"),
        bill(2, 1, "100", paid="40"),
        bill(3, 1, "100", paid="100"),
        bill(4, 1, "100", paid="130"),  # overpaid: owes nothing, and gives no other any rest
        bill(5, 1, "0"),
        bill(6, 1, "100", status="DRAFT", due_date=None),
        bill(7, 1, "100", status="VOID"),
        bill(8, 1, "-30", kind="credit_note", paid="-30"),
    ]
    found = invoices(held({"client": [client(1)], "invoice": bills}), asked())
    states = {row["invoice_id"]: (row["state"], row["owing"], row["issued"]) for row in found.rows}
    assert states == {
        1: ("Unpaid", 100, 100),
        2: ("Partly paid", 60, 100),
        3: ("Paid", 0, 100),
        4: ("Paid", 0, 100),
        5: ("Paid", 0, 0),
        6: ("Draft", 0, None),
        7: ("Void", 0, None),
        8: ("Credit note", 0, -30),
    }
    assert (found.total["issued"], found.total["still_owing"]) == (370, 160)
    assert (found.total["invoices"], found.total["drafts"], found.total["unpaid"]) == (8, 1, 2)
    assert [row["invoices"] for row in found.by_state] == [4, 1, 1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", {1, 2}),  # a client's number
        ("C-7", {1, 2}),  # what it is called elsewhere
        ("8", {3}),
        (" a202610-0002 ", {2}),  # an account number, however it is written
        ("A202610", {1, 2, 3}),  # how account numbers begin
        ("202610", {4}),  # digits are no beginning, but a whole account number
        ("%", set()),
        ("A202610_0001", set()),  # nothing stands for any letter
        ("99", set()),
    ],
)
def test_search_by_account_id(held, text, found):  # TW-51, TW-53
    tables = {
        "client": [client(7, external_id="C-7"), client(8), client(9)],
        "invoice": [bill(1, 7, "1"), bill(2, 7, "1"), bill(3, 8, "1"), bill(4, 9, "1", account_number="202610")],
    }
    rows = invoices(held(tables), asked(account_id=text)).rows
    assert {row["invoice_id"] for row in rows} == found


def test_a_period_is_of_the_month_billed_or_of_the_making(held):  # TW-35, TW-39, TW-52, T-01, T-08
    bills = [
        bill(1, 1, "1", "2026-10-01 02:00"),  # for September
        bill(2, 1, "1", "2026-11-01 02:00"),  # for October
        bill(3, 1, "1", "2026-10-15 08:30:59.9", kind="top_up", period_start=None, period_end=None),
    ]
    warehouse = held({"client": [client(1)], "invoice": bills})

    def listed(interval, zone="UTC", dates="billing_period"):
        return [row["invoice_id"] for row in invoices(warehouse, asked(interval, zone, dates=dates)).rows]

    for zone in ("UTC", "Europe/Kyiv", "Asia/Tokyo", "America/Santiago"):  # September of another zone is no October
        assert listed("2026-10-01/2026-10-31", zone) == [2, 3]
    assert listed("2026-09-01/2026-09-01") == listed("2026-09-30/2026-09-30") == [1]
    assert listed("2026-10-01/2026-10-31", dates="created_at") == [3, 1]
    assert listed("2026-10-15T08:30/2026-10-15T08:30", dates="created_at") == [3]
    assert listed("2026-10-15T08:31/2026-10-15T08:31", dates="created_at") == []


def test_newest_first_and_equal_moments_by_number(held):  # G-11
    bills = [bill(3, 1, "1"), bill(1, 1, "1"), bill(2, 1, "1", "2026-10-02"), bill(4, 1, "1", account_number="")]
    rows = invoices(held({"client": [client(1)], "invoice": bills}), asked()).rows
    assert [row["invoice_id"] for row in rows] == [2, 4, 1, 3]


def test_a_month_without_invoices_is_a_report(held):  # T-56, G-5
    found = invoices(held({"invoice": [bill(1, 1, "1")]}), asked("2026-01-01/2026-01-31"))
    assert (found.rows, found.revisions, found.data_interval, found.by_month) == ([], [], None, [])
    assert (found.total["issued"], found.total["invoices"]) == (0, 0)


def test_amount_is_that_of_the_latest_revision(held):  # M-60, TW-43 … TW-49
    tables = {
        "client": [client(1)],
        "invoice": [bill(1, 1, "80", paid="5")],
        "invoice_revision": [
            revised(
                1, 1, "2026-10-05 10:00", "90", revised_by_name="Ewa", revised_by_email="e@x.example", comment="cut"
            ),
            revised(1, 2, "2026-10-06 10:00", "80"),
        ],
    }
    found = invoices(held(tables), asked(zone="Europe/Kyiv"))
    assert [(row["total"], row["owing"], row["revisions"]) for row in found.rows] == [(80, 75, 2)]
    assert [(row["number"], row["paid_amount"], row["new_total"]) for row in found.revisions] == [
        ("2", 5, 80),
        ("1", 5, 90),
    ]
    first = found.revisions[1]
    assert (first["revised_by_name"], first["revised_by_email"], first["comment"]) == ("Ewa", "e@x.example", "cut")
    assert f"{first['revised_at']:%H:%M}" == "13:00"
    assert first["document"] == "ab" * 8


def test_in_the_past_an_invoice_is_what_it_was(held):  # G-1, M-60, M-64
    tables = {
        "client": [client(1)],
        "invoice": [bill(1, 1, "70", paid="50", deleted_at=at("2026-10-25")), bill(2, 1, "9", "2026-10-09")],
        "invoice_line": [*lines(1, ("80", "16"), ("3", "1")), *lines(1, ("60", "10"), revision=1)],
        "invoice_revision": [revised(1, 1, "2026-10-05", "90"), revised(1, 2, "2026-10-10", "70")],
        "payment": [
            paid(1, "2026-10-03", "20"),
            paid(1, "2026-10-07", "35", back=("2026-10-12", "5")),
            paid(None, "2026-10-08", "500"),  # of a payment that names no invoice nothing is known
            paid(1, "2026-10-20", "0.5", back=("2026-10-21", "0.5")),
        ],
    }
    history = {
        "2026-10-02": (100, 0, 100),  # before any revision: its original lines
        "2026-10-04": (100, 20, 80),
        "2026-10-05": (100, 20, 80),  # what happens at as-of has not happened
        "2026-10-06": (90, 20, 70),
        "2026-10-08": (90, 55, 35),
        "2026-10-11": (70, 55, 15),
        "2026-10-13": (70, 50, 20),
        "2026-11-02": None,  # deleted
    }
    for moment, expected in history.items():
        as_of = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        rows = invoices(held(tables, as_of), asked(as_of=as_of)).rows
        shown = {row["invoice_id"]: (row["total"], row["paid"], row["owing"]) for row in rows}
        assert shown.get(1) == expected, moment
        assert (2 in shown) == (moment > "2026-10-09"), moment


def test_what_happens_at_the_moment_itself_has_not_happened(held):  # G-1, T-01
    tables = {
        "client": [client(1)],
        "invoice": [bill(1, 1, "70", paid="30")],
        "invoice_line": lines(1, ("80", "20")),
        "invoice_revision": [revised(1, 1, "2026-10-05", "70")],
        "payment": [paid(1, "2026-10-05", "30")],
    }
    for second, expected in ((0, (100, 0)), (1, (70, 30))):
        as_of = datetime(2026, 10, 5, 0, 0, second, tzinfo=UTC)
        (row,) = invoices(held(tables, as_of), asked(as_of=as_of)).rows
        assert (row["total"], row["paid"]) == expected


def test_a_payment_of_more_than_the_invoice_took_leaves_what_was_paid_before(held):
    tables = {
        "client": [client(1)],
        "invoice": [bill(1, 1, "100", paid="100")],
        "payment": [paid(1, "2026-10-03", "60"), paid(1, "2026-10-20", "90")],  # 50 of these stayed as credit
    }
    as_of = datetime(2026, 10, 10, tzinfo=UTC)
    (row,) = invoices(held(tables, as_of), asked(as_of=as_of)).rows
    assert (row["paid"], row["owing"]) == (60, 40)


def test_issued_at_the_rate_of_the_invoice_date_and_owing_at_that_of_now(held):  # G-8, T-12, T-13
    tables = {
        "client": [client(1)],
        "invoice": [bill(1, 1, "100", "2026-10-02", paid="60", currency="EUR")],
        "fx_rate": [
            rate("EUR/USD", "2026-01-01", "1.1"),
            rate("EUR/USD", "2026-10-01 22:00", "1.2"),  # as the day begins in Berlin
            rate("EUR/USD", "2026-10-02 00:00", "1.3"),
            rate("EUR/USD", "2026-11-01 00:00", "1.5"),
            rate("EUR/USD", "2026-11-03 12:00", "9"),  # as-of itself
        ],
        "currency": [{"code": "USD", "totals_precision": 2}, {"code": "EUR", "totals_precision": 3}],
    }
    warehouse = held(tables)
    for zone, expected in (("Europe/Berlin", 120), ("UTC", 130)):
        found = invoices(warehouse, asked(zone=zone))
        assert (found.total["issued"], found.total["still_owing"]) == (expected, 360)
        assert (found.places, found.own_places) == (2, 3)


def test_a_missing_rate_fails_by_currency_and_date(held):  # T-14
    tables = {
        "client": [client(1)],
        "invoice": [bill(1, 1, "1", currency="EUR"), bill(2, 1, "1", currency="ABC", status="DRAFT")],
        "fx_rate": [rate("EUR/USD", "2026-10-15", "1.1")],
    }
    with pytest.raises(RateError, match="EUR to USD on 2026-10-01") as error:
        invoices(held(tables), asked())
    assert "ABC" not in str(error.value)  # what is not recorded is in no sum


def test_large_sums_keep_their_cents(held):  # T-19
    bills = [bill(n, 1, "999999999999.999999", currency="EUR") for n in range(1, 41)]
    warehouse = held({"invoice": bills, "fx_rate": [rate("EUR/USD", "2020-01-01", "1.123456789")]})
    assert invoices(warehouse, asked()).total["issued"] == 40 * D("999999999999.999999") * D("1.123456789")


def test_filters_narrow_the_list(held):  # G-12, T-26, T-27
    tables = {
        "company": [{"company_id": n, "parent_company_id": n - 1 or None, "currency": "USD"} for n in (1, 2, 3)],
        "client": [
            client(1, company_id=1, client_type="client"),
            client(2, company_id=2, client_type="reseller"),
            client(3, company_id=3, client_type="client"),
        ],
        "client_tag": [{"client_id": 3, "tag": "a"}, {"client_id": 3, "tag": "b"}, {"client_id": 1, "tag": "b"}],
        "invoice": [bill(1, 1, "1"), bill(2, 2, "1", paid="1"), bill(3, 3, "1", status="DRAFT")],
    }
    warehouse = held(tables)

    def listed(**filters):
        return {row["invoice_id"] for row in invoices(warehouse, asked(**filters)).rows}

    assert listed(company=["2"]) == {2}
    assert listed(company=["2"], include_sub_companies=True) == {2, 3}
    assert listed(client_type=["client"]) == {1, 3}
    assert listed(client_tags=["a", "b"]) == {1, 3}
    assert listed(client_tags=["b"], client_type=["client"], company=["3"]) == {3}
    assert listed(status=["DRAFT"]) == {3}
    assert listed(status=["RECORDED", "DRAFT"]) == {1, 2, 3}
    assert listed(payment=["unpaid"]) == {1}  # a draft is in no state of payment
    assert listed(payment=["paid", "unpaid"]) == {1, 2}


def test_days_late_are_local(held):  # G-3
    warehouse = held({"client": [client(1)], "invoice": [bill(1, 1, "1", due_date=date(2026, 11, 3))]})
    evening = datetime(2026, 11, 3, 23, tzinfo=UTC)
    late = [invoices(warehouse, asked(zone=zone, as_of=evening)).rows[0]["late"] for zone in ("UTC", "Asia/Tokyo")]
    assert late == [None, 1]
