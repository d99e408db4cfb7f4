"""Chats: how many dialogues there were, and who handled them (TW-87 … TW-91)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.dialogues import BOT, OPERATOR, Narrowed, bounds, dialogues, picks
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.tallies import data_interval, with_extent
from reports_lib.metrics.timeline import Timeline, end, place_within, start
from reports_lib.values.shares import shares
from reports_lib.values.spine import Bucket
from reports_lib.warehouse.statement import Dialect, Tables, statement

READ = ("chat", "chat_assignment", "chat_message", "chat_session", "operator_group_member")
HANDLED = {"by_bot": "Robot", "by_operator": "Operator", "by_nobody": "Nobody"}  # each dialogue is counted once

Span = tuple[datetime, datetime]
Row = dict[str, Any]


@dataclass(frozen=True)
class Handled:
    """Dialogues that began in the period: `total`, with what each part is of all in per cent, and by time.

    `by_handler` has a row for each step of time and handler.
    """

    total: Row
    by_time: list[Row]
    by_handler: list[Row]
    step: str
    data_interval: Span | None


def handled(warehouse: Warehouse, asked: Narrowed) -> Handled:
    """Dialogues begun in the period, by who handled them (M-30, M-31).

    By an operator if one wrote in it, else by the robot if that did, else by nobody: the three add to all of them.
    When they wrote does not matter, as long as it was before as-of. Raises `WarehouseError` naming all that lacks.
    """
    warehouse.check(READ)
    steps, chosen = Steps.of(asked.interval, asked.as_of), picks(asked)
    found = warehouse.ask(begun, frozenset(chosen), chosen | placing(steps.buckets) | bounds(asked))
    names = ["dialogues", *HANDLED]
    total = {name: sum(row[name] for row in found) for name in names}
    parts = shares([total[name] for name in HANDLED])
    by_time = with_extent(steps.rows(found, names))
    return Handled(
        total=total | {f"{name}_percent": part for name, part in zip(HANDLED, parts, strict=True)},
        by_time=by_time,
        by_handler=[
            {"key": row["key"], "handler": HANDLED[name], "dialogues": row[name]} for row in by_time for name in HANDLED
        ],
        step=steps.name,
        data_interval=data_interval(found),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), begun, frozenset())


def begun(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """One row a bucket in which a dialogue began: how many did, and who handled how many of them.

    A dialogue opens with its first message, so its messages are looked for from the start of the period on.
    """
    session, message = dialogues(tables, chosen), tables("chat_message")
    session = session.filter(session.started_at >= start(), session.started_at < end())
    answer = message.filter(message.sent_at >= start(), message.sender.isin((BOT, OPERATOR)))
    answered = answer.group_by("session_id").aggregate(has_operator=(_.sender == OPERATOR).any())
    told = session.left_join(answered, "session_id").select(
        answered.has_operator, at=session.started_at, is_answered=answered.session_id.notnull()
    )
    by_operator = told.has_operator.coalesce(ibis.literal(False))
    told = told.select(
        "at", by_operator=by_operator, by_bot=told.is_answered & ~by_operator, by_nobody=~told.is_answered
    )
    placed = place_within(told)
    counted = {name: placed.count(where=placed[name]) for name in HANDLED}
    return placed.group_by("number").aggregate(dialogues=_.count(), **counted, first_at=_.at.min(), last_at=_.at.max())


def placing(buckets: Iterable[Bucket]) -> dict[str, str]:
    """What fills the slots of `timeline`; no fact finds a bucket where there are none."""
    found = tuple(buckets)
    return Timeline(found).values if found else {"pieces": ""}


def joined(*spans: Span | None) -> Span | None:
    """The stretch in which all of these lie; None if there are none."""
    found = [each for each in spans if each]
    return (min(first for first, _last in found), max(last for _first, last in found)) if found else None
