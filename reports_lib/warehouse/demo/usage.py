"""Calls, messages and data that clients used: what each cost, and what packages covered of it.

The allowance of a package is per calendar month (UTC): usage is covered until it is used up, the
one in which it runs out partly. Whatever is beyond is charged.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo import destinations as to
from reports_lib.warehouse.demo.catalogue import ACTIVATION, ALLOWANCE, FEE, SERVICE
from reports_lib.warehouse.demo.clients import CALL_SHOP, CALLING_CARD, CLIENT, OFFSET_OF, RESELLER, Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, Rows, build, numbers, text
from reports_lib.warehouse.demo.names import COUNTRIES
from reports_lib.warehouse.demo.packages import Subscriptions
from reports_lib.warehouse.demo.rates import CODES
from reports_lib.warehouse.demo.world import (
    BUSINESS_WEEK,
    DAY,
    EVENING_HOURS,
    HOUR,
    OFFICE_HOURS,
    World,
    chance,
    draw,
)

SIZE = 1_500_000  # rows at scale 1
VOICE, TOLL_FREE, SMS, DATA, CHAT = 1, 2, 3, 4, 5
SUCCESS = 0
RESULTS = ("success", "busy", "no_channel", "error")


@dataclass(frozen=True)
class Usage(Rows):
    """One entry a usage in every array, in order of time; `client` and `place` are positions."""

    client: Ints
    at: Ints
    service: Ints
    place: Ints
    result: Ints
    volume: Ints  # in the service's unit
    billed: Ints
    covered: Ints
    package: Ints  # 0 if none
    amount: Ints
    currency: Ints


def usage(world: World, who: Clients, held: Subscriptions) -> Usage:
    """Everything that was used."""
    rng = world.rng("usage_event")
    client, at = _when(world, rng, who)
    rows = len(at)
    service = _service(rng, who.kind[client])
    place = _place(rng, who.home[client])
    result = np.where(service <= TOLL_FREE, draw(rng, (865, 65, 25, 45), rows), SUCCESS)
    volume = _volume(rng, service, result)
    step = np.array([d.step for d in to.DESTINATIONS])[place]
    billed = np.where(service <= TOLL_FREE, -(-volume // step) * step, volume)
    package, covered = _covered(world, client, at, service, billed, held)
    is_free = chance(rng, 0.06, rows) & (service == VOICE) & (package == 0)  # within the group
    currency = who.currency[client]
    amount = np.where(is_free, 0, _price(service, place, currency, billed - covered))
    return Usage(client, at, service, place, result, volume, billed, covered, package, amount, currency)


def _when(world: World, rng: np.random.Generator, who: Clients) -> tuple[Ints, Ints]:
    """Who used something, and when: a few busy hours a client and day."""
    day = world.start + np.arange(world.days) * DAY
    users = np.flatnonzero((who.weight > 0) & who.is_activated & (who.last > world.start))
    weight = who.weight[users] * (0.5 + rng.random(len(users)))
    alive = (who.activated[users][:, None] < day + DAY) & (who.last[users][:, None] > day)
    used = alive & (rng.random(alive.shape) < np.minimum(0.9, 0.12 + weight / 120)[:, None])
    mean = used * weight[:, None] * world.rhythm(BUSINESS_WEEK, 1.2)
    count = rng.poisson(mean * (SIZE * world.scale / mean.sum()))
    cell = np.flatnonzero(count)
    times = count.ravel()[cell]
    client = np.repeat(users[cell // world.days], times)
    busy = np.repeat(rng.integers(0, 1 << 20, len(cell)), times) + rng.integers(0, np.repeat(1 + times // 6, times))
    hour = _hours(rng, who, client, busy)
    at = np.repeat(day[cell % world.days], times) + hour * HOUR + rng.integers(0, 3_600_000, len(client)) * 1000
    kept = (at >= np.maximum(who.activated[client], world.start)) & (at < who.last[client])
    order = np.argsort(at[kept], kind="stable")
    return client[kept][order], at[kept][order]


def _hours(rng: np.random.Generator, who: Clients, client: Ints, busy: Ints) -> Ints:
    """The hours in UTC: office hours of the client's country, evenings for cards and call shops."""
    pool = 1 << 16
    office, evening = draw(rng, OFFICE_HOURS, pool), draw(rng, EVENING_HOURS, pool)
    private = np.isin(who.kind, (CALLING_CARD, CALL_SHOP))[client]
    offset = np.array([OFFSET_OF[c] for c in COUNTRIES])[who.home][client]
    hours: Ints = np.where(private, evening[busy % pool], office[busy % pool]) - offset
    return hours


def _service(rng: np.random.Generator, kind: Ints) -> Ints:
    shares = {
        CLIENT: (70, 8, 14, 5, 3),
        RESELLER: (80, 10, 10, 0, 0),
        CALLING_CARD: (96, 0, 4, 0, 0),
        CALL_SHOP: (92, 0, 2, 6, 0),
    }
    found = np.zeros(len(kind), np.int64)
    for number, weights in shares.items():
        here = kind == number
        found[here] = draw(rng, weights, int(here.sum())) + 1
    return found


def _place(rng: np.random.Generator, home: Ints) -> Ints:
    abroad = draw(rng, [d.popularity for d in to.DESTINATIONS], len(home))
    return np.where(chance(rng, 0.6, len(home)), to.at_home()[home, rng.integers(0, 2, len(home))], abroad)


def _volume(rng: np.random.Generator, service: Ints, result: Ints) -> Ints:
    """Seconds (short calls are the most), messages, bytes or dialogues."""
    share = rng.random(len(service))
    seconds = np.where(result == SUCCESS, 2 + (share * share * share * 1500).astype(np.int64), 0)
    size = 20_000 + (share * share * 60_000_000).astype(np.int64)
    many = 1 + (share > 0.85) + (share > 0.96)
    return np.select([service <= TOLL_FREE, service == SMS, service == DATA], [seconds, many, size], 1)


def _covered(
    world: World, client: Ints, at: Ints, service: Ints, billed: Ints, held: Subscriptions
) -> tuple[Ints, Ints]:
    """The package of each usage that one covers, wholly or in part, and how much of it."""
    package = np.zeros(len(at), np.int64)
    held_by = np.flatnonzero(held.covers & held.is_activated)
    holders = np.zeros(int(client.max()) + 1, bool)
    holders[held.client[held_by][held.client[held_by] < len(holders)]] = True
    some = np.flatnonzero(holders[client])
    for turn in _turns(held, held_by):  # first package of each client, then the second
        which = np.full(len(holders), -1)
        mine = turn[held.client[turn] < len(holders)]
        which[held.client[mine]] = mine
        sub = which[client[some]]
        fits = (sub >= 0) & (at[some] >= held.activated[sub]) & (at[some] < held.ended[sub])
        fits &= SERVICE[held.package[sub]] == service[some]
        package[some[fits]] = sub[fits] + 1
    return _used_up(world, client, at, billed, package, held)


def _turns(held: Subscriptions, rows: Ints) -> list[Ints]:
    first = np.unique(held.client[rows], return_index=True)[1]
    return [rows[first], np.delete(rows, first)]


def _used_up(
    world: World, client: Ints, at: Ints, billed: Ints, holding: Ints, held: Subscriptions
) -> tuple[Ints, Ints]:
    some = np.flatnonzero((holding > 0) & (billed > 0))
    key = (holding[some] - 1) * 64 + world.months_of(at[some])
    order = np.argsort(key, kind="stable")
    some, key = some[order], key[order]
    total = np.cumsum(billed[some])
    first = np.flatnonzero(np.diff(key, prepend=-1))
    before = np.repeat(total[first] - billed[some[first]], np.diff(np.append(first, len(key))))
    sub = holding[some] - 1
    left = ALLOWANCE[held.package[sub]] * held.quantity[sub] - (total - before - billed[some])
    part = np.clip(left, 0, billed[some])
    package, covered = np.zeros_like(holding), np.zeros_like(holding)
    package[some] = np.where(part > 0, held.package[sub], 0)
    covered[some] = part
    return package, covered


def _price(service: Ints, place: Ints, currency: Ints, volume: Ints) -> Ints:
    """The charge in millionths, rounded half up to four decimals as charges are kept."""
    toll_free, sms, data, chat = (
        np.array(to.in_currencies(p))[currency]
        for p in (to.TOLL_FREE_PRICE, to.SMS_PRICE, to.MEGABYTE_PRICE, to.DIALOGUE_PRICE)
    )
    amount = np.select(
        [service == VOICE, service == TOLL_FREE, service == SMS, service == DATA],
        [
            to.prices()[place, currency] * volume // 60,
            toll_free * volume // 60,
            sms * volume,
            data * volume // 1_000_000,
        ],
        chat * volume,
    )
    return (amount + 50) // 100 * 100


def usage_table(world: World, who: Clients, used: Usage) -> pa.Table:
    """The table `usage_event`."""
    rng = world.rng("usage_account")
    rows = len(used.at)
    seconds = np.where(used.service <= TOLL_FREE, used.volume, 0)
    ended = np.minimum(used.at + seconds * ONE, world.end - 1000)
    calls = used.service <= SMS
    country = np.array([d.country != "" for d in to.DESTINATIONS])[used.place]
    account = used.client * 3 + draw(rng, (6, 3, 1), rows)
    carriers = np.flatnonzero((who.kind == RESELLER) & who.is_activated & (who.created < world.start))
    peer = carriers[rng.integers(0, len(carriers), rows)]
    has_peer = calls & (used.amount > 0) & (peer != used.client) & (who.created[peer] < used.at)
    fee = (FEE + ACTIVATION)[used.package] > 0
    columns = {
        "usage_id": numbers(rows),
        "client_id": who.ids[used.client],
        "account_id": text(_accounts(rng, who), account),
        "origin": text(("orig", "term"), (used.service == TOLL_FREE).astype(np.int64)),
        "service_id": used.service,
        "started_at": used.at,
        "ended_at": ended,
        "code": text([d.code for d in to.DESTINATIONS], used.place, calls),
        "code_name": text([d.name for d in to.DESTINATIONS], used.place, calls),
        "country": text([d.country for d in to.DESTINATIONS], used.place, calls & country),
        "volume": used.volume * ONE,
        "billed_volume": used.billed * ONE,
        "amount": used.amount,
        "tax": used.amount // 6,
        "currency": text(CODES, used.currency),
        "package_id": (used.package, used.package > 0),
        "package_volume": (used.covered * ONE, used.package > 0),
        "is_paid": (used.amount > 0) | ((used.package > 0) & fee),
        "result_status": text(RESULTS, used.result),
        "peer_client_id": (who.ids[peer], has_peer),
        "peer_amount": (used.amount * rng.integers(55, 104, rows) // 100, has_peer),  # some at a loss
    }
    return build("usage_event", columns)


def _accounts(rng: np.random.Generator, who: Clients) -> list[str]:
    prefix = {
        "NL": "3120",
        "DE": "4930",
        "ES": "3491",
        "PL": "4822",
        "UA": "38044",
        "GB": "4420",
        "US": "1512",
        "CL": "562",
        "JP": "816",
    }
    digits = rng.integers(0, 10_000_000, who.rows * 3).tolist()
    return [f"{prefix[COUNTRIES[who.home[n // 3]]]}{d:07d}" for n, d in enumerate(digits)]
