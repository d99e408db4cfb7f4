"""Orig-Term: both sides of every event, once each, on both engines as a plain computation has it (JD-79)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from bills import NOW
from books import at, client, rate, used

from reports_lib.errors import ParameterError, RateError
from reports_lib.metrics import orig_term as module
from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.metrics.orig_term import MOST, orig_term
from reports_lib.metrics.traffic import KEYS, beside
from reports_lib.values.interval import Comparison, Interval

OCTOBER = "2026-10-01/2026-10-31"
KYIV = "Europe/Kyiv"
SERVICES = [("Calls", "second"), ("Text", "message"), ("Data", "byte"), ("Chat", "event")]
RATES = [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", "2026-10-11 10:30", "1.234567891")]


@dataclass(frozen=True)
class Asked:
    """A question with the notebook's defaults."""

    interval: Interval
    group_by: tuple[str, ...]
    as_of: datetime = NOW
    client_type: tuple[str, ...] = ()
    client_tags: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    include_sub_companies: bool = False
    owner_user: tuple[str, ...] = ()
    package: tuple[str, ...] = ()
    currency: str = "USD"
    empty_buckets: str = "show"


def asked(*group_by, interval=OCTOBER, zone="UTC", **changes):
    as_of = changes.get("as_of", NOW)
    return Asked(Interval.parse(interval, ZoneInfo(zone), as_of), group_by, **changes)


def event(who, when, amount, peer=None, **columns):
    other = {} if peer is None else {"peer_client_id": peer[0], "peer_amount": Decimal(peer[1])}
    return used(who, when, amount, service_id=1, volume=Decimal(60)) | other | columns


def tables(*events, **more):
    services = [{"service_id": n, "name": name, "unit": unit} for n, (name, unit) in enumerate(SERVICES, 1)]
    clients = [client(n, name=name, company_id=company) for n, name, company in ((1, "Ann", 1), (2, "Bob", 2))]
    companies = [{"company_id": 1, "name": "Head"}, {"company_id": 2, "name": "Branch", "parent_company_id": 1}]
    found = {"service": services, "client": clients, "company": companies, "usage_event": events, "fx_rate": RATES}
    return found | more


def amounts(row):
    return row["orig_total"], row["term_total"], row["profit"]


def test_both_sides_of_a_call_and_of_a_toll_free_one(held):  # JD-79
    call = event(1, "2026-10-02", "10", (2, "4"), account_id="380", code="44")
    toll_free = event(1, "2026-10-03", "5", (2, "2"), origin="term", account_id="800", code="44")
    found = orig_term(
        held(tables(call, toll_free)), asked("orig_client", "orig_account", "term_client", "term_account")
    )
    assert [
        (row["orig_client"], row["orig_account"], row["term_client"], row["term_account"]) for row in found.rows
    ] == [
        ("Ann", "380", "Bob", "(unknown)"),
        ("Bob", "(unknown)", "Ann", "800"),
    ]
    assert [amounts(row) for row in found.rows] == [(10, 4, 6), (-2, -5, 3)]
    assert amounts(found.total) == (8, -1, 9)
    assert (found.total["events"], found.total["volume_second"], found.units) == (2, 2, ["second"])  # minutes


def test_an_event_whose_other_leg_is_not_known_is_counted_as_such(held):
    found = orig_term(held(tables(event(1, "2026-10-02", "10"), event(1, "2026-10-02", "1", (2, "3")))), asked("month"))
    assert amounts(found.total) == (11, 3, 8)
    assert found.total["single"] == 1


def test_two_hours_of_one_name_are_two_rows(held):  # T-03
    moments = ["2026-10-24 23:59:59.999999", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:59:59.999999"]
    events = [event(1, moment, str(10**place)) for place, moment in enumerate(moments)]
    question = asked("hour", interval="2026-10-25/2026-10-25", zone=KYIV)
    found = orig_term(held(tables(*events)), question)
    assert len(found.rows) == 25  # G-5
    assert {row["hour"]: row["orig_total"] for row in found.rows if row["events"]} == {
        "2026-10-25 02:00": 1,
        "2026-10-25 03:00+03:00": 10,
        "2026-10-25 03:00+02:00": 1100,
    }
    hidden = orig_term(held(tables(*events)), asked("hour", interval=OCTOBER, zone=KYIV, empty_buckets="hide"))
    assert len(hidden.rows) == 3


def test_hours_of_a_zone_that_is_no_full_hour_ahead(held):  # T-05
    events = [event(1, "2026-10-05 00:14:59.999999", "1"), event(1, "2026-10-05 00:15", "2")]
    found = orig_term(held(tables(*events)), asked("hour", zone="Asia/Kathmandu", empty_buckets="hide"))
    assert [(row["hour"], row["orig_total"]) for row in found.rows] == [
        ("2026-10-05 05:00", 1),
        ("2026-10-05 06:00", 2),
    ]


def test_clients_of_one_name_are_told_apart_and_ordered(held):  # G-11
    found = orig_term(
        held(tables(event(7, "2026-10-02", "1"), event(3, "2026-10-02", "2"), event(9, "2026-10-02", "3"),
                    client=[client(7, name="Eve"), client(3, name="Eve")])),
        asked("orig_client"),
    )  # fmt: skip
    assert [row["orig_client"] for row in found.rows] == ["Eve (3)", "Eve (7)", "client 9"]
    assert [row["group"] for row in found.largest(2)] == ["client 9", "Eve (3)"]


def test_only_the_usage_of_the_clients_asked_for(held):  # G-12
    events = [event(1, "2026-10-02", "1"), event(2, "2026-10-02", "2")]
    subscriptions = [
        {"subscription_id": 5, "client_id": 2, "package_id": 4, "assigned_at": at("2026-10-30"), "status": "x"}
    ]
    clients = [client(1, company_id=1, owner_user_id=8), client(2, company_id=2, client_type="reseller")]
    books = held(tables(*events, client=clients, subscription=subscriptions))
    for changes, total in (
        ({"company": ("1",)}, 1),
        ({"company": ("1",), "include_sub_companies": True}, 3),
        ({"owner_user": ("8",)}, 1),
        ({"package": ("4",)}, 2),
        ({"client_type": ("reseller",)}, 2),
        ({"client_type": ("reseller",), "owner_user": ("8",)}, 0),
    ):
        assert orig_term(books, asked("month", **changes)).total["orig_total"] == total, changes


def test_what_cannot_be_answered_says_what_to_do(held, monkeypatch):
    books = held(tables(event(1, "2026-10-02", "1", currency="JPY")))
    with pytest.raises(ParameterError, match="choose at least one"):
        orig_term(books, asked())
    with pytest.raises(ParameterError, match=f"more than {MOST:,} hours: choose a shorter one"):
        orig_term(books, asked("hour", interval="2023-01-01/2026-10-31"))
    with pytest.raises(RateError, match="JPY to USD on 2026-10-02"):  # T-14
        orig_term(books, asked("month"))
    monkeypatch.setattr(module, "MOST", 1)  # of groups that no other test asks for: a query is compiled once
    two = [event(1, "2026-10-02", "1", code=f"{n}") for n in range(2)]
    with pytest.raises(ParameterError, match="choose fewer groupings"):
        orig_term(held(tables(*two)), asked("code", "code_name", "country"))


def test_free_events_need_no_rate(held):
    found = orig_term(held(tables(event(1, "2026-10-02", "0", currency="JPY"))), asked("month"))
    assert (amounts(found.total), found.total["events"]) == ((0, 0, 0), 1)


def test_rows_of_two_intervals_side_by_side(held):  # G-14
    events = [event(1, "2026-10-24 10:00", "4"), event(2, "2026-10-24 10:00", "8"), event(1, "2026-10-25 10:00", "6")]
    days = asked("orig_client", interval="2026-10-25/2026-10-25", zone=KYIV)
    earlier = Asked(days.interval.shifted(Comparison.PREVIOUS_DAY), days.group_by)
    books = held(tables(*events))
    rows = beside(orig_term(books, days), orig_term(books, earlier), ["profit"])
    figures = [[row[f"profit_{part}"] for part in ("current", "compared", "difference", "percent")] for row in rows]
    assert [row["orig_client"] for row in rows] == ["Ann", "Bob"]
    assert figures == [[6, 4, 2, 50], [0, 8, -8, -100]]
    hours = [Asked(each.interval, ("hour",)) for each in (days, earlier)]
    last = beside(*(orig_term(books, each) for each in hours), ["profit"])[-1]  # the 25th hour has none before it
    assert (last["hour"], last["profit_current"], last["profit_compared"]) == ("2026-10-25 23:00", 0, None)


@pytest.fixture(scope="module")
def traffic_of_a_month():
    """Events of October and the days around it, of every sort."""
    random = Random(7)
    begun = datetime(2026, 9, 29)
    return [
        event(
            random.choice([1, 2, 3, 9]),
            str(begun + timedelta(seconds=random.randrange(35 * 86_400))),
            f"{random.randrange(100_000)}e-4",
            random.choice([None, (random.choice([1, 2, 3]), f"{random.randrange(90_000)}e-4")]),
            origin=random.choice(["orig", "orig", "term"]),
            currency=random.choice(["EUR", "USD"]),
            account_id=random.choice(["380", "800", None]),
            country=random.choice(["DE", "UA", None]),
            volume=Decimal(random.randrange(5_000)),
        )
        | {"service_id": random.randrange(1, 6)}
        for _ in range(400)
    ]


def plainly(events, interval, zone, keys):
    """The same sums, event by event."""
    rates = [(each["effective_from"], each["rate"]) for each in RATES]
    sums = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for each in events:
        if not interval.start <= each["started_at"].replace(tzinfo=UTC) < interval.end:
            continue
        worth = 1 if each["currency"] == "USD" else max(r for r in rates if r[0] <= each["started_at"])[1]
        shown = each["started_at"].replace(tzinfo=UTC).astimezone(zone)
        own, other = each["client_id"], each.get("peer_client_id")
        sides = (own, other) if each["origin"] == "orig" else (other, own)
        costs = (each["amount"], each.get("peer_amount") or 0)
        costs = costs if each["origin"] == "orig" else (-costs[1], -costs[0])
        hour = shown.strftime("%Y-%m-%d %H:00") + (shown.isoformat()[-6:] if f"{shown:%d%H}" == "2503" else "")
        named = {"hour": hour, "date": hour[:10], "orig_client": sides[0], "term_client": sides[1]}
        named |= {"country": each["country"], "service": each["service_id"]}
        found = sums[tuple(named[key] for key in keys)]
        found[0], found[1], found[2] = found[0] + 1, found[1] + worth * costs[0], found[2] + worth * costs[1]
    return dict(sums)


@pytest.mark.parametrize("keys", [("date",), ("hour", "country"), ("orig_client", "term_client", "service")])
def test_it_is_what_a_plain_computation_has(warehouse_of, traffic_of_a_month, keys):  # T-12, T-13, T-16
    question = asked(*keys, zone=KYIV, empty_buckets="hide")
    found = orig_term(warehouse_of(tables(*traffic_of_a_month), NOW), question)
    expected = plainly(traffic_of_a_month, question.interval, ZoneInfo(KYIV), [key for key in KEYS if key in keys])
    times = [key for key in KEYS[:4] if key in keys]
    rows = {(*(row[key] for key in times), *row["ids"]): row for row in found.rows}
    assert {key: [row["events"], row["orig_total"], row["term_total"]] for key, row in rows.items()} == expected
    assert found.total["orig_total"] == sum(each[1] for each in expected.values())  # G-10


def test_what_clients_are_charged_is_customer_dynamics_pay_as_you_go(warehouse_of, ask):  # M-11: two reports, one truth
    events = [event(n % 2 + 1, f"2026-10-{n:02}", f"{n}.37", currency=("EUR", "USD")[n % 2]) for n in range(1, 29)]
    warehouse = warehouse_of(tables(*events), NOW)
    whole = customer_dynamics(warehouse, ask(OCTOBER)).total
    assert orig_term(warehouse, asked("date")).total["orig_total"] == whole["payg_total"] > 0
