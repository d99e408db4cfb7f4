"""When each client last used a paid service (M-01 … M-05)."""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.timeline import numbers, place


def archived(client_activity: ir.Table, clients: ir.Table) -> ir.Table:
    """First and last paid service of each client in usage that is no longer in the warehouse."""
    known = client_activity.semi_join(clients, "client_id")
    ends = known.select("client_id", at=ibis.array([known.first_paid_at, known.last_paid_at]).unnest())
    return place(ends).group_by("client_id", "number").aggregate(paid_at=_.at.max())


def last_paid(events: ir.Table) -> ir.Table:
    """M-02: the last `paid_at` of each client before the end of each bucket; no row if it never paid.

    `events` are the last paid moments of a client per bucket `number`, 0 for all before; one pass
    carries them forward over the buckets.
    """
    events = events.filter(_.paid_at.notnull())
    per_bucket = events.group_by("client_id", "number").aggregate(paid_at=_.paid_at.max())
    every = per_bucket.select("client_id").distinct().cross_join(numbers())
    dense = every.left_join(per_bucket, ["client_id", "number"]).select("client_id", "number", "paid_at")
    so_far = ibis.window(group_by="client_id", order_by="number", rows=(None, 0))
    running = dense.mutate(last_paid=_.paid_at.max().over(so_far))
    return running.filter(_.number > 0, _.last_paid.notnull()).select("client_id", "number", "last_paid")
