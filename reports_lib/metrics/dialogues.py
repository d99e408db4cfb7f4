"""Which dialogues are looked at: those that pass the filters of chats (M-32).

Several values of a filter mean any of them, several filters mean all of them, none chosen means no restriction.
A dialogue is looked at whole, so a message that lets it pass may lie before the period or behind it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.timeline import naive
from reports_lib.values.interval import Interval
from reports_lib.warehouse.statement import Tables

USER, BOT, OPERATOR = "user", "bot", "operator"
SENDERS = (USER, BOT, OPERATOR)  # whose messages count: what the system says never does (M-34)
PICKED = {"chat_id": "int64", "messenger": "string", "bot_id": "int64", "operator_id": "int64", "group_id": "int64"}
STAFF = frozenset({"operator_id", "group_id"})
WITH_CUSTOMER = "with_customer_messages"


class Narrowed(Protocol):
    """A period, and what narrows the dialogues; each list is of ids or names, and an empty one leaves nothing out."""

    interval: Interval
    as_of: datetime
    chat: Sequence[str]
    operator: Sequence[str]
    messenger: Sequence[str]
    bot: Sequence[str]
    group: Sequence[str]
    with_customer_messages: bool


def bounds(asked: Narrowed) -> dict[str, str]:
    """What fills `start` and `end`: the period, of which nothing is left where it begins after as-of (G-2)."""
    first, last = asked.interval.clipped(asked.as_of)
    return {"start": naive(first).isoformat(sep=" "), "end": naive(last).isoformat(sep=" ")}


def picks(asked: Narrowed) -> dict[str, str]:
    """The filters that are used, each with what fills its slot: names for a shape, and values for its statement."""
    chosen: dict[str, Sequence[str]] = {
        "chat_id": asked.chat,
        "messenger": asked.messenger,
        "bot_id": asked.bot,
        "operator_id": asked.operator,
        "group_id": asked.group,
    }
    filled = {name: packed((value,) for value in values) for name, values in chosen.items() if values}
    return filled | ({WITH_CUSTOMER: ""} if asked.with_customer_messages else {})


def dialogues(tables: Tables, chosen: Collection[str]) -> ir.Table:
    """The rows of `chat_session` that pass the filters `chosen`, of all times.

    Of an operator are the dialogues that hold a message by him, or that were ever given to him; of a group those of
    its members, as they were members then.
    """
    found, message = tables("chat_session"), tables("chat_message")
    for name in ("bot_id", "chat_id"):
        if name in chosen:
            found = found.semi_join(_picked(name), name)
    if "messenger" in chosen:
        found = found.semi_join(tables("chat").semi_join(_picked("messenger"), "messenger"), "chat_id")
    if not STAFF.isdisjoint(chosen):
        said = message.filter(message.sender == OPERATOR).select("session_id", "operator_id", at=message.sent_at)
        given = tables("chat_assignment").select("session_id", "operator_id", at=_.assigned_at)
        found = found.semi_join(doing(said.union(given), tables, chosen), "session_id")
    if WITH_CUSTOMER in chosen:
        found = found.semi_join(message.filter(message.sender == USER), "session_id")
    return found


def doing(facts: ir.Table, tables: Tables, chosen: Collection[str]) -> ir.Table:
    """The `facts` (an `operator_id` that did something `at` a moment) of picked operators, and of picked groups.

    An operator is of a group from the start of a membership up to, and not including, its end, where it has any.
    """
    if "operator_id" in chosen:
        facts = facts.semi_join(_picked("operator_id"), "operator_id")
    if "group_id" in chosen:
        member = tables("operator_group_member").semi_join(_picked("group_id"), "group_id")
        has_come = member.from_at.isnull() | (member.from_at <= facts.at)
        has_not_left = member.to_at.isnull() | (facts.at < member.to_at)
        facts = facts.semi_join(member, [facts.operator_id == member.operator_id, has_come & has_not_left])
    return facts


def _picked(name: str) -> ir.Table:
    return inline(name, {name: PICKED[name]})
