"""Times on a wall clock -> UTC, many at once.

Arrow's own conversion reads the system's list of zones, which a small container lacks; `zoneinfo`
falls back to a package. It is asked once for each quarter of an hour that occurs, for no clock of
our time is set in between.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

QUARTER = 15 * 60 * 1_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
Micros = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """What wall clock times mean, in microseconds of UTC.

    Where the clock showed a time twice, `first` and `second` differ; `is_skipped` are those it never showed.
    """

    first: Micros
    second: Micros
    is_skipped: npt.NDArray[np.bool_]


def moments(local: Micros, zone: ZoneInfo) -> Moments:
    """The moments at which the clock of a zone showed these times, given in microseconds since 1970."""
    quarters, place = np.unique(local // QUARTER, return_inverse=True)
    first, second = np.empty(quarters.size, np.int64), np.empty(quarters.size, np.int64)
    for at, quarter in enumerate(quarters.tolist()):
        first[at], second[at] = _offsets(quarter, zone)
    return Moments(local - first[place], local - second[place], (first < second)[place])


def _offsets(quarter: int, zone: ZoneInfo) -> tuple[int, int]:
    """Microseconds that the clock is ahead of UTC, by either reading."""
    try:
        shown = (_EPOCH + timedelta(microseconds=quarter * QUARTER)).replace(tzinfo=zone)
        found = [shown.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    except OverflowError:  # beyond year 9999, which is refused elsewhere
        return 0, 0
    first, second = (int(offset.total_seconds()) * 1_000_000 for offset in found)
    return first, second
