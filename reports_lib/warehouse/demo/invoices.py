"""Invoices: monthly ones to those who pay afterwards, top-ups and others on demand, with revisions."""

from dataclasses import dataclass

import numpy as np

from reports_lib.warehouse.demo.charges import ITEMS, OTHER, PACKAGE
from reports_lib.warehouse.demo.clients import CLIENT, POSTPAID, PREPAID, RESELLER, Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, Rows, Truths, sorted_by
from reports_lib.warehouse.demo.rates import CURRENCIES
from reports_lib.warehouse.demo.world import BUSINESS_WEEK as WEEK
from reports_lib.warehouse.demo.world import DAY, HOUR, MONTHS, OFFICE_HOURS, World, chance, draw

KINDS = ("monthly", "top_up", "cdr", "other")
MONTHLY, TOP_UP, CDR, OTHERWISE = range(4)
STATUSES = ("DRAFT", "RECORDED", "VOID")
DRAFT, RECORDED, VOID = range(3)
ON_DEMAND = 900  # at scale 1
CENT = np.array([ONE // 10**c.decimals for c in CURRENCIES])  # the smallest amount on a document


@dataclass(frozen=True)
class Invoices(Rows):
    """One entry an invoice, in the order of making; `total` is that of the first document."""

    client: Ints
    kind: Ints
    month: Ints  # -1 for those without a period
    created: Ints
    status: Ints
    currency: Ints
    total: Ints
    correction: Ints  # what a revision added, mostly negative
    revisions: Ints

    @property
    def latest(self) -> Ints:
        """Totals of the latest documents."""
        return self.total + self.correction


@dataclass(frozen=True)
class Lines(Rows):
    """One entry a line of an original document; `invoice` is a position."""

    invoice: Ints
    item: Ints
    quantity: Ints
    gross: Ints


def invoices(world: World, who: Clients, charged: Ints, quantity: Ints) -> tuple[Invoices, Lines]:
    """Every invoice and the lines of its first document."""
    rng = world.rng("invoice")
    monthly, client, month = _monthly(who, charged)
    created = world.month_starts[month + 1] + 2 * HOUR + np.arange(len(month)) % 900 * ONE
    kept = np.flatnonzero(created < world.end)
    lines = Lines(*(a for a in _lines(kept, monthly, client, month, quantity, who)))
    total = np.zeros(len(kept), np.int64)
    np.add.at(total, lines.invoice, lines.gross)
    status = _status(rng, month[kept])
    made = np.zeros(len(kept), np.int64), month[kept], created[kept], status, who.currency[client[kept]], total
    found = [client[kept], *made]
    wanted = _on_demand(world, rng, who)
    merged = [np.concatenate([a, b]) for a, b in zip(found, wanted, strict=True)]
    first = len(kept) + np.arange(len(wanted[0]))
    item = np.where(wanted[1] == TOP_UP, ITEMS, np.where(wanted[1] == CDR, ITEMS + 1, ITEMS + 2))
    single = Lines(first, item, np.full(len(first), ONE), wanted[6])
    order = sorted_by(merged[3], merged[0])
    place = np.argsort(order)
    lines = Lines.joined(lines, single)
    lines = Lines(place[lines.invoice], lines.item, lines.quantity, lines.gross)
    by_item = sorted_by(lines.invoice, lines.item)
    lines = lines.taken(by_item)
    return _revised(rng, [a[order] for a in merged]), lines


def _monthly(who: Clients, charged: Ints) -> tuple[Ints, Ints, Ints]:
    """Charges an item on each monthly invoice, rounded to cents; its client and month."""
    payers = np.flatnonzero((who.payer == POSTPAID) & np.isin(who.kind, (CLIENT, RESELLER)))
    own = charged[payers, who.currency[payers]]
    cent = CENT[who.currency[payers]][:, None, None]
    own = (own + cent // 2) // cent * cent
    month, row = np.nonzero((own.sum(axis=2) > 0).T[:MONTHS])
    return own[row, month], payers[row], month


def _lines(kept: Ints, monthly: Ints, client: Ints, month: Ints, quantity: Ints, who: Clients) -> tuple[Ints, ...]:
    invoice, item = np.nonzero(monthly[kept])
    amount = quantity[client[kept][invoice], month[kept][invoice], item]
    unit = np.array([1, 60, 60, 1, 1_000_000, 1, 1, 1])[item]  # minutes and megabytes on paper
    count = np.where((item == PACKAGE) | (item == OTHER), ONE, np.maximum(1, amount * ONE // unit))
    return invoice, item, count, monthly[kept][invoice, item]


def _status(rng: np.random.Generator, month: Ints) -> Ints:
    rows = len(month)
    late = np.where(month == MONTHS - 1, 0.55, np.where(month == MONTHS - 2, 0.04, 0.0))
    return np.where(rng.random(rows) < late, DRAFT, np.where(chance(rng, 0.012, rows), VOID, RECORDED))


def _on_demand(world: World, rng: np.random.Generator, who: Clients) -> list[Ints]:
    at = world.moments(rng, ON_DEMAND * world.scale, WEEK, 1.8, OFFICE_HOURS)
    firms = np.flatnonzero(np.isin(who.kind, (CLIENT, RESELLER)) & (who.payer == PREPAID) & who.is_activated)
    client = firms[rng.integers(0, len(firms), len(at))]
    kept = (who.activated[client] < at) & (at < who.last[client])
    client, at = client[kept], at[kept]
    kind = draw(rng, (0, 7, 2, 1), len(at))
    step = np.array([c.step for c in CURRENCIES])[who.currency[client]]
    total = rng.integers(1, 40, len(at)) * step * ONE
    recent = at > world.end - 20 * DAY
    status = np.where(recent & chance(rng, 0.5, len(at)), DRAFT, draw(rng, (2, 95, 3), len(at)))
    return [client, kind, np.full(len(at), -1), at, status, who.currency[client], total]


def _revised(rng: np.random.Generator, fields: list[Ints]) -> Invoices:
    client, kind, month, created, status, currency, total = fields
    rows = len(client)
    age = (created < created.max() - 12 * DAY) & (status == RECORDED) & (kind == MONTHLY)
    revisions = np.where(age & chance(rng, 0.03, rows), draw(rng, (0, 8, 2), rows), 0)
    cut = total * rng.integers(3, 20, rows) // 100 // CENT[currency] * CENT[currency]
    correction = np.where((revisions > 0) & chance(rng, 0.6, rows), -cut, 0)
    return Invoices(client, kind, month, created, status, currency, total, correction, revisions)


def payments_for(world: World, made: Invoices) -> tuple[Ints, Ints, Ints]:
    """Which invoice was paid, when, and how much: in full, in two parts, in part or not at all."""
    rng = world.rng("invoice_payment")
    rows = len(made.client)
    age = (world.end - made.created) // DAY
    sure = np.where(age > 60, 0.94, np.where(age > 25, 0.7, 0.12))
    luck = rng.random(rows)
    share = np.where(luck < sure, 100, np.where(luck < sure + (1 - sure) * 0.4, rng.integers(2, 8, rows) * 10, 0))
    share = np.where(chance(rng, 0.004, rows), 110, share)  # overpaid
    share = np.where(made.status == RECORDED, share, 0)
    cent = CENT[made.currency]
    owed = made.latest * share // 100 // cent * cent
    halves = (owed > 100 * cent) & chance(rng, 0.1, rows) & (made.kind == MONTHLY)
    first = np.where(halves, owed // 2 // cent * cent, owed)
    patience = np.where(made.kind == MONTHLY, 30 * DAY, 5 * DAY)
    span = np.maximum(HOUR, np.minimum(patience, world.end - made.created - HOUR))
    at = made.created + HOUR // 2 + (span * (0.1 + 0.8 * rng.random(rows))).astype(np.int64) // ONE * ONE
    later = np.minimum(at + rng.integers(3, 20, rows) * DAY, world.end - HOUR // 4)
    invoice = np.concatenate([np.flatnonzero(owed > 0), np.flatnonzero(halves)])
    times = np.concatenate([at[owed > 0], later[halves]])
    amount = np.concatenate([first[owed > 0], (owed - first)[halves]])
    kept: Truths = (times < world.end) & (times > made.created[invoice])
    return invoice[kept], times[kept], amount[kept]
