"""Who holds which package, and each period that was charged, failed or rolled back for it."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.catalogue import ACTIVATION, FEE, LENGTH, LIKED, MAIN, MONEY, TRIAL, UNIT
from reports_lib.warehouse.demo.clients import CALL_SHOP, CALLING_CARD, CLIENT, POSTPAID, RESELLER, Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, Rows, Truths, build, numbers, sorted_by, text
from reports_lib.warehouse.demo.rates import CODES, EUR
from reports_lib.warehouse.demo.world import DAY, HOUR, MINUTE, World, add_months, chance, draw

STATES = ("charged", "failed", "rolled_back")
CHARGED, FAILED, ROLLED_BACK = range(3)
BEFORE = 400 * DAY  # packages held at the beginning were taken over so long a time
SUBSCRIPTION_STATES = ("pending", "active", "stopped", "cancelled", "archived")


@dataclass(frozen=True)
class Subscriptions(Rows):
    """One entry a subscription; `ended` is when it ends or, if it is still held, the end of the demo."""

    client: Ints  # position, not id
    package: Ints
    quantity: Ints
    assigned: Ints
    activated: Ints
    is_activated: Truths
    ended: Ints
    discount: Ints  # hundredths off the first period
    trial: Ints  # days free at the beginning
    covers: Truths  # whether its allowance is used for the client's usage


@dataclass(frozen=True)
class Periods(Rows):
    """One entry a charge: seq 0 the activation, later ones the renewals, in the order of charging."""

    subscription: Ints  # position
    seq: Ints
    start: Ints
    stop: Ints
    charged: Ints
    amount: Ints
    state: Ints
    is_trial: Truths


def subscriptions(world: World, who: Clients) -> Subscriptions:
    """Who among the telephone clients holds what: a main package, perhaps changed once, perhaps others."""
    rng = world.rng("subscription")
    kinds = np.isin(who.kind, (CLIENT, RESELLER, CALL_SHOP, CALLING_CARD))
    alive = who.is_activated & (who.last > world.start) & (who.begins < world.end - DAY)
    share = np.array([0.62, 0.3, 0.12, 0.3, 0])[who.kind]
    main = np.flatnonzero(kinds & alive & (rng.random(who.rows) < share))
    begun = np.maximum(world.start - BEFORE, who.activated[main])
    life = who.last[main] - begun
    from_ = begun + (life * rng.random(len(main)) ** 2 * 0.5).astype(np.int64) + HOUR
    until = np.where(
        chance(rng, 0.75, len(main)), who.last[main], from_ + (life * 0.4 * rng.random(len(main))).astype(np.int64)
    )
    changed = chance(rng, 0.12, len(main)) & (until - from_ > 90 * DAY)
    middle = np.where(changed, from_ + (until - from_) // 2, until)
    foreign = np.flatnonzero(
        kinds & alive & (who.currency == EUR) & (who.payer != POSTPAID) & chance(rng, 0.06, who.rows)
    )
    extra = np.flatnonzero(kinds & alive & chance(rng, 0.1, who.rows))
    client = np.concatenate([main, main[changed], foreign, extra])
    start = np.concatenate([from_, middle[changed] + HOUR, *(_sometime(world, rng, who, c) for c in (foreign, extra))])
    ends = np.concatenate([middle, until[changed], who.last[foreign], who.last[extra]])
    package = np.concatenate(
        [
            _main_package(rng, who.currency[main]),
            _main_package(rng, who.currency[main[changed]]),
            np.array([7, 15])[draw(rng, (2, 1), len(foreign))],
            np.where(who.currency[extra] == EUR, np.array([14, 10, 16])[draw(rng, (6, 2, 2), len(extra))], 0),
        ]
    )
    covers = np.arange(len(client)) < len(main) + int(changed.sum())
    start = start // ONE * ONE
    nothing = np.zeros(len(client), np.int64)
    held = Subscriptions(
        client, package, nothing, start, start, covers, ends, discount=nothing, trial=TRIAL[package], covers=covers
    )
    return _subscribed(
        rng, held.taken((package > 0) & (start < np.minimum(ends, world.end - HOUR)) & (ends > world.start))
    )


def _sometime(world: World, rng: np.random.Generator, who: Clients, client: Ints) -> Ints:
    begun = np.maximum(world.start - BEFORE, who.activated[client])
    return begun + ((who.last[client] - begun) * rng.random(len(client)) * 0.7).astype(np.int64) + HOUR


def _main_package(rng: np.random.Generator, currency: Ints) -> Ints:
    found = np.zeros(len(currency), np.int64)
    for money, ids in MAIN.items():
        here = currency == money
        found[here] = np.array(ids)[draw(rng, LIKED[money], int(here.sum()))]
    return found


def _subscribed(rng: np.random.Generator, held: Subscriptions) -> Subscriptions:
    """In the order of their beginnings, with quantities; a few are still to be activated."""
    held = held.taken(sorted_by(held.activated, held.client))
    rows = len(held.client)
    quantity = np.array([1, 2, 3, 5, 10])[draw(rng, (86, 6, 5, 2, 1), rows)]
    quantity = np.where(FEE[held.package] + ACTIVATION[held.package] == 0, 1, quantity)
    assigned = held.activated - rng.integers(1, 50, rows) * MINUTE
    return replace(held, quantity=quantity, assigned=assigned, is_activated=~chance(rng, 0.025, rows))


def periods(world: World, held: Subscriptions, rng: np.random.Generator) -> Periods:
    """Every charge of `held`: activations, trials, renewals in time, in advance, late, or rolled back."""
    who = np.flatnonzero(held.is_activated)
    zero = np.zeros(len(who), np.int64)
    fee = ACTIVATION[held.package[who]] * held.quantity[who] * ONE
    at = held.activated[who]
    first = Periods(who, zero, at, at, at, fee, zero, zero.astype(bool))
    later = _renewals(world, held, who[UNIT[held.package[who]] >= 0])
    later = _with_hitches(world, rng, later)
    every = Periods.joined(first, later)
    every = every.taken(every.charged < world.end)
    every = every.taken(sorted_by(every.subscription, np.where(every.seq == 0, 0, 1), every.charged))
    first_row = np.searchsorted(every.subscription, every.subscription, side="left")
    every = replace(every, seq=numbers(len(first_row), 0) - first_row)
    return every.taken(every.charged >= world.start)  # older charges are no longer kept


def _renewals(world: World, held: Subscriptions, who: Ints) -> Periods:
    """The periods that begin while the subscription is held, each charged as it begins."""
    package = held.package[who]
    step = LENGTH[package]
    days = np.array([1, 30, 365])[UNIT[package]] * step
    count = np.maximum(1, (held.ended[who] - held.activated[who]) // (days * DAY) + 2)
    row = np.repeat(np.arange(len(who)), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    trial = held.trial[who][row]
    begun = held.activated[who][row]
    shifted = begun + np.where((trial > 0) & (number > 0), trial * DAY, 0)
    of_kind = number - (trial > 0)  # full periods before this one
    start = _after(shifted, np.maximum(of_kind, 0) * step[row], UNIT[package][row])
    stop = _after(shifted, (np.maximum(of_kind, 0) + 1) * step[row], UNIT[package][row])
    is_trial = (trial > 0) & (number == 0)
    stop = np.where(is_trial, begun + trial * DAY, stop)
    fee = FEE[package][row] * held.quantity[who][row] * ONE
    paid_number = number - (trial > 0)
    fee = np.where(paid_number == 0, fee * (100 - held.discount[who][row]) // 100, fee)
    amount = np.where(is_trial, 0, fee)
    kept = (number == 0) | (start < held.ended[who][row])
    state = np.zeros(len(row), np.int64)
    return Periods(who[row], number + 1, start, stop, start, amount, state, is_trial).taken(kept)


def _after(times: Ints, count: Ints, unit: Ints) -> Ints:
    by_days = times + np.where(unit == 0, count, 0) * DAY
    return np.where(unit == 0, by_days, add_months(times, np.where(unit == 2, 12, 1) * np.where(unit == 0, 0, count)))


def _with_hitches(world: World, rng: np.random.Generator, renewals: Periods) -> Periods:
    """Some renewals are charged days ahead, some fail first and succeed later, some are rolled back."""
    rows = len(renewals.seq)
    what = np.where((renewals.seq > 2) & (renewals.amount > 0), draw(rng, (82, 8, 7, 3), rows), 0)
    shift = np.where(what == 1, -rng.integers(1, 5, rows) * DAY, np.where(what == 2, rng.integers(1, 4, rows) * DAY, 0))
    shift += np.where(renewals.seq > 1, rng.integers(1, 240, rows) * 1_000_000, 0)
    charged = renewals.charged + shift
    state = np.where(what == 3, ROLLED_BACK, CHARGED)
    late = renewals.taken(what == 2)
    failed = replace(late, charged=late.charged + 5 * ONE, state=np.full(len(late.seq), FAILED))
    return Periods.joined(replace(renewals, charged=charged, state=state), failed)


def package_tables(world: World, who: Clients, held: Subscriptions, made: Periods) -> dict[str, pa.Table]:
    """The tables `subscription` and `subscription_period`."""
    rows = len(held.client)
    over = held.ended < world.end
    status = np.where(~held.is_activated, 0, np.where(over, np.where(numbers(rows) % 3 == 0, 2, 3), 1))
    status[(numbers(rows) % 17 == 0) & over & held.is_activated] = 4
    subscription = {
        "subscription_id": numbers(rows),
        "client_id": who.ids[held.client],
        "package_id": held.package,
        "quantity": held.quantity,
        "assigned_at": held.assigned,
        "activated_at": (held.activated, held.is_activated),
        "ended_at": (held.ended, over & held.is_activated),
        "status": text(SUBSCRIPTION_STATES, status),
    }
    renewed = made.seq > 0
    period = {
        "subscription_id": made.subscription + 1,
        "seq": made.seq,
        "kind": text(("activation", "renew"), renewed.astype(np.int64)),
        "period_start": (made.start, renewed),
        "period_end": (made.stop, renewed),
        "charged_at": made.charged,
        "amount": made.amount,
        "tax": made.amount // 6,
        "currency": text(CODES, MONEY[held.package[made.subscription]]),
        "status": text(STATES, made.state),
        "is_trial": made.is_trial,
    }
    return {
        "subscription": build("subscription", subscription),
        "subscription_period": build("subscription_period", period),
    }
