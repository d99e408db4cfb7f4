"""On random messages the figures equal loops over plain rows, on both engines (T-74)."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from random import Random

import pytest
from books import rate
from letters import NOW, asked

from reports_lib.metrics.messaging import messaging
from reports_lib.metrics.notifications import notifications
from reports_lib.values.contact import CHANNELS, MESSAGE_STATUSES

FIRST = datetime(2026, 9, 20)
EDGES = [
    datetime(2026, 10, day, hour) for day in (1, 5, 25) for hour in (0, 3, 4, 21, 22, 23)
]  # midnights of the zones
ZONES = ["UTC", "Europe/Kyiv", "America/Santiago", "Asia/Kathmandu"]
SHORT = {  # M-24
    "Delivered": ["delivered"],
    "Not delivered": ["undelivered", "error"],
    "In progress": ["created", "created_optional", "pending", "delayed"],
    "Not sent": ["canceled", "omitted_optional"],
}
CHANGED = datetime(2026, 10, 5, 21, 30)  # the rate of the euro


def some(random):
    """A moment, often an edge or next to one."""
    if random.random() < 0.3:
        return random.choice(EDGES) - timedelta(microseconds=random.randint(0, 1))
    return FIRST + timedelta(minutes=random.randrange(46 * 24 * 60))


def letter(random):
    made = some(random)
    sent = random.choice([None, made, made + timedelta(minutes=random.randrange(3000)), some(random)])
    return {
        "notification_id": random.randint(1, 60),
        "channel": random.choice([*CHANNELS, "sms", "viber", "viber", "pager"]),
        "status": random.choice([*MESSAGE_STATUSES, "delivered", "delivered", "lost"]),
        "required": random.random() < 0.8,
        "created_at": made,
        "sent_at": sent,
        "delivered_at": random.choice([None, (sent or made) + timedelta(minutes=random.randrange(9000))]),
        "parts": random.choice([None, None, 1, 4]),
        "text_length": random.choice([None, 0, 70, 71, 134, 135, 160, 161, 306, 307]),
        "encoding": random.choice([None, "gsm7", "ucs2"]),
        "price": Decimal(random.choice([0, 1, 10**15, random.randint(0, 10**7)])).scaleb(-6),
        "currency": random.choice(["USD", "EUR"]),
    }


def questions(random):
    for number in range(8):
        first = datetime(2026, 9, 25) + timedelta(days=random.randrange(20))
        last = first + timedelta(days=random.choice([0, 3, 20, 130]))

        def few(values):
            return random.sample(list(values), random.randint(1, 4)) if random.random() < 0.4 else []

        text = f"{first.date()}/{last.date()}" if number % 3 else f"{first.date()}T08:15/{last.date()}T17:59:59"
        yield asked(text, ZONES[number % 4], channel=few(CHANNELS), status=few(MESSAGE_STATUSES))


class Plain:
    """The figures of a question by loops."""

    def __init__(self, letters, question):
        self.asked, self.now = question, NOW.replace(tzinfo=None)
        self.letters = [self.stood(row) for row in letters if row["created_at"] < self.now]

    def stood(self, row):
        status = row["status"]
        if status == "delivered" and row["delivered_at"] and row["delivered_at"] >= self.now:
            status = "pending"
        if row["sent_at"] and row["sent_at"] >= self.now:
            status = "created" if row["required"] else "created_optional"
        return row | {"status": status}

    def within(self, at):
        return at and self.asked.interval.start <= at.replace(tzinfo=UTC) < min(self.asked.interval.end, NOW)

    def step(self, at):
        local = at.replace(tzinfo=UTC).astimezone(self.asked.interval.zone)
        is_long = self.asked.interval.end - self.asked.interval.start > timedelta(days=93)
        return f"{local:%Y-%m}" if is_long else f"{local:%Y-%m-%d}"

    def passes(self, row):
        channel, status = self.asked.channel, self.asked.status
        return (not channel or row["channel"] in channel) and (not status or row["status"] in status)

    @property
    def made(self):
        return [row for row in self.letters if self.within(row["created_at"]) and self.passes(row)]

    @property
    def sent(self):
        return [row for row in self.letters if self.within(row["sent_at"])]

    def price(self, row):
        if row["currency"] == "USD":
            return row["price"]
        return row["price"] * (Decimal("1.1") if row["sent_at"] < CHANGED else Decimal("1.234567891"))


def parts(row):  # M-26
    if row["channel"] != "sms":
        return 0
    if row["parts"] is not None or row["text_length"] is None:
        return row["parts"] or 1
    alone, several = (70, 67) if row["encoding"] == "ucs2" else (160, 153)
    return 1 if row["text_length"] <= alone else -(-row["text_length"] // several)


def counts(rows, *names):
    """What is not 0, by the values of `names` but the last, which is the figure."""
    *by, figure = names
    return {tuple(row[name] for name in by): row[figure] for row in rows if row[figure]}


def name_of(labels, value):
    return labels.get(value, "Other")


def short(status):
    return next((name for name, all_ in SHORT.items() if status in all_), "Other")


def same_graphs(found, plain):
    made, sent = plain.made, [row for row in plain.sent if plain.passes(row)]
    arrived = [row for row in sent if row["status"] == "delivered"]
    whole = {"messages": len(made), "parts": sum(map(parts, made)), "sent": len(sent), "delivered": len(arrived)}
    whole |= {"notifications": len({row["notification_id"] for row in made}), "share": 100 if made else None}
    assert found.total == whole
    by = {
        "status": Counter((name_of(MESSAGE_STATUSES, row["status"]),) for row in made),
        "short_status": Counter((short(row["status"]),) for row in made),
        "channel": Counter((name_of(CHANNELS, row["channel"]),) for row in made),
    }
    for rows, key in (
        (found.by_status, "status"),
        (found.by_short_status, "short_status"),
        (found.by_channel, "channel"),
    ):
        assert counts(rows, key, "messages") == by[key]
        assert sum(row["share"] or 0 for row in rows) == (100 if made else 0)
    told = Counter(key for key, _ in {(plain.step(row["created_at"]), row["notification_id"]) for row in made})
    assert counts(found.by_step, "key", "notifications") == {(key,): count for key, count in told.items()}
    for rows, name in ((sent, "sent"), (arrived, "delivered")):
        each = Counter((plain.step(row["sent_at"]), name_of(CHANNELS, row["channel"])) for row in rows)
        assert counts(found.by_channel_and_step, "key", "channel", name) == each
        assert counts(found.by_step, "key", name) == Counter((plain.step(row["sent_at"]),) for row in rows)
    viber = [row for row in made if row["channel"] == "viber"]
    each = Counter((plain.step(row["created_at"]), name_of(MESSAGE_STATUSES, row["status"])) for row in viber)
    assert counts(found.viber, "key", "status", "messages") == each
    days = Counter(plain.step(row["created_at"]) for row in viber)
    for row in found.viber_wide("share"):
        of_day = [row[status] for status in found.viber_statuses]
        assert sum(share or 0 for share in of_day) == (100 if row["key"] in days else 0)
        exact = [Decimal(100 * each[row["key"], status]) / (days[row["key"]] or 1) for status in found.viber_statuses]
        assert all(abs((share or 0) - true) < Decimal("0.1") for share, true in zip(of_day, exact, strict=True))


def same_prices(found, plain):
    sent = plain.sent
    assert found.total["sent"] == len(sent)
    for row in [*found.by_channel, found.total | {"channel": None}]:
        mine = [each for each in sent if row["channel"] in (None, name_of(CHANNELS, each["channel"]))]
        with localcontext(prec=60):
            assert row["price"] == sum(map(plain.price, mine))
        assert (row["sent"], row["delivered"]) == (len(mine), sum(each["status"] == "delivered" for each in mine))
        assert row["delivered"] <= row["sent"]
    each = Counter((plain.step(row["sent_at"]), name_of(CHANNELS, row["channel"])) for row in sent)
    assert counts(found.sent_by_step, "key", "channel", "sent") == each


@pytest.fixture
def far_away(monkeypatch):
    """The operating system's zone, set to another one."""
    monkeypatch.setenv("TZ", "Pacific/Apia")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_away")
def test_figures_equal_plain_python(warehouse_of):  # M-20 … M-27, T-05, T-06
    random = Random(20261123)
    letters = [letter(random) for _ in range(400)]
    rates = [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", CHANGED.isoformat(), "1.234567891")]
    warehouse = warehouse_of({"message": letters, "fx_rate": rates}, NOW)
    if warehouse.backend.name == "postgres":
        warehouse.backend.con.execute("set time zone 'America/Santiago'")
    for question in questions(random):
        plain = Plain(letters, question)
        same_graphs(notifications(warehouse, question), plain)
        same_prices(messaging(warehouse, question), plain)
