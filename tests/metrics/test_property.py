"""On random small data the metrics equal an independent computation in plain Python, on both engines."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

import pytest
from brute_force import Books
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.errors import RateError
from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.values.interval import Interval

EXAMPLES = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "8"))
ZONES = ["UTC", "Europe/Kyiv", "America/Santiago", "Asia/Kathmandu", "America/New_York", "Pacific/Apia"]
FIRST = datetime(2024, 1, 1)
CURRENCIES = ["USD", "EUR", "UAH"]
# Edges that matter: local midnights and month ends of the zones, and a microsecond to either side.
EDGES = [datetime(2024, m, 1) + timedelta(hours=h) for m in (2, 3, 4) for h in (-3, -2, 0, 3, 4)]

moments = st.one_of(
    st.sampled_from(EDGES),
    st.sampled_from(EDGES).map(lambda at: at - timedelta(microseconds=1)),
    st.integers(0, 150 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes)),
)
amounts = st.one_of(st.sampled_from([0, 1, -1, 10**9 * 10**6]), st.integers(-(10**7), 10**7)).map(
    lambda n: Decimal(n).scaleb(-6)
)
clients, packages, currencies = st.integers(1, 5), st.integers(101, 103), st.sampled_from(CURRENCIES)


def fact(**columns):
    return st.fixed_dictionaries(columns)


def maybe(strategy):
    return st.none() | strategy


@st.composite
def books(draw):
    def some(strategy, most):
        return draw(st.lists(strategy, max_size=most))

    people = [
        draw(
            fact(
                client_id=st.just(number),
                client_type=st.sampled_from(["client", "reseller"]),
                company_id=st.integers(1, 3),
                owner_user_id=maybe(st.integers(1, 2)),
                created_at=st.one_of(st.just(FIRST), moments),
                deleted_at=maybe(moments),
            )
        )
        for number in range(1, 6)
    ]
    subscription = fact(
        client_id=clients,
        package_id=packages,
        quantity=st.integers(1, 3),
        assigned_at=moments,
        activated_at=maybe(moments),
        ended_at=maybe(moments),
        status=st.sampled_from(["active", "pending", "stopped"]),
    )
    subscriptions = [row | {"subscription_id": n} for n, row in enumerate(some(subscription, 5), 1)]
    period = fact(
        subscription_id=st.integers(1, max(len(subscriptions), 1)),
        kind=st.sampled_from(["activation", "renew"]),
        charged_at=maybe(moments),
        amount=amounts.map(abs),
        tax=maybe(st.just(Decimal("0.000001"))),
        currency=currencies,
        status=st.sampled_from(["charged", "charged", "failed", "rolled_back"]),
    )
    usage = fact(
        client_id=clients,
        started_at=moments,
        amount=amounts.map(abs),
        tax=maybe(st.just(Decimal("0.5"))),
        currency=currencies,
        is_paid=st.booleans(),
    )
    entry = fact(
        client_id=clients,
        posted_at=moments,
        kind=st.sampled_from(["opening", "payment", "payment", "usage_charge", "correction"]),
        amount=amounts,
        currency=currencies,
        status=st.sampled_from(["approved", "approved", "pending", "void"]),
    )
    invoice = fact(
        client_id=clients,
        created_at=moments,
        deleted_at=maybe(moments),
        status=st.sampled_from(["DRAFT", "RECORDED"]),
        total=amounts.map(abs),
        currency=currencies,
    )
    rate = fact(effective_from=moments, rate=st.integers(1, 10**11).map(lambda n: Decimal(n).scaleb(-9)))
    pairs = [("EUR", "USD"), ("UAH", "USD"), ("USD", "EUR"), ("USD", "UAH"), ("EUR", "UAH")]
    declared = {
        (*pair, row["effective_from"]): row["rate"]
        for pair in pairs
        for row in [{"effective_from": datetime(2023, 1, 1), "rate": Decimal("1.5")}] * (draw(st.integers(0, 9)) > 0)
        + some(rate, 2)
    }
    return {
        "company": [{"company_id": n, "parent_company_id": n - 1 or None, "currency": "USD"} for n in (1, 2, 3)],
        "client": people,
        "client_tag": [
            {"client_id": c, "tag": t} for c, t in sorted(draw(st.sets(st.tuples(clients, st.sampled_from("ab")))))
        ],
        "fx_rate": [
            {"from_currency": a, "to_currency": b, "effective_from": at, "rate": n}
            for (a, b, at), n in declared.items()
        ],
        "package": [{"package_id": p, "name": f"P{p}"} for p in (101, 102, 103)],
        "subscription": subscriptions,
        "subscription_period": [row | {"seq": n} for n, row in enumerate(some(period, 6) if subscriptions else [])],
        "usage_event": some(usage, 10),
        "ledger_entry": some(entry, 10),
        "invoice": some(invoice, 4),
        "client_activity": [
            {"client_id": c, "first_paid_at": a, "last_paid_at": b}
            for c, (a, b) in draw(
                st.dictionaries(clients, st.tuples(maybe(moments), maybe(moments)), max_size=2)
            ).items()
        ],
    }


@st.composite
def questions(draw, ask):
    start = draw(moments)
    end = start + timedelta(minutes=draw(st.integers(1, 100 * 24 * 60)))
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    few = lambda values: st.lists(st.sampled_from(values), unique=True, max_size=2)  # noqa: E731
    interval = Interval(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC), zone)
    group_by = draw(st.lists(st.sampled_from(["year", "month", "date", "package"]), unique=True))
    if "date" in group_by and end - start > timedelta(days=12):
        group_by.remove("date")  # the plain computation is slow
    return replace(
        ask("2024-01-01/2024-01-01"),
        interval=interval,
        as_of=draw(st.one_of(st.just(end + timedelta(days=1)), moments)).replace(tzinfo=UTC),
        client_type=draw(few(["client", "reseller"])),
        client_tags=draw(few(["a", "b"])),
        company=draw(few(["1", "2", "3"])),
        include_sub_companies=draw(st.booleans()),
        owner_user=draw(few(["1", "2"])),
        package=draw(few(["101", "102"])),
        group_by=group_by,
        currency=draw(currencies),
        active_duration=draw(st.sampled_from([1, 1, 2, 12])),
        fx_mode=draw(st.sampled_from(["event", "event", "report_end"])),
        tax_mode=draw(st.sampled_from(["gross", "net"])),
        balance_mode=draw(st.sampled_from(["live", "live", "fixed"])),
    )


def test_metrics_equal_plain_python(warehouse_of, ask):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        tables, asked = data.draw(books()), data.draw(questions(ask))
        with warehouse_of(tables, asked.as_of) as warehouse:
            compare(warehouse, tables, asked)

    check()


def compare(warehouse, tables, asked):
    if asked.interval.start >= asked.as_of:
        assert customer_dynamics(warehouse, asked).rows == []
        return
    plain = Books(tables, asked)
    with localcontext(prec=60):
        rows, total = plain.report()
    if plain.missing:
        with pytest.raises(RateError) as error:
            customer_dynamics(warehouse, asked)
        for currency, day in sorted(plain.missing)[:1]:  # the list is cut when it grows long
            assert currency in str(error.value)
            assert len(plain.missing) > 1 or str(day) in str(error.value)
        return
    found = customer_dynamics(warehouse, asked)
    names = {"P101": 101, "P102": 102, "P103": 103, "(no package)": None}
    shown = {(r["bucket"], "whole"): r for r in found.buckets}
    if "package" in asked.group_by:
        shown |= {(r["bucket"], names[r["package"]]): r for r in found.rows}
    whole = str(asked.interval)
    for (key, group), figures in rows.items():
        row = shown.pop((key or whole, group), None)
        if row is None:  # packages that nobody held nor was charged for in the report have no rows
            assert not any(figures.values()), (key, group)
            continue
        assert {name: row[name] for name in figures} == figures, (key, group)
    assert not shown
    assert {name: found.total[name] for name in total} == total
