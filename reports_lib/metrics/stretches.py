"""The steps of a report cut where exchange rates change: what is added up inside a stretch has one rate (G-8).

So an engine adds up millions of amounts by stretch and currency, and a few sums are converted outside it,
exactly as if each amount had been converted at the rate of its own moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

from reports_lib.metrics.timeline import Timeline, naive
from reports_lib.values.rates import Rates
from reports_lib.values.spine import Bucket


@dataclass(frozen=True)
class Stretches:
    """The stretches in the order of time, and the number of the step that each is of."""

    buckets: tuple[Bucket, ...]
    steps: tuple[int, ...]

    @classmethod
    def of(cls, steps: Sequence[Bucket], rates: Rates) -> "Stretches":
        """`steps` cut at every moment from which some currency has another rate."""
        changes = _changes(rates)
        cut = [(step, *ends) for step in steps for ends in pairwise(_bounds(step, changes))]
        numbered = enumerate(cut, 1)
        buckets = tuple(
            replace(step, number=number, start=start.replace(tzinfo=UTC), end=end.replace(tzinfo=UTC))
            for number, (step, start, end) in numbered
        )
        return cls(buckets, tuple(step.number for step, _, _ in cut))

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of `timeline`: `place_within` gives facts the `number` of their stretch."""
        return Timeline(self.buckets).values

    def step(self, number: int) -> int:
        """The number of the step that a stretch is of."""
        return self.steps[number - 1]

    def start(self, number: int) -> datetime:
        """Where a stretch begins: the rates in force then hold until it ends."""
        return self.buckets[number - 1].start


def _changes(rates: Rates) -> list[datetime]:
    currencies = {source for source, _ in rates.pairs} - {rates.to}
    return sorted({start for currency in currencies for start, _, _ in rates.segments(currency)})


def _bounds(step: Bucket, changes: Sequence[datetime]) -> list[datetime]:
    start, end = naive(step.start), naive(step.end)
    return [start, *(at for at in changes if start < at < end), end]
