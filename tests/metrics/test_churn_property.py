"""On random histories who pays equals loops over plain rows, customer by customer, on both engines (M-74, T-61)."""

import os
from datetime import timedelta
from random import Random

from bills import Held
from books import at
from brute_force import local_buckets
from hypothesis import given, settings
from hypothesis import strategies as st
from lapses import HISTORIES, books
from viewers import NOW, access, asked, payment

from reports_lib.metrics.churn import churn, paying, values
from reports_lib.values.spine import Unit, spine

EXAMPLES = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "8"))
JUST = timedelta(microseconds=1)
ZONES = ("UTC", "Europe/Kyiv", "America/Santiago")
EDGES = [at(f"2026-{month:02}-01") + timedelta(hours=hour) for month in (8, 9, 10, 11) for hour in (-3, -2, 0, 3, 4)]


def moment(random):
    """A moment of the report, often an edge or next to one, or a day or two from it."""
    if random.random() < 0.6:
        edge = random.choice(EDGES) - timedelta(days=random.choice([0, 0, 0, 1, 2]))
        return edge + random.choice([-JUST, timedelta(), timedelta(), JUST])
    return at("2026-07-10") + timedelta(minutes=random.randrange(140 * 24 * 60))


def history(random):
    """What a customer was given, one after the other or side by side, and how he paid."""
    paid = []
    for number in (1, 2):
        back = random.choice([None, None, moment(random)])
        row = payment(number, back and back.isoformat(), back=random.choice(["10", "10", "9.999999", "0"]))
        row["status"] = random.choice(["approved", "approved", "refunded", "chargeback"])
        paid.append(row | {"created_at": random.choice([at("2026-07-01"), at("2026-07-01"), moment(random)])})
    given_, last = [], moment(random)
    for _ in range(random.randint(1, 4)):
        since = last if random.random() < 0.5 else moment(random)
        last = max(since + JUST, moment(random))
        row = access(1, since.isoformat(), last.isoformat(), random.choice(["10", "10", "10", "0", "-1"]))
        row |= {"is_trial": random.random() < 0.15, "package_id": random.choice([21, 21, 22, 29, 77])}
        given_.append(row | {"source_payment_id": random.choice([None, None, 1, 2])})
    return given_, paid


def question(random):
    first = at("2026-08-01") + timedelta(days=random.choice([0, 0, random.randrange(60)]))
    last = min(first + timedelta(days=random.choice([1, 31, 61, 92])), at("2026-12-31"))
    grace, zone = random.choice([0, 0, 1, 2, 30]), random.choice(ZONES)
    return asked(f"{first.date()}/{last.date()}", zone, grace_days=grace)


class Plain:
    """Who pays, by loops over plain rows, from the specification."""

    def __init__(self, tables, question):
        self.tables, self.grace = tables, timedelta(days=question.grace_days)
        self.as_of = question.as_of.replace(tzinfo=None)
        start, end = (edge.replace(tzinfo=None) for edge in (question.interval.start, question.interval.end))
        months = local_buckets(start, min(end, self.as_of), "month", question.interval.zone)
        self.edges = [start, *(finish for _, _, finish, _ in months)]

    def is_refunded(self, given_, edge):
        for row in self.tables["payment"]:
            if row["payment_id"] == given_["source_payment_id"] and row["created_at"] < self.as_of:
                back, when = row.get("refunded_amount", 0), row.get("refunded_at")
                if row.get("status") in ("refunded", "chargeback"):  # how much, and when, may not be told
                    back, when = back or row["amount"], when or row.get("paid_at") or row["created_at"]
                return back >= row["amount"] and when is not None and when <= edge and when < self.as_of
        return False

    def pays(self, given_, edge):
        return (
            given_["starts_at"] < self.as_of
            and given_["starts_at"] <= edge < given_["ends_at"] + self.grace
            and given_["paid_amount"] > 0
            and not given_.get("is_trial")
            and given_["package_id"] != 29
            and not self.is_refunded(given_, edge)
        )

    def paying(self):
        """(customer, number of an edge) of all who pay there."""
        return {
            (given_["client_id"], number)
            for number, edge in enumerate(self.edges, 1)
            for given_ in self.tables["entitlement"]
            if self.pays(given_, edge)
        }


def hop(there, begins, ends):
    """How many pay at one edge, and how many of them do not at another."""
    first, last = ({who for who, edge in there if edge == each} for each in (begins, ends))
    return len(first), len(first - last)


def figures(row):
    return row["paying"], row["lost"]


def compare(warehouse, tables, question):
    """Customer by customer at every edge, and the figures; how many were lost and stayed."""
    plain = Plain(tables, question)
    months = spine(question.interval, Unit.MONTH, question.as_of)
    rows = warehouse.ask(paying, frozenset(), values(months, question.grace_days))
    there = [(row["client_id"], row["edge"]) for row in rows]
    due = plain.paying()
    assert sorted(there) == sorted(due), question
    found, last = churn(warehouse, question), len(plain.edges)
    assert figures(found.total) == hop(due, 1, last), question
    assert [figures(row) for row in found.by_month] == [hop(due, n, n + 1) for n in range(1, last)], question
    return hop(due, 1, last)


@settings(max_examples=EXAMPLES)
@given(random=st.randoms(use_true_random=False))
def test_who_pays_equals_plain_loops(arrow, random):
    tables = books([history(random) for _ in range(random.randint(1, 12))])
    compare(Held(tables, NOW, arrow), tables, question(random))


def test_who_pays_equals_plain_loops_on_both_engines(warehouse_of):
    random = Random(61)
    tables = books([*HISTORIES.values(), *[history(random) for _ in range(250)]])
    warehouse = warehouse_of(tables, NOW)
    if warehouse.backend.name == "postgres":
        warehouse.backend.con.execute("set time zone 'America/Santiago'")  # T-06
    counts = [compare(warehouse, tables, question(random)) for _ in range(4)]
    assert all(0 < lost < stayed for stayed, lost in counts)  # the loops had something to tell apart
