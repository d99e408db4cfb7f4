"""Call set-ups per second, by trunk: how many began in the busiest second, and how many on average (M-55).

Every attempt counts, failed ones too, in the UTC second in which it began. Peaks of trunks do not add up, for each has
its own busiest second: the line of all trunks is counted per second anew. A second without calls is 0 for the
average, and only seconds before as-of count.

A warehouse that keeps whole minutes only cannot tell any of this: then there is no peak and no average.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.timeline import end, place_within, start
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio
from reports_lib.warehouse.statement import Dialect, Tables, statement

ALL = "All trunks"
NO_TRUNK = "(no trunk)"
FEW = 10  # seconds with calls: of so many, not one by chance alone begins off a whole minute
DRAWN = 3  # trunks in a chart, beside the line of all
TOO_COARSE = (
    "Calls per second cannot be told: every call of the period begins on a whole minute, so the source keeps no "
    "seconds. Only attempts are shown."
)


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime


@dataclass(frozen=True)
class SetUps:
    """What was found: `rows` by bucket and trunk, and `trunks` of the whole period; all trunks first, then by name.

    Each row has `trunk`, `attempts`, `peak` and `average` a second, and those of `trunks` the `limit` that was agreed
    with the carrier. `step` is what a bucket is called. Where the source keeps no seconds, peaks and averages are None
    and `note` says why.
    """

    step: str
    rows: list[dict[str, Any]]
    trunks: list[dict[str, Any]]
    note: str

    @property
    def busiest(self) -> list[dict[str, Any]]:
        """The rows of all trunks together and of the `DRAWN` with the highest peaks, of equals the busier."""
        ranked = sorted(self.trunks[1:], key=lambda row: (-(row["peak"] or 0), -row["attempts"]))
        drawn = {ALL, *(row["trunk"] for row in ranked[:DRAWN])}
        return [row for row in self.rows if row["trunk"] in drawn]


def set_ups(warehouse: Warehouse, asked: Question) -> SetUps:
    """The call set-ups of the period (TW-144); raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(["call", "trunk"])
    steps = Steps.of(asked.interval, asked.as_of)
    found = warehouse.ask(query, None, steps.values) if steps.buckets else []
    known = {row["trunk_id"]: row for row in warehouse.ask(trunks)}
    names = {(True, None): ALL} | _names({row["trunk_id"] for row in found if not row["is_all"]}, known)
    is_told = _has_seconds(found)
    told = [dict(row) | {"line": (row["is_all"], row["trunk_id"])} for row in found]
    series = steps.series(told, "line", list(names), ("attempts", "peak"))
    lengths = [bucket.end - bucket.start for bucket in steps.buckets]
    whole = sum(lengths, timedelta())
    return SetUps(
        step=steps.name,
        rows=[
            _figures(row, each, is_told)
            | {"trunk": names[row["line"]], "extent": "partial" if row["is_partial"] else ""}
            for row, each in zip(series, (each for each in lengths for _line in names), strict=True)
        ],
        trunks=[
            _figures(_together([row for row in series if row["line"] == line]), whole, is_told)
            | {"trunk": name, "limit": known.get(line[1], {}).get("cps_limit")}
            for line, name in names.items()
        ],
        note="" if is_told else TOO_COARSE,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked. Asks nobody."""
    for build in (query, trunks):
        statement(Dialect(), build, None)


def query(tables: Tables, _shape: None) -> ir.Table:
    """`attempts` and `peak` by trunk and bucket, and by bucket for all trunks together (`is_all`).

    `seconds` is in how many of them calls began, `off_minute` in how many that are no whole minute.
    """
    call = tables("call")
    call = call.filter(call.started_at >= start(), call.started_at < end())
    told = call.select("trunk_id", at=call.started_at, second=call.started_at.truncate("s"))
    # a second that a period cuts belongs to the bucket of its calls, though it may begin before
    each = told.group_by("trunk_id", "second").aggregate(calls=_.count(), at=_.at.min())
    together = each.group_by("second").aggregate(calls=_.calls.sum().cast("int64"), at=_.at.min())
    together = together.mutate(trunk_id=ibis.null("int64"), is_all=True)
    both = each.mutate(is_all=False).union(together.select(*each.columns, "is_all"))
    placed = place_within(both.mutate(off=(both.second != both.second.truncate("m")).ifelse(1, 0)))
    return placed.group_by("is_all", "trunk_id", "number").aggregate(
        attempts=_.calls.sum().cast("int64"),
        peak=_.calls.max(),
        seconds=_.count(),
        off_minute=_.off.sum().cast("int64"),
    )


def trunks(tables: Tables, _shape: None) -> ir.Table:
    """Every trunk, with its name and limit."""
    return tables("trunk").select("trunk_id", "name", "cps_limit")


def _names(
    used: Iterable[int | None], known: Mapping[int | None, Mapping[str, Any]]
) -> dict[tuple[bool, int | None], str]:
    """What the trunks in use are called, by name; with the number where it has none, or not one of its own (G-11)."""
    numbers = sorted(trunk for trunk in used if trunk is not None)
    called = [known[trunk]["name"] if trunk in known else "" for trunk in numbers]
    taken = {*(name for name in called if called.count(name) > 1), ALL, NO_TRUNK, ""}
    named = {
        (False, trunk): f"{name or 'trunk'} ({trunk})" if name in taken else name
        for trunk, name in zip(numbers, called, strict=True)
    }
    ordered = dict(sorted(named.items(), key=lambda each: (each[1].casefold(), each[0])))
    return ordered | ({(False, None): NO_TRUNK} if None in used else {})


def _has_seconds(found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether calls begin off whole minutes, or are too few to say."""
    together = [row for row in found if row["is_all"]]
    return sum(row["seconds"] for row in together) < FEW or any(row["off_minute"] for row in together)


def _together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Attempts and peak of all these buckets."""
    return {
        "attempts": sum(row["attempts"] for row in rows),
        "peak": max((row["peak"] for row in rows), default=0),
    }


def _figures(row: Mapping[str, Any], length: timedelta, is_told: bool) -> dict[str, Any]:
    """The row with its average over so long a time, or without what cannot be told."""
    if not is_told:
        return dict(row) | {"peak": None, "average": None}
    microseconds = length // timedelta(microseconds=1)
    return dict(row) | {"average": ratio(row["attempts"] * 10**6, microseconds)}
