"""Usage that is charged: the one rule by which a month's lines and the calls behind them are found."""

import ibis.expr.types as ir
from ibis import _


def charged_usage(usage_event: ir.Table, start: ir.Value, end: ir.Value) -> ir.Table:
    """The events that began from `start` until before `end` and were charged outside packages.

    Beside their own columns: `at`, when they began, and of the volume `billed` and, by a package, `covered`.
    """
    facts = usage_event.mutate(at=usage_event.started_at)
    facts = facts.filter(facts.at >= start, facts.at < end).filter(_.amount != 0)
    return facts.mutate(billed=_.billed_volume.coalesce(_.volume), covered=_.package_volume.coalesce(0))
