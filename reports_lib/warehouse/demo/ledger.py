"""The ledger: every movement of every client's balance, and the balances at the ends of months.

Usage is posted once a client, currency and hour (UTC), at the hour's last microsecond: so usage and
ledger agree at every full hour, and M-15 holds in every zone whose days begin on one.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo import extras
from reports_lib.warehouse.demo.catalogue import MONEY
from reports_lib.warehouse.demo.clients import Clients
from reports_lib.warehouse.demo.columns import build, numbers, sorted_by, text
from reports_lib.warehouse.demo.extras import Movements
from reports_lib.warehouse.demo.invoices import CDR, OTHERWISE, RECORDED, Invoices
from reports_lib.warehouse.demo.ott import APPROVED as BOUGHT
from reports_lib.warehouse.demo.ott import Purchases
from reports_lib.warehouse.demo.packages import CHARGED, ROLLED_BACK, Periods, Subscriptions
from reports_lib.warehouse.demo.payments import CANCELLED, CHARGEBACK, GATEWAYS, PENDING, Payments
from reports_lib.warehouse.demo.rates import CODES
from reports_lib.warehouse.demo.usage import Usage
from reports_lib.warehouse.demo.world import HOUR, World

STATUSES = ("approved", "pending", "void")
ENTERED, WAITING, VOIDED = range(3)
TAXED = (extras.USAGE, extras.ACTIVATION, extras.RENEWAL, extras.EXTRA)


def from_usage(used: Usage) -> Movements:
    """One charge a client, currency and hour."""
    some = np.flatnonzero(used.amount > 0)
    hour = used.at[some] // HOUR
    key = (used.client[some] * len(CODES) + used.currency[some]) * (1 << 24) + hour
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    amount = np.add.reduceat(used.amount[some][order], first)
    account = key[first] >> 24
    at = (key[first] & ((1 << 24) - 1)) * HOUR + HOUR - 1
    return Movements.of(account // len(CODES), at, extras.USAGE, -amount, account % len(CODES))


def from_packages(held: Subscriptions, made: Periods) -> Movements:
    """A charge for each activation and renewal; of those rolled back, a void one."""
    some = np.flatnonzero((made.amount > 0) & np.isin(made.state, (CHARGED, ROLLED_BACK)))
    sub = made.subscription[some]
    found = Movements.of(
        held.client[sub], made.charged[some], extras.RENEWAL, -made.amount[some], MONEY[held.package[sub]],
        subscription=sub,
        status=np.where(made.state[some] == ROLLED_BACK, VOIDED, ENTERED),
    )  # fmt: skip
    return replace(found, kind=np.where(made.seq[some] == 0, extras.ACTIVATION, extras.RENEWAL))


def from_purchases(bought: Purchases) -> Movements:
    """A charge for each film or event."""
    some = np.flatnonzero((bought.subscription < 0) & (bought.status == BOUGHT) & (bought.amount > 0))
    note = np.full(len(some), extras.PAY_PER_VIEW)
    return Movements.of(
        bought.client[some],
        bought.at[some],
        extras.EXTRA,
        -bought.amount[some],
        bought.currency[some],
        description=note,
    )


def from_invoices(made: Invoices) -> Movements:
    """A charge for what was sold by invoice alone."""
    some = np.flatnonzero(np.isin(made.kind, (CDR, OTHERWISE)) & (made.status == RECORDED))
    note = np.full(len(some), extras.BY_INVOICE)
    return Movements.of(
        made.client[some],
        made.created[some],
        extras.EXTRA,
        -made.latest[some],
        made.currency[some],
        invoice=some,
        description=note,
    )


def from_payments(world: World, paid: Payments) -> Movements:
    """Payments, what went back of them, duplicates that were voided, and those still pending."""
    some = np.flatnonzero(paid.paid > 0)
    good = Movements.of(
        paid.client[some],
        paid.paid[some],
        extras.PAYMENT,
        paid.amount[some],
        paid.currency[some],
        invoice=paid.invoice[some],
    )
    back = np.flatnonzero(paid.refunded_at[some] > 0)
    row = some[back]
    is_chargeback = paid.status[row] == CHARGEBACK
    amount = np.where(is_chargeback, -paid.amount[row], -paid.refunded[row])
    note = np.where(is_chargeback, extras.CHARGEBACK, extras.REFUNDED)
    gone = Movements.of(
        paid.client[row],
        paid.refunded_at[row],
        extras.REFUND,
        amount,
        paid.currency[row],
        reverses=back,
        description=note,
    )
    gone = replace(gone, kind=np.where(is_chargeback, extras.PAYMENT, extras.REFUND))
    both = Movements.joined(good, gone)  # what goes back names its payment by the same positions
    open_ = np.flatnonzero((paid.status == PENDING) | (paid.status == CANCELLED))
    status = np.where(paid.status[open_] == PENDING, WAITING, VOIDED)
    note = np.where(status == VOIDED, extras.DUPLICATE, -1)
    rest = Movements.of(
        paid.client[open_],
        paid.created[open_],
        extras.PAYMENT,
        paid.amount[open_],
        paid.currency[open_],
        status=status,
        description=note,
    )
    return both.and_then(rest)


def ledger_tables(world: World, who: Clients, moved: Movements, paid: Payments) -> dict[str, pa.Table]:
    """The tables `ledger_entry` and `balance_snapshot`."""
    order = sorted_by(moved.at, moved.client, moved.kind)
    place = np.empty(len(order), np.int64)
    place[order] = numbers(len(order))
    rng = world.rng("ledger_entry")
    is_payment = moved.kind == extras.PAYMENT
    account = rng.integers(0, len(GATEWAYS), len(order))
    columns = {
        "entry_id": place,
        "client_id": who.ids[moved.client],
        "posted_at": moved.at,
        "kind": text(extras.KINDS, moved.kind),
        "amount": moved.amount,
        "tax": (-(-moved.amount // 6), np.isin(moved.kind, TAXED)),
        "currency": text(CODES, moved.currency),
        "status": text(STATUSES, moved.status),
        "payment_account": text([f"{g} account" for g in GATEWAYS], account, is_payment),
        "invoice_id": (moved.invoice + 1, moved.invoice >= 0),
        "subscription_id": (moved.subscription + 1, moved.subscription >= 0),
        "reverses_entry_id": (place[moved.reverses], moved.reverses >= 0),
        "description": text(extras.DESCRIPTIONS, moved.description, moved.description >= 0),
        "author_user_id": (moved.author, moved.author >= 0),
    }
    return {"ledger_entry": build("ledger_entry", columns, order), "balance_snapshot": _balances(world, who, moved)}


def _balances(world: World, who: Clients, moved: Movements) -> pa.Table:
    """Live balances at the beginnings of months, of clients whose entries are all in one currency."""
    some = moved.status == ENTERED
    own = moved.currency == who.currency[moved.client]
    mixed = np.zeros(who.rows, bool)
    mixed[moved.client[~own]] = True
    moment = world.month_starts[1:-1]
    total = np.zeros((who.rows, len(moment) + 1), np.int64)
    np.add.at(total, (moved.client[some], np.searchsorted(moment, moved.at[some], side="right")), moved.amount[some])
    balance = np.cumsum(total, axis=1)[:, :-1]
    there = (
        (who.created[:, None] < moment) & ~mixed[:, None] & ~(who.is_deleted[:, None] & (who.deleted[:, None] < moment))
    )
    client, number = np.nonzero(there)
    columns = {
        "client_id": who.ids[client],
        "as_of": moment[number],
        "mode": text(("live",), np.zeros(len(client), np.int64)),
        "currency": text(CODES, who.currency[client]),
        "balance": balance[client, number],
    }
    return build("balance_snapshot", columns)
