"""Which dialogues are looked at: those that pass the filters of chats (M-32).

Several values of a filter mean any of them, several filters mean all of them, none chosen means no restriction.
A dialogue is looked at whole, so a message that lets it pass may lie before the period or behind it.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

import ibis.expr.types as ir

from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.timeline import end, start
from reports_lib.warehouse.statement import Tables

USER, BOT, OPERATOR = "user", "bot", "operator"
SENDERS = (USER, BOT, OPERATOR)  # whose messages count: what the system says never does (M-34)
PICKED = {"chat_id": "int64", "messenger": "string", "bot_id": "int64", "operator_id": "int64", "group_id": "int64"}
WITH_CUSTOMER = "with_customer_messages"


class Narrowed(Protocol):
    """Parameters that narrow the dialogues; each list is of ids or names, and an empty one leaves nothing out."""

    chat: Sequence[str]
    operator: Sequence[str]
    messenger: Sequence[str]
    bot: Sequence[str]
    group: Sequence[str]
    with_customer_messages: bool


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

    Of an operator are the dialogues that hold a message by him, or that were ever given to him.
    """
    found, message = tables("chat_session"), tables("chat_message")
    for name in ("bot_id", "chat_id"):
        if name in chosen:
            found = found.semi_join(_picked(name), name)
    if "messenger" in chosen:
        found = found.semi_join(tables("chat").semi_join(_picked("messenger"), "messenger"), "chat_id")
    if not {"operator_id", "group_id"}.isdisjoint(chosen):
        by = operators(tables, chosen)
        said = message.filter(message.sender == OPERATOR).semi_join(by, "operator_id")
        given = tables("chat_assignment").semi_join(by, "operator_id")
        found = found.semi_join(said.select("session_id").union(given.select("session_id")), "session_id")
    if WITH_CUSTOMER in chosen:
        found = found.semi_join(message.filter(message.sender == USER), "session_id")
    return found


def operators(tables: Tables, chosen: Collection[str]) -> ir.Table:
    """The `operator_id` of those who were picked, or were of a picked group at any time of the report; of both, both.

    For a question that picks operators or groups; one that picks neither means all.
    """
    if "group_id" not in chosen:
        return _picked("operator_id")
    member = tables("operator_group_member").semi_join(_picked("group_id"), "group_id")
    was_there = (member.from_at.isnull() | (member.from_at < end())) & (
        member.to_at.isnull() | (member.to_at > start())
    )
    found = member.filter(was_there).select("operator_id").distinct()
    return found.semi_join(_picked("operator_id"), "operator_id") if "operator_id" in chosen else found


def _picked(name: str) -> ir.Table:
    return inline(name, {name: PICKED[name]})
