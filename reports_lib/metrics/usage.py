"""Usage: what was paid as you go, and which usage makes a client active (M-01, M-11)."""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.currency import AMOUNT, Conversion, converted
from reports_lib.metrics.timeline import TIME


def charges(usage_event: ir.Table, clients: ir.Table, conversion: Conversion, *, is_net: bool = False) -> ir.Table:
    """The usage of `clients` that any figure needs, each with bucket and rate.

    That is everything within the report, and from before it what was paid. `amount` was charged
    outside packages, with taxes unless `is_net`; where `is_flow` it counts.
    """
    timeline = conversion.timeline
    known = usage_event.semi_join(clients, "client_id")
    known = known.filter(known.is_paid | (known.started_at >= ibis.literal(timeline.start, TIME)))
    amount = (known.amount - known.tax.coalesce(0)).cast(AMOUNT) if is_net else known.amount
    facts = known.select("client_id", "currency", "is_paid", at=known.started_at, amount=amount)
    facts = conversion.rated(timeline.place(facts))
    return facts.mutate(is_flow=(facts.number > 0) & (facts.amount != 0))


def per_client(charges: ir.Table) -> ir.Table:
    """One row a client and bucket: `payg_total` and `paid_at`, the last paid usage (M-11, M-02)."""
    counts = charges.is_flow | (charges.is_paid & (charges.number > 0))
    return charges.group_by("client_id", "number").aggregate(
        paid_at=_.at.max(where=_.is_paid),
        payg_total=converted(_.amount, _.rate).sum(where=_.is_flow),
        flows=_.is_flow.sum(),
        first_at=_.at.min(where=counts),
        last_at=_.at.max(where=counts),
        unrated=(_.is_flow & _.rate.isnull()).sum(),
    )
