"""Rows of canonical tables, in few words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


def at(text: str) -> datetime:
    """Naive UTC, as the warehouse keeps time."""
    return datetime.fromisoformat(text)


def client(number: int, made: str = "2020-01-01", gone: str | None = None, **columns: Any) -> Row:
    return {"client_id": number, "created_at": at(made), "deleted_at": gone and at(gone)} | columns


def used(who: int, when: str, amount: str = "1", *, is_paid: bool | None = None, **columns: Any) -> Row:
    value = Decimal(amount)
    paid = value > 0 if is_paid is None else is_paid
    return {"client_id": who, "started_at": at(when), "amount": value, "is_paid": paid} | columns


def posted(who: int, when: str, amount: str, kind: str = "payment", **columns: Any) -> Row:
    return {"client_id": who, "posted_at": at(when), "amount": Decimal(amount), "kind": kind} | columns


def rate(pair: str, since: str, value: str) -> Row:
    source, target = pair.split("/")
    return {"from_currency": source, "to_currency": target, "effective_from": at(since), "rate": Decimal(value)}


def held(number: int, who: int, package: int, since: str, until: str | None = None, **columns: Any) -> Row:
    """A subscription that was activated when it was assigned."""
    times = {"assigned_at": at(since), "activated_at": at(since), "ended_at": until and at(until)}
    return {"subscription_id": number, "client_id": who, "package_id": package, "status": "active"} | times | columns


def charged(number: int, seq: int, when: str, amount: str, status: str = "charged", **columns: Any) -> Row:
    """A charge for a subscription: the activation fee if `seq` is 0, else a renewal."""
    kind = "renew" if seq else "activation"
    money = {"amount": Decimal(amount), "charged_at": at(when), "status": status}
    return {"subscription_id": number, "seq": seq, "kind": kind} | money | columns
