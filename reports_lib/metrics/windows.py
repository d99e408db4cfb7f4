"""Calls of the last minutes, of today and of this year, by how they ended and how long they were (M-52, Q-16).

The windows hang on as-of alone: no period that was asked for moves them. All end there, so they lie within one
another, and one scan of the widest is enough: every call is counted in the narrowest that holds it, and each window
is the sum of those within it.

    year                                                  as-of
    |------------------ today ------|-- 60 min --| 30 | 15 |
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.talk import Classes, length, state, stood
from reports_lib.metrics.timeline import TIME, naive
from reports_lib.values.clock import midnight
from reports_lib.values.contact import CALL_STATUSES
from reports_lib.values.interval import Interval
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement

MINUTES = {"last_15": 15, "last_30": 30, "last_60": 60}
NAMES = (*MINUTES, "today", "year")
USUAL = Classes((10, 30, 60, 180, 300, 600))


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval  # only its zone counts here
    as_of: datetime
    duration_classes: str


@dataclass(frozen=True)
class Windows:
    """What was found, one row a status and one a class of talk time, in their order, the empty ones too.

    A row has of each window in `NAMES` how many calls there were, and as `…_share` what that is of all, in percent;
    `total` has all of them. `starts` are the moments, UTC, at which the windows begin, `said` is what to say of them.
    """

    starts: dict[str, datetime]
    said: dict[str, str]
    statuses: list[dict[str, Any]]
    lengths: list[dict[str, Any]]
    total: dict[str, Any]

    def ranked(self, window: str) -> list[dict[str, Any]]:
        """The statuses by how many calls of a window ended so; equal ones in their order (G-11)."""
        return sorted(self.statuses, key=lambda row: -row[window])


def windows(warehouse: Warehouse, asked: Question) -> Windows:
    """The calls that began in each of the windows (TW-136 … TW-143).

    Raises `ParameterError` for classes that are none, `WarehouseError` naming all that the warehouse lacks.
    """
    classes = Classes.parse(asked.duration_classes)
    warehouse.check(["call"])
    starts = starting(asked)
    found = warehouse.ask(query, len(classes.bounds), classes.values | values(starts))
    found = [row | {"state": state(row["status"], row["is_finished"])} for row in found]
    reach = {name: _latest_first(starts).index(at) + 1 for name, at in starts.items()}
    statuses = _rows("status", CALL_STATUSES.values(), _counted(found, "state", reach), CALL_STATUSES)
    lengths = _rows("length", classes.labels, _counted(found, "length", reach), range(len(classes.labels)))
    total = {name: sum(row[name] for row in statuses) for name in NAMES}
    said = {name: _said(at, asked) for name, at in starts.items()}
    return Windows(starts, said, statuses, lengths, total)


def starting(asked: Question) -> dict[str, datetime]:
    """When each window begins: so many minutes before as-of, with the local day, with the local year."""
    zone = asked.interval.zone
    today = asked.as_of.astimezone(zone).date()
    minutes = {name: asked.as_of - timedelta(minutes=length) for name, length in MINUTES.items()}
    return minutes | {"today": midnight(today, zone), "year": midnight(today.replace(month=1, day=1), zone)}


def values(starts: Mapping[str, datetime]) -> dict[str, str]:
    """What fills the slots of the rings, of which the first is the narrowest."""
    return {f"ring_{place}": naive(at).isoformat(sep=" ") for place, at in enumerate(_latest_first(starts), 1)}


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with the usual classes. Asks nobody."""
    statement(Dialect(), query, len(USUAL.bounds))


def query(tables: Tables, bounds: int) -> ir.Table:
    """How many calls of each status and class began in each ring: in a window and in none that is narrower."""
    rings = [slot(f"ring_{place}").cast(TIME) for place in range(1, len(NAMES) + 1)]
    call = tables("call")
    call = stood(call.filter(call.started_at >= rings[-1]))
    within = [(call.started_at >= ring, place) for place, ring in enumerate(rings[:-1], 1)]
    ringed = call.mutate(ring=ibis.cases(*within, else_=len(rings)), length=length(call.talk, bounds))
    return ringed.group_by("ring", "status", "is_finished", "length").aggregate(calls=ringed.count())


def _latest_first(starts: Mapping[str, datetime]) -> list[datetime]:
    return sorted(starts.values(), reverse=True)


def _said(start: datetime, asked: Question) -> str:
    since, until = (at.astimezone(asked.interval.zone).isoformat(" ", "minutes")[:16] for at in (start, asked.as_of))
    return f"Calls that began from {since} to {until}, the moment of the report; its period does not matter here."


def _counted(found: Sequence[Mapping[str, Any]], by: str, reach: Mapping[str, int]) -> Counter[tuple[str, Any]]:
    """Calls by window and by the column `by`."""
    counted: Counter[tuple[str, Any]] = Counter()
    for row in found:
        counted.update({(name, row[by]): row["calls"] for name, last in reach.items() if row["ring"] <= last})
    return counted


def _rows(
    column: str, labels: Iterable[str], counted: Mapping[tuple[str, Any], int], order: Iterable[Any]
) -> list[dict[str, Any]]:
    keys = list(order)
    rows: list[dict[str, Any]] = [{column: label} for label in labels]
    for name in NAMES:
        counts = [counted[name, key] for key in keys]
        for row, count, share in zip(rows, counts, shares(counts), strict=True):
            row |= {name: count, f"{name}_share": share}
    return rows
