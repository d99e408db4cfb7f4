"""Questions about chats, and rows of dialogues in few words."""

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
EMPTY: dict[str, list[Row]] = {"chat_assignment": [], "chat_message": [], "operator_group_member": []}
OCTOBER = "2026-10-01/2026-10-31"


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    interval: Interval
    as_of: datetime = NOW
    chat: Sequence[str] = ()
    operator: Sequence[str] = ()
    messenger: Sequence[str] = ()
    bot: Sequence[str] = ()
    group: Sequence[str] = ()
    with_customer_messages: bool = False
    currency: str = "USD"
    grid: str = "0.5"


def asked(interval: str = OCTOBER, zone: str = "UTC", **changes: Any) -> Asked:
    return Asked(Interval.parse(interval, ZoneInfo(zone), changes.get("as_of", NOW)), **changes)


def session(number: int, when: str, chat: int = 1, **columns: Any) -> Row:
    return {"session_id": number, "chat_id": chat, "started_at": at(when)} | columns


def said(of: int, when: str, sender: str, text: str | None = None, cost: str = "0", **columns: Any) -> Row:
    return {"session_id": of, "sent_at": at(when), "sender": sender, "text": text, "cost": Decimal(cost)} | columns


def chat(number: int, name: str, messenger: str = "web") -> Row:
    return {"chat_id": number, "name": name, "messenger": messenger}
