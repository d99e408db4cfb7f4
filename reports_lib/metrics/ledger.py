"""The ledger: balances at the end of every bucket, and refills (M-07 … M-10).

The ledger is read once; both figures come from its sums per client, bucket and currency.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.currency import MONEY, Conversion, converted
from reports_lib.metrics.timeline import Timeline


def entries(
    ledger_entry: ir.Table, clients: ir.Table, conversion: Conversion, *, chargebacks: bool = False
) -> ir.Table:
    """The approved entries of `clients` up to the report's end, each with bucket and rate.

    `is_flow` marks refills within the report: payments above 0. `is_chargeback` marks payments
    below 0, if `chargebacks` are asked for; they never reduce the refills.
    """
    known = ledger_entry.filter(_.status == "approved").semi_join(clients, "client_id")
    facts = known.select("client_id", "currency", "amount", at=known.posted_at, is_payment=known.kind == "payment")
    facts = conversion.rated(conversion.timeline.place(facts))
    is_payment = facts.is_payment & (facts.number > 0)
    is_chargeback = is_payment & (facts.amount < 0) if chargebacks else ibis.literal(False)
    return facts.mutate(is_flow=is_payment & (facts.amount > 0), is_chargeback=is_chargeback)


def sums(entries: ir.Table, *, payments_only: bool = False) -> ir.Table:
    """One row a client, bucket and currency: `moved`, what the balance moved by, and the refills."""
    moves = entries.is_payment if payments_only else ibis.literal(True)
    counts = moves & (entries.number > 0)
    return entries.group_by("client_id", "number", "currency").aggregate(
        moved=_.amount.sum(where=moves).coalesce(0).cast("decimal(38, 6)"),
        refill_qty=_.is_flow.sum(),
        refill_total=converted(_.amount, _.rate).sum(where=_.is_flow),
        chargeback_qty=_.is_chargeback.sum(),
        chargeback_total=converted(_.amount, _.rate).sum(where=_.is_chargeback),
        flows=_.is_flow.sum(),
        first_at=_.at.min(where=counts),
        last_at=_.at.max(where=counts),
        unrated=((_.is_flow | _.is_chargeback) & _.rate.isnull()).sum(),
    )


def invoiced(invoice: ir.Table, clients: ir.Table, timeline: Timeline) -> ir.Table:
    """What issued invoices moved a fixed balance by, per client, bucket and currency (M-07).

    An invoice counts from its creation, and is given back when it is deleted.
    """
    issued = invoice.filter(_.status == "RECORDED").semi_join(clients, "client_id")
    made = issued.select("client_id", "currency", at=issued.created_at, amount=-issued.total)
    undone = issued.select("client_id", "currency", at=issued.deleted_at, amount=issued.total)
    facts = timeline.place(made.union(undone))
    inside = facts.number > 0
    return facts.group_by("client_id", "number", "currency").aggregate(
        moved=_.amount.sum().cast("decimal(38, 6)"),
        first_at=_.at.min(where=inside),
        last_at=_.at.max(where=inside),
    )


def balances(moves: ir.Table, timeline: Timeline) -> ir.Table:
    """The balance of each client in each currency at the end of each bucket, where it is not 0.

    `moves` are sums of `moved` per client, bucket `number` (0 for all before) and currency; one
    pass adds them up over the buckets.
    """
    key = ["client_id", "currency", "number"]
    per_bucket = moves.group_by(key).aggregate(moved=_.moved.sum())
    every = per_bucket.select("client_id", "currency").distinct().cross_join(timeline.numbers)
    dense = every.left_join(per_bucket, key).select(*key, "moved")
    so_far = ibis.window(group_by=["client_id", "currency"], order_by="number", rows=(None, 0))
    running = dense.mutate(amount=_.moved.sum().over(so_far).cast("decimal(38, 6)"))
    return running.filter(_.number > 0, _.amount != 0).select(*key, "amount")


def in_report_currency(balances: ir.Table, conversion: Conversion) -> ir.Table:
    """The `balance` of each client, all its currencies netted at the rates of the bucket's end."""
    rates = conversion.at_ends()
    rated = balances.left_join(rates, ["number", "currency"]).select(balances, rates.rate)
    return rated.group_by("client_id", "number").aggregate(
        balance=converted(_.amount, _.rate).sum().coalesce(ibis.literal(0).cast(MONEY)),
        unrated=_.rate.isnull().sum(),
    )
