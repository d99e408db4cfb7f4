"""Usage: what was paid as you go, and which usage makes a client active (M-01, M-11).

The usage of the report and that before it are read apart: of what was before, only when a client
last paid is ever asked, and that needs neither a bucket nor a rate.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.currency import AMOUNT, converted, rated
from reports_lib.metrics.timeline import place_within, start


def charges(usage_event: ir.Table, *, is_net: bool = False) -> ir.Table:
    """The usage within the report that any figure needs, each with bucket and rate.

    `amount` was charged outside packages, with taxes unless `is_net`; where `is_flow` it counts.
    """
    amount = (usage_event.amount - usage_event.tax.coalesce(0)).cast(AMOUNT) if is_net else usage_event.amount
    facts = usage_event.select("client_id", "currency", "is_paid", at=usage_event.started_at, amount=amount)
    facts = rated(place_within(facts.filter(facts.is_paid | (facts.amount != 0))))
    return facts.mutate(is_flow=facts.amount != 0)


def per_client(charges: ir.Table) -> ir.Table:
    """One row a client and bucket: `payg_total` and `paid_at`, the last paid usage (M-11, M-02)."""
    return charges.group_by("client_id", "number").aggregate(
        paid_at=_.at.max(where=_.is_paid),
        payg_total=converted(_.amount, _.rate).sum(where=_.is_flow),
        flows=_.is_flow.sum(),
        first_at=_.at.min(),
        last_at=_.at.max(),
        unrated=(_.is_flow & _.rate.isnull()).sum(),
    )


def paid_before(usage_event: ir.Table) -> ir.Table:
    """The last paid usage of each client before the report: `paid_at`, in bucket 0."""
    paid = usage_event.filter(usage_event.is_paid, usage_event.started_at < start())
    return paid.group_by("client_id").aggregate(paid_at=_.started_at.max()).mutate(number=ibis.literal(0, "int64"))
