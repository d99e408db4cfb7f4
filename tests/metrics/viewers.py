"""Questions about customers who watch, and rows of what they bought and may watch, in few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from books import at

from reports_lib.values.interval import Interval

Row = dict[str, Any]
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
OCTOBER = "2026-10-01/2026-10-31"
PLANS: list[Row] = [
    {"package_id": 21, "name": "Basic", "kind": "subscription"},
    {"package_id": 22, "name": "Premium", "kind": "subscription"},
    {"package_id": 29, "name": "One match", "kind": "one_time"},
]
EMPTY: dict[str, list[Row]] = {
    "client": [], "client_profile": [], "client_session": [], "playback": [], "purchase": [], "entitlement": [],
    "payment": [], "package": PLANS,
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    interval: Interval
    as_of: datetime = NOW
    country: Sequence[str] = ()
    registration_status: Sequence[str] = ()
    grace_days: int = 0


def asked(interval: str = OCTOBER, zone: str = "UTC", **changes: Any) -> Asked:
    return Asked(Interval.parse(interval, ZoneInfo(zone), changes.get("as_of", NOW)), **changes)


def viewer(who: int, country: str | None = None, status: str = "confirmed") -> Row:
    """What a customer told at registration."""
    return {"client_id": who, "country": country, "registration_status": status}


def bought(who: int, when: str, package: int | None = 21, status: str = "approved", **columns: Any) -> Row:
    """A subscription, or something else to watch if `package` is None."""
    kind = "ppv_vod" if package is None else "subscription"
    row = {"client_id": who, "purchased_at": at(when), "package_id": package, "kind": kind, "status": status}
    return row | columns


def access(who: int, since: str, until: str, paid: str = "10", **columns: Any) -> Row:
    """An entitlement to the plan Basic."""
    times = {"starts_at": at(since), "ends_at": at(until)}
    return {"client_id": who, "package_id": 21, "paid_amount": Decimal(paid)} | times | columns


def payment(number: int, refunded: str | None = None, amount: str = "10", back: str = "10") -> Row:
    """A payment of `amount`, of which `back` was refunded if it says when."""
    row = {"payment_id": number, "amount": Decimal(amount), "created_at": at("2026-01-01")}
    return row | ({"refunded_at": at(refunded), "refunded_amount": Decimal(back)} if refunded else {})
