"""Files of call records, newest first: how large, where they are, when they ended (CD-04, CD-07 … CD-10).

Of the moment as-of, as the dashboard counts them (M-65, M-66): files that are not deleted; one whose processing
had not ended waits. Files say nothing of whose they are, so a report of one company has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.counted import ERROR, SUCCESS
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import end, local, naive, start
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio
from reports_lib.warehouse.statement import Dialect, Tables, as_of, statement

WAITING = "waiting"
STATES = (SUCCESS, ERROR, WAITING)
_MIB = 1024**2


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    dates: str  # uploaded_at or processed_at: which of them lies in the period
    status: Sequence[str]  # none means all


@dataclass(frozen=True)
class Files:
    """What was found: files from the newest to the oldest, their sums, how many of each state, where data lie (G-6)."""

    rows: list[dict[str, Any]]
    total: dict[str, Any]
    by_state: list[dict[str, Any]]
    data_interval: tuple[datetime, datetime] | None


def files(warehouse: Warehouse, asked: Question) -> Files:
    """The files of the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(["cdr_file"])
    bounds = {"start": naive(asked.interval.start), "end": naive(asked.interval.end)}
    values = {name: at.isoformat(sep=" ") for name, at in bounds.items()}
    found = warehouse.ask(query, asked.dates, values)
    rows = [_row(row, asked) for row in found if not asked.status or row["state"] in asked.status]
    rows.sort(key=lambda row: (row["uploaded_at"], row["file_id"]), reverse=True)
    moments = [row["uploaded_at"].astimezone(UTC) for row in rows]
    states = [row["state"] for row in rows]
    return Files(
        rows=rows,
        total={"files": len(rows), "bytes": sum(row["bytes"] for row in rows)} | _mib(rows),
        by_state=[{"state": state, "files": states.count(state)} for state in STATES],
        data_interval=(min(moments), max(moments)) if moments else None,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most. Asks nobody."""
    statement(Dialect(), query, "uploaded_at")


def query(tables: Tables, dates: str) -> ir.Table:
    """One row a file that was there, and whose moment of that name lies in the period."""
    file = tables("cdr_file")
    there = file.filter(file.deleted_at.isnull() | (file.deleted_at >= as_of()))
    is_ended = there.status.isin((SUCCESS, ERROR))
    is_ended &= there.processed_at.isnull() | (there.processed_at < as_of())
    stood = there.mutate(
        state=ibis.ifelse(is_ended, there.status, WAITING),
        ended_at=ibis.ifelse(is_ended, there.processed_at, ibis.null(there.processed_at.type())),
    )
    at = stood.ended_at if dates == "processed_at" else stood.uploaded_at
    return stood.filter(at >= start(), at < end()).select(
        "file_id", "name", "size_bytes", "uploaded_at", "state", "ended_at"
    )


def _row(found: Mapping[str, Any], asked: Question) -> dict[str, Any]:
    row = {
        "file_id": found["file_id"],
        "number": str(abs(found["file_id"])),  # those that Daybook loaded have it below 0
        "name": found["name"] or "",
        "state": found["state"],
        "bytes": int(found["size_bytes"]),
        "uploaded_at": local(found["uploaded_at"], asked.interval.zone),
        "processed_at": found["ended_at"] and local(found["ended_at"], asked.interval.zone),
    }
    return row | _mib([row])


def _mib(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"mib": ratio(sum(row["bytes"] for row in rows), _MIB)}
