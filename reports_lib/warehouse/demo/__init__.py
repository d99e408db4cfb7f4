"""A made-up telephone group and its clients: every canonical table, 24 months long.

The same seed, size and last day give the same bytes of every table, whatever the machine's clock,
zone or language. Ledger and usage agree exactly, so M-15 holds a client, a currency and an hour.
"""

from datetime import UTC, date, datetime

import pyarrow as pa

from reports_lib.warehouse.demo import clients, companies, packages, rates, usage
from reports_lib.warehouse.demo.world import World
from reports_lib.warehouse.tables import TABLES

SEED = 20_260_101
UNTIL = date(2026, 11, 1)


def end(until: date = UNTIL) -> datetime:
    """The moment before which everything happened, some 2.5 days into the month after the 24: a good as-of."""
    return datetime.fromtimestamp(World(SEED, 1, until).end // 1_000_000, UTC)


def tables(seed: int = SEED, scale: int = 1, until: date = UNTIL) -> dict[str, pa.Table]:
    """All canonical tables, by name, in their canonical columns and order.

    `scale` multiplies clients and facts: about 3,000 clients and 1.5 million rows of usage at 1.
    Facts begin 24 months before `until`; a few days follow it (see `end`).
    """
    world = World(seed, scale, until)
    made = _subjects(world)
    return {name: made[name] if name in made else table.schema.to_pyarrow().empty_table() for name, table in TABLES.items()}


def _subjects(world: World) -> dict[str, pa.Table]:
    who = clients.clients(world)
    held = packages.subscriptions(world, who)
    charged = packages.periods(world, held, world.rng("subscription_period"))
    used = usage.usage(world, who, held)
    return {
        **companies.companies(),
        **companies.staff(world),
        "content": companies.contents(),
        "currency": rates.currencies(),
        "fx_rate": rates.rates(world),
        **clients.client_tables(world, who),
        "package": packages.packages(),
        **packages.package_tables(world, who, held, charged),
        "usage_event": usage.usage_table(world, who, used),
    }


__all__ = ["end", "tables"]
