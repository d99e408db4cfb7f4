"""Payments: refills of those who pay in advance, of invoices, of plans and films; tries that failed."""

from dataclasses import dataclass, replace

import numpy as np

from reports_lib.warehouse.demo.catalogue import MONEY
from reports_lib.warehouse.demo.clients import OTT, POSTPAID, Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, Rows, sorted_by
from reports_lib.warehouse.demo.invoices import Invoices
from reports_lib.warehouse.demo.ott import APPROVED as BOUGHT
from reports_lib.warehouse.demo.ott import Purchases
from reports_lib.warehouse.demo.packages import FAILED, ROLLED_BACK, Periods, Subscriptions
from reports_lib.warehouse.demo.rates import CURRENCIES
from reports_lib.warehouse.demo.world import DAY, HOUR, MINUTE, SECOND, World, chance, draw

STATUSES = ("created", "pending", "approved", "rejected", "cancelled", "refunded", "chargeback")
CREATED, PENDING, APPROVED, REJECTED, CANCELLED, REFUNDED, CHARGEBACK = range(7)
GATEWAYS = (
    "Stripe",
    "Adyen",
    "LiqPay",
    "Webpay",
    "PayPal",
    "Bank transfer",
    "App Store",
    "Cash desk",
    "Konbini",
    "Voucher",
)
METHODS = ("card", "cash", "transfer", "wallet", "store", "other")
METHOD_OF = np.array([0, 0, 0, 0, 3, 2, 4, 1, 1, 5])
TRANSFER, WALLET, STRIPE = 5, 3, 0
# gateways by currency of the payment (EUR, USD, GBP, UAH, JPY): refills, then plans and films
REFILL_BY = ((30, 30, 0, 0, 12, 15, 0, 10, 0, 3), (40, 10, 0, 30, 15, 5, 0, 0, 0, 0),
             (45, 20, 0, 0, 20, 15, 0, 0, 0, 0),
             (0, 0, 80, 0, 0, 10, 0, 10, 0, 0), (30, 0, 0, 0, 0, 10, 0, 0, 60, 0))  # fmt: skip
OTT_BY = ((40, 15, 0, 0, 20, 0, 25, 0, 0, 0), (25, 5, 0, 38, 17, 0, 15, 0, 0, 0), (45, 10, 0, 0, 20, 0, 25, 0, 0, 0),
          (0, 0, 100, 0, 0, 0, 0, 0, 0, 0), (60, 0, 0, 0, 0, 0, 0, 0, 40, 0))  # fmt: skip


@dataclass(frozen=True)
class Payments(Rows):
    """One entry a payment, in the order of creation; invoice, period and purchase are positions or -1."""

    client: Ints
    created: Ints
    paid: Ints  # 0 if it never was
    amount: Ints
    currency: Ints
    status: Ints
    gateway: Ints
    invoice: Ints
    period: Ints
    purchase: Ints
    refunded: Ints
    refunded_at: Ints

    def of_period(self, periods: int) -> Ints:
        """The payment's id for each of so many periods, 0 if it has none."""
        found = np.zeros(periods, np.int64)
        some = np.flatnonzero((self.period >= 0) & (self.paid > 0))
        found[self.period[some]] = some + 1
        return found


def payments(world: World, who: Clients, refill: "Wanted", others: "list[Wanted]") -> Payments:
    """All payments: those `refill` asks for with their rejected, cancelled and pending tries, and `others`."""
    rng = world.rng("payment")
    good = [_approved(world, rng, who, w, REFILL_BY if k == 0 else w.by) for k, w in enumerate([refill, *others])]
    refills = _mishaps(world, rng, good[0])
    tries = _tries(world, rng, who, refills)
    every = Payments.joined(refills, tries, *good[1:])
    every = every.taken(np.flatnonzero(every.created < world.end))
    return every.taken(sorted_by(every.created, every.client, every.amount))


@dataclass(frozen=True)
class Wanted:
    """Amounts to be paid at given times, by gateways likely for their currency."""

    client: Ints
    at: Ints
    amount: Ints
    currency: Ints
    status: Ints
    invoice: Ints
    period: Ints
    purchase: Ints
    by: tuple[tuple[int, ...], ...] = REFILL_BY

    @classmethod
    def of(cls, client: Ints, at: Ints, amount: Ints, currency: Ints, **rest: Ints) -> "Wanted":
        """Approved payments for whatever `rest` names."""
        nothing = np.full(len(client), -1)
        blank = {"status": np.full(len(client), APPROVED), "invoice": nothing, "period": nothing, "purchase": nothing}
        return cls(client, at, amount, currency, by=REFILL_BY, **{**blank, **rest})


def refills(world: World, who: Clients, charged: Ints) -> Wanted:
    """What those who pay in advance put in: each month enough for its charges, in round amounts."""
    rng = world.rng("refill")
    months = charged.sum(axis=3)  # client, currency, month
    months[who.payer == POSTPAID] = 0
    months[who.kind == OTT] = 0
    share = np.array([101, 0, 72, 112])[who.payer][:, None, None]
    step = np.array([c.step for c in CURRENCIES])[None, :, None] * ONE
    target = -(-np.cumsum(months, axis=2) * share // 100 // step) * step
    due = np.diff(target, axis=2, prepend=0) // step  # steps to be paid a month
    client, money, month = np.nonzero(due)
    steps = due[client, money, month]
    parts = np.minimum(steps, draw(rng, (0, 60, 25, 10, 5), len(steps)))
    row = np.repeat(np.arange(len(steps)), parts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(parts) - parts, parts)
    part = steps[row] // parts[row] + (number < steps[row] % parts[row])
    begun = np.maximum(world.month_starts[month[row]], who.activated[client[row]])
    latest = np.minimum(begun + 9 * DAY, np.maximum(who.last[client[row]], begun + HOUR))
    at = begun + MINUTE + ((latest - begun) * rng.random(len(row)) ** 2).astype(np.int64) // 1000 * 1000
    amount = part * np.array([c.step for c in CURRENCIES])[money[row]] * ONE
    kept = at < world.end
    return Wanted.of(client[row][kept], at[kept], amount[kept], money[row][kept])


def for_invoices(made: Invoices, paid: tuple[Ints, Ints, Ints]) -> Wanted:
    """What was paid of invoices, mostly by bank transfer."""
    invoice, at, amount = paid
    by = tuple(tuple(w + 150 * (k == TRANSFER) for k, w in enumerate(weights)) for weights in REFILL_BY)
    wanted = Wanted.of(made.client[invoice], at, amount, made.currency[invoice], invoice=invoice)
    return replace(wanted, by=by)


def for_plans(who: Clients, held: Subscriptions, made: Periods, bought: Purchases) -> list[Wanted]:
    """What OTT users paid for each period of a plan (or failed to), and for films."""
    purchase_of = np.full(len(held.client), -1)
    plan = bought.subscription >= 0
    purchase_of[bought.subscription[plan]] = np.flatnonzero(plan)
    some = np.flatnonzero((made.amount > 0) & (who.kind[held.client[made.subscription]] == OTT))
    sub, state = made.subscription[some], made.state[some]
    status = np.where(state == FAILED, REJECTED, np.where(state == ROLLED_BACK, REFUNDED, APPROVED))
    periods = Wanted.of(
        held.client[sub], made.charged[some] - SECOND, made.amount[some], MONEY[held.package[sub]],
        status=status, period=some, purchase=purchase_of[sub],
    )  # fmt: skip
    film = np.flatnonzero(~plan & ((bought.amount > 0) | (bought.status != BOUGHT)))
    outcome = np.array([APPROVED, PENDING, REJECTED, CANCELLED])[bought.status[film]]
    films = Wanted.of(
        bought.client[film], bought.at[film], bought.amount[film], bought.currency[film], status=outcome, purchase=film
    )
    return [replace(w, by=OTT_BY) for w in (periods, films)]


def _approved(
    world: World, rng: np.random.Generator, who: Clients, wanted: Wanted, by: tuple[tuple[int, ...], ...]
) -> Payments:
    rows = len(wanted.at)
    gateway = np.zeros(rows, np.int64)
    for money, weights in enumerate(by):
        here = wanted.currency == money
        gateway[here] = draw(rng, weights, int(here.sum()))
    slow = METHOD_OF[gateway] == METHOD_OF[TRANSFER]
    delay = np.where(slow, rng.integers(2, 30, rows) * HOUR, rng.integers(2, 150, rows) * SECOND)
    created = np.maximum(wanted.at - delay, np.maximum(who.created[wanted.client], world.start))
    created = np.minimum(created, wanted.at)
    is_paid = np.isin(wanted.status, (APPROVED, REFUNDED))
    back = wanted.status == REFUNDED
    zero = np.zeros(rows, np.int64)
    return Payments(
        wanted.client, created, np.where(is_paid, wanted.at, 0), wanted.amount, wanted.currency, wanted.status, gateway,
        wanted.invoice, wanted.period, wanted.purchase,
        np.where(back, wanted.amount, zero), np.where(back, np.minimum(wanted.at + HOUR, world.end - SECOND), zero),
    )  # fmt: skip


def _mishaps(world: World, rng: np.random.Generator, good: Payments) -> Payments:
    """Some refills are refunded, wholly or by half, or charged back by the card's bank weeks later."""
    rows = len(good.paid)
    what = draw(rng, (983, 5, 6, 6), rows)  # none, refunded, half refunded, charged back
    back = good.paid + rng.integers(1, 30, rows) * DAY + rng.integers(0, 86_400, rows) * SECOND
    what[back >= world.end] = 0
    what[(what == 3) & (METHOD_OF[good.gateway] != 0)] = 0
    status = np.array([APPROVED, REFUNDED, APPROVED, CHARGEBACK])[what]
    refunded = np.select([what == 1, what == 2], [good.amount, good.amount // 2], 0)
    when = np.where(what > 0, back, 0)
    return replace(good, status=status, refunded=refunded, refunded_at=when)


def _tries(world: World, rng: np.random.Generator, who: Clients, good: Payments) -> Payments:
    """Payments that did not succeed: some minutes before one that did; those of the last days still wait."""
    some = np.flatnonzero(chance(rng, 0.11, len(good.paid)))
    found = good.taken(some)
    rows = len(some)
    status = np.array([REJECTED, CANCELLED, PENDING, CREATED])[draw(rng, (60, 30, 7, 3), rows)]
    fresh = found.created > world.end - 2 * DAY
    status = np.where(fresh, np.where(chance(rng, 0.5, rows), PENDING, CREATED), status)
    earliest = np.maximum(world.start, who.created[found.client])
    created = np.maximum(found.created - rng.integers(1, 60, rows) * MINUTE, earliest)
    zero = np.zeros(rows, np.int64)
    return replace(found, created=created, paid=zero, status=status, refunded=zero, refunded_at=zero)
