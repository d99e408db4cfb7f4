"""What each operator did in dialogues: wrote in them, has them open, passed them by (M-36 … M-38; TW-103 … TW-105).

    written   dialogues in which the operator wrote within the period; one of two operators counts for both
    active    dialogues given to the operator and open where the period ends, or at as-of if that is earlier
    skipped   times that a dialogue was given to the operator within the period and ended without a word of his

An assignment ends when it is released, or else with its dialogue; one that lasts is not skipped. What ends at
a moment has ended by then, what ends at as-of or later lasts. A word at either end of an assignment is one
within it: a reply and the end that comes with it may bear the same time.

Of chosen operators, and of members of chosen groups, only what they themselves did is counted: a
message by when it was sent, an assignment by when it was given. The other filters narrow the dialogues (M-32).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import staff
from reports_lib.metrics.dialogues import OPERATOR, STAFF, Narrowed, bounds, dialogues, doing, picks
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import end, start
from reports_lib.warehouse.statement import Dialect, Tables, as_of, statement

FIGURES = ("written", "active", "skipped")
READ = ("chat", "chat_session", "chat_message", "chat_assignment", *staff.READ)


@dataclass(frozen=True)
class Operators:
    """Operators from the one who wrote in most dialogues; who was asked for has a row, whatever it holds.

    `total` is counted anew and no sum of them (G-10): a dialogue of two operators is one. `at` is the moment at
    which dialogues are active, in the zone of the report.
    """

    rows: list[dict[str, Any]]
    total: dict[str, Any]
    at: datetime


def operators(warehouse: Warehouse, asked: Narrowed) -> Operators:
    """The figures of the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(READ)
    chosen = picks(asked)
    found = warehouse.ask(query, frozenset(chosen), bounds(asked) | chosen)
    counted = {(row["operator_id"], row["figure"]): row["counted"] for row in found}
    names = staff.names(warehouse)
    known = {operator for operator, _figure in counted} - {None} | {int(each) for each in asked.operator}
    rows: list[dict[str, Any]] = [
        {"operator_id": each, "operator": staff.called(names, each)} | _figures(counted, each) for each in known
    ]
    rows.sort(key=lambda row: (*(-row[name] for name in FIGURES), row["operator"].casefold(), row["operator_id"]))
    at = min(asked.interval.end, asked.as_of).astimezone(asked.interval.zone)
    return Operators(rows, _figures(counted, None), at)


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), query, frozenset())


def query(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """How many of each figure, by operator; over all operators without one."""
    others = chosen - STAFF
    session = dialogues(tables, others)
    message = tables("chat_message")
    said = message.filter(message.sender == OPERATOR, message.sent_at >= start())
    said = said.select("operator_id", "session_id", at=said.sent_at)
    given = _given(tables, session, chosen)
    parts = [
        _things("written", _written(said.semi_join(session, "session_id") if others else said, tables, chosen)),
        _things("active", _active(given)),
        _things("skipped", _skipped(given, said).mutate(session_id=_.assignment_id)),
    ]
    found = ibis.union(*parts)
    by_operator = found.group_by("operator_id", "figure").aggregate(counted=_.count())
    of_all = found.group_by("figure").aggregate(counted=_.session_id.nunique())
    return by_operator.union(of_all.select(operator_id=ibis.null("int64"), figure=_.figure, counted=_.counted))


def _things(figure: str, found: ir.Table) -> ir.Table:
    """What an operator has of a figure: each dialogue once, or each assignment."""
    return found.select("operator_id", "session_id").distinct().mutate(figure=ibis.literal(figure))


def _written(said: ir.Table, tables: Tables, chosen: Collection[str]) -> ir.Table:
    return doing(said.filter(said.at < end(), said.operator_id.notnull()), tables, chosen)


def _given(tables: Tables, session: ir.Table, chosen: Collection[str]) -> ir.Table:
    """Assignments of the operators asked for, in dialogues that are looked at, with their end if there is one."""
    given = tables("chat_assignment")
    met = given.inner_join(session, "session_id").select(given, session.closed_at)
    first = ibis.least(met.released_at.coalesce(met.closed_at), met.closed_at.coalesce(met.released_at))
    found = met.select("assignment_id", "session_id", "operator_id", at=met.assigned_at, ended_at=first)
    return doing(found, tables, chosen)


def _active(given: ir.Table) -> ir.Table:
    closing = ibis.least(end(), as_of())
    return given.filter(given.at < closing, given.ended_at.isnull() | (given.ended_at >= closing))


def _skipped(given: ir.Table, said: ir.Table) -> ir.Table:
    ended = given.filter(given.at >= start(), given.at < end(), given.ended_at < as_of())
    return ended.anti_join(
        said,
        [
            ended.session_id == said.session_id,
            ended.operator_id == said.operator_id,
            said.at >= ended.at,
            said.at <= ended.ended_at,
        ],
    )


def _figures(counted: Mapping[tuple[int | None, str], int], operator: int | None) -> dict[str, int]:
    return {figure: counted.get((operator, figure), 0) for figure in FIGURES}
