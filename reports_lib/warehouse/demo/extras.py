"""Charges beside usage and packages, corrections, and the balances that clients began with."""

from dataclasses import dataclass, fields, replace

import numpy as np

from reports_lib.warehouse.demo.clients import CLIENT, DEBTOR, OTT, RESELLER, Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, Rows
from reports_lib.warehouse.demo.rates import CURRENCIES
from reports_lib.warehouse.demo.world import DAY, HOUR, MINUTE, MONTHS, World, chance

KINDS = (
    "opening",
    "payment",
    "usage_charge",
    "package_activation",
    "package_renewal",
    "extra_charge",
    "correction",
    "refund",
)
OPENING, PAYMENT, USAGE, ACTIVATION, RENEWAL, EXTRA, CORRECTION, REFUND = range(len(KINDS))
DESCRIPTIONS = (
    "Number rental", "Set-up of numbers", "Goodwill credit", "Correction of a rating error",
    "Balance brought forward", "Card chargeback", "Refund", "Duplicate payment", '=cmd|"/c calc"!A0',
    "Pay-per-view", "Services by invoice",
)  # fmt: skip
(
    RENTAL,
    SETUP,
    GOODWILL,
    RATING_ERROR,
    BROUGHT_FORWARD,
    CHARGEBACK,
    REFUNDED,
    DUPLICATE,
    ODD,
    PAY_PER_VIEW,
    BY_INVOICE,
) = range(11)


@dataclass(frozen=True)
class Movements(Rows):
    """One entry a movement of a balance: positive amounts credit the client. -1 stands for none.

    `reverses` is a position among the same movements; `client`, `invoice` and `subscription` are
    positions too, `author` an id.
    """

    client: Ints
    at: Ints
    kind: Ints
    amount: Ints
    currency: Ints
    status: Ints
    description: Ints
    invoice: Ints
    subscription: Ints
    reverses: Ints
    author: Ints

    @classmethod
    def of(cls, client: Ints, at: Ints, kind: int, amount: Ints, currency: Ints, **rest: Ints) -> "Movements":
        """Approved movements of one kind, without whatever `rest` does not name."""
        nothing = np.full(len(client), -1)
        given = {"client": client, "at": at, "kind": np.full(len(client), kind), "amount": amount, "currency": currency}
        blank = dict.fromkeys([f.name for f in fields(cls)], nothing)
        return cls(**{**blank, **given, "status": np.zeros(len(client), np.int64), **rest})

    def and_then(self, *others: "Movements") -> "Movements":
        """These, followed by others."""
        parts, base = [self], len(self.at)
        for part in others:
            parts.append(replace(part, reverses=np.where(part.reverses >= 0, part.reverses + base, -1)))
            base += len(part.at)
        return Movements.joined(*parts)


def extras(world: World, who: Clients) -> Movements:
    """Openings, number rentals, set-up fees, corrections."""
    rng = world.rng("extras")
    return _openings(world, rng, who).and_then(*_rentals(world, rng, who), *_corrections(world, rng, who))


def _units(who: Clients, client: Ints, euros: Ints) -> Ints:
    """Round amounts worth about so many euros in each client's currency, in millionths."""
    rate = np.array([max(1, c.rate // 1_000_000_000) for c in CURRENCIES])
    found: Ints = euros * rate[who.currency[client]] * ONE
    return found


def _openings(world: World, rng: np.random.Generator, who: Clients) -> Movements:
    client = np.flatnonzero((who.created < world.start - 2 * DAY) & who.is_activated & (who.kind != OTT))
    client = client[~chance(rng, 0.15, len(client))]
    euros = rng.integers(0, 90, len(client)) * np.where(who.weight[client] >= 40, 8, 1)
    cents = rng.integers(0, 100, len(client)) * (ONE // 100)
    owes = (who.payer[client] == DEBTOR) | chance(rng, 0.1, len(client))
    amount = np.where(owes, -1, 1) * (_units(who, client, euros) + np.where(who.currency[client] == 4, 0, cents))
    at = np.full(len(client), world.start - DAY)
    note = np.full(len(client), BROUGHT_FORWARD)
    return Movements.of(client, at, OPENING, amount, who.currency[client], description=note)


def _rentals(world: World, rng: np.random.Generator, who: Clients) -> list[Movements]:
    renters = np.flatnonzero(np.isin(who.kind, (CLIENT, RESELLER)) & who.is_activated & chance(rng, 0.22, who.rows))
    price = _units(who, renters, rng.integers(1, 9, len(renters)))
    month = world.month_starts[: MONTHS + 1]
    row, number = np.nonzero((who.activated[renters][:, None] < month) & (who.last[renters][:, None] > month))
    client = renters[row]
    at = month[number] + 4 * HOUR + (client % 50) * MINUTE
    rent = Movements.of(client, at, EXTRA, -price[row], who.currency[client], description=np.full(len(client), RENTAL))
    joined = renters[(who.activated[renters] > world.start) & (who.last[renters] > who.activated[renters] + HOUR)]
    fee = _units(who, joined, np.full(len(joined), 15))
    at = who.activated[joined] + 20 * MINUTE
    setup = Movements.of(joined, at, EXTRA, -fee, who.currency[joined], description=np.full(len(joined), SETUP))
    return [rent, setup]


def _corrections(world: World, rng: np.random.Generator, who: Clients) -> list[Movements]:
    alive = np.flatnonzero((who.weight > 0) & who.is_activated & (who.last > world.start + 3 * DAY))
    client = alive[rng.integers(0, len(alive), 420 * world.scale)]
    begun = np.maximum(world.start, who.activated[client])
    at = begun + ((who.last[client] - begun) * rng.random(len(client))).astype(np.int64) // ONE * ONE
    good = chance(rng, 0.6, len(client))
    amount = np.where(good, 1, -1) * _units(who, client, rng.integers(1, 25, len(client)))
    note = np.where(good, GOODWILL, RATING_ERROR)
    note[::97] = ODD
    author = rng.integers(1, 23, len(client))
    return [Movements.of(client, at, CORRECTION, amount, who.currency[client], description=note, author=author)]
