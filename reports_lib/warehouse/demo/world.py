"""The span of the demo, its random streams, and the rhythm of its days.

    start                              until      end
      |------------ 24 months ------------|- 2.5 days -|

Everything happens before `end`, a Tuesday noon if `until` is a Sunday: a good as-of, with a month
just begun. Times are microseconds since 1970 UTC. Each subject draws from a stream of its own, so
that changing one leaves the others' bytes alone.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt

from reports_lib.warehouse.demo.columns import ONE, Ints, Truths

SECOND = ONE
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
DAY = 24 * HOUR
MONTHS = 24
TAIL = 2 * DAY + 12 * HOUR

Floats = npt.NDArray[np.float64]

BUSINESS_WEEK = np.array([1.0, 1.06, 1.07, 1.04, 0.96, 0.42, 0.33])  # from Monday
LEISURE_WEEK = np.array([0.82, 0.80, 0.84, 0.90, 1.10, 1.35, 1.28])
YEAR = np.array([1.02, 1.00, 1.04, 0.99, 0.98, 0.93, 0.86, 0.83, 1.01, 1.06, 1.12, 1.10])  # from January
OFFICE_HOURS = np.array([1, 1, 1, 1, 1, 2, 5, 14, 40, 66, 78, 76, 60, 64, 74, 70, 62, 48, 34, 26, 18, 10, 5, 2])
EVENING_HOURS = np.array([6, 3, 2, 1, 1, 1, 3, 6, 8, 10, 12, 14, 18, 18, 17, 18, 22, 30, 44, 62, 74, 70, 44, 18])


@dataclass(frozen=True)
class World:
    """What every subject is made from: a seed, a size, and the day the 24 months end."""

    seed: int
    scale: int
    until: date

    @cached_property
    def start(self) -> int:
        """First moment of the 24 months."""
        return int(self.month_starts[0])

    @cached_property
    def end(self) -> int:
        """The moment before which everything happened."""
        return _microseconds(np.datetime64(self.until, "D")) + TAIL

    @cached_property
    def month_starts(self) -> Ints:
        """First moments of the months, the one begun at `until` and the one after it included."""
        day_of_month = np.datetime64(self.until, "D") - np.datetime64(self.until, "M").astype("datetime64[D]")
        months = np.datetime64(self.until, "M") + np.arange(-MONTHS, 2)
        first: Ints = (months.astype("datetime64[D]") + day_of_month).astype("datetime64[us]").astype(np.int64)
        return first

    @cached_property
    def days(self) -> int:
        """Days that have begun by `end`."""
        return -(-(self.end - self.start) // DAY)

    def rng(self, subject: str) -> np.random.Generator:
        """The random stream of one subject."""
        return np.random.Generator(np.random.PCG64([self.seed, crc32(subject.encode())]))

    def months_of(self, times: Ints) -> Ints:
        """Which month each time lies in, 0 the first."""
        return np.searchsorted(self.month_starts, times, side="right") - 1

    def rhythm(self, week: Floats, growth: float) -> Floats:
        """A weight a day: by weekday, season and holiday, growing to `growth` times over the span."""
        days = (np.datetime64(self.start, "us").astype("datetime64[D]")) + np.arange(self.days)
        weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        month = days.astype("datetime64[M]").astype(np.int64) % 12
        day = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        feast = ((month == 11) & (day >= 24) & (day <= 26)) | ((month == 0) & (day == 1))
        grown = 1 + (growth - 1) * np.arange(self.days) / self.days
        whole = np.minimum(1.0, (self.end - self.start) / DAY - np.arange(self.days))
        weights: Floats = week[weekday] * YEAR[month] * np.where(feast, 0.35, 1.0) * grown * whole
        return weights

    def moments(self, rng: np.random.Generator, rows: int, week: Floats, growth: float, hours: Ints) -> Ints:
        """`rows` times in order, in the rhythm of the days and of the day's hours; to the millisecond."""
        day = draw(rng, self.rhythm(week, growth), rows)
        hour = draw(rng, hours, rows)
        times = self.start + day * DAY + hour * HOUR + rng.integers(0, 3_600_000, rows) * 1000
        late = times >= self.end
        times[late] -= 7 * DAY * (1 + (times[late] - self.end) // (7 * DAY))
        return np.sort(times)


def draw(rng: np.random.Generator, weights: npt.ArrayLike, rows: int) -> Ints:
    """`rows` positions of `weights`, each as often as its weight says."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(bounds, rng.random(rows) * bounds[-1], side="right")
    within: Ints = np.minimum(drawn, len(bounds) - 1).astype(np.int64)
    return within


def chance(rng: np.random.Generator, probability: float, rows: int) -> Truths:
    """True in `probability` of the rows."""
    return np.asarray(rng.random(rows) < probability)


def add_months(times: Ints, months: Ints) -> Ints:
    """The same day and time of day, months later; the last of the month where it has no such day."""
    day = times // DAY
    first = day.astype("datetime64[D]").astype("datetime64[M]")
    target = first + months
    of_month = day - first.astype("datetime64[D]").astype(np.int64)
    start = target.astype("datetime64[D]").astype(np.int64)
    length = (target + 1).astype("datetime64[D]").astype(np.int64) - start
    moved: Ints = (start + np.minimum(of_month, length - 1)) * DAY + times % DAY
    return moved


def _microseconds(day: np.datetime64) -> int:
    return int(day.astype("datetime64[us]").astype(np.int64))
