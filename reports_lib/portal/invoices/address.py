"""The address of the list of invoices: all of its state, so that it can be kept, sent and gone back to.

    /invoices?state=unpaid&q=MG-2026&since=2026-10-01T00:00&until=2026-11-01T00:00&client=4711&before=179…-1000000017

Times are of the workspace's zone. What cannot be read is said beside its field and narrows nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from reports_lib.errors import ParameterError
from reports_lib.invoicing.listing import Category, Place, Wanted
from reports_lib.portal.language import _
from reports_lib.portal.reports.address import period_of, plain_of, search_of

PATH = "/invoices"
NAMES = ("state", "q", "since", "until", "client")


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
        typed = {name: plain_of(query[name]) for name in NAMES if plain_of(query.get(name, ""))}
        faults: dict[str, str] = {}
        since, until = period_of(typed, zone, faults)
        wanted = Wanted(_category(typed, faults), search_of(typed, faults), since, until, _client(typed, faults))
        return cls(typed, wanted, _place(query, "before"), _place(query, "after"), faults)

    @property
    def is_narrowed(self) -> bool:
        """Whether there is anything to clear (TW-53)."""
        return any(name in self.typed for name in ("q", "since", "until", "client"))

    @property
    def cleared(self) -> str:
        """The address without search and period, of the same category."""
        return address_of({name: self.typed[name] for name in ("state",) if name in self.typed})

    @property
    def here(self) -> str:
        """The address of what is shown, from its first page."""
        return address_of(self.typed)

    def of(self, category: Category) -> str:
        """The address of another category, from its first page."""
        rest = {name: text for name, text in self.typed.items() if name != "state"}
        return address_of(({} if category is Category.ALL else {"state": str(category)}) | rest)

    def older(self, place: Place) -> str:
        """The address of the page that follows the place."""
        return address_of({**self.typed, "before": str(place)})

    def newer(self, place: Place) -> str:
        """The address of the page that comes before the place."""
        return address_of({**self.typed, "after": str(place)})


def address_of(fields: Mapping[str, str]) -> str:
    """The list with these fields."""
    return f"{PATH}?{urlencode(fields)}" if fields else PATH


def _category(typed: Mapping[str, str], faults: dict[str, str]) -> Category:
    try:
        return Category(typed.get("state", Category.ALL))
    except ValueError:
        said = _("There is no category “{name}”; all invoices are shown.")
        faults["state"] = said.format(name=typed["state"][:40])
        return Category.ALL


def _client(typed: Mapping[str, str], faults: dict[str, str]) -> int | None:
    text = typed.get("client", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
        faults["state"] = _("“{text}” is no number of a client; those of all are shown.").format(text=text[:40])
        return None
    return int(text) if text else None


def _place(query: Mapping[str, str], name: str) -> Place | None:
    try:
        return Place.parse(query.get(name, ""))
    except ParameterError:  # written by hand: the first page
        return None
