"""The packages that are for sale: fees, periods, trials, and what they cover."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.columns import ONE, Ints, build, text
from reports_lib.warehouse.demo.rates import CODES, EUR, GBP, JPY, UAH, USD

VOICE, SMS = 1, 3  # services that packages cover
UNITS = ("day", "month", "year")


class Package(NamedTuple):
    """What is for sale: fees in units of its currency, an allowance in its service's unit a month."""

    id: int
    name: str
    currency: int
    activation: int
    fee: int
    unit: str | None = "month"
    length: int | None = 1
    trial_days: int | None = None
    status: str = "active"
    service: int = 0
    allowance: int = 0


PACKAGES = (
    Package(1, "Talk 200", EUR, 5, 12, service=VOICE, allowance=12_000),
    Package(2, "Talk 1000", EUR, 10, 39, service=VOICE, allowance=60_000),
    Package(3, "Розмова 200", UAH, 0, 249, service=VOICE, allowance=12_000),
    Package(4, "Розмова 1000", UAH, 100, 790, service=VOICE, allowance=60_000),
    Package(5, "Talk 200 UK", GBP, 5, 10, service=VOICE, allowance=12_000),
    Package(6, "Talk 1000 UK", GBP, 10, 34, service=VOICE, allowance=60_000),
    Package(7, "Talk 200 US", USD, 5, 13, service=VOICE, allowance=12_000),
    Package(8, "Habla 1000", USD, 0, 35, service=VOICE, allowance=60_000),
    Package(9, "トーク200", JPY, 500, 1980, service=VOICE, allowance=12_000),
    Package(10, "Free Starter", EUR, 0, 0, service=VOICE, allowance=1_800),
    Package(11, "SMS 500", EUR, 0, 15, service=SMS, allowance=500),
    Package(12, "Annual Office", EUR, 50, 420, "year", 1, service=VOICE, allowance=48_000),
    Package(13, "Weekly Roamer", EUR, 2, 7, "day", 7, service=VOICE, allowance=6_000),
    Package(14, "Toll-free number", EUR, 25, 0, None, None),
    Package(15, "Wholesale access", USD, 100, 250),
    Package(16, 'Friends & <b>"Family"</b>', EUR, 0, 19, trial_days=14, service=VOICE, allowance=24_000),
    Package(17, "Legacy Line 2019", EUR, 0, 9, status="archived", service=VOICE, allowance=6_000),
    Package(21, "Stream Basic", USD, 0, 7, trial_days=7),
    Package(22, "Stream Premium", USD, 0, 13, trial_days=14),
    Package(23, "Stream Annual", USD, 0, 99, "year", 1),
    Package(24, "Stream Basic UK", GBP, 0, 6, trial_days=7),
    Package(25, "Stream Premium UK", GBP, 0, 11, trial_days=14),
    Package(26, "Stream Basic EU", EUR, 0, 7, trial_days=7),
    Package(27, "Stream Premium EU", EUR, 0, 12, trial_days=14),
)
MAIN = {EUR: (1, 2, 10, 11, 12, 13, 16, 17), USD: (7, 8), GBP: (5, 6), UAH: (3, 4), JPY: (9,)}
LIKED = {EUR: (30, 22, 12, 8, 6, 5, 8, 5), USD: (3, 2), GBP: (3, 2), UAH: (3, 2), JPY: (1,)}


def _by_id(field: str) -> Ints:
    """A number a package id: what that package's `field` is."""
    found = np.zeros(max(p.id for p in PACKAGES) + 1, np.int64)
    for package in PACKAGES:
        found[package.id] = int(getattr(package, field) or 0)
    return found


FEE, ACTIVATION, MONEY, TRIAL = (_by_id(f) for f in ("fee", "activation", "currency", "trial_days"))
SERVICE, ALLOWANCE, LENGTH = (_by_id(f) for f in ("service", "allowance", "length"))
UNIT = np.full(len(FEE), -1)
UNIT[[p.id for p in PACKAGES]] = [UNITS.index(p.unit) if p.unit else -1 for p in PACKAGES]


def packages() -> pa.Table:
    """The table `package`."""
    ids = np.array([p.id for p in PACKAGES])
    rows = np.arange(len(ids))
    periodic = UNIT[ids] >= 0
    columns = {
        "package_id": ids,
        "name": text([p.name for p in PACKAGES], rows),
        "kind": text(("one_time", "subscription"), periodic.astype(np.int64)),
        "currency": text(CODES, MONEY[ids]),
        "activation_fee": ACTIVATION[ids] * ONE,
        "subscription_fee": FEE[ids] * ONE,
        "period_unit": text(UNITS, UNIT[ids], periodic),
        "period_len": (LENGTH[ids], periodic),
        "trial_days": (TRIAL[ids], TRIAL[ids] > 0),
        "status": text([p.status for p in PACKAGES], rows),
    }
    return build("package", columns)
