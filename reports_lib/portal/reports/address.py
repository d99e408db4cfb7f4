"""The address of the list: all of its state, so that it can be kept, sent and gone back to.

    /?state=error&q=weekly&since=2026-11-01T00:00&until=2026-11-08T00:00&before=1793529600000000-17

Times are of the workspace's zone. What cannot be read is said beside its field, stays as it was typed,
and narrows nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from reports_lib.errors import ParameterError
from reports_lib.portal.language import _
from reports_lib.runs.listing import Category, Place, Wanted
from reports_lib.values.clock import moment

LONGEST = 200  # letters of a search
YEARS = range(1971, 2200)  # others are slips of the hand


@dataclass(frozen=True)
class ListAddress:
    """What an address asks of the list: as typed, as read, and what is wrong with it, by field."""

    typed: Mapping[str, str]  # the fields that are not empty
    wanted: Wanted
    before: Place | None = None
    after: Place | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, query: Mapping[str, str], zone: ZoneInfo) -> Self:
        """The address with these fields; never refused."""
        texts = {name: plain_of(query.get(name, "")) for name in ("state", "q", "since", "until")}
        typed = {name: text for name, text in texts.items() if text}
        faults: dict[str, str] = {}
        since, until = period_of(typed, zone, faults)
        wanted = Wanted(_category(typed, faults), search_of(typed, faults), since, until)
        return cls(typed, wanted, _place(query, "before"), _place(query, "after"), faults)

    @property
    def is_narrowed(self) -> bool:
        """Whether there is anything to clear."""
        return any(name in self.typed for name in ("q", "since", "until"))

    @property
    def cleared(self) -> str:
        """The address without search and period (TW-25), of the same category."""
        return self._with({name: self.typed[name] for name in ("state",) if name in self.typed})

    def of(self, category: Category) -> str:
        """The address of another category, from its first page."""
        rest = {name: text for name, text in self.typed.items() if name != "state"}
        return self._with(({} if category is Category.ALL else {"state": str(category)}) | rest)

    def older(self, place: Place) -> str:
        """The address of the page that follows the place."""
        return self._with({**self.typed, "before": str(place)})

    def newer(self, place: Place) -> str:
        """The address of the page that comes before the place."""
        return self._with({**self.typed, "after": str(place)})

    @staticmethod
    def _with(fields: Mapping[str, str]) -> str:
        return "/?" + urlencode(fields) if fields else "/"


def plain_of(text: str) -> str:
    """What was typed, without blanks around it and without what cannot be seen."""
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _category(typed: Mapping[str, str], faults: dict[str, str]) -> Category:
    try:
        return Category(typed.get("state", Category.ALL))
    except ValueError:
        said = _("There is no category “{name}”; all reports are shown.")
        faults["state"] = said.format(name=typed["state"][:40])
        return Category.ALL


def search_of(typed: Mapping[str, str], faults: dict[str, str]) -> str:
    """The text that is looked for; if it is too long, its beginning, and `faults` tells."""
    text = typed.get("q", "")
    if len(text) > LONGEST:
        faults["q"] = _("Only the first {count} letters are looked for.").format(count=LONGEST)
    return text[:LONGEST]


def period_of(
    typed: Mapping[str, str], zone: ZoneInfo, faults: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """Beginning and end of the period that was typed; an end before its beginning is left out and told in `faults`."""
    since, until = (time_of(typed, name, zone, faults) for name in ("since", "until"))
    if since and until and since >= until:
        faults["until"] = _("The end must come after the beginning.")
        until = None
    return since, until


def time_of(typed: Mapping[str, str], name: str, zone: ZoneInfo, faults: dict[str, str]) -> datetime | None:
    """The moment that was typed under a name, on the clocks of `zone`; what cannot be read is told in `faults`."""
    if name not in typed:
        return None
    try:
        wall = datetime.fromisoformat(typed[name])
        if wall.year in YEARS:
            return wall.astimezone(UTC) if wall.tzinfo else moment(wall, zone)
    except ValueError:
        pass
    said = _("“{text}” is not a day and a time, such as 2026-11-01T08:00.")
    faults[name] = said.format(text=typed[name][:40])
    return None


def _place(query: Mapping[str, str], name: str) -> Place | None:
    try:
        return Place.parse(query.get(name, ""))
    except ParameterError:  # written by hand: the first page
        return None
