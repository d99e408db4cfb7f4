"""Usage with both its legs: what Orig-Term adds up and the list of xDRs lists (JD-79, JD-80).

The warehouse has a row for each rated event: the leg of its client, what that client was charged (`amount`),
and what the other leg cost (`peer_amount`). Who begins the call and who takes it follows from `origin`:

    origin   originator       terminator       origination cost   termination cost
    orig     the client       the other leg    amount             peer_amount
    term     the other leg    the client       -peer_amount       -amount            a toll-free call

Origination cost is what the originating side is charged, termination cost what the terminating side is paid; where
money goes the other way they are below 0. So profit, the first less the second, is always amount - peer_amount.
"""

from collections.abc import Sequence
from typing import Protocol

import ibis.expr.types as ir

from reports_lib.metrics import population, whose
from reports_lib.metrics.currency import AMOUNT
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import end, start
from reports_lib.values.interval import Interval
from reports_lib.warehouse.statement import Tables

READ = ("usage_event", "client", "client_tag", "company", "service", "subscription")
UNKNOWN = "(unknown)"


class Criteria(whose.Picked, Protocol):
    """The filters of Customer Dynamics: of the clients whose usage it is (G-12)."""

    interval: Interval
    owner_user: Sequence[str]
    package: Sequence[str]  # clients that held any of them in the interval


def picks(warehouse: Warehouse, asked: Criteria) -> dict[str, list[tuple[str | int]]]:
    """The filters that are used, each with the values to keep."""
    ids = {"owner_user_id": asked.owner_user, "package_id": asked.package}
    return whose.picks(warehouse, asked) | {name: [(int(each),) for each in kept] for name, kept in ids.items() if kept}


def usage(tables: Tables, picked: frozenset[str]) -> ir.Table:
    """The events that began in the period, of the clients that pass the filters `picked`."""
    used = tables("usage_event")
    used = used.filter(used.started_at >= start(), used.started_at < end())
    if not picked:
        return used
    clients = population.clients(tables("client"), tables("client_tag"), picked - {"package_id"})
    if "package_id" in picked:
        held = population.of_packages(tables("subscription").semi_join(clients, "client_id"))
        clients = population.holding(clients, held)
    return used.semi_join(clients, "client_id")


def legs(used: ir.Table) -> ir.Table:
    """The same events, with who they came from, to whom they went, and both costs in the event's own currency.

    `is_single` where the other leg is not known, or not to whoever reads: its cost then counts as 0.
    """
    is_orig = used.origin == "orig"
    amount, peer = used.amount, used.peer_amount.coalesce(0).cast(AMOUNT)
    nobody = used.account_id.nullif(used.account_id)
    return used.mutate(
        at=used.started_at,
        orig_client=is_orig.ifelse(used.client_id, used.peer_client_id),
        term_client=is_orig.ifelse(used.peer_client_id, used.client_id),
        orig_account=is_orig.ifelse(used.account_id, nobody),
        term_account=is_orig.ifelse(nobody, used.account_id),
        orig_cost=is_orig.ifelse(amount, -peer).cast(AMOUNT),
        term_cost=is_orig.ifelse(peer, -amount).cast(AMOUNT),
        is_single=used.peer_amount.isnull(),
    )
