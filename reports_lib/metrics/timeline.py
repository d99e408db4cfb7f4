"""Facts put into the buckets of a report, exactly, without asking an engine for the time of day.

Buckets are cut at UTC midnights, so a fact finds its bucket by an equal UTC day and two comparisons:

    bucket 2024-03 of Europe/Kyiv   2024-02-29 22:00 … 2024-03-31 21:00
    its pieces                      2024-02-29 | 22:00 … 24:00
                                    2024-03-01 | 00:00 … 24:00
                                    …
                                    2024-03-31 | 00:00 … 21:00

That is a hash join on a few hundred rows: exact to the microsecond, for every zone, on every engine.
Buckets of hours are cut at the full hours of UTC instead, or each fact would be held against 24 of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

import ibis.expr.types as ir

from reports_lib.metrics.inline import inline, packed
from reports_lib.values.spine import Bucket
from reports_lib.warehouse.statement import slot

TIME = "timestamp(6)"


def naive(at: datetime) -> datetime:
    """`at` as the warehouse keeps time: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def local(at: datetime, zone: ZoneInfo) -> datetime:
    """A moment of the warehouse on the clocks of `zone`: the way back from `naive`."""
    return at.replace(tzinfo=UTC).astimezone(zone)


def pieces(start: datetime, end: datetime, *, by_hour: bool = False) -> Iterator[tuple[datetime, datetime]]:
    """The stretch from `start` to `end`, naive UTC, cut at midnights or at full hours: start and end of each piece."""
    while start < end:
        if by_hour:
            cut = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        else:
            cut = datetime.combine(start.date() + timedelta(days=1), time())
        yield start, min(cut, end)
        start = cut


@dataclass(frozen=True)
class Timeline:
    """The buckets of a report, at least one, one after the other; `by_hour` if facts are placed so."""

    buckets: tuple[Bucket, ...]
    by_hour: bool = False

    @cached_property
    def start(self) -> datetime:
        """Where the first bucket begins, naive UTC."""
        return naive(self.buckets[0].start)

    @cached_property
    def end(self) -> datetime:
        """Where the last bucket ends, naive UTC: facts from here on do not exist for the report."""
        return naive(self.buckets[-1].end)

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of this module."""
        ends = [(b.number, naive(b.start), naive(b.end), naive(b.window_start)) for b in self.buckets]
        cut = [(*piece, number) for number, start, end, _ in ends for piece in pieces(start, end, by_hour=self.by_hour)]
        return {
            "start": self.start.isoformat(sep=" "),
            "end": self.end.isoformat(sep=" "),
            "buckets": packed(ends),
            "numbers": packed((number,) for number in range(len(ends) + 1)),
            "pieces": packed(cut),
        }


def start() -> ir.TimestampValue:
    """Where the first bucket begins."""
    return slot("start").cast(TIME)


def end() -> ir.TimestampValue:
    """Where the last bucket ends."""
    return slot("end").cast(TIME)


@cache
def buckets() -> ir.Table:
    """The buckets: `number`, `starts`, `ends`, and `window` where activity begins to count (M-03)."""
    return inline("buckets", {"number": "int64", "starts": TIME, "ends": TIME, "window": TIME})


@cache
def numbers() -> ir.Table:
    """Every `number` there is, with 0 for all that was before."""
    return inline("numbers", {"number": "int64"})


def place(facts: ir.Table) -> ir.Table:
    """The facts whose moment `at` is before the end, with the `number` of their bucket.

    A fact at a bucket's start belongs to it, one at its end to the next. What was before the
    first bucket gets 0.
    """
    facts = facts.filter(facts.at < end())
    piece = _pieces()
    found = facts.left_join(piece, _at(facts, piece))
    return found.select(facts, number=piece.number.coalesce(0))


def place_within(facts: ir.Table, *, by_hour: bool = False) -> ir.Table:
    """The facts of the report alone, with the `number` of their bucket; `by_hour` as the timeline is."""
    facts = facts.filter(facts.at >= start(), facts.at < end())
    piece = _pieces()
    return facts.inner_join(piece, _at(facts, piece, by_hour=by_hour)).select(facts, piece.number)


@cache
def _pieces() -> ir.Table:
    return inline("pieces", {"starts": TIME, "ends": TIME, "number": "int64"})


def _at(facts: ir.Table, piece: ir.Table, *, by_hour: bool = False) -> list[ir.BooleanValue]:
    same = (
        facts.at.truncate("h") == piece.starts.truncate("h") if by_hour else facts.at.date() == piece.starts.date()
    )  # of times without a zone: none is asked for
    return [same, piece.starts <= facts.at, facts.at < piece.ends]
