"""The ledger: balances at the end of every bucket, and refills (M-07 … M-10).

As usage is, so the ledger of the report and that before it are read apart: what was before is one
sum a client and currency. Both figures of the report come from its sums per client, bucket and
currency.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.currency import MONEY, at_ends, converted, rated
from reports_lib.metrics.timeline import numbers, place, place_within, start

MOVED = "decimal(38, 6)"


def entries(ledger_entry: ir.Table, *, chargebacks: bool = False) -> ir.Table:
    """The approved entries within the report, each with bucket and rate.

    `is_flow` marks refills: payments above 0. `is_chargeback` marks payments below 0, if
    `chargebacks` are asked for; they never reduce the refills.
    """
    facts = rated(place_within(_approved(ledger_entry)))
    is_chargeback = facts.is_payment & (facts.amount < 0) if chargebacks else ibis.literal(False)
    return facts.mutate(is_flow=facts.is_payment & (facts.amount > 0), is_chargeback=is_chargeback)


def sums(entries: ir.Table, *, payments_only: bool = False, chargebacks: bool = False) -> ir.Table:
    """One row a client, bucket and currency: `moved`, what the balance moved by, and the refills."""
    moves = entries.is_payment if payments_only else None
    taken_back = {
        "chargeback_qty": _.is_chargeback.sum(),
        "chargeback_total": converted(_.amount, _.rate).sum(where=_.is_chargeback),
    }
    return entries.group_by("client_id", "number", "currency").aggregate(
        moved=_moved(moves),
        refill_qty=_.is_flow.sum(),
        refill_total=converted(_.amount, _.rate).sum(where=_.is_flow),
        flows=_.is_flow.sum(),
        first_at=_.at.min(where=moves),
        last_at=_.at.max(where=moves),
        unrated=((_.is_flow | _.is_chargeback) & _.rate.isnull()).sum(),
        **(taken_back if chargebacks else {}),
    )


def moved_before(ledger_entry: ir.Table, *, payments_only: bool = False) -> ir.Table:
    """What moved the balance of each client in each currency before the report: `moved`, in bucket 0."""
    known = _approved(ledger_entry)
    known = known.filter(known.at < start())
    moved = _moved(known.is_payment if payments_only else None)
    return known.group_by("client_id", "currency").aggregate(moved=moved).mutate(number=ibis.literal(0, "int64"))


def invoiced(invoice: ir.Table, clients: ir.Table) -> ir.Table:
    """What issued invoices moved a fixed balance by, per client, bucket and currency (M-07).

    An invoice counts from its creation, and is given back when it is deleted.
    """
    issued = invoice.filter(_.status == "RECORDED").semi_join(clients, "client_id")
    made = issued.select("client_id", "currency", at=issued.created_at, amount=-issued.total)
    undone = issued.select("client_id", "currency", at=issued.deleted_at, amount=issued.total)
    facts = place(made.union(undone))
    inside = facts.number > 0
    return facts.group_by("client_id", "number", "currency").aggregate(
        moved=_.amount.sum().cast(MOVED),
        first_at=_.at.min(where=inside),
        last_at=_.at.max(where=inside),
    )


def balances(moves: ir.Table) -> ir.Table:
    """The balance of each client in each currency at the end of each bucket, where it is not 0.

    `moves` are sums of `moved` per client, bucket `number` (0 for all before) and currency; one
    pass adds them up over the buckets.
    """
    key = ["client_id", "currency", "number"]
    per_bucket = moves.group_by(key).aggregate(moved=_.moved.sum())
    every = per_bucket.select("client_id", "currency").distinct().cross_join(numbers())
    dense = every.left_join(per_bucket, key).select(*key, "moved")
    so_far = ibis.window(group_by=["client_id", "currency"], order_by="number", rows=(None, 0))
    running = dense.mutate(amount=_.moved.sum().over(so_far).cast(MOVED))
    return running.filter(_.number > 0, _.amount != 0).select(*key, "amount")


def in_report_currency(balances: ir.Table) -> ir.Table:
    """The `balance` of each client, all its currencies netted at the rates of the bucket's end."""
    rates = at_ends()
    rated = balances.left_join(rates, ["number", "currency"]).select(balances, rates.rate)
    return rated.group_by("client_id", "number").aggregate(
        balance=converted(_.amount, _.rate).sum().coalesce(ibis.literal(0).cast(MONEY)),
        unrated=_.rate.isnull().sum(),
    )


def _approved(ledger_entry: ir.Table) -> ir.Table:
    known = ledger_entry.filter(ledger_entry.status == "approved")
    return known.select("client_id", "currency", "amount", at=known.posted_at, is_payment=known.kind == "payment")


def _moved(where: ir.BooleanValue | None) -> ir.Value:
    return _.amount.sum(where=where).coalesce(0).cast(MOVED)
