"""Who is counted: the clients that pass the filters, and the packages they hold (G-12).

A client's type, tags, company and owner are those of the as-of moment. Several values of a filter
mean any of them, several filters mean all of them, none chosen means no restriction.
"""

from collections.abc import Collection, Iterable

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.inline import inline
from reports_lib.metrics.timeline import buckets, end, start

PICKED = {"client_type": "string", "tag": "string", "company_id": "int64", "owner_user_id": "int64"}


def clients(client: ir.Table, client_tag: ir.Table, picks: Collection[str]) -> ir.Table:
    """The clients that pass the filters, deleted ones included.

    `picks` names columns of `client`, or `tag`: those that are one of the values in the slot of that name.
    """
    found = client
    for name in sorted(set(picks) - {"tag"}):
        found = found.semi_join(inline(name, {name: PICKED[name]}), name)
    if "tag" in picks:
        found = found.semi_join(client_tag.semi_join(inline("tag", {"tag": PICKED["tag"]}), "tag"), "client_id")
    return found.select("client_id", "created_at", "deleted_at")


def of_packages(table: ir.Table) -> ir.Table:
    """The rows of the packages that are looked at."""
    return table.semi_join(inline("package_id", {"package_id": "int64"}), "package_id")


def universe(clients: ir.Table) -> ir.Table:
    """U(E): each client once for every bucket at whose end it was there, with the bucket's bounds.

    Created before the end, and not deleted before it; closed and archived clients stay.
    """
    pairs = clients.cross_join(buckets())
    is_there = (pairs.created_at < pairs.ends) & (pairs.deleted_at.isnull() | (pairs.deleted_at >= pairs.ends))
    return pairs.filter(is_there).select("client_id", "number", "window")


def holding(clients: ir.Table, subscriptions: ir.Table) -> ir.Table:
    """The `clients` that held one of `subscriptions` at any time of the report."""
    held = subscriptions.filter(_.assigned_at < end(), _.ended_at.isnull() | (_.ended_at > start()))
    return clients.semi_join(held, "client_id")


def holders(subscriptions: ir.Table) -> ir.Table:
    """Each client and package once for every bucket in which the client held the package.

    A package is held from its assignment until it ends, whatever its state.
    """
    bounds = buckets()
    held = subscriptions.inner_join(
        bounds,
        [
            subscriptions.assigned_at < bounds.ends,
            subscriptions.ended_at.isnull() | (subscriptions.ended_at > bounds.starts),
        ],
    )
    return held.select("client_id", "number", "package_id").distinct()


def without_package(clients: ir.Table, holders: ir.Table) -> ir.Table:
    """Each client for every bucket in which it held no package; `package_id` is null."""
    pairs = clients.select("client_id").cross_join(buckets().select("number"))
    alone = pairs.anti_join(holders, ["client_id", "number"])
    return alone.mutate(package_id=ibis.null("int64"))


def with_sub_companies(chosen: Collection[int], parents: Iterable[tuple[int, int | None]]) -> set[int]:
    """`chosen` companies and all below them; `parents` are (company, the company above)."""
    known, found = list(parents), set(chosen)
    while more := {company for company, parent in known if parent in found} - found:
        found |= more
    return found
