"""The address of the list of files of call records: all of its state, as that of the list of reports.

/cdr?state=error&q=Master&since=2026-10-01T00:00&until=2026-11-01T00:00&before=1000000017
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from reports_lib.cdr.listing import Category, Wanted
from reports_lib.portal.language import _
from reports_lib.portal.reports.address import period_of, plain_of, search_of
from reports_lib.portal.runs.rights import LARGEST

PATH = "/cdr"
NAMES = ("state", "q", "since", "until")


@dataclass(frozen=True)
class ListAddress:
    """What an address asks of the list: as typed, as read, and what is wrong with it, by field."""

    typed: Mapping[str, str]  # the fields that are not empty
    wanted: Wanted
    before: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, query: Mapping[str, str], zone: ZoneInfo) -> Self:
        """The address with these fields; never refused."""
        typed = {name: plain_of(query[name]) for name in NAMES if plain_of(query.get(name, ""))}
        faults: dict[str, str] = {}
        since, until = period_of(typed, zone, faults)
        wanted = Wanted(_category(typed, faults), search_of(typed, faults), since, until)
        return cls(typed, wanted, _number(query.get("before", "")), faults)

    @property
    def is_narrowed(self) -> bool:
        """Whether there is anything to clear (TW-03)."""
        return any(name in self.typed for name in ("q", "since", "until"))

    @property
    def cleared(self) -> str:
        """The address without search and period, of the same category."""
        return _address({name: self.typed[name] for name in ("state",) if name in self.typed})

    @property
    def newest(self) -> str:
        """The first page of what is shown."""
        return _address(self.typed)

    def of(self, category: Category) -> str:
        """The address of another category, from its first page."""
        rest = {name: text for name, text in self.typed.items() if name != "state"}
        return _address(({} if category is Category.ALL else {"state": str(category)}) | rest)

    def older(self, file_id: int) -> str:
        """The address of the page that follows that file."""
        return _address({**self.typed, "before": str(file_id)})


def _address(fields: Mapping[str, str]) -> str:
    return f"{PATH}?{urlencode(fields)}" if fields else PATH


def _category(typed: Mapping[str, str], faults: dict[str, str]) -> Category:
    try:
        return Category(typed.get("state", Category.ALL))
    except ValueError:
        said = _("There is no category “{name}”; all files are shown.")
        faults["state"] = said.format(name=typed["state"][:40])
        return Category.ALL


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST
    return int(text) if is_number else None  # written by hand: the first page
