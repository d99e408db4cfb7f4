"""Cron lines on the clocks of a time zone: the moments at which something is due.

The calendar (steps, `L` for the last day of a month) is cronsim's; what a wall time means is asked of
`values.clock`. As with Debian's cron, a line of fixed times is due once a day, whatever the clocks
do: at the first of two 02:30s, or when the clocks jump over 02:30. A line whose minutes or hours
begin with `*` follows the clocks: it is due whenever they show its time, twice if they show it twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from reports_lib.errors import ParameterError
from reports_lib.values.clock import moment
from reports_lib.values.formats import quoted

SET_BACK = timedelta(hours=4)  # no clock has been set back by more at a time since 1970
FAR = timedelta(days=366 * 9)  # from one 29 February to the next there may be eight years


@dataclass(frozen=True)
class Cron:
    """A line of five fields (minute, hour, day of the month, month, day of the week) in a zone."""

    line: str
    zone: ZoneInfo

    def __post_init__(self) -> None:
        try:
            CronSim(self.line, datetime(2000, 1, 1))  # noqa: DTZ001  # a wall time
        except CronSimError:
            fields = 0
        else:
            fields = len(self.line.split())
        if fields != 5:
            raise ParameterError(f"cron {quoted(self.line)} cannot be read; it must be like '0 6 1 * *'")

    def ticks(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Moments (aware, UTC) after `after` and up to `until`, in order, each once; none depends on `after`."""
        done, held = after.astimezone(UTC), list[datetime]()
        start = after.astimezone(self.zone).replace(tzinfo=None, fold=0) - SET_BACK
        for wall in CronSim(self.line, start):
            first = moment(wall, self.zone)
            while held and held[0] <= first:  # for a later wall time is never an earlier moment
                if (tick := heappop(held)) > until:
                    return
                if tick > done:
                    yield tick
                    done = tick
            if first > until:
                return
            for tick in self._moments(wall, first):
                heappush(held, tick)

    def next(self, after: datetime) -> datetime | None:
        """The first moment after `after`, None if there is none for years."""
        return next(self.ticks(after, after + FAR), None)

    def newest(self, until: datetime, look_back: timedelta) -> datetime | None:
        """The last moment up to `until`, None if there is none in `look_back` (at most)."""
        for back in (timedelta(hours=1), timedelta(days=1), timedelta(days=32), look_back):
            if found := list(self.ticks(until - min(back, look_back), until)):
                return found[-1]
        return None

    def _moments(self, wall: datetime, first: datetime) -> list[datetime]:
        minutes, hours, *_ = self.line.split()
        if not (minutes.startswith("*") or hours.startswith("*")):
            return [first]
        both = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return [at for at in both if at.astimezone(self.zone).replace(tzinfo=None, fold=0) == wall]
