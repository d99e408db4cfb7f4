"""Exchange rates in force at a moment (G-8).

A rate holds from `effective_from`, inclusive, until the next one of its pair. At each moment the
direct pair is taken if one is in force, else the way over the base currency if both legs are;
rates are never inverted. The same currency is 1 for ever. What has no rate fails by name: never
1.0, never a dropped row.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Self

from reports_lib.errors import RateError
from reports_lib.values.money import round_half_up

Row = tuple[str, str, datetime, Decimal]
Segment = tuple[datetime, datetime | None, Decimal]
"""Naive UTC start (inclusive) and end (exclusive, None for ever) of a rate."""

PLACES = 9
ALWAYS = datetime.min  # noqa: DTZ901  naive UTC, as the warehouse keeps time
_LISTED = 12


@dataclass(frozen=True)
class Rates:
    """Every declared rate, seen as conversions into one currency."""

    to: str
    base: str | None
    pairs: dict[tuple[str, str], tuple[tuple[datetime, Decimal], ...]]
    _segments: dict[str, tuple[Segment, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, rows: Iterable[Row], *, to: str, base: str | None = None) -> Self:
        """From rows of (from, to, effective_from, rate); times are UTC, aware or naive."""
        pairs: dict[tuple[str, str], list[tuple[datetime, Decimal]]] = {}
        for source, target, effective_from, rate in rows:
            pairs.setdefault((source, target), []).append((_naive(effective_from), rate))
        return cls(to, base, {pair: tuple(sorted(found)) for pair, found in pairs.items()})

    def at(self, currency: str, instant: datetime) -> Decimal:
        """Units of the report's currency for one of `currency`; raises `RateError` if no rate is in force."""
        when = _naive(instant)
        segments = self.segments(currency)
        number = bisect_right(segments, when, key=_start) - 1
        if number >= 0:
            _, end, rate = segments[number]
            if end is None or when < end:
                return rate
        raise RateError(f"no exchange rate {self._missing(currency, when)}")

    def check(self, needs: Iterable[tuple[str, datetime]]) -> None:
        """Raises one `RateError` that names every (currency, moment) without a rate."""
        missing: set[str] = set()
        for currency, instant in needs:
            try:
                self.at(currency, instant)
            except RateError:
                missing.add(self._missing(currency, _naive(instant)))
        if missing:
            listed = ", ".join(sorted(missing)[:_LISTED])
            more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
            raise RateError(f"no exchange rate {listed}{more}")

    def segments(self, currency: str) -> tuple[Segment, ...]:
        """The rates of `currency` one after the other, without overlap; empty if there are none.

        Raises `RateError` if two different rates of a pair begin at one moment, or one is not positive.
        """
        if currency not in self._segments:
            self._segments[currency] = ((ALWAYS, None, Decimal(1)),) if currency == self.to else self._joined(currency)
        return self._segments[currency]

    def _joined(self, currency: str) -> tuple[Segment, ...]:
        direct, first, second = self._legs(currency)
        if not first and not second:
            direct = tuple(dict(direct).items())  # two equal rates may begin at one moment
            ends = [*(start for start, _ in direct), None][1:]
            return tuple((start, end, rate) for (start, rate), end in zip(direct, ends, strict=True))
        changes = sorted({start for leg in (direct, first, second) for start, _ in leg})
        found: list[Segment] = []
        along = zip(
            changes, [*changes, None][1:], *(_along(leg, changes) for leg in (direct, first, second)), strict=True
        )
        for start, end, straight, into, out_of in along:
            rate = straight
            if rate is None and into is not None and out_of is not None:
                rate = round_half_up(into * out_of, PLACES)
            if rate is not None:
                found.append((start, end, rate))
        return tuple(found)

    def _legs(self, currency: str) -> list[tuple[tuple[datetime, Decimal], ...]]:
        """Rates of the direct pair, into the base, and out of it."""
        direct = self._pair(currency, self.to)
        if self.base is None or self.base in (currency, self.to):
            return [direct, (), ()]
        return [direct, self._pair(currency, self.base), self._pair(self.base, self.to)]

    def _pair(self, source: str, target: str) -> tuple[tuple[datetime, Decimal], ...]:
        found = self.pairs.get((source, target), ())
        for start, rate in found:
            if not rate > 0:
                raise RateError(f"exchange rate {source} to {target} of {start:%Y-%m-%d} is {rate}, not above 0")
        for (start, rate), (later, other) in pairwise(found):
            if start == later and rate != other:
                raise RateError(f"two exchange rates {source} to {target} begin at {start}: {rate} and {other}")
        return found

    def _missing(self, currency: str, when: datetime) -> str:
        return f"{currency} to {self.to} on {when:%Y-%m-%d}"


def _along(leg: tuple[tuple[datetime, Decimal], ...], changes: Iterable[datetime]) -> Iterator[Decimal | None]:
    """The rate of `leg` in force at each of `changes`, which are in order and include those of the leg."""
    starts = dict(leg)
    rate: Decimal | None = None
    for change in changes:
        rate = starts.get(change, rate)
        yield rate


def _start(row: tuple[datetime, Decimal] | Segment) -> datetime:
    return row[0]


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
