"""Coupons: groups, codes of one use or many, and who redeemed them for what."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.columns import ONE, Ints, Truths, build, numbers, text
from reports_lib.warehouse.demo.names import TITLES
from reports_lib.warehouse.demo.world import DAY, HOUR, MONTHS, World, chance, draw

GROUPS = (
    "Marketing", "Reward", "Internal client", "Black Friday", "Львівський книжковий форум", "Copa 2026",
    "Returned mail", "Partners & friends", "<Summer>", "Never used",
)  # fmt: skip
COUPON_TYPES = ("ppv_live", "ppv_vod", "plan")
LIVE, VOD, PLAN = range(3)
DISCOUNTS = ("percent", "trial_days", "trial_until")
PERCENT, TRIAL_DAYS, TRIAL_UNTIL = range(3)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
NAMED = (
    "WELCOME10",
    "FRIEND25",
    "COPA2026",
    "SUMMER",
    "ЛІТО26",
    "NEW-YEAR",
    "STAFF100",
    "COMEBACK",
    "FILM4FREE",
    "TRY30",
    "B2B+OTT",
    "=CODE",
)
BATCH = 60  # codes of one use a month


@dataclass(frozen=True)
class Coupons:
    """One entry a coupon; times are microseconds, `last` the last moment it may be used."""

    group: Ints
    reusable: Truths
    limit: Ints  # 0 if there is none
    first: Ints
    last: Ints
    kind: Ints
    discount: Ints
    percent: Ints
    trial_days: Ints
    created: Ints

    @property
    def rows(self) -> int:
        """How many coupons there are."""
        return len(self.group)


def coupons(world: World) -> Coupons:
    """The named coupons of many uses, and each month a batch of codes of one use."""
    rng = world.rng("coupon")
    batches = MONTHS * BATCH * world.scale
    rows = len(NAMED) + batches
    reusable = np.arange(rows) < len(NAMED)
    month = np.where(reusable, np.arange(rows) * 2, (np.arange(rows) - len(NAMED)) // (BATCH * world.scale)) % MONTHS
    created = world.month_starts[month] + 9 * HOUR
    batch = month % 7  # what a month's batch is for
    discount = np.where(
        reusable,
        draw(rng, (7, 3, 1), rows),
        np.where(batch == 2, TRIAL_DAYS, np.where(batch == 5, TRIAL_UNTIL, PERCENT)),
    )
    kind = np.where(
        discount != PERCENT,
        PLAN,
        np.where(reusable, np.arange(rows) % 3, np.where(batch == 3, VOD, np.where(batch == 4, LIVE, PLAN))),
    )
    long = np.where(reusable, 360, np.where(batch % 2 == 0, 60, 120))
    return Coupons(
        group=np.where(reusable, np.arange(rows) % 9, month % 9) + 1,
        reusable=reusable,
        limit=np.where(reusable, np.where(np.arange(rows) % 4 == 1, 25 * world.scale, 0), 1),
        first=world.month_starts[month],
        last=world.month_starts[month] + long * DAY - 1,
        kind=kind,
        discount=discount,
        percent=np.array([10, 15, 20, 25, 50, 100])[draw(rng, (4, 2, 4, 3, 2, 1), rows)],
        trial_days=np.array([7, 14, 30])[draw(rng, (1, 2, 2), rows)],
        created=created,
    )


def redeem(rng: np.random.Generator, some: Coupons, times: Ints, kinds: Ints) -> Ints:
    """A coupon for some of the purchases made at `times`: its position, or -1.

    Valid at that time, of the purchase's kind, and never more often than it may be.
    """
    found = np.full(len(times), -1)
    used = np.zeros(some.rows, np.int64)
    most = np.where(some.limit == 0, 1 << 40, some.limit)
    for row in np.flatnonzero(rng.random(len(times)) < 0.22):
        valid = (some.kind == kinds[row]) & (some.first <= times[row]) & (times[row] <= some.last) & (used < most)
        fitting = np.flatnonzero(valid & (some.created < times[row]))
        if len(fitting):
            found[row] = fitting[rng.integers(0, min(len(fitting), 9))]  # the named ones come first
            used[found[row]] += 1
    return found


def coupon_tables(
    world: World, some: Coupons, redeemed: Ints, purchases: Ints, times: Ints, clients: Ints
) -> dict[str, pa.Table]:
    """The tables `coupon_group`, `coupon` and `coupon_redemption`.

    `redeemed`, `purchases`, `times` and `clients` have one entry a redemption, in order of time: the coupon's
    position, and the ids and the moment of the purchase it was used for.
    """
    groups = {
        "group_id": numbers(len(GROUPS)),
        "name": text(GROUPS, numbers(len(GROUPS), 0)),
        "created_at": world.start - numbers(len(GROUPS))[::-1] * 9 * DAY,
    }
    redemptions = {
        "redemption_id": numbers(len(redeemed)),
        "coupon_id": redeemed + 1,
        "client_id": clients,
        "redeemed_at": times,
        "purchase_id": purchases,
    }
    return {
        "coupon_group": build("coupon_group", groups),
        "coupon": _coupon_table(world, some, redeemed),
        "coupon_redemption": build("coupon_redemption", redemptions),
    }


def _coupon_table(world: World, some: Coupons, redeemed: Ints) -> pa.Table:
    rng = world.rng("coupon_code")
    rows = some.rows
    content = np.where(some.kind == LIVE, 5 + numbers(rows, 0) % 4, 9 + numbers(rows, 0) % (len(TITLES) - 8))
    columns = {
        "coupon_id": numbers(rows),
        "group_id": some.group,
        "code": text(_codes(rng, rows), numbers(rows, 0)),
        "reusable": some.reusable,
        "max_redemptions": (some.limit, some.limit > 0),
        "valid_from": some.first,
        "valid_to": (some.last, ~(some.reusable & (numbers(rows) % 5 == 0))),
        "detail": text(
            ("Newsletter", 'For the "lost" customers', "Stand at the fair"), numbers(rows, 0) % 3, numbers(rows) % 4 > 0
        ),
        "coupon_type": text(COUPON_TYPES, some.kind),
        "content_id": (content, (some.kind == VOD) & (some.reusable | (numbers(rows) % 2 == 0))),
        "discount_type": text(DISCOUNTS, some.discount),
        "discount_percent": (some.percent * ONE, some.discount == PERCENT),
        "trial_days": (some.trial_days, some.discount == TRIAL_DAYS),
        "trial_until": (some.last + 1, some.discount == TRIAL_UNTIL),
        "enabled": ~chance(rng, 0.03, rows) | np.isin(numbers(rows, 0), redeemed),
        "created_at": some.created,
    }
    return build("coupon", columns)


def _codes(rng: np.random.Generator, rows: int) -> list[str]:
    letters = np.array(list(LETTERS))[rng.integers(0, len(LETTERS), (rows, 6))]
    made = [f"{''.join(line)}{n:04X}" for n, line in enumerate(letters.tolist())]  # the number makes it unique
    return [*NAMED, *made[len(NAMED) :]]
