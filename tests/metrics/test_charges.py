"""What is to pay for a month: by hand, and on random data against plain Python on both engines (M-61)."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import Held
from books import at, charged, client, held, posted, used
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.errors import ParameterError
from reports_lib.metrics.bills import bills
from reports_lib.metrics.month import month_of
from reports_lib.values.interval import Interval

EXAMPLES = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "3"))
SERVICES = [
    {"service_id": 1, "name": "Voice", "unit": "second"},
    {"service_id": 2, "name": "Data", "unit": "byte"},
    {"service_id": 3, "name": "SMS", "unit": "message"},
]
WORLD = {
    "company": [{"company_id": 1, "name": "One"}, {"company_id": 2, "parent_company_id": 1, "name": "Two"}],
    "service": SERVICES,
    "package": [{"package_id": 7, "name": "Talk"}],
    "currency": [{"code": code, "totals_precision": 2} for code in ("USD", "EUR")],
}
D = Decimal


@dataclass(frozen=True)
class Asked:
    interval: Interval
    as_of: datetime
    company: tuple = ()
    include_sub_companies: bool = False
    client: str = ""
    client_type: tuple = ()
    without_charges: bool = False


def asked(interval="2024-03-01/2024-03-31", zone="UTC", as_of=datetime(2024, 5, 1, tzinfo=UTC), **changes):
    return Asked(Interval.parse(interval, ZoneInfo(zone), as_of), as_of, **changes)


@pytest.fixture
def found(arrow):
    """`found(tables, …)`: the bills, from a DuckDB in memory."""

    def find(tables, **changes):
        question = asked(**changes)
        return bills(Held(WORLD | tables, question.as_of, arrow), question)

    return find


@pytest.fixture
def found_on_both(warehouse_of):
    """The same on each engine in turn."""

    def find(tables, **changes):
        question = asked(**changes)
        with warehouse_of(WORLD | tables, question.as_of) as warehouse:
            return bills(warehouse, question)

    return find


def line(row):
    return row["client_id"], row["kind"], row["description"], row["quantity"], row["unit"], row["gross"], row["tax"]


def test_each_kind_of_charge_is_a_line_in_its_billing_unit(found_on_both):
    tables = {
        "client": [client(1, name="Ann")],
        "usage_event": [
            used(1, "2024-03-01", "1.20", tax=D("0.20"), service_id=1, volume=D(100), billed_volume=D(120)),
            used(1, "2024-03-31 23:59:59", "0.60", tax=D("0.10"), service_id=1, volume=D(30), package_volume=D(15)),
            used(1, "2024-03-05", "2", service_id=2, volume=D(2_500_000)),  # says nothing of tax
            used(1, "2024-03-05", "0", service_id=3, volume=D(9)),  # free
            used(1, "2024-04-01", "9", service_id=1),  # the next month's
            used(1, "2024-02-29 23:59:59", "9", service_id=1),
        ],
        "subscription": [held(1, 1, 7, "2024-01-01", quantity=2)],
        "subscription_period": [
            charged(1, 0, "2024-03-02", "5", tax=D("0.5")),
            charged(1, 1, "2024-03-02", "10"),
            charged(1, 2, "2024-03-03", "10", "failed"),
        ],
        "ledger_entry": [
            posted(1, "2024-03-04", "-3", "extra_charge", tax=D("-0.5"), description="Rental"),
            posted(1, "2024-03-04", "-4", "extra_charge", description="By invoice", invoice_id=9),
            posted(1, "2024-03-04", "-4", "extra_charge", status="void"),
            posted(1, "2024-03-04", "-4", "correction"),
        ],
    }
    figures = found_on_both(tables)
    assert [line(row) for row in figures.lines] == [
        (1, "service", "Voice", D("2.25"), "min", D("1.80"), D("0.30")),  # (120 + 30 - 15) / 60
        (1, "service", "Data", D("2.50"), "MB", D(2), D(0)),
        (1, "activation", "Talk", D(2), "", D(5), D("0.5")),
        (1, "renewal", "Talk", D(2), "", D(10), D(0)),
        (1, "other", "Rental", D(1), "", D(3), D("0.5")),
    ]
    assert [row["untaxed"] for row in figures.lines] == [0, 2, 0, 10, 0]
    (row,) = figures.clients
    assert (row["usage"], row["packages"], row["other"], row["gross"], row["tax"]) == (
        D("3.80"), 15, 3, D("21.80"), D("1.30"),
    )  # fmt: skip
    assert (row["status"], figures.month) == ("to bill", "2024-03")


def test_the_month_is_cut_by_the_clocks_of_its_zone(found):
    tables = {
        "client": [client(1)],
        "usage_event": [used(1, "2024-02-29 22:00", "1"), used(1, "2024-03-31 21:00", "2")],
    }
    assert [row["gross"] for row in found(tables, zone="Europe/Kyiv").lines] == [1]  # summer time begins on the 31st


@pytest.mark.parametrize(
    "text", ["2024-03-02/2024-03-31", "2024-03-01/2024-04-30", "2024-03-01T00:00/2024-03-31T12:00"]
)
def test_only_one_calendar_month_can_be_billed(text):  # M-61, TW-39
    with pytest.raises(ParameterError, match="is not one calendar month"):
        month_of(asked(text).interval)


def reasons(figures):
    return [(row["client_id"], row["reason"], row["holds"]) for row in figures.gate]


def test_a_month_that_is_not_over_holds_everything(found):
    tables = {"client": [client(1)], "usage_event": [used(1, "2024-03-05", "1")]}
    figures = found(tables, as_of=datetime(2024, 3, 31, 23, 59, tzinfo=UTC))
    assert reasons(figures)[0] == (None, "month not over", "yes")
    assert figures.clients[0]["status"] == "held"


def test_a_client_with_an_invoice_of_the_month_is_not_billed_again(found):  # T-60
    month = {"period_start": at("2024-03-01"), "period_end": at("2024-04-01"), "kind": "monthly"}
    invoices = [
        {"invoice_id": 1, "client_id": 1, "status": "RECORDED", "account_number": "A-1", **month},
        {"invoice_id": 2, "client_id": 2, "status": "VOID", **month},
        {"invoice_id": 3, "client_id": 3, "status": "DRAFT", "deleted_at": at("2024-04-02"), **month},
        {"invoice_id": 4, "client_id": 4, "status": "RECORDED", **month | {"kind": "top_up"}},
        {"invoice_id": -5, "client_id": 5, "status": "DRAFT", **month},  # ours: it follows the charges
        {"invoice_id": 6, "client_id": 6, "status": "DRAFT", "account_number": "A-6", **month},
    ]
    invoices = [{"created_at": at("2024-04-01"), "currency": "USD"} | row for row in invoices]
    people = range(1, 7)
    tables = {
        "client": [client(n) for n in people],
        "usage_event": [used(n, "2024-03-05", "1", service_id=1) for n in people],
        "invoice": invoices,
        "invoice_line": [{"invoice_id": n, "revision_no": 0, "service_id": 1, "amount": D(1)} for n in (1, 6)],
    }
    figures = found(tables)
    assert [row["client_id"] for row in figures.clients if row["status"] == "invoiced"] == [1, 6]
    assert figures.headline == {"to bill": 4, "held": 0, "invoiced": 2}
    assert figures.gate == []


def test_what_was_charged_in_another_currency_is_billed_though_ours_of_the_first_is_there(found):  # T-60
    month = {"period_start": at("2024-03-01"), "period_end": at("2024-04-01"), "kind": "monthly"}
    month |= {"created_at": at("2024-04-01"), "currency": "USD", "status": "RECORDED"}
    numbers = {1: -1, 2: 2}  # of the other system's nobody knows what else it would have billed
    tables = {
        "client": [client(n) for n in numbers],
        "usage_event": [
            used(n, "2024-03-05", "1", service_id=1, currency=code) for n in numbers for code in ("EUR", "USD")
        ],
        "invoice": [
            {"invoice_id": id, "client_id": n, "account_number": f"A-{n}", **month} for n, id in numbers.items()
        ],
        "invoice_line": [
            {"invoice_id": id, "revision_no": 0, "service_id": 1, "amount": D(1)} for id in numbers.values()
        ],
    }
    status = {(row["client_id"], row["currency"]): row["status"] for row in found(tables).clients}
    assert status == {(1, "EUR"): "to bill", (1, "USD"): "invoiced", (2, "EUR"): "invoiced", (2, "USD"): "invoiced"}


def test_usage_without_a_line_and_a_line_without_usage_are_told(found_on_both):
    invoice = {"invoice_id": 1, "client_id": 1, "kind": "monthly", "status": "RECORDED", "account_number": "A-1"}
    invoice |= {"period_start": at("2024-03-01"), "period_end": at("2024-04-01"), "created_at": at("2024-04-01")}
    tables = {
        "client": [client(1), client(2)],
        "usage_event": [
            used(1, "2024-03-05", "1", service_id=1),
            used(1, "2024-03-06", "5", service_id=3),  # came in after the invoice was made
            used(2, "2024-03-06", "1", service_id=2),
        ],
        "invoice": [invoice | {"currency": "USD"}],
        "invoice_line": [
            {"invoice_id": 1, "revision_no": 0, "line_no": 1, "service_id": 1, "amount": D("0.8"), "tax": D("0.21")},
            {"invoice_id": 1, "revision_no": 0, "line_no": 2, "service_id": 2, "amount": D(3)},
            {"invoice_id": 1, "revision_no": 0, "line_no": 3, "service_id": 9, "amount": D(3)},  # not rated from usage
        ],
    }
    figures = found_on_both(tables)
    assert reasons(figures) == [
        (1, "usage without an invoice line", "no"),
        (1, "line without usage", "no"),
    ]
    assert [(row["detail"], row["amount"]) for row in figures.gate] == [
        ("A-1: SMS 0.00, usage 5.00", 5),
        ("A-1: Data 3.00, usage 0.00", -3),
    ]


def test_a_ledger_that_differs_holds_the_client(found):
    tables = {
        "client": [client(1), client(2), client(3)],
        "usage_event": [used(n, "2024-03-05", "10") for n in (1, 2)],
        "ledger_entry": [
            posted(1, "2024-03-05", "-10", "usage_charge"),
            posted(2, "2024-03-05", "-9", "usage_charge"),
            posted(3, "2024-03-05", "-2", "usage_charge"),  # nothing was used
        ],
        "subscription": [held(1, 1, 7, "2024-01-01")],
        "subscription_period": [charged(1, 1, "2024-03-02", "10")],  # this ledger knows nothing of packages
    }
    figures = found(tables)
    assert [(row["client_id"], row["reason"], row["amount"]) for row in figures.gate] == [
        (2, "ledger differs", -1),
        (3, "ledger differs", 2),
    ]
    assert [row["status"] for row in figures.clients] == ["to bill", "held"]


def test_days_without_calls_hold_the_company(found):
    days = [datetime(2024, 2, 20) + timedelta(days=n) for n in range(41)]
    there = [day for day in days if not datetime(2024, 3, 10) <= day < datetime(2024, 3, 12)]
    quiet = [day for day in days if day.weekday() == 0]  # calls on Mondays only: no day of it is missing
    tables = {
        "client": [client(1), client(2, company_id=2), client(3, company_id=2)],
        "usage_event": [used(1, str(day), "1") for day in there] + [used(2, str(day), "1") for day in quiet],
    }
    figures = found(tables)
    assert [(row["company_id"], row["reason"], row["detail"]) for row in figures.gate] == [
        (1, "days without CDRs", "2024-03-10, 2024-03-11")
    ]
    assert [row["status"] for row in figures.clients] == ["held", "to bill"]


def test_the_last_days_of_a_month_are_missed_too(found):
    days = [datetime(2024, 2, 20) + timedelta(days=n) for n in range(38)]  # to the 28th of March
    tables = {"client": [client(1)], "usage_event": [used(1, str(day), "1") for day in days]}
    assert [row["detail"] for row in found(tables).gate] == ["2024-03-29, 2024-03-30, 2024-03-31"]


def test_what_has_no_name_is_held_and_an_unusual_amount_is_told(found):
    tables = {
        "client": [client(1), client(2), client(3)],
        "usage_event": [
            used(1, "2024-03-05", "1", service_id=77),
            used(2, "2024-02-05", "10", service_id=1),
            used(2, "2024-03-05", "90", service_id=1),
            used(3, "2024-03-05", "1", service_id=1, currency="XXX"),
        ],
    }
    figures = found(tables)
    assert reasons(figures) == [
        (1, "item without a name", "yes"),
        (3, "currency unknown", "yes"),
        (2, "unusual amount", "no"),
    ]
    assert [row["status"] for row in figures.clients] == ["held", "to bill", "held"]
    assert figures.lines[0]["description"] == "service 77"


def test_clients_are_chosen_by_company_type_number_and_name(found):
    tables = {
        "client": [
            client(1, name="Ann", company_id=1),
            client(2, name="Bob", company_id=2, client_type="reseller"),
            client(3, name="Юлия", company_id=2),
        ],
        "usage_event": [used(n, "2024-03-05", "1", service_id=1) for n in (1, 2, 3)],
    }
    ids = lambda **changes: [row["client_id"] for row in found(tables, **changes).clients]  # noqa: E731
    assert ids() == [1, 2, 3]
    assert ids(company=["2"]) == [2, 3]
    assert ids(company=["1"], include_sub_companies=True) == [1, 2, 3]
    assert ids(client_type=["reseller"]) == [2]
    assert ids(client="3") == ids(client="Юлия") == [3]
    assert ids(without_charges=True, client_type=["client"]) == [1, 3]
    with pytest.raises(ParameterError, match="'Eve' is neither the number nor the name"):
        found(tables, client="Eve")


def test_clients_without_charges_are_listed_if_wanted(found):
    tables = {"client": [client(1), client(2, status="active"), client(3, "2024-04-02", status="active")]}
    tables["usage_event"] = [used(1, "2024-03-05", "1", service_id=1)]
    figures = found(tables, without_charges=True)
    assert [(row["client_id"], row["lines"], row["gross"], row["status"]) for row in figures.clients] == [
        (1, 1, 1, "to bill"),
        (2, 0, 0, "to bill"),
    ]


moments = st.one_of(
    st.sampled_from(["2024-02-29 22:00", "2024-03-01", "2024-03-31 21:00", "2024-04-01"]).map(at),
    st.integers(0, 60 * 24 * 40).map(lambda minutes: datetime(2024, 2, 25) + timedelta(minutes=minutes)),
)
amounts = st.one_of(st.sampled_from([0, 1, 10**15]), st.integers(0, 10**8)).map(lambda n: Decimal(n).scaleb(-6))
events = st.lists(
    st.fixed_dictionaries(
        {
            "client_id": st.integers(1, 3),
            "started_at": moments,
            "service_id": st.integers(1, 3),
            "amount": amounts,
            "tax": st.none() | amounts,
            "currency": st.sampled_from(["USD", "EUR"]),
            "volume": amounts,
        }
    ),
    max_size=12,
)


def test_usage_equals_plain_python(warehouse_of):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(events, st.sampled_from(["UTC", "Europe/Kyiv", "America/Santiago"]))
    def check(rows, zone):
        question = asked(zone=zone)
        start, end = (moment.replace(tzinfo=None) for moment in (question.interval.start, question.interval.end))
        sums = {}
        for row in rows:
            if start <= row["started_at"] < end and row["amount"]:
                key = row["client_id"], row["currency"], row["service_id"]
                gross, tax, untaxed, count = sums.get(key, (0, 0, 0, 0))
                told = row["tax"] is not None
                sums[key] = (
                    gross + row["amount"],
                    tax + (row["tax"] or 0),
                    untaxed + (0 if told else row["amount"]),
                    count + 1,
                )
        tables = WORLD | {"client": [client(n) for n in (1, 2, 3)], "usage_event": rows}
        with warehouse_of(tables, question.as_of) as warehouse:
            found = bills(warehouse, question)
        names = ("gross", "tax", "untaxed", "events")
        assert {
            (row["client_id"], row["currency"], row["item"]): tuple(row[name] for name in names) for row in found.lines
        } == sums
        totals = {row["currency"]: row["gross"] for row in found.totals}
        for code in ("USD", "EUR"):
            expected = sum(gross for (_, currency, _), (gross, *_) in sums.items() if currency == code)
            assert totals.get(code, 0) == expected  # Σ lines = the client's = the currency's

    check()
