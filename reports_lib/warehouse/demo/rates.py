"""Currencies and their exchange rates: a walk a working day, in both directions against the euro."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.columns import Ints, build, sorted_by, text
from reports_lib.warehouse.demo.world import DAY, HOUR, World

NANO = 1_000_000_000
BEFORE = 35  # days of rates before the first fact


class Currency(NamedTuple):
    """A currency: where its rate starts, and how it is rounded and paid in."""

    code: str
    symbol: str
    rate: int  # of one euro, in thousand-millionths, at the beginning
    decimals: int
    step: int  # a usual payment is a multiple of it, in units
    is_weekly: bool


CURRENCIES = (
    Currency("EUR", "€", NANO, 2, 10, False),
    Currency("USD", "$", 1_087_500_000, 2, 10, False),
    Currency("GBP", "£", 841_200_000, 2, 10, False),
    Currency("UAH", "₴", 44_870_000_000, 2, 200, True),
    Currency("JPY", "¥", 163_400_000_000, 0, 1000, False),
)
CODES = [currency.code for currency in CURRENCIES]
EUR, USD, GBP, UAH, JPY = range(5)


def currencies() -> pa.Table:
    """The table `currency`."""
    order = np.array(sorted(range(len(CODES)), key=CODES.__getitem__))
    decimals = np.array([c.decimals for c in CURRENCIES])
    columns = {
        "code": text(CODES, np.arange(len(CODES))),
        "rate_precision": np.full(len(CODES), 4),
        "details_precision": np.where(decimals == 0, 2, 4),
        "totals_precision": decimals,
        "symbol": text([c.symbol for c in CURRENCIES], np.arange(len(CODES))),
    }
    return build("currency", columns, order)


def rates(world: World) -> pa.Table:
    """The table `fx_rate`: set at 14:00 UTC on working days, the hryvnia's on Mondays only."""
    rng = world.rng("fx_rate")
    day = world.start // DAY - BEFORE + np.arange(world.days + BEFORE)
    parts = []
    for number, currency in enumerate(CURRENCIES[1:], start=1):
        weekday = (day + 3) % 7
        wanted = (weekday == 0) if currency.is_weekly else (weekday < 5)
        wanted[0] = True
        days = day[wanted]
        at = days * DAY + 14 * HOUR
        at[0] = days[0] * DAY
        kept = at < world.end
        rate = _walk(rng, currency, len(days))[kept]
        parts += [(EUR, number, at[kept], rate), (number, EUR, at[kept], (NANO * NANO + rate // 2) // rate)]
    origin, target, effective, rate = (np.concatenate([_full(p, k) for p in parts]) for k in range(4))
    rank = np.argsort(np.argsort(CODES))  # keys in the order of their codes
    order = sorted_by(rank[origin], rank[target], effective)
    columns = {
        "from_currency": text(CODES, origin),
        "to_currency": text(CODES, target),
        "effective_from": effective,
        "rate": rate,
    }
    return build("fx_rate", columns, order)


def _full(part: tuple[int, int, Ints, Ints], place: int) -> Ints:
    value = part[place]
    return np.full(len(part[2]), value) if isinstance(value, int) else value


def _walk(rng: np.random.Generator, currency: Currency, steps: int) -> Ints:
    """Rates with 4 decimals (6 where a unit is worth more than a euro) that drift and return."""
    rate = np.empty(steps, np.int64)
    rate[0] = currency.rate
    moves = rng.integers(-4500, 4501, steps)  # millionths of the rate
    for step in range(1, steps):
        back = (currency.rate - rate[step - 1]) // 60
        rate[step] = rate[step - 1] + rate[step - 1] // 1_000_000 * moves[step] + back
    return rate // 100_000 * 100_000
