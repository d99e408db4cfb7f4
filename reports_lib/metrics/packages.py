"""What was charged for packages: activations and renewals (M-13, M-14)."""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.currency import AMOUNT, converted, rated, report_currency
from reports_lib.metrics.timeline import place


def charges(periods: ir.Table, subscriptions: ir.Table, *, is_net: bool = False) -> ir.Table:
    """What counts as an activation or a renewal of `subscriptions`, each with bucket and rate.

    A renewal counts when it is charged, the initial one within an activation too; one that failed
    or was rolled back never does. An activation counts when the subscription was activated, also
    where it was free and left no charge at all. `amount` has taxes unless `is_net`.
    """
    held = subscriptions.select(
        "subscription_id", "client_id", "package_id", "quantity", "activated_at", state=subscriptions.status
    )
    charged = periods.filter(_.status == "charged").inner_join(held, "subscription_id")
    facts = charged.select(
        "client_id",
        "package_id",
        "quantity",
        "currency",
        at=(_.kind == "activation").ifelse(_.activated_at.coalesce(_.charged_at), _.charged_at),
        amount=(_.amount - _.tax.coalesce(0)).cast(AMOUNT) if is_net else _.amount,
        is_activation=_.kind == "activation",
        is_paid=_.amount > 0,
    )
    free = held.filter(_.activated_at.notnull(), _.state != "pending")
    free = free.anti_join(periods.filter(_.kind == "activation"), "subscription_id").select(
        "client_id",
        "package_id",
        "quantity",
        currency=report_currency(),
        at=_.activated_at,
        amount=ibis.literal(0).cast(facts.amount.type()),
        is_activation=ibis.literal(True),
        is_paid=ibis.literal(False),
    )
    facts = rated(place(facts.union(free)))
    return facts.mutate(is_flow=facts.number > 0)


def per_package(charges: ir.Table) -> ir.Table:
    """One row a client, bucket and package: units and amounts charged, and `paid_at` (M-02).

    Quantities count the units held: an activation of three counts three times, its renewals too.
    """
    activated = charges.is_flow & charges.is_activation
    renewed = charges.is_flow & ~charges.is_activation
    money = converted(charges.amount, charges.rate)
    return charges.group_by("client_id", "number", "package_id").aggregate(
        paid_at=_.at.max(where=_.is_paid),
        activation_qty=_.quantity.sum(where=activated),
        activation_total=money.sum(where=activated),
        renew_qty=_.quantity.sum(where=renewed),
        renew_total=money.sum(where=renewed),
        flows=_.is_flow.sum(),
        first_at=_.at.min(where=_.is_flow),
        last_at=_.at.max(where=_.is_flow),
        unrated=(_.is_flow & (_.amount != 0) & _.rate.isnull()).sum(),
    )
