"""Income: which payments count, when, at which rate, and that its parts come to the whole."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from random import Random
from zoneinfo import ZoneInfo

import pytest
from bills import NOW, paid
from books import at, client, rate

from reports_lib.display import Column
from reports_lib.errors import RateError
from reports_lib.metrics.income import SERIES, THE_REST, income
from reports_lib.values.interval import Interval

OCTOBER = "2026-10-01/2026-10-31"
USER, TELECOM = 1, 2
CLIENTS = [client(USER, client_type="ott_user"), client(TELECOM, client_type="client")]
NOTHING = {"gross": 0, "refunds": 0, "net": 0, "payments": 0, "refunded": 0, "purchases": 0}


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    interval: Interval
    as_of: datetime = NOW
    currency: str = "USD"


def asked(interval=OCTOBER, zone="UTC", as_of=NOW, **changes):
    return Asked(Interval.parse(interval, ZoneInfo(zone), as_of), as_of, **changes)


def took(when, amount="10", status="approved", back=None, **columns):
    """A payment of a user; `back` is when how much of it went back."""
    usual = {"status": status, "gateway": "Stripe", "method": "card", "purchase_id": 7}
    return paid(None, when, amount, back, **usual | columns)


def books(*payments, **tables):
    return {"client": CLIENTS, "payment": payments, "purchase": []} | tables


def flows(row):
    return {name: row[name] for name in ("gross", "refunds", "net")}


def of(rows, name="gross"):
    """What is not 0, by name."""
    return {row["name"]: row[name] for row in rows if row[name]}


def by_day(found, name):
    return {row["key"]: row[name] for row in found.by_step if row[name]}


def test_gross_refunds_and_net_each_at_its_own_moment(held):  # MS-65, MS-67, M-75
    found = income(
        held(
            books(
                took("2026-10-01"),
                took("2026-10-02", "20", "refunded", ("2026-10-05", "20")),
                took("2026-10-02", "30", back=("2026-10-05", "12.50")),  # in part: it stays approved
                took("2026-10-03", "40", "chargeback", ("2026-10-31", "0")),  # no amount is told: all of it
                took("2026-09-30", "50", "refunded", ("2026-10-01", "50")),  # paid before, but went back now
                took("2026-10-31", "60", "refunded", ("2026-11-01", "60")),  # went back only after
            )
        ),
        asked(),
    )
    counts = {"payments": 5, "refunded": 4, "purchases": 0, "share": 100, "average": 32}
    assert found.total == {"gross": 160, "refunds": Decimal("122.5"), "net": Decimal("37.5")} | counts
    assert by_day(found, "gross") == {"2026-10-01": 10, "2026-10-02": 50, "2026-10-03": 40, "2026-10-31": 60}
    assert by_day(found, "refunds") == {"2026-10-01": 50, "2026-10-05": Decimal("32.5"), "2026-10-31": 40}
    assert by_day(found, "net")["2026-10-01"] == -40  # more went back than came in
    assert [row["amount"] for row in found.by_kind[:3]] == [10, 50, -40]


@pytest.mark.parametrize("status", ["created", "pending", "rejected", "cancelled"])
def test_what_was_not_approved_never_counts(held, status):  # M-75
    rows = [took("2026-10-02", "20", status, ("2026-10-05", "20"))]
    assert income(held(books(*rows)), asked()).total.items() >= NOTHING.items()


def test_what_came_back_only_since_as_of_has_not_come_back(held):  # G-1, T-09
    rows = [
        took("2026-10-02", "20", "refunded", ("2026-10-05", "20")),
        took("2026-10-05", "1", created_at=at("2026-10-01")),  # was paid at as-of, and so not before it
        took("2026-10-01", "30", "refunded", ("2026-10-04", "10")),
    ]
    moment = datetime(2026, 10, 5, tzinfo=UTC)
    found = income(held(books(*rows), moment), asked(as_of=moment))
    assert flows(found.total) == {"gross": 50, "refunds": 10, "net": 40}
    assert [row["key"] for row in found.by_step][-1] == "2026-10-04"


def test_moments_that_are_not_told(held):  # M-75
    rows = [
        took("2026-10-02", paid_at=None),  # when its record was made
        took("2026-10-03", "20", "refunded", paid_at=None),  # as is when it went back
        took("2026-10-04", "30", "chargeback"),
        took("2026-09-04", "40", "chargeback"),  # of another period
    ]
    found = income(held(books(*rows)), asked())
    assert by_day(found, "gross") == {"2026-10-02": 10, "2026-10-03": 20, "2026-10-04": 30}
    assert by_day(found, "refunds") == {"2026-10-03": 20, "2026-10-04": 30}
    assert found.notes == [
        "Payments that do not tell when they were paid: 2, each counted when it was recorded.",
        "Refunds that do not tell when they were made: 2, each counted when its payment was made.",
    ]


def test_a_payment_below_0_is_a_refund_and_one_of_0_is_none(held):  # M-75
    found = income(held(books(took("2026-10-02"), took("2026-10-03", "-4"), took("2026-10-04", "0"))), asked())
    assert flows(found.total) == {"gross": 10, "refunds": 4, "net": 6}
    assert (found.total["payments"], found.total["refunded"]) == (1, 1)


@pytest.mark.parametrize(
    ("counts", "columns"),
    [
        (True, {"purchase_id": 7}),
        (True, {"purchase_id": 7, "invoice_id": 5}),  # what names a purchase is paid for it, whatever else it names
        (True, {"purchase_id": 7, "client_id": 99}),  # of a client that the warehouse does not have
        (True, {"purchase_id": None}),  # a renewal
        (False, {"purchase_id": None, "invoice_id": 5}),
        (False, {"purchase_id": None, "payment_id": -5, "gateway": "daybook"}),  # entered here, of several invoices
        (False, {"purchase_id": None, "client_id": TELECOM}),
    ],
)
def test_which_payments_are_of_the_platform(held, counts, columns):  # M-71, M-75
    found = income(held(books(took("2026-10-02", **columns))), asked())
    assert found.total["payments"] == counts


def test_gateways_and_methods_come_to_gross_and_what_is_unknown_is_shown(held):  # MS-68, MS-70, M-76, M-27
    rows = [
        took("2026-10-01", "10"),
        took("2026-10-01", "10", gateway="PayPal", method="wallet"),
        took("2026-10-02", "10", gateway=" PayPal", method=" Wallet "),
        took("2026-10-02", "3", gateway="", method=""),
        took("2026-10-03", "2", gateway="key", method="crypto"),  # called as a column is
        took("2026-10-03", "1", gateway="Bank", method="other"),
        took("2026-09-03", "5", "refunded", ("2026-10-03", "5"), gateway="Kiosk", method="cash"),  # went back, no more
    ]
    found = income(held(books(*rows)), asked())
    assert of(found.by_gateway.rows) == {"PayPal": 20, "Stripe": 10, "Unknown": 3, "key": 2, "Bank": 1}
    assert of(found.by_method.rows) == {"Wallet": 20, "Card": 10, "Other": 3, "Unknown": 3}
    assert found.notes == ["Payments and refunds under Other: 1, for their method is not known ('crypto')."]
    for split in (found.by_gateway, found.by_method):
        assert sum(row["share"] for row in split.rows) == 100
        for name in ("gross", "refunds", "net", "payments", "refunded"):
            assert sum(row[name] for row in split.rows) == found.total[name]
        assert sum(split.total.values()) == sum(row["gross"] for row in split.by_step) == found.total["gross"]
        assert len(split.wide) == 31
    assert found.by_gateway.rows[-1] | {"share": 0, "average": None} == found.by_gateway.rows[-1]  # Kiosk
    assert found.by_gateway.wide[2] == {
        "key": "2026-10-03", "extent": "", "gross_1": 0, "gross_2": 0, "gross_3": 0, "gross_4": 2, "gross_5": 1,
    }  # fmt: skip
    assert found.by_gateway.columns["gross_4"] == "key"


@pytest.mark.parametrize(("gateways", "drawn"), [(SERIES, SERIES), (SERIES + 4, SERIES)])
def test_of_many_gateways_the_smaller_ones_are_drawn_as_one(held, gateways, drawn):  # MS-68
    rows = [took("2026-10-02", str(number), gateway=f"G{number:02}") for number in range(1, gateways + 1)]
    split = income(held(books(*rows)), asked()).by_gateway
    assert len(split.rows) == gateways
    names = list(split.columns.values())
    assert len(names) == drawn
    assert (names[-1] == THE_REST) == (gateways > SERIES)
    assert sum(split.total.values()) == sum(range(1, gateways + 1))


def test_purchases_are_those_approved_by_their_moment(held):  # MS-65, M-71
    rows = [
        {"client_id": USER, "status": status, "purchased_at": at(when), "kind": "ppv_vod"}
        for status, when in [
            ("approved", "2026-10-01"),
            ("approved", "2026-10-31 23:59:59.999999"),
            ("approved", "2026-11-01"),
            ("approved", "2026-09-30"),
            ("pending", "2026-10-02"),
            ("rejected", "2026-10-02"),
            ("cancelled", "2026-10-02"),
        ]
    ]
    found = income(held(books(took("2026-10-02"), took("2026-10-03"), purchase=rows)), asked())
    assert (found.total["purchases"], found.total["payments"]) == (2, 2)  # none of these was paid: a coupon of 100 %
    assert by_day(found, "purchases") == {"2026-10-01": 1, "2026-10-31": 1}
    assert found.data_interval == (
        datetime(2026, 10, 1, tzinfo=UTC),
        at("2026-10-31 23:59:59.999999").replace(tzinfo=UTC),
    )


def test_payments_and_refunds_at_the_rates_of_their_own_moments(held):  # T-12, T-13, G-8
    rates = [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", "2026-10-10 12:00", "1.2")]
    rows = [
        took("2026-10-10 11:59:59.999999", currency="EUR"),
        took("2026-10-10 12:00", currency="EUR"),  # the very moment of the new rate
        took("2026-10-02", "10", "refunded", ("2026-10-20", "10"), currency="EUR"),
        took("2026-10-05", "0", currency="JPY"),  # nothing: no rate is needed
        took("2026-10-05", "1", "rejected", currency="JPY"),
    ]
    found = income(held(books(*rows, fx_rate=rates)), asked())
    assert flows(found.total) == {"gross": 34, "refunds": 12, "net": 22}
    assert by_day(found, "gross") == {"2026-10-02": 11, "2026-10-10": 23}
    assert by_day(found, "net") == {"2026-10-02": 11, "2026-10-10": 23, "2026-10-20": -12}


def test_missing_rates_are_named_by_currency_and_day(held):  # T-14
    rows = [took(f"2026-10-{day:02}", "1", currency=code) for code, day in [("EUR", 4), ("JPY", 6), ("EUR", 7)]]
    rows.append(took("2026-10-08", "1", "refunded", ("2026-10-09", "1"), currency="GBP"))
    rates = [rate("EUR/USD", "2026-10-07", "1.1"), rate("GBP/USD", "2026-10-01", "1.3")]
    warehouse = held(books(*rows, fx_rate=rates[:1]))
    missing = "EUR to USD on 2026-10-04, GBP to USD on 2026-10-08, GBP to USD on 2026-10-09, JPY to USD on 2026-10-06"
    with pytest.raises(RateError, match=f"{missing}$"):
        income(warehouse, asked("2026-06-01/2026-10-31"))  # by month
    warehouse = held(books(rows[-1], fx_rate=rates))
    assert flows(income(warehouse, asked()).total) == {"gross": Decimal("1.3"), "refunds": Decimal("1.3"), "net": 0}


def test_sums_are_exact_and_rounded_once(held):  # T-15, T-19
    small = income(held(books(*[took("2026-10-02", "0.005")] * 3)), asked()).total
    assert small["gross"] == Decimal("0.015")
    assert Column("gross", "Gross", "money").value(small) == Decimal("0.02")
    rates = [rate("EUR/USD", "2026-01-01", "1.000000001")]
    large = [took("2026-10-02", "999999999999.999999", back=("2026-10-03", "0.000001"), currency="EUR")] * 9
    total = income(held(books(*large, fx_rate=rates)), asked()).total
    with localcontext(prec=60):
        assert total["gross"] == 9 * Decimal("999999999999.999999") * Decimal("1.000000001")
        assert total["net"] == total["gross"] - 9 * Decimal("0.000001") * Decimal("1.000000001")


def test_days_are_those_of_the_zone_and_begin_at_the_time_asked_for(held):  # MS-66, MS-71, T-01, T-05
    warehouse = held(books(took("2026-10-04 22:30"), took("2026-10-05 03:30"), took("2026-10-31 23:59:59.999999")))

    def days(zone):
        return list(by_day(income(warehouse, asked(zone=zone)), "gross"))

    assert days("UTC") == ["2026-10-04", "2026-10-05", "2026-10-31"]
    assert days("Europe/Kyiv") == ["2026-10-05"]  # both; the last is in November there
    assert days("America/Santiago") == ["2026-10-04", "2026-10-05", "2026-10-31"]
    found = income(warehouse, asked("2026-10-04T22:30/2026-10-05T03:29"))
    assert (found.total["payments"], found.by_step[0]["extent"]) == (1, "partial")


def test_a_period_without_a_payment_and_one_to_come(held):  # T-11, G-5, G-9
    for interval, steps in ((OCTOBER, 31), ("2027-01-01/2027-01-02", 0)):
        found = income(held(books()), asked(interval))
        assert found.total == NOTHING | {"share": None, "average": None}
        assert len(found.by_step) == steps
        assert found.by_gateway.rows == found.by_gateway.wide == found.by_method.by_step == found.notes == []
        assert found.data_interval is None


CHANGED = datetime(2026, 10, 5, 21, 30)  # the rate of the euro
EDGES = [datetime(2026, 10, day, hour) for day in (1, 5, 25) for hour in (0, 3, 21, 22)]  # midnights of the zones
ZONES = ["UTC", "Europe/Kyiv", "America/Santiago", "Asia/Kathmandu"]
STATUSES = ["approved", "approved", "refunded", "chargeback", "created", "pending", "rejected", "cancelled"]
METHODS = {"card": "Card", "Wallet ": "Wallet", "crypto": "Other", "other": "Other", "": "Unknown"}


def some(random):
    """A moment, often an edge or next to one."""
    if random.random() < 0.3:
        return random.choice([*EDGES, CHANGED]) - timedelta(microseconds=random.randint(0, 1))
    return datetime(2026, 9, 20) + timedelta(minutes=random.randrange(46 * 24 * 60))


def payment(random):
    made, amount = some(random), Decimal(random.choice([0, 1, -5, 10**17, random.randint(1, 10**8)])).scaleb(-6)
    return {
        "client_id": random.choice([USER, USER, TELECOM, 3]),
        "purchase_id": random.choice([None, 1, 2]),
        "invoice_id": random.choice([None, None, None, 4]),
        "gateway": random.choice(["Stripe", "PayPal", "Webpay", ""]),
        "method": random.choice(list(METHODS)),
        "amount": amount,
        "currency": random.choice(["USD", "EUR"]),
        "status": random.choice(STATUSES),
        "created_at": made,
        "paid_at": random.choice([None, made, made + timedelta(minutes=random.randrange(3000)), some(random)]),
        "refunded_amount": random.choice([Decimal(0), Decimal(0), max(amount, 0), Decimal("0.000001")]),
        "refunded_at": random.choice([None, some(random), made + timedelta(days=random.randrange(40))]),
    }


def moved(row):
    """When how much came in with a payment, below 0 if it went back."""
    if row["status"] not in ("approved", "refunded", "chargeback"):
        return
    if row["purchase_id"] is None and (row["client_id"] != USER or row["invoice_id"]):
        return
    paid_at = row["paid_at"] or row["created_at"]
    yield paid_at, row["amount"]
    back = row["refunded_amount"]
    if not back and row["status"] != "approved":
        back = max(row["amount"], 0)
    yield row["refunded_at"] or paid_at, -back


def plain(payments, question):
    """Gross, refunds and how many there are of either, by step, by gateway and by method, by loops."""
    now, zone = NOW.replace(tzinfo=None), question.interval.zone
    first, last = (end.replace(tzinfo=None) for end in (question.interval.start, question.interval.end))
    shape = "%Y-%m" if last - first > timedelta(days=93) else "%Y-%m-%d"
    found = defaultdict(lambda: [Decimal(0), Decimal(0), 0, 0])
    for row in payments:
        for when, amount in moved(row) if row["created_at"] < now else ():
            if not amount or not first <= when < min(last, now):
                continue
            one = Decimal(1) if row["currency"] == "USD" else Decimal("1.1" if when < CHANGED else "1.234567891")
            step = when.replace(tzinfo=UTC).astimezone(zone).strftime(shape)
            side = amount < 0
            for key in (("step", step), ("gateway", row["gateway"] or "Unknown"), ("method", METHODS[row["method"]])):
                found[key][side] += abs(amount) * one
                found[key][2 + side] += 1
    return found


def test_figures_equal_plain_python(warehouse_of):  # M-75, M-76, T-05, T-12, T-74
    random = Random(20261123)
    payments = [payment(random) for _ in range(400)]
    rates = [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", CHANGED.isoformat(), "1.234567891")]
    warehouse = warehouse_of({"client": CLIENTS, "payment": payments, "fx_rate": rates}, NOW)
    for number in range(8):
        start = datetime(2026, 9, 25) + timedelta(days=random.randrange(20))
        end = start + timedelta(days=random.choice([0, 3, 20, 130]))
        text = f"{start.date()}T08:15/{end.date()}T17:59:59" if number % 3 == 0 else f"{start.date()}/{end.date()}"
        question = asked(text, ZONES[number % 4])
        found = income(warehouse, question)
        rows = {("step", row["key"]): row for row in found.by_step if row["payments"] or row["refunded"]}
        rows |= {("gateway", row["name"]): row for row in found.by_gateway.rows}
        rows |= {("method", row["name"]): row for row in found.by_method.rows}
        with localcontext(prec=60):
            expected = plain(payments, question)
            shown = {key: [row[n] for n in ("gross", "refunds", "payments", "refunded")] for key, row in rows.items()}
            assert shown == dict(expected)
            assert all(row["net"] == row["gross"] - row["refunds"] for row in rows.values())
            for kind in ("step", "gateway", "method"):  # each comes to the whole
                for name in ("gross", "refunds", "net", "payments", "refunded"):
                    assert sum(row[name] for key, row in rows.items() if key[0] == kind) == found.total[name]
            for split in (found.by_gateway, found.by_method):
                assert sum(split.total.values()) == found.total["gross"]
                assert sum(row["share"] or 0 for row in split.rows) == (100 if found.total["gross"] else 0)
