"""What each client was charged a month, in each currency, and for what."""

import numpy as np

from reports_lib.warehouse.demo.catalogue import MONEY
from reports_lib.warehouse.demo.clients import OTT, Clients
from reports_lib.warehouse.demo.columns import Ints
from reports_lib.warehouse.demo.extras import EXTRA, Movements
from reports_lib.warehouse.demo.packages import CHARGED, Periods, Subscriptions
from reports_lib.warehouse.demo.rates import CODES
from reports_lib.warehouse.demo.usage import Usage
from reports_lib.warehouse.demo.world import MONTHS, World

PACKAGE, OTHER = 6, 7  # items beside the services 1 to 5
ITEMS = 8
SHAPE = (MONTHS + 1, ITEMS)


def charged(world: World, who: Clients, used: Usage, held: Subscriptions, made: Periods, extra: Movements) -> Ints:
    """Millionths charged to telephone clients, by client, currency, month and item."""
    total = np.zeros((who.rows, len(CODES), *SHAPE), np.int64)
    np.add.at(total, (used.client, used.currency, world.months_of(used.at), used.service), used.amount)
    some = made.taken((made.state == CHARGED) & (who.kind[held.client[made.subscription]] != OTT))
    client, money = held.client[some.subscription], MONEY[held.package[some.subscription]]
    np.add.at(total, (client, money, world.months_of(some.charged), np.full(len(client), PACKAGE)), some.amount)
    fees = extra.kind == EXTRA
    where = (extra.client[fees], extra.currency[fees], world.months_of(extra.at[fees]), np.full(int(fees.sum()), OTHER))
    np.add.at(total, where, -extra.amount[fees])
    return total


def quantities(world: World, who: Clients, used: Usage) -> Ints:
    """How much was charged for, in the service's unit, by client, month and service."""
    total = np.zeros((who.rows, *SHAPE), np.int64)
    np.add.at(total, (used.client, world.months_of(used.at), used.service), used.billed - used.covered)
    return total
