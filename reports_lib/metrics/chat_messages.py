"""Messages of chats: how many users, robots and operators sent, and what they cost (TW-92 … TW-100).

A message belongs to the period in which it was sent, whenever its dialogue began. What the system says is counted
nowhere (M-34).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import exchange
from reports_lib.metrics.chats import READ, Row, Span, placing
from reports_lib.metrics.dialogues import BOT, OPERATOR, SENDERS, USER, Narrowed, bounds, dialogues, picks
from reports_lib.metrics.exchange import Exchange
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.tallies import data_interval
from reports_lib.metrics.timeline import naive, place_within
from reports_lib.values.contact import MESSENGERS, OTHER
from reports_lib.values.spine import Bucket
from reports_lib.warehouse.statement import Dialect, Tables, statement

SUMS = "decimal(38, 6)"
NAMES = {USER: "Users", BOT: "Robots", OPERATOR: "Operators"}
NOTHING = {"messages": 0, **dict.fromkeys(SENDERS, 0), "cost": Decimal(0)}


class Question(Narrowed, Protocol):
    """The parameters of a run, resolved."""

    currency: str


@dataclass(frozen=True)
class Messages:
    """Messages that were sent in the period and their cost, in the currency of the report, unrounded.

    Each row has `messages`, those of the `user`, `bot` and `operator`, and `cost`. `by_sender` has a row for each
    step of time and sender.
    """

    total: Row
    by_chat: list[Row]
    by_messenger: list[Row]
    by_time: list[Row]
    by_sender: list[Row]
    step: str
    data_interval: Span | None
    places: int


def messages(warehouse: Warehouse, asked: Question) -> Messages:
    """Messages of users, robots and operators in the dialogues that pass the filters, and their cost (M-33, M-34).

    Each is converted at the rate of its moment (G-8). Raises `RateError` naming every currency and day that lacks
    a rate, `WarehouseError` naming all that the warehouse lacks.
    """
    warehouse.check([*READ, *exchange.READ])
    rates = Exchange.of(warehouse, asked.currency)
    steps, chosen = Steps.of(asked.interval, asked.as_of), picks(asked)
    cut = list(_cut(steps.buckets, rates))
    parts = [replace(bucket, number=number) for number, bucket in enumerate(cut)]
    found = warehouse.ask(sent, frozenset(chosen), chosen | placing(parts) | bounds(asked))
    rates.check((row["currency"], row["first_at"]) for row in found if row["cost"])
    known = {row["chat_id"]: row for row in warehouse.ask(chats)}
    rows = [_told(row, cut, known, rates) for row in found]
    used = {_messenger(chat) for chat in known.values()} | {row["messenger"] for row in rows}
    by_time = steps.rows(_summed(rows, ["number"]), list(NOTHING))
    return Messages(
        total=next(iter(_summed(rows, [])), dict(NOTHING)),
        by_chat=sorted(_summed(rows, ["chat_id", "chat", "messenger"]), key=_dearest),
        by_messenger=_by_messenger(rows, used),
        by_time=by_time,
        by_sender=[
            {"key": row["key"], "sender": NAMES[sender], "messages": row[sender]} for row in by_time for sender in NAMES
        ],
        step=steps.name,
        data_interval=data_interval(found),
        places=rates.places.totals,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), sent, frozenset())
    statement(Dialect(), chats, None)


def sent(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Number and cost of messages by bucket, chat, sender and currency."""
    session, message = dialogues(tables, chosen), tables("chat_message")
    said = message.filter(message.sender.isin(SENDERS))
    placed = place_within(said.select("session_id", "sender", "cost", "currency", at=said.sent_at))
    told = placed.inner_join(session, "session_id").select(placed, session.chat_id)
    return told.group_by("number", "chat_id", "sender", "currency").aggregate(
        messages=_.count(), cost=_.cost.sum().cast(SUMS), first_at=_.at.min(), last_at=_.at.max()
    )


def chats(tables: Tables, _shape: None) -> ir.Table:
    """Every chat, its name and its messenger."""
    return tables("chat").select("chat_id", "name", "messenger")


def _cut(buckets: Iterable[Bucket], rates: Exchange) -> Iterator[Bucket]:
    """The buckets cut where a rate may change too, so that one rate holds for all that is in a part of them."""
    changes = sorted({at for found in rates.rates.pairs.values() for at, _rate in found})
    for bucket in buckets:
        inside = changes[bisect_right(changes, naive(bucket.start)) : bisect_left(changes, naive(bucket.end))]
        edges = [bucket.start, *(at.replace(tzinfo=UTC) for at in inside), bucket.end]
        for begins, ends in pairwise(edges):
            yield replace(bucket, start=begins, end=ends)


def _told(found: Mapping[str, Any], cut: Sequence[Bucket], known: Mapping[int, Any], rates: Exchange) -> Row:
    """A row of `sent` in the terms of the report: its step, names, and the cost in the report's currency."""
    chat = known.get(found["chat_id"], {})
    cost = rates.converted(found["cost"], found["currency"], found["first_at"]) if found["cost"] else Decimal(0)
    return {
        "number": cut[found["number"]].number,
        "chat_id": found["chat_id"],
        "chat": chat.get("name") or f"chat {found['chat_id']}",
        "messenger": _messenger(chat),
        "messages": found["messages"],
        found["sender"]: found["messages"],
        "cost": cost,
    }


def _messenger(chat: Mapping[str, Any]) -> str:
    return MESSENGERS.get(chat.get("messenger", ""), OTHER)


def _summed(rows: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    """`rows` added up by `keys`."""
    sums: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        into = sums.setdefault(key, dict(zip(keys, key, strict=True)) | NOTHING)
        for name in ("messages", *SENDERS):
            into[name] += row.get(name, 0)
        into["cost"] = exchange.total((into["cost"], row["cost"]))
    return list(sums.values())


def _by_messenger(rows: Iterable[Row], used: Iterable[str]) -> list[Row]:
    """One row for each messenger that a chat uses, most messages of users first (TW-94, TW-96)."""
    by_name = {row["messenger"]: row for row in _summed(rows, ["messenger"])}
    found = [by_name.get(name, {"messenger": name} | NOTHING) for name in used]
    return sorted(found, key=lambda row: (-row[USER], -row["messages"], row["messenger"]))


def _dearest(row: Row) -> tuple[Any, ...]:
    return -row["cost"], row["chat"], row["chat_id"]
