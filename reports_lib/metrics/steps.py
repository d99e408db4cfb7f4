"""The steps in which a report shows time: days, or months of a long period, the empty ones too (G-4, G-5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reports_lib.metrics.timeline import Timeline
from reports_lib.values.interval import Interval
from reports_lib.values.spine import Bucket, Unit, spine

DAYS_SHOWN = timedelta(days=93)  # a longer period is drawn by month
NAMES = {Unit.DATE: "Day", Unit.MONTH: "Month"}


@dataclass(frozen=True)
class Steps:
    """The buckets of a period that begin before as-of, and what they are."""

    unit: Unit
    buckets: tuple[Bucket, ...]

    @classmethod
    def of(cls, interval: Interval, as_of: datetime) -> "Steps":
        """Days if the period has at most `DAYS_SHOWN` of them, else months."""
        unit = Unit.DATE if interval.end - interval.start <= DAYS_SHOWN else Unit.MONTH
        return cls(unit, spine(interval, unit, as_of))

    @property
    def name(self) -> str:
        """What one is called, over a column of them."""
        return NAMES[self.unit]

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of `timeline`: `place_within` gives facts the `number` of their bucket."""
        return Timeline(self.buckets).values

    def rows(self, found: Iterable[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
        """One row a bucket: its `key`, `is_partial`, and each of `names` as `found` has it by `number`, else 0."""
        by_number = {row["number"]: row for row in found}
        return [
            {"key": bucket.key, "is_partial": bucket.is_partial}
            | {name: by_number.get(bucket.number, {}).get(name) or 0 for name in names}
            for bucket in self.buckets
        ]

    def series(
        self, found: Iterable[Mapping[str, Any]], by: str, order: Sequence[Any], names: Sequence[str]
    ) -> list[dict[str, Any]]:
        """One row a bucket and each value of `by` in `order`: as `rows`, with `by` beside `key`."""
        known = {(row["number"], row[by]): row for row in found}
        return [
            {"key": bucket.key, "is_partial": bucket.is_partial, by: each}
            | {name: known.get((bucket.number, each), {}).get(name) or 0 for name in names}
            for bucket in self.buckets
            for each in order
        ]
