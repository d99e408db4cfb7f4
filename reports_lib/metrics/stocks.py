"""How many clients there are, and their balances, at the end of every bucket (M-03 … M-08)."""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.currency import MONEY

GROUPS = ("active", "overall", "all")
MEASURES = ("qty", "balance_pos", "balance_neg", "balance")
STOCKS = tuple(f"{group}_{measure}" for group in GROUPS for measure in MEASURES)


def stocks(universe: ir.Table, last_paid: ir.Table, balances: ir.Table) -> ir.Table:
    """One row a client and bucket of `universe`, with each of `STOCKS` as its share of the sum.

    Overall active is who ever paid before the bucket's end, active who did in the window before it.
    The sign of a balance is taken here, once, on the netted and unrounded amount; a client without
    entries has 0. `unrated` counts balances that lack a rate.
    """
    key = ["client_id", "number"]
    known = universe.left_join(last_paid, key).select(universe, last_paid.last_paid)
    known = known.left_join(balances, key).select(known, balances.balance, balances.unrated)
    zero = ibis.literal(0).cast(MONEY)
    balance = known.balance.coalesce(zero)
    shares = {
        "qty": (ibis.literal(1), ibis.literal(0)),
        "balance_pos": (ibis.greatest(balance, zero), zero),
        "balance_neg": (ibis.least(balance, zero), zero),
        "balance": (balance, zero),
    }
    member = {
        "active": known.last_paid.notnull() & (known.last_paid >= known.window),
        "overall": known.last_paid.notnull(),
        "all": ibis.literal(True),
    }
    named = {f"{group}_{measure}": member[group].ifelse(*shares[measure]) for group in GROUPS for measure in MEASURES}
    return known.select(*key, **named, unrated=_.unrated.coalesce(0))
