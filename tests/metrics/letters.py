"""Questions about messages to clients, and rows of them in few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from books import at

from reports_lib.values.interval import Interval

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
OCTOBER = "2026-10-01/2026-10-31"
ON_ITS_WAY = ("pending", "delivered", "undelivered")


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of both notebooks."""

    interval: Interval
    as_of: datetime = NOW
    channel: Sequence[str] = ()
    status: Sequence[str] = ()
    currency: str = "USD"


def asked(interval: str = OCTOBER, zone: str = "UTC", **changes: Any) -> Asked:
    return Asked(Interval.parse(interval, ZoneInfo(zone), changes.get("as_of", NOW)), **changes)


def message(made: str, channel: str = "sms", status: str = "delivered", price: str = "0", **columns: Any) -> dict:
    """A message that was sent when it was made, if its status says that it was sent."""
    row = {
        "notification_id": 1,
        "channel": channel,
        "status": status,
        "created_at": at(made),
        "required": True,
        "text_length": 20,
    }
    row |= {"sent_at": at(made) if status in ON_ITS_WAY else None, "price": Decimal(price)} | columns
    return row | {name: at(row[name]) for name in ("sent_at", "delivered_at") if isinstance(row.get(name), str)}
