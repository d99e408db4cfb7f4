"""Clients: who they are, whose they are, when they came and went."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo import names
from reports_lib.warehouse.demo.columns import Ints, Rows, Truths, build, numbers, sorted_by, text
from reports_lib.warehouse.demo.companies import USERS
from reports_lib.warehouse.demo.rates import CODES, EUR, GBP, JPY, UAH, USD
from reports_lib.warehouse.demo.world import DAY, HOUR, MINUTE, World, chance, draw

SIZE = 3000  # clients at scale 1
FIRST_ID = 100_001
TYPES = ("client", "reseller", "calling_card", "call_shop", "ott_user")
CLIENT, RESELLER, CALLING_CARD, CALL_SHOP, OTT = range(5)
STATUSES = ("active", "blocked", "closed", "archived")
PREPAID, POSTPAID, DEBTOR, GENEROUS = range(4)  # how they pay
TAGS = ("vip", "wholesale", "retail", "call centre", "partner", "prepaid", "postpaid", "at risk", '"pilot", <2026>')

# by company: countries of its clients (positions in names.COUNTRIES) with their weights
HOMES = {
    1: ("NL PL ES CL", (6, 3, 2, 3)),
    2: ("DE PL NL", (8, 2, 1)),
    3: ("UA PL", (9, 1)),
    4: ("GB US CL ES", (5, 4, 4, 2)),
    5: ("JP", (1,)),
}
MONEY_OF = {"NL": EUR, "DE": EUR, "ES": EUR, "PL": EUR, "UA": UAH, "GB": GBP, "US": USD, "CL": USD, "JP": JPY}
ZONE_OF = {
    "NL": "Europe/Amsterdam", "DE": "Europe/Berlin", "ES": "Europe/Madrid", "PL": "Europe/Warsaw", "UA": "Europe/Kyiv",
    "GB": "Europe/London", "US": "America/Chicago", "CL": "America/Santiago", "JP": "Asia/Tokyo",
}  # fmt: skip
OFFSET_OF = {"NL": 1, "DE": 1, "ES": 1, "PL": 1, "UA": 2, "GB": 0, "US": -6, "CL": -4, "JP": 9}  # hours, roughly


@dataclass(frozen=True)
class Clients(Rows):
    """One entry a client in every array; times are microseconds, `last` the end of its activity."""

    kind: Ints
    company: Ints
    home: Ints
    currency: Ints
    created: Ints
    activated: Ints
    is_activated: Truths
    last: Ints
    deleted: Ints
    is_deleted: Truths
    status: Ints
    payer: Ints
    weight: Ints  # how much it uses

    @property
    def rows(self) -> int:
        """How many clients there are."""
        return len(self.kind)

    @property
    def ids(self) -> Ints:
        """Their ids, in the order they came."""
        return numbers(self.rows, FIRST_ID)

    @property
    def begins(self) -> Ints:
        """When each may first do something."""
        return np.where(self.is_activated, self.activated, np.iinfo(np.int64).max)


def clients(world: World) -> Clients:
    """Who there is: half of them came before the 24 months, more each month since; some left."""
    rng = world.rng("client")
    rows = SIZE * world.scale
    kind = draw(rng, (38, 2, 18, 8, 34), rows)
    company = np.where(kind == OTT, draw(rng, (0, 3, 0, 0, 7), rows), draw(rng, (0, 30, 30, 26, 4, 10), rows))
    company[kind == OTT] = np.where(company[kind == OTT] == 1, 1, 4)
    home = _homes(rng, company)
    moneys = np.array([MONEY_OF[c] for c in names.COUNTRIES])
    currency = np.where(chance(rng, 0.08, rows), draw(rng, (5, 4, 1), rows), moneys[home])
    created = _created(world, rng, rows)
    is_activated = ~chance(rng, 0.05, rows)
    activated = created + 5 * MINUTE + (rng.random(rows) ** 3 * 12 * DAY).astype(np.int64) // 1000 * 1000
    is_activated &= activated < world.end - HOUR
    last, has_left = _lives(world, rng, activated, kind)
    payer = np.where(
        (kind == CLIENT) | (kind == RESELLER), draw(rng, (40, 42, 10, 8), rows), draw(rng, (80, 0, 12, 8), rows)
    )
    deleted = last + np.where(payer == POSTPAID, 90 * DAY, 0)  # not before the last invoice is settled
    deleted += rng.integers(10 * 24, 60 * 24, rows) * HOUR + rng.integers(0, 3_600_000, rows) * 1000
    is_deleted = has_left & chance(rng, 0.3, rows) & (deleted < world.end)
    status = np.where(has_left, draw(rng, (15, 15, 50, 20), rows), np.where(chance(rng, 0.02, rows), 1, 0))
    status[is_deleted & (status == 0)] = 2
    weight = np.array([1, 2, 3, 4, 6, 10, 20, 45])[draw(rng, (24, 22, 18, 13, 10, 7, 4, 2), rows)]
    weight *= np.array([4, 40, 1, 10, 0])[kind]
    return Clients(
        kind,
        company,
        home,
        currency,
        created,
        activated,
        is_activated,
        last,
        deleted,
        is_deleted,
        status,
        payer,
        weight,
    )


def _homes(rng: np.random.Generator, company: Ints) -> Ints:
    home = np.zeros(len(company), np.int64)
    for number, (countries, weights) in HOMES.items():
        places = np.array([names.COUNTRIES.index(c) for c in countries.split()])
        here = company == number
        home[here] = places[draw(rng, weights, int(here.sum()))]
    return home


def _created(world: World, rng: np.random.Generator, rows: int) -> Ints:
    early = chance(rng, 0.48, rows)
    old = world.start - ((rng.random(rows) ** 0.7) * 1100 * DAY).astype(np.int64) - DAY
    share = np.sqrt(0.2 + 0.8 * rng.random(rows))  # denser towards the end
    share = (share - share.min()) / (1 - share.min())
    new = world.start + (share * (world.end - world.start - HOUR)).astype(np.int64)
    return np.sort(np.where(early, old, new) // 1000 * 1000)


def _lives(world: World, rng: np.random.Generator, activated: Ints, kind: Ints) -> tuple[Ints, Truths]:
    """The last moment of each client's activity, and whether that is in the past."""
    monthly = np.array([0.014, 0.006, 0.045, 0.016, 0.04])[kind]  # who leaves in a month
    days = rng.geometric(monthly / 30.4).astype(np.int64)
    survived = (activated < world.start) & ~chance(rng, 0.12, len(activated))
    begun = np.where(survived, world.start, activated)
    last = begun + days * DAY + rng.integers(0, DAY // 1000, len(days)) * 1000
    gone_before = (activated < world.start) & ~survived
    last = np.where(gone_before, activated + ((world.start - activated) * rng.random(len(days))).astype(np.int64), last)
    return np.minimum(last, world.end), last < world.end


def client_tables(world: World, who: Clients) -> dict[str, pa.Table]:
    """The tables `client`, `client_tag` and `client_activity`."""
    rng = world.rng("client_names")
    owner = rng.integers(1, USERS + 1, who.rows)
    zones = [ZONE_OF[c] for c in names.COUNTRIES]
    columns = {
        "client_id": who.ids,
        "client_type": text(TYPES, who.kind),
        "name": pa.array(_names(rng, who)),
        "company_id": who.company,
        "owner_user_id": (owner, ~chance(rng, 0.08, who.rows)),
        "currency": text(CODES, who.currency),
        "status": text(STATUSES, who.status),
        "created_at": who.created,
        "activated_at": (who.activated, who.is_activated),
        "deleted_at": (who.deleted, who.is_deleted),
        "timezone": text(zones, who.home, ~chance(rng, 0.1, who.rows)),
        "external_id": text(
            [f"crm-{n:06d}" for n in range(who.rows)], numbers(who.rows, 0), chance(rng, 0.7, who.rows)
        ),
    }
    return {
        "client": build("client", columns),
        "client_tag": _tags(rng, who),
        "client_activity": _archived(world, rng, who),
    }


def _names(rng: np.random.Generator, who: Clients) -> list[str]:
    found = np.array(names.businesses(rng, who.home), dtype=object)
    found[who.kind == CALL_SHOP] = names.shops(rng, who.home[who.kind == CALL_SHOP])
    found[who.kind == OTT] = names.people(rng, int((who.kind == OTT).sum()), who.home[who.kind == OTT])
    cards = np.flatnonzero(who.kind == CALLING_CARD)
    digits = rng.integers(0, 10_000, (len(cards), 2)).tolist()
    found[cards] = [f"Card 8820 {a:04d} {b:04d} {n:04d}" for n, (a, b) in zip(range(len(cards)), digits, strict=True)]
    firms = np.flatnonzero((who.kind == CLIENT) & (who.weight >= 12) & who.is_activated)
    odd = firms[:: max(1, len(firms) // len(names.HOSTILE))][: len(names.HOSTILE)]
    found[odd] = names.HOSTILE[: len(odd)]
    return list(found)


def _tags(rng: np.random.Generator, who: Clients) -> pa.Table:
    chosen = chance(rng, 1.0, who.rows)[:, None] & (
        rng.random((who.rows, len(TAGS))) < (0.05, 0.06, 0.3, 0.08, 0.05, 0, 0, 0.07, 0.02)
    )
    chosen[:, TAGS.index("prepaid")] = (who.payer != POSTPAID) & (who.kind != OTT)
    chosen[:, TAGS.index("postpaid")] = who.payer == POSTPAID
    chosen[:, TAGS.index("wholesale")] |= who.kind == RESELLER
    chosen[chance(rng, 0.15, who.rows)] = False
    alphabetical = np.array(sorted(range(len(TAGS)), key=TAGS.__getitem__))
    client, tag = np.nonzero(chosen[:, alphabetical])
    return build("client_tag", {"client_id": who.ids[client], "tag": text(TAGS, alphabetical[tag])})


def _archived(world: World, rng: np.random.Generator, who: Clients) -> pa.Table:
    """Activity before the 24 months, whose usage is no longer kept; a few never used anything."""
    old = np.flatnonzero(who.is_activated & (who.activated < world.start - DAY) & (who.kind != OTT))
    until = np.minimum(who.last[old], world.start - HOUR)
    first = who.activated[old] + ((until - who.activated[old]) * rng.random(len(old)) * 0.1).astype(np.int64)
    final = until - ((until - first) * rng.random(len(old)) ** 4 * 0.3).astype(np.int64)
    used = ~chance(rng, 0.06, len(old))
    columns = {"client_id": who.ids[old], "first_paid_at": (first, used), "last_paid_at": (final, used)}
    return build("client_activity", columns, sorted_by(who.ids[old]))
