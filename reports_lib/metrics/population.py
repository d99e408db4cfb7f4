"""Who is counted: the clients that pass the filters, and the packages they hold (G-12).

A client's type, tags, company and owner are those of the as-of moment. Several values of a filter
mean any of them, several filters mean all of them, none chosen means no restriction.
"""

from collections.abc import Collection, Iterable

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.timeline import TIME, Timeline


def clients(client: ir.Table, client_tag: ir.Table, filters: dict[str, Collection[object]]) -> ir.Table:
    """The clients that pass `filters`, deleted ones included.

    `filters` names columns of `client`, or `tag`, and the values to keep; a filter without values
    does not restrict.
    """
    chosen = {name: list(values) for name, values in filters.items() if values}
    tags = chosen.pop("tag", None)
    picked = [client[name].isin(values) for name, values in chosen.items()]
    found = client.filter(picked) if picked else client
    if tags:
        found = found.semi_join(client_tag.filter(_.tag.isin(tags)), "client_id")
    return found.select("client_id", "created_at", "deleted_at")


def universe(clients: ir.Table, timeline: Timeline) -> ir.Table:
    """U(E): each client once for every bucket at whose end it was there, with the bucket's bounds.

    Created before the end, and not deleted before it; closed and archived clients stay.
    """
    buckets = timeline.table
    pairs = clients.cross_join(buckets)
    is_there = (pairs.created_at < pairs.ends) & (pairs.deleted_at.isnull() | (pairs.deleted_at >= pairs.ends))
    return pairs.filter(is_there).select("client_id", "number", "window")


def subscriptions(subscription: ir.Table, clients: ir.Table, packages: Collection[int]) -> ir.Table:
    """The subscriptions of `clients`, to `packages` if any are named."""
    found = subscription.filter(_.package_id.isin(list(packages))) if packages else subscription
    return found.semi_join(clients, "client_id")


def holding(clients: ir.Table, subscriptions: ir.Table, timeline: Timeline) -> ir.Table:
    """The `clients` that held one of `subscriptions` at any time of the report."""
    starts, ends = ibis.literal(timeline.start, TIME), ibis.literal(timeline.end, TIME)
    held = subscriptions.filter(_.assigned_at < ends, _.ended_at.isnull() | (_.ended_at > starts))
    return clients.semi_join(held, "client_id")


def holders(subscriptions: ir.Table, timeline: Timeline) -> ir.Table:
    """Each client and package once for every bucket in which the client held the package.

    A package is held from its assignment until it ends, whatever its state.
    """
    buckets = timeline.table
    held = subscriptions.inner_join(
        buckets,
        [
            subscriptions.assigned_at < buckets.ends,
            subscriptions.ended_at.isnull() | (subscriptions.ended_at > buckets.starts),
        ],
    )
    return held.select("client_id", "number", "package_id").distinct()


def without_package(clients: ir.Table, holders: ir.Table, timeline: Timeline) -> ir.Table:
    """Each client for every bucket in which it held no package; `package_id` is null."""
    pairs = clients.select("client_id").cross_join(timeline.table.select("number"))
    alone = pairs.anti_join(holders, ["client_id", "number"])
    return alone.mutate(package_id=ibis.null("int64"))


def with_sub_companies(chosen: Collection[int], parents: Iterable[tuple[int, int | None]]) -> set[int]:
    """`chosen` companies and all below them; `parents` are (company, the company above)."""
    known, found = list(parents), set(chosen)
    while more := {company for company, parent in known if parent in found} - found:
        found |= more
    return found
