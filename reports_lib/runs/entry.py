"""One entry of the schedule: what it asks for, when, and what it does about ticks that came late."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, Self

from reports_lib.errors import UnknownNameError
from reports_lib.parameters.options import Lookup
from reports_lib.rendering.formats import Format
from reports_lib.runs.cron import Cron
from reports_lib.runs.fan_out import ForEach
from reports_lib.runs.request import SCHEDULED, SYSTEM, Request

LOOK_BACK = timedelta(days=400)  # an entry that is new looks for its latest tick this far back
IN_TIME = timedelta(hours=1)  # a tick that is older counts as missed where missed ones are skipped
BATCH = 200  # ticks that are decided together, at most


class _Policy(StrEnum):
    @classmethod
    def parse(cls, text: str) -> Self:
        """The policy named `text`; raises `UnknownNameError`."""
        if text not in list(cls):
            raise UnknownNameError.of(cls.key(), text, list(cls))
        return cls(text)

    @classmethod
    def key(cls) -> str:
        """What the schedule calls it."""
        raise NotImplementedError


class CatchUp(_Policy):
    """What happens to ticks that passed while no clock ran."""

    ALL = "all"
    LAST = "last"  # the newest of them is asked for
    SKIP = "skip"  # only one of the last hour is

    @classmethod
    def key(cls) -> str:
        """What the schedule calls it."""
        return "catch_up"


class Overlap(_Policy):
    """What happens to a tick when runs of the one before are not finished."""

    QUEUE = "queue"
    SKIP = "skip"

    @classmethod
    def key(cls) -> str:
        """What the schedule calls it."""
        return "overlap"


class Due(NamedTuple):
    """A tick that has come, and whether it is still wanted."""

    tick: datetime
    is_wanted: bool


@dataclass(frozen=True)
class Entry:
    """One entry. A run's as-of is its tick, so that "last month" means the same whenever it is made."""

    name: str
    family: str
    set_name: str | None
    given: Mapping[str, str | list[str]]
    cron: Cron
    formats: tuple[Format, ...]
    catch_up: CatchUp = CatchUp.LAST
    overlap: Overlap = Overlap.QUEUE
    recipients: tuple[str, ...] = ()
    owner: str | None = None
    for_each: ForEach | None = None
    title: str = ""  # what lists call its reports; empty is the family's title
    asker: str | None = None  # the user in whose name it asks; None is the schedule itself
    since: datetime | None = None  # ticks of before then are not wanted: it was not there, or another
    is_of_invoices: bool = False  # it asks for the invoices of the month before, and for no report itself

    @property
    def needs_lookup(self) -> bool:
        """Whether its requests depend on what the warehouse holds."""
        return self.for_each is not None and self.for_each.needs_lookup

    def due(self, last: datetime | None, now: datetime) -> list[Due]:
        """The ticks up to `now` that nothing is decided about, oldest first, at most `BATCH`.

        `last` is the newest that something is decided about; None for an entry that is new, of
        which only the latest tick counts.
        """
        if last is None:
            newest = self.cron.newest(now, LOOK_BACK)
            ticks, is_end = [newest] if newest else [], True
        else:
            ticks = list(islice(self.cron.ticks(last, now), BATCH + 1))
            is_end = len(ticks) <= BATCH
        wanted = [self._is_wanted(tick, is_end and tick == ticks[-1], now) for tick in ticks[:BATCH]]
        return [Due(tick, is_wanted and self._is_since(tick)) for tick, is_wanted in zip(ticks, wanted, strict=False)]

    def requests(self, tick: datetime, lookup: Lookup | None = None) -> Iterator[Request]:
        """What is asked for at the tick; `lookup` has the options of then if `needs_lookup`."""
        if self.is_of_invoices:
            return
        if self.for_each is None:
            yield self._request(tick, f"{SCHEDULED}{self.name}@{tick.isoformat()}", {}, ())
            return
        for value, recipients in self.for_each.each(lookup).items():
            key = f"{SCHEDULED}{self.name}@{tick.isoformat()}#{value}"
            yield self._request(tick, key, {self.for_each.parameter.name: self.for_each.given(value)}, recipients)

    def month(self, tick: datetime) -> str:
        """The month before that of the tick, by the entry's clocks: `2026-10`."""
        return f"{tick.astimezone(self.cron.zone).date().replace(day=1) - timedelta(days=1):%Y-%m}"

    def _is_since(self, tick: datetime) -> bool:
        return self.since is None or tick >= self.since

    def _is_wanted(self, tick: datetime, is_newest: bool, now: datetime) -> bool:
        match self.catch_up:
            case CatchUp.ALL:
                return True
            case CatchUp.LAST:
                return is_newest
            case CatchUp.SKIP:
                return is_newest and now - tick < IN_TIME

    def _request(
        self, tick: datetime, key: str, more: Mapping[str, str | list[str]], recipients: tuple[str, ...]
    ) -> Request:
        return Request(
            family=self.family,
            given={**self.given, **more},
            as_of=tick,
            author=SYSTEM,
            set_name=self.set_name,
            formats=self.formats,
            recipients=tuple(dict.fromkeys(recipients + self.recipients)),
            owner=self.owner,
            entry=self.name,
            name=self.title,
            run_key=key,
        )
