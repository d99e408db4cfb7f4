"""OTT users: the plans they take, lapse and take again, what they buy besides, and their access."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.catalogue import FEE, MONEY, TRIAL
from reports_lib.warehouse.demo.clients import OTT, Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, Rows, build, numbers, sorted_by, text
from reports_lib.warehouse.demo.coupons import LIVE, PERCENT, PLAN, Coupons, coupon_tables, redeem
from reports_lib.warehouse.demo.names import COUNTRIES, TITLES
from reports_lib.warehouse.demo.packages import CHARGED, Periods, Subscriptions
from reports_lib.warehouse.demo.rates import CODES, EUR, GBP, USD
from reports_lib.warehouse.demo.world import DAY, HOUR, LEISURE_WEEK, MINUTE, World, chance, draw

PLANS = {USD: (21, 22, 23), GBP: (24, 25), EUR: (26, 27)}
KINDS = ("ppv_live", "ppv_vod", "subscription")
STATUSES = ("approved", "pending", "rejected", "cancelled")
APPROVED, PENDING, REJECTED, CANCELLED = range(4)
FILMS_BOUGHT = 5200  # at scale 1


@dataclass(frozen=True)
class Purchases(Rows):
    """One entry a purchase, in order of time; `subscription` is a position, or -1."""

    client: Ints
    at: Ints
    kind: Ints
    subscription: Ints
    content: Ints
    amount: Ints
    currency: Ints
    status: Ints
    coupon: Ints


def plans(world: World, who: Clients, some: Coupons) -> tuple[Subscriptions, Ints]:
    """The plans taken, and the coupon (or -1) each was taken with."""
    rng = world.rng("ott")
    users = np.flatnonzero((who.kind == OTT) & who.is_activated & (who.last > world.start + DAY))
    users = users[~chance(rng, 0.16, len(users)) & (who.activated[users] < world.end - DAY)]
    begun = np.maximum(who.activated[users], world.start - rng.integers(-30 * 24, 300 * 24, len(users)) * HOUR)
    begun += rng.integers(60, 40 * 3600, len(users)) * ONE
    until = who.last[users]
    lapses = chance(rng, 0.24, len(users)) & (until - begun > 120 * DAY)
    break_ = np.where(lapses, begun + ((until - begun) * (0.2 + 0.4 * rng.random(len(users)))).astype(np.int64), until)
    pause = np.where(chance(rng, 0.35, len(users)), 0, rng.integers(3, 80, len(users)))  # none: a change of plan
    again = break_ + pause * DAY
    back = lapses & (again < until)
    client = np.concatenate([users, users[back]])
    start, stop = np.concatenate([begun, again[back]]), np.concatenate([break_, until[back]])
    kept = (start < np.minimum(stop, world.end - HOUR)) & (stop > world.start)
    is_first = (np.arange(len(client)) < len(users))[kept]
    client, start, stop = client[kept], start[kept] // ONE * ONE, stop[kept]
    package = _plan(rng, who.currency[client])
    coupon = redeem(rng, some, start, np.full(len(start), PLAN))
    has = coupon >= 0
    discount = np.where(has & (some.discount[coupon] == PERCENT), some.percent[coupon], 0)
    longer = np.where(has & (some.discount[coupon] == 1), some.trial_days[coupon], 0)
    longer = np.where(has & (some.discount[coupon] == 2), np.maximum(0, (some.last[coupon] - start) // DAY), longer)
    trial = np.maximum(np.where(is_first, TRIAL[package], 0), longer)
    one, yes = np.ones(len(client), np.int64), np.ones(len(client), bool)
    assigned = start - rng.integers(10, 400, len(start)) * ONE
    held = Subscriptions(client, package, one, assigned, start, yes, stop, discount, trial, ~yes)
    return held, coupon


def _plan(rng: np.random.Generator, currency: Ints) -> Ints:
    found = np.zeros(len(currency), np.int64)
    for money, ids in PLANS.items():
        here = currency == money
        found[here] = np.array(ids)[draw(rng, (6, 4, 2)[: len(ids)], int(here.sum()))]
    return found


def purchases(world: World, who: Clients, held: Subscriptions, coupon: Ints, some: Coupons) -> Purchases:
    """The plans of `held` from their purchase on, films and events bought singly, and tries that failed.

    The last entries of `held` are the plans; `coupon` has one entry each.
    """
    rng = world.rng("purchase")
    plan = np.arange(len(held.client) - len(coupon), len(held.client))
    recent = held.assigned[plan] >= world.start
    plan, coupon = plan[recent], coupon[recent]
    fee = FEE[held.package[plan]] * (100 - held.discount[plan]) * (ONE // 100)
    taken = Purchases(
        held.client[plan], held.assigned[plan], np.full(len(plan), PLAN), plan, np.zeros(len(plan), np.int64), fee,
        MONEY[held.package[plan]], np.zeros(len(plan), np.int64), coupon,
    )  # fmt: skip
    single = _singles(world, rng, who, some)
    tries = rng.integers(0, len(plan), len(plan) // 9)
    failed = taken.taken(tries)
    status = draw(rng, (0, 1, 6, 3), len(tries))
    nothing = np.full(len(tries), -1)
    before = failed.at - rng.integers(2, 300, len(tries)) * MINUTE
    failed = replace(failed, at=before, status=status, subscription=nothing, coupon=nothing)
    every = Purchases.joined(taken, single, failed)
    early = every.at < np.maximum(who.created[every.client], world.start)
    order = sorted_by(every.at, every.client)
    order = order[~(early & (every.status != APPROVED))[order]]
    return every.taken(order)


def _singles(world: World, rng: np.random.Generator, who: Clients, some: Coupons) -> Purchases:
    at = world.moments(rng, FILMS_BOUGHT * world.scale * 2, LEISURE_WEEK, 1.6, np.roll(np.arange(24), 8))
    users = np.flatnonzero((who.kind == OTT) & who.is_activated)
    client = users[rng.integers(0, len(users), len(at))]
    alive = (who.activated[client] < at) & (at < who.last[client])
    at, client = at[alive], client[alive]
    kind = draw(rng, (4, 6), len(at))
    content = np.where(kind == LIVE, 5 + rng.integers(0, 4, len(at)), 9 + rng.integers(0, len(TITLES) - 8, len(at)))
    price = np.where(kind == LIVE, 9_990_000, 3_990_000)
    coupon = redeem(rng, some, at, kind)
    coupon[rng.random(len(at)) < 0.5] = -1
    percent = np.where(coupon >= 0, some.percent[coupon], 0)
    status = draw(rng, (93, 1, 4, 2), len(at))
    coupon = np.where(status == APPROVED, coupon, -1)
    amount = np.where(coupon >= 0, price * (100 - percent) // 100 // 10_000 * 10_000, price)
    nothing = np.full(len(at), -1)
    return Purchases(client, at, kind, nothing, content, amount, who.currency[client], status, coupon)


def ott_tables(
    world: World, who: Clients, held: Subscriptions, bought: Purchases, some: Coupons
) -> dict[str, pa.Table]:
    """The tables `purchase`, `coupon_group`, `coupon` and `coupon_redemption`."""
    rng = world.rng("purchase_rest")
    rows = len(bought.at)
    is_plan = bought.subscription >= 0
    stop = np.where(is_plan, held.ended[bought.subscription], bought.at + 2 * DAY)
    over = np.where(is_plan, stop < world.end, bought.kind != PLAN)
    starts = np.where(is_plan, held.activated[bought.subscription], bought.at)
    known = ~chance(rng, 0.12, rows)
    columns = {
        "purchase_id": numbers(rows),
        "client_id": who.ids[bought.client],
        "package_id": (_package_of(held, bought), bought.kind == PLAN),
        "content_id": (bought.content, bought.kind != PLAN),
        "kind": text(KINDS, bought.kind),
        "purchased_at": bought.at,
        "starts_at": starts,
        "ends_at": (stop, over),
        "cancelled_at": (np.maximum(bought.at, stop - 3 * DAY), over & is_plan & chance(rng, 0.6, rows)),
        "amount": bought.amount,
        "currency": text(CODES, bought.currency),
        "country": text(COUNTRIES, who.home[bought.client], known),
        "status": text(STATUSES, bought.status),
        "coupon_id": (bought.coupon + 1, bought.coupon >= 0),
    }
    used = np.flatnonzero(bought.coupon >= 0)
    redeemed = bought.coupon[used], used + 1, bought.at[used], who.ids[bought.client[used]]
    return {"purchase": build("purchase", columns), **coupon_tables(world, some, *redeemed)}


def _package_of(held: Subscriptions, bought: Purchases) -> Ints:
    """The plan of each purchase; a try that failed was for the cheapest plan in its currency."""
    cheapest = np.zeros(len(CODES), np.int64)
    for money, ids in PLANS.items():
        cheapest[money] = ids[0]
    return np.where(bought.subscription >= 0, held.package[bought.subscription], cheapest[bought.currency])


def entitlements(
    world: World, who: Clients, held: Subscriptions, made: Periods, plans_from: int, payment: Ints
) -> pa.Table:
    """The table `entitlement`: access for each charged period of a plan, from the moment it is paid.

    Plans are the subscriptions from position `plans_from` on; `payment` is the id of the payment
    for each period, 0 if there is none.
    """
    some = np.flatnonzero((made.subscription >= plans_from) & (made.seq > 0) & (made.state == CHARGED))
    start = np.maximum(made.start[some], made.charged[some])
    some, start = some[start < world.end], start[start < world.end]
    sub = made.subscription[some]
    rows = len(some)
    order = sorted_by(start, sub)
    columns = {
        "client_id": who.ids[held.client[sub]],
        "package_id": held.package[sub],
        "starts_at": start,
        "ends_at": made.stop[some],
        "paid_amount": made.amount[some],
        "currency": text(CODES, MONEY[held.package[sub]]),
        "is_trial": made.is_trial[some],
        "source_payment_id": (payment[some], payment[some] > 0),
    }
    ids = np.empty(rows, np.int64)
    ids[order] = numbers(rows)
    return build("entitlement", {"entitlement_id": ids, **columns}, order)
