"""Facts put into the buckets of a report, exactly, without asking an engine for the time of day.

Buckets are cut at UTC midnights, so a fact finds its bucket by an equal UTC day and two comparisons:

    bucket 2024-03 of Europe/Kyiv   2024-02-29 22:00 … 2024-03-31 21:00
    its pieces                      2024-02-29 | 22:00 … 24:00
                                    2024-03-01 | 00:00 … 24:00
                                    …
                                    2024-03-31 | 00:00 … 21:00

That is a hash join on a few hundred rows: exact to the microsecond, for every zone, on every engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.inline import inline
from reports_lib.values.spine import Bucket

TIME = "timestamp(6)"


def naive(at: datetime) -> datetime:
    """`at` as the warehouse keeps time: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def rows(table: ir.Table) -> list[dict[str, Any]]:
    """The rows of a small table, executed, exact."""
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found


def pieces(start: datetime, end: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """The stretch from `start` to `end`, naive UTC, cut at midnights: day, start and end of each piece."""
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time())
        yield start.date(), start, min(midnight, end)
        start = midnight


@dataclass(frozen=True)
class Timeline:
    """The buckets of a report, at least one, one after the other."""

    buckets: tuple[Bucket, ...]

    @cached_property
    def start(self) -> datetime:
        """Where the first bucket begins, naive UTC."""
        return naive(self.buckets[0].start)

    @cached_property
    def end(self) -> datetime:
        """Where the last bucket ends, naive UTC: facts from here on do not exist for the report."""
        return naive(self.buckets[-1].end)

    @cached_property
    def table(self) -> ir.Table:
        """The buckets: `number`, `starts`, `ends`, and `window` where activity begins to count (M-03)."""
        return inline(
            [(b.number, naive(b.start), naive(b.end), naive(b.window_start)) for b in self.buckets],
            {"number": "int64", "starts": TIME, "ends": TIME, "window": TIME},
        )

    @cached_property
    def numbers(self) -> ir.Table:
        """Every `number` there is, with 0 for all that was before."""
        return inline([(n,) for n in range(len(self.buckets) + 1)], {"number": "int64"})

    @cached_property
    def _pieces(self) -> ir.Table:
        rows = [(*piece, b.number) for b in self.buckets for piece in pieces(naive(b.start), naive(b.end))]
        return inline(rows, {"day": "date", "starts": TIME, "ends": TIME, "number": "int64"})

    def place(self, facts: ir.Table) -> ir.Table:
        """The facts whose moment `at` is before the end, with the `number` of their bucket.

        A fact at a bucket's start belongs to it, one at its end to the next. What was before the
        first bucket gets 0.
        """
        facts = facts.filter(facts.at < ibis.literal(self.end, TIME))
        piece = self._pieces
        found = facts.left_join(piece, [facts.at.date() == piece.day, piece.starts <= facts.at, facts.at < piece.ends])
        return found.select(facts, number=piece.number.coalesce(0))
