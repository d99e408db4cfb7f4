"""On random dialogues the figures of chats equal loops over plain rows, on both engines (T-74)."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from books import rate
from chatting import EMPTY, NOW, asked, chat

from reports_lib.metrics.chat_messages import messages
from reports_lib.metrics.chats import handled
from reports_lib.metrics.phrases import phrase, phrases
from reports_lib.metrics.places import web_places
from reports_lib.values.contact import MESSENGERS

FIRST = datetime(2026, 9, 25)
EDGES = [datetime(2026, 10, day, hour) for day in (5, 20) for hour in (0, 3, 21, 22)]  # midnights of the zones
TEXTS = ["Hi", "hi!", " HI ", "code 12345", "code 99999.", "a@b.com", "c@d.org!", "???", "", None, "Дякую", "дякую…"]
TELEGRAM = 2


def some(random):
    """A moment of the report, often an edge or next to one."""
    if random.random() < 0.3:
        return random.choice(EDGES) - timedelta(microseconds=random.randint(0, 1))
    return FIRST + timedelta(minutes=random.randrange(40 * 24 * 60))


def books(random):
    sessions = [
        {
            "session_id": number,
            "chat_id": random.randint(1, 4),
            "bot_id": random.choice([None, 1, 2]),
            "started_at": some(random),
            "latitude": random.choice([None, -90.0, 90.0, random.uniform(-90, 90)]),
            "longitude": random.choice([None, 180.0, random.uniform(-180, 180)]),
        }
        for number in range(1, 61)
    ]
    talk = [
        {
            "session_id": of["session_id"],
            "sent_at": of["started_at"] + timedelta(minutes=random.choice([0, 0, 5, 600, 9000])),
            "sender": random.choice(["user", "bot", "operator", "system"]),
            "operator_id": random.randint(1, 3),
            "text": random.choice(TEXTS),
            "cost": Decimal(random.randint(-5, 10**6)).scaleb(-6),
            "currency": random.choice(["USD", "EUR"]),
        }
        for of in random.choices(sessions, k=300)
    ]
    given = [
        {"session_id": random.randint(1, 60), "operator_id": random.randint(1, 3), "assigned_at": some(random)}
        for _ in range(20)
    ]
    member = [
        {"group_id": 1, "operator_id": 1, "from_at": EDGES[1]},
        {"group_id": 1, "operator_id": 2, "to_at": EDGES[5]},
        {"group_id": 2, "operator_id": 3},
    ]
    rates = [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", "2026-10-05 21:30", "1.234567891")]
    chats = [chat(1, "A"), chat(TELEGRAM, "B", "telegram"), chat(3, "C", "line")]  # and one that nobody knows
    tables = {"chat": chats, "chat_session": sessions, "chat_message": talk, "chat_assignment": given}
    return EMPTY | tables | {"operator_group_member": member, "fx_rate": rates}


def questions(random):
    zones = ["UTC", "Europe/Kyiv", "America/Santiago", "Asia/Kathmandu"]
    for number in range(5):
        first = datetime(2026, 9, 28) + timedelta(days=random.randrange(20))
        last = first + timedelta(days=random.randrange(1, 25))

        def few(*values):
            return random.sample(values, random.randint(1, 2)) if random.random() < 0.35 else []

        yield asked(
            f"{first.date()}/{last.date()}",
            zones[number % 4],
            chat=few("1", "2", "3", "4"),
            operator=few("1", "2", "3"),
            messenger=few("web", "telegram", "line"),
            bot=few("1", "2"),
            group=few("1", "2"),
            with_customer_messages=random.random() < 0.25,
            grid=random.choice(["0.5", "5"]),
        )


class Plain:
    """The figures of a question by loops, from the specification."""

    def __init__(self, tables, question):
        self.tables, self.question = tables, question
        self.messengers = {row["chat_id"]: row["messenger"] for row in tables["chat"]}
        now = NOW.replace(tzinfo=None)
        self.talk = [row for row in tables["chat_message"] if row["sent_at"] < now]
        self.given = [row for row in tables["chat_assignment"] if row["assigned_at"] < now]
        self.passing = {row["session_id"]: row for row in tables["chat_session"] if self.passes(row)}

    def within(self, at):
        return self.question.interval.start <= at.replace(tzinfo=UTC) < min(self.question.interval.end, NOW)

    def day(self, at):
        return at.replace(tzinfo=UTC).astimezone(self.question.interval.zone).date().isoformat()

    def is_of(self, operator, at):
        asked, members = self.question, self.tables["operator_group_member"]
        in_group = any(
            str(row["group_id"]) in asked.group
            and row["operator_id"] == operator
            and row.get("from_at", FIRST) <= at < row.get("to_at", datetime.max)
            for row in members
        )
        return (not asked.operator or str(operator) in asked.operator) and (not asked.group or in_group)

    def passes(self, row):
        asked, number = self.question, row["session_id"]
        mine = [each for each in self.talk if each["session_id"] == number]
        did = [(each["operator_id"], each["sent_at"]) for each in mine if each["sender"] == "operator"]
        did += [(each["operator_id"], each["assigned_at"]) for each in self.given if each["session_id"] == number]
        return (
            (not asked.chat or str(row["chat_id"]) in asked.chat)
            and (not asked.messenger or self.messengers.get(row["chat_id"]) in asked.messenger)
            and (not asked.bot or str(row["bot_id"]) in asked.bot)
            and (not (asked.operator or asked.group) or any(self.is_of(*each) for each in did))
            and (not asked.with_customer_messages or any(each["sender"] == "user" for each in mine))
        )

    def handled(self):
        found = Counter()
        for row in self.passing.values():
            if self.within(row["started_at"]):
                senders = {each["sender"] for each in self.talk if each["session_id"] == row["session_id"]}
                found[next((name for name in ("operator", "bot") if name in senders), "nobody")] += 1
        return found

    def sent(self):
        talk = [row for row in self.talk if self.within(row["sent_at"]) and row["session_id"] in self.passing]
        return [
            row | {"chat_id": self.passing[row["session_id"]]["chat_id"]} for row in talk if row["sender"] != "system"
        ]

    def rate(self, row):
        if row["currency"] == "USD":
            return 1
        return Decimal("1.1") if row["sent_at"] < datetime(2026, 10, 5, 21, 30) else Decimal("1.234567891")

    def phrases(self, sender):
        said = Counter(phrase(row["text"] or "") for row in self.sent() if row["sender"] == sender)
        ranked = sorted((-count, text) for text, count in said.items() if text and count > 1)
        return [(text, -count) for count, text in ranked[:20]]

    def cells(self):
        size, found = float(self.question.grid), Counter()
        for row in self.passing.values():
            lat, lon = row["latitude"], row["longitude"]
            if self.within(row["started_at"]) and self.messengers.get(row["chat_id"]) == "web":
                there = lat is not None and lon is not None
                south = min(math.floor((lat or 0) / size), round(90 / size) - 1)
                west = math.floor((-180 if lon == 180 else lon or 0) / size)
                found[((south + 0.5) * size, (west + 0.5) * size) if there else None] += 1
        return found


@pytest.fixture
def warehouse(warehouse_of):
    tables = books(Random(7))
    made = warehouse_of(tables, NOW)
    if made.backend.name == "postgres":
        made.backend.con.execute("set time zone 'America/Santiago'")  # T-06
    return tables, made


def test_figures_of_chats_equal_plain_loops(warehouse):
    tables, warehouse = warehouse
    seen: Counter[str] = Counter()
    for question in questions(Random(0)):
        plain = Plain(tables, question)
        total = handled(warehouse, question).total
        assert {name: total[f"by_{name}"] for name in ("operator", "bot", "nobody") if total[f"by_{name}"]} == (
            plain.handled()
        ), question
        found, sent = messages(warehouse, question), plain.sent()
        by_day = Counter((plain.day(row["sent_at"]), row["sender"]) for row in sent)
        assert {
            (row["key"], s): row[s] for row in found.by_time for s in ("user", "bot", "operator") if row[s]
        } == by_day
        costs: dict[int, Decimal] = {}
        for row in sent:
            costs[row["chat_id"]] = costs.get(row["chat_id"], 0) + row["cost"] * plain.rate(row)
        assert {row["chat_id"]: row["cost"] for row in found.by_chat} == costs, question
        said = Counter(plain.messengers.get(row["chat_id"], "other") for row in sent if row["sender"] == "user")
        assert {row["messenger"]: row["user"] for row in found.by_messenger if row["user"]} == {
            MESSENGERS[name]: count for name, count in said.items()
        }
        spoken = phrases(warehouse, question)
        for sender, rows in (("user", spoken.user), ("bot", spoken.bot)):
            assert [(row["phrase"], row["messages"]) for row in rows] == plain.phrases(sender), question
        spots = web_places(warehouse, question)
        cells = plain.cells()
        assert spots.unknown == cells.pop(None, 0)
        assert {(row["latitude"], row["longitude"]): row["dialogues"] for row in spots.rows} == cells
        seen.update(dialogues=total["dialogues"], messages=len(sent), cells=len(cells))
    assert min(seen["dialogues"], seen["messages"], seen["cells"]) > 0
