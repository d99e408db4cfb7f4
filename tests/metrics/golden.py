"""The golden data of Customer Dynamics: seven clients, worked by hand, as canonical rows.

Report: Europe/Kyiv, January to March 2024, USD, Active Duration 1 month, clients of type client.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

D = Decimal


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


CLIENTS = [  # id, type, currency, created, deleted
    (1, "client", "USD", "2023-06-01", None),  # A
    (2, "client", "EUR", "2023-11-15", None),  # B
    (3, "client", "USD", "2024-02-10", None),  # C never uses anything
    (4, "client", "USD", "2023-05-01", None),  # D paid once, long ago
    (5, "reseller", "USD", "2023-05-01", None),  # E filtered out by type
    (6, "client", "USD", "2023-05-01", "2024-02-15"),  # F deleted in February
    (7, "client", "USD", "2024-01-01", None),  # G usage exactly on the January/February boundary
]
RATES = [("USD", "USD", "1970-01-01", "1"), ("EUR", "USD", "2023-01-01", "1.10"), ("EUR", "USD", "2024-02-15", "1.05")]
USAGE = [  # client, at, amount, is_paid
    (1, "2024-01-10 10:00", 5, True),
    (1, "2024-02-25 10:00", 0, False),  # free call, no package: not a paid service
    (1, "2024-03-31 20:59:59", 2, True),  # last second of March in Kyiv (DST)
    (1, "2024-03-31 21:00", 7, True),  # first instant of April: outside
    (2, "2024-01-20 10:00", 10, True),
    (2, "2024-02-20 10:00", 4, True),
    (4, "2023-08-05 10:00", 3, True),
    (5, "2024-01-05 10:00", 100, True),
    (6, "2024-01-12 10:00", 1, True),
    (7, "2024-01-31 22:00", 6, True),  # exactly 2024-02-01 00:00 in Kyiv
]
CHARGES = [  # subscription, seq, kind, charged, period start, amount, status
    (11, 0, "activation", "2024-02-05 08:00", None, 10, "charged"),
    (11, 1, "renew", "2024-02-05 08:00", "2024-02-05 08:00", 20, "charged"),  # initial renewal within the activation
    (11, 2, "renew", "2024-03-04 08:00", "2024-03-05 08:00", 20, "charged"),  # in advance: counts when charged
    (11, 3, "renew", "2024-02-28 08:00", "2024-02-28 08:00", 20, "failed"),  # a failed attempt never counts
    (12, 0, "activation", "2024-02-29 22:30", None, 0, "charged"),  # 1 March 00:30 in Kyiv; a free one has a Qty
    (12, 1, "renew", "2024-02-29 22:30", "2024-02-29 22:30", 8, "charged"),
]
SUBSCRIPTIONS = [(11, 1, 101, "2024-02-05 08:00"), (12, 2, 102, "2024-02-29 22:30")]
PAYMENTS = [  # client, at, amount, status
    (1, "2024-01-05 10:00", 50, "approved"),
    (1, "2024-02-02 10:00", 999, "void"),
    (1, "2024-03-15 10:00", 20, "approved"),
    (2, "2024-01-15 10:00", 5, "approved"),
    (3, "2024-02-12 10:00", 3, "approved"),
    (4, "2023-07-01 10:00", 10, "approved"),
    (6, "2024-01-03 10:00", 1, "approved"),
    (7, "2024-01-15 10:00", 6, "approved"),
]
CURRENCY = {client: currency for client, _, currency, _, _ in CLIENTS}


def tables() -> dict[str, list[dict[str, Any]]]:
    """Canonical rows; the ledger holds what was paid, used and charged, as a billing system posts it."""
    owner = {subscription: client for subscription, client, _, _ in SUBSCRIPTIONS}
    ledger = [_entry(client, when, "payment", amount, status) for client, when, amount, status in PAYMENTS]
    ledger += [_entry(client, when, "usage_charge", -amount) for client, when, amount, _ in USAGE if amount]
    ledger += [
        _entry(owner[subscription], when, "package_renewal" if kind == "renew" else "package_activation", -amount)
        for subscription, _, kind, when, _, amount, status in CHARGES
        if status == "charged" and amount
    ]
    return {
        "client": [
            {"client_id": i, "client_type": t, "currency": c, "created_at": at(made), "deleted_at": gone and at(gone)}
            for i, t, c, made, gone in CLIENTS
        ],
        "fx_rate": [
            {"from_currency": a, "to_currency": b, "effective_from": at(since), "rate": D(rate)}
            for a, b, since, rate in RATES
        ],
        "usage_event": [
            {"client_id": c, "started_at": at(when), "amount": D(n), "currency": CURRENCY[c], "is_paid": paid}
            for c, when, n, paid in USAGE
        ],
        "currency": [
            {"code": code, "rate_precision": 4, "details_precision": 4, "totals_precision": 2}
            for code in ("EUR", "USD")
        ],
        "package": [{"package_id": 101, "name": "Basic"}, {"package_id": 102, "name": "Europe"}],
        "subscription": [
            {"subscription_id": s, "client_id": c, "package_id": p, "assigned_at": at(when), "activated_at": at(when)}
            | {"status": "active"}
            for s, c, p, when in SUBSCRIPTIONS
        ],
        "subscription_period": [
            {
                "subscription_id": s,
                "seq": seq,
                "kind": kind,
                "charged_at": at(when),
                "period_start": start and at(start),
            }
            | {"amount": D(n), "currency": CURRENCY[owner[s]], "status": status}
            for s, seq, kind, when, start, n, status in CHARGES
        ],
        "ledger_entry": ledger,
    }


def _entry(client: int, when: str, kind: str, amount: int, status: str = "approved") -> dict[str, Any]:
    money = {"amount": D(amount), "currency": CURRENCY[client]}
    return {"client_id": client, "posted_at": at(when), "kind": kind, "status": status} | money
