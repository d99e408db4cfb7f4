"""The billing dashboard: its nine figures, the top 5, ages and files; on random data against a replay of events."""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import asked, bill, file, paid
from books import at, client, rate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replayed import Replayed, exact, past_month

from reports_lib.errors import RateError
from reports_lib.metrics.dashboard import age, dashboard
from reports_lib.metrics.invoices import invoices
from reports_lib.warehouse.connection import connect

EXAMPLES = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "8"))
D = Decimal


def test_the_nine_figures(held):  # CD-02 … CD-11, M-63 … M-67, T-53, T-54, T-57
    tables = {
        "client": [client(1), client(2, gone="2026-11-01"), client(3, gone="2026-11-04"), client(4, "2026-11-04")],
        "invoice": [
            bill(1, 1, "100"),
            bill(2, 2, "50", paid="20"),  # of a client that is gone; it owes all the same
            bill(3, 1, "70", paid="70"),
            bill(4, 1, "70", paid="90"),
            bill(5, 1, "11", status="DRAFT", due_date=None),
            bill(6, 1, "11", status="DRAFT", deleted_at=at("2026-10-02")),
            bill(7, 1, "11", status="VOID"),
            bill(8, 1, "11", deleted_at=at("2026-10-02")),
        ],
        "cdr_file": [
            file(1, "success", "2026-10-01", "2026-10-02", size_bytes=3 * 2**30),
            file(2, "error", "2026-10-01", "2026-10-03 10:00", size_bytes=5),
            file(3, "waiting", "2026-10-04"),
            file(4, "processing", "2026-10-04"),  # waits
            file(5, "success", "2026-10-01", "2026-10-09", deleted_at=at("2026-10-10")),
            file(6, "success", "2026-11-03 11:00", "2026-11-03 12:00"),  # processed at as-of: not yet
        ],
        "help_ticket": [
            {"opened_at": at("2026-10-01"), "status": status, "resolved_at": ended and at(ended)}
            for status, ended in [
                ("open", None), ("pending", None), ("closed", None), ("resolved", "2026-10-02"),
                ("resolved", "2026-11-04"),
            ]
        ],
    }  # fmt: skip
    found = dashboard(held(tables), asked(zone="Europe/Kyiv")).metrics
    last = found.pop("cdr_last")
    assert found == {
        "customers": 2,
        "drafts": 1,
        "unpaid": 2,
        "owing": 130,
        "face": 150,
        "cdr_success": 1,
        "cdr_error": 1,
        "cdr_waiting": 3,
        "disk_bytes": 3 * 2**30 + 5 + 3 * 1024,
        "open_tickets": 3,
    }
    assert f"{last:%Y-%m-%d %H:%M %Z}" == "2026-10-03 13:00 EEST"


def test_nothing_at_all(held):  # T-11, T-56, M-66: no file, a dash
    found = dashboard(held({}), asked())
    assert found.metrics.pop("cdr_last") is None
    assert set(found.metrics.values()) == {0}
    assert (found.top, found.unpaid_since, found.drafts_since, found.data_interval) == ([], None, None, None)
    assert [row["month"] for row in found.files] == ["2026-09", "2026-10", "2026-11"]
    assert [row["invoices"] for row in found.ages] == [0] * 5


def test_top_five_of_the_past_month(held):  # CD-12, M-68, T-54, T-55, Q-20
    names = {1: "Dora", 2: "Bob", 3: "Ann", 4: "Cy", 5: "Ann", 6: "Eve", 7: "Fay"}
    october = [(1, "90"), (2, "90"), (3, "80"), (4, "70.5"), (5, "80"), (6, "70.5"), (7, "69")]
    bills = [bill(n, who, total, "2026-10-31") for n, (who, total) in enumerate(october, 1)]
    bills += [
        bill(11, 7, "1", "2026-10-01", paid="1"),  # paid ones count
        bill(12, 7, "999", "2026-10-15", status="DRAFT"),
        bill(13, 7, "999", "2026-10-15", status="VOID"),
        bill(14, 7, "999", "2026-09-30"),
        bill(15, 7, "2", "2026-11-01"),
    ]
    warehouse = held({"client": [client(n, name=name) for n, name in names.items()], "invoice": bills})
    found = dashboard(warehouse, asked())
    assert found.past == (date(2026, 10, 1), date(2026, 10, 31))
    assert [(row["rank"], row["client_id"], row["total"]) for row in found.top] == [
        (1, 2, 90), (2, 1, 90), (3, 3, 80), (4, 5, 80), (5, 4, D("70.5")),
    ]  # fmt: skip
    assert [row["label"] for row in found.top] == ["Bob", "Dora", "Ann (3)", "Ann (5)", "Cy"]  # T-55: Eve has as much
    rolling = dashboard(warehouse, asked(past_month="rolling30"))
    assert rolling.past == (date(2026, 10, 5), date(2026, 11, 3))
    assert [row["client_id"] for row in rolling.top] == [2, 1, 3, 5, 7]  # Fay: 69 and 2, the 1 of 1 October is out
    few = dashboard(held({"client": [client(1)], "invoice": bills[:1]}), asked())
    assert len(few.top) == 1


def test_top_five_at_the_rate_of_each_invoice_date(held):  # G-8, M-68
    tables = {
        "client": [client(1, name="Ann"), client(2, name="Bob")],
        "invoice": [bill(1, 1, "100", "2026-10-02", currency="EUR"), bill(2, 2, "125", "2026-10-02")],
        "fx_rate": [rate("EUR/USD", "2026-01-01", "1.3"), rate("EUR/USD", "2026-10-03", "1.1")],
    }
    found = dashboard(held(tables), asked())
    assert [(row["client"], row["total"]) for row in found.top] == [("Ann", 130), ("Bob", 125)]
    assert found.metrics["owing"] == 235


@pytest.mark.parametrize(
    ("late", "name"),
    [
        *((late, "Not due") for late in (-5, 0)),
        *((late, "1–30 days") for late in (1, 30)),
        *((late, "31–60 days") for late in (31, 60)),
        *((late, "61–90 days") for late in (61, 90)),
        *((late, "Over 90 days") for late in (91, 4000)),
    ],
)
def test_ages_by_days_after_the_due_date(late, name):
    today = date(2026, 11, 3)
    assert age(today - timedelta(days=late), today) == name


def test_age_is_of_the_local_day_and_without_a_due_date_of_the_invoice(held):  # G-3
    bills = [bill(1, 1, "3", due_date=date(2026, 11, 3)), bill(2, 1, "4", "2026-10-04", due_date=None)]
    warehouse = held({"client": [client(1)], "invoice": bills})
    evening = datetime(2026, 11, 3, 23, tzinfo=UTC)
    for zone, ages in (("UTC", [1, 1, 0, 0, 0]), ("Asia/Tokyo", [0, 1, 1, 0, 0])):
        found = dashboard(warehouse, asked(zone=zone, as_of=evening))
        assert [row["invoices"] for row in found.ages] == ages


def test_files_over_three_local_months(held):  # CD-13, M-69, T-05
    sent = [
        file(1, "success", "2026-08-01", "2026-08-31 20:59:59.999999"),  # August in Kyiv
        file(2, "success", "2026-08-01", "2026-08-31 21:00"),  # September there
        file(3, "error", "2026-08-01", "2026-09-15", deleted_at=at("2026-10-01")),  # it was processed all the same
        file(4, "success", "2026-10-01", "2026-11-03 11:59"),
        file(5, "success", "2026-11-01", "2026-11-03 12:00"),  # as-of itself
        file(6, "waiting", "2026-11-01"),
    ]
    found = dashboard(held({"cdr_file": sent}), asked(zone="Europe/Kyiv"))
    assert [tuple(row.values()) for row in found.files] == [
        ("2026-09", "", 1, 1), ("2026-10", "", 0, 0), ("2026-11", "partial", 1, 0),
    ]  # fmt: skip
    assert found.files_by_state[-1] == {"month": "2026-11 partial", "state": "Error", "files": 0}


def test_a_month_is_there_from_its_first_moment(held):  # M-69: a report of midnight
    sent = [file(1, "success", "2026-09-01", "2026-10-31 23:59:59.999999")]
    found = dashboard(held({"cdr_file": sent}), asked(as_of=datetime(2026, 11, 1, tzinfo=UTC)))
    assert [tuple(row.values()) for row in found.files] == [
        ("2026-09", "", 0, 0), ("2026-10", "", 1, 0), ("2026-11", "partial", 0, 0),
    ]  # fmt: skip


def test_who_sees_one_company_alone_is_told_nothing_of_files_and_tickets(warehouse_of, address, as_reader):  # T-28
    tables = {
        "company": [{"company_id": n, "parent_company_id": n - 1 or None, "currency": "USD"} for n in (1, 2)],
        "client": [client(1, company_id=1), client(2, company_id=2)],
        "invoice": [bill(1, 1, "100"), bill(2, 2, "30", paid="1"), bill(3, 2, "5", "2026-10-20", paid="5")],
        "payment": [paid(2, "2026-10-05", "1", client_id=2), paid(3, "2026-11-20", "5", client_id=2)],
        "cdr_file": [file(1, "success", "2026-10-01", "2026-10-02")],
        "help_ticket": [{"opened_at": at("2026-10-01"), "status": "open"}],
    }
    warehouse_of(tables)
    with connect(as_reader(address), as_of=asked().as_of, company="2") as own:
        found = dashboard(own, asked())
    assert (found.metrics["customers"], found.metrics["owing"]) == (1, 29 + 5)  # what came later is taken off
    assert [row["client_id"] for row in found.top] == [2]
    nothing = {name for name, value in found.metrics.items() if value is None}
    assert nothing == {"cdr_success", "cdr_error", "cdr_waiting", "cdr_last", "disk_bytes", "open_tickets"}
    assert found.files == []


START = datetime(2024, 1, 1)
EDGES = [datetime(2024, m, 1) + timedelta(hours=h) for m in (2, 3, 4) for h in (-3, 0, 3)]
moments = st.one_of(
    st.sampled_from(EDGES),
    st.sampled_from(EDGES).map(lambda moment: moment - timedelta(microseconds=1)),
    st.integers(0, 150 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
)
days = moments.map(lambda moment: moment.date())
amounts = st.one_of(st.sampled_from([1, 10**6, 10**9 * 10**6]), st.integers(0, 10**8)).map(lambda n: D(n).scaleb(-6))
maybe = st.none().__or__


@st.composite
def histories(draw):
    """What happened, and the tables as they are after it: totals and paid sums are those of the end."""
    tables = {"client": [client(n, "2023-01-01", name="AABBCC"[n - 1]) for n in range(1, 7)]}
    tables |= {name: [] for name in ("invoice", "invoice_line", "invoice_revision", "payment", "cdr_file", "fx_rate")}
    for number in range(1, draw(st.integers(0, 8)) + 1):
        status = draw(st.sampled_from(["RECORDED", "RECORDED", "RECORDED", "DRAFT", "VOID"]))
        made = {"status": status, "currency": draw(st.sampled_from(["USD", "EUR"])), "created_at": draw(moments)}
        made |= {"invoice_date": draw(days), "due_date": draw(maybe(days)), "deleted_at": draw(maybe(moments))}
        made["total"] = documents(draw, tables, number, made["created_at"])
        made["paid_to_date"] = payments(draw, tables, number) if status == "RECORDED" else D(0)
        tables["invoice"].append(bill(number, draw(st.integers(1, 6)), "0") | made)
    tables["cdr_file"] = [draw(files(number)) for number in range(draw(st.integers(0, 6)))]
    known = {draw(moments): draw(st.integers(1, 10**10)) for _ in range(draw(st.integers(0, 2)))}
    if draw(st.integers(0, 5)):
        known[datetime(2023, 1, 1)] = 10**9
    for since, value in known.items():
        tables["fx_rate"].append(rate("EUR/USD", since.isoformat(sep=" "), "1") | {"rate": D(value).scaleb(-9)})
    return tables


def documents(draw, tables, number, made):
    """The lines and revisions of an invoice; what it comes to in the end."""
    total = D(0)
    for line in range(draw(st.integers(1, 2))):
        net, tax = draw(amounts), draw(amounts)
        key = {"invoice_id": number, "revision_no": 0, "line_no": line}
        tables["invoice_line"].append(key | {"amount": net, "tax": tax})
        total += net + tax
    for revision in range(1, draw(st.sampled_from([0, 0, 1, 2])) + 1):
        total, when = draw(amounts), made + timedelta(days=10 * revision, hours=draw(st.integers(0, 200)))
        key = {"invoice_id": number, "revision_no": revision}
        tables["invoice_revision"].append(key | {"revised_at": when, "total": total})
        tables["invoice_line"].append(key | {"line_no": 0, "amount": total})
    return total


def payments(draw, tables, number):
    """Payments of an invoice, some refunded in part; what they bring in the end."""
    received = D(0)
    for _ in range(draw(st.integers(0, 3))):
        amount, when, back = draw(amounts), draw(moments), draw(maybe(st.integers(0, 60)))
        half = amount / 2 // D("0.000001") * D("0.000001")
        gone = {"refunded_amount": D(0), "refunded_at": None}
        if back is not None:
            gone = {"refunded_amount": half, "refunded_at": when + timedelta(days=back)}
        row = {"invoice_id": number, "amount": amount, "paid_at": when, "created_at": when}
        tables["payment"].append(row | gone)
        received += amount - gone["refunded_amount"]
    return received


@st.composite
def files(draw, number):
    sent, ended = draw(moments), draw(maybe(st.integers(0, 10**5)))
    status = draw(st.sampled_from(["waiting", "processing"] if ended is None else ["success", "error"]))
    row = file(number, status, sent.isoformat(sep=" "), deleted_at=draw(maybe(moments)))
    return row | {"processed_at": None if ended is None else sent + timedelta(minutes=ended)}


@settings(max_examples=2 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_figures_equal_a_replay_of_what_happened(held, data):  # M-60, M-64 … M-66, M-68, M-69; T-53 … T-57
    tables, as_of = data.draw(histories()), data.draw(moments)
    zone = data.draw(st.sampled_from(["UTC", "Europe/Kyiv", "America/Santiago", "Pacific/Apia"]))
    month = data.draw(st.sampled_from(["previous", "rolling30"]))
    question = asked(
        "2023-01-01/2026-12-31", zone, as_of=as_of.replace(tzinfo=UTC), past_month=month, dates="created_at"
    )
    compare(held(tables, question.as_of), tables, question)


def compare(warehouse, tables, question):
    plain = Replayed(tables, question.as_of.replace(tzinfo=None), ZoneInfo(str(question.time_zone)))
    with exact():
        ages, past = plain.unpaid(), past_month(plain.today, question.past_month)
        top, listed = plain.top(*past), plain.invoices()
        recorded = [row for row in listed if row["status"] == "RECORDED"]
        short, plain.missing = plain.missing, set()
        issued = sum(
            (r["total"] * plain.rate(r["currency"], plain.day_begins(r["invoice_date"])) for r in recorded), D(0)
        )
    if short:
        with pytest.raises(RateError, match="EUR to USD"):
            dashboard(warehouse, question)
    else:
        found = dashboard(warehouse, question)
        assert {r["age"]: (r["invoices"], r["owing"], r["face"]) for r in found.ages} == ages
        assert found.past == past
        assert [(row["client_id"], row["total"]) for row in found.top] == top
        counted = plain.files()
        states = {name: found.metrics[f"cdr_{name}"] for name in ("success", "error", "waiting")}
        assert states == {name: counted[name] for name in states}
        assert found.metrics["disk_bytes"] == counted["bytes"]
        shown = {row["month"]: {name: row[name] for name in ("success", "error")} for row in found.files}
        assert shown == {key: {name: n[name] for name in ("success", "error")} for key, n in plain.months().items()}
        assert found.metrics["drafts"] == sum(row["status"] == "DRAFT" for row in listed)
    if plain.missing or short:
        return
    rows = invoices(warehouse, question).rows
    names = ("total", "paid", "owing", "revisions")
    assert {r["invoice_id"]: [r[n] for n in names] for r in rows} == {
        r["invoice_id"]: [r[n] for n in names] for r in listed
    }
    assert sum((row["issued"] for row in rows if row["issued"] is not None), D(0)) == issued


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_both_engines_say_so(warehouse_of, address, reading, data):  # T-74
    tables = data.draw(histories().filter(lambda found: len(found["invoice"]) > 5 and found["payment"]))
    warehouse_of(tables)
    for month in (2, 3, 4):
        question = asked(
            "2023-01-01/2026-12-31", "Europe/Kyiv", as_of=datetime(2024, month, 9, tzinfo=UTC), dates="created_at"
        )
        compare(reading(address, as_of=question.as_of), tables, question)
