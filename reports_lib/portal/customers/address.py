"""The address of the list of customers: all of its state, so that it can be kept, sent and gone back to.

    /customers?q=ann@example.com   /customers?status=blocked&country=CL&born_until=2008-11-23&before=179…-17

`q` is an e-mail or a part of it (MS-10), the other fields are the advanced filter (MS-11). Moments are of the
workspace's zone. What cannot be read is said beside its field and narrows nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from reports_lib.portal.customers.words import STATUSES
from reports_lib.portal.language import _
from reports_lib.portal.reports.address import LONGEST, period_of, plain_of, search_of
from reports_lib.portal.runs.rights import LARGEST
from reports_lib.warehouse.registered import Place, Search

PATH = "/customers"
TEXTS = ("first_name", "last_name", "phone", "gender", "address", "city", "state", "metadata")
PICKED = ("country", "network")
DAYS = ("born_since", "born_until")
PERIOD = ("since", "until")
ADVANCED = (*TEXTS, *PICKED, *DAYS, *PERIOD)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"(\d{1,17})-(\d{1,19})", re.ASCII)


@dataclass(frozen=True)
class ListAddress:
    """What an address asks of the list: as typed, as read, and what is wrong with it, by field."""

    typed: Mapping[str, str]  # the fields that are not empty
    search: Search
    before: Place | None = None
    after: Place | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, query: Mapping[str, str], zone: ZoneInfo) -> Self:
        """The address with these fields; never refused."""
        texts = {name: plain_of(query.get(name, "")) for name in ("status", "q", *ADVANCED)}
        typed = {name: text for name, text in texts.items() if text}
        faults: dict[str, str] = {}
        since, until = period_of(typed, zone, faults)
        told: dict[str, Any] = {name: _text(typed, name, faults) for name in TEXTS}
        told |= {name: _day(typed, name, faults) for name in DAYS}
        told |= {name: (typed[name],) for name in PICKED if name in typed}
        search = Search(search_of(typed, faults), status=_status(typed, faults), since=since, until=until, **told)
        return cls(typed, search, _place(query, "before"), _place(query, "after"), faults)

    @property
    def status(self) -> str:
        """The registration status that is shown, "" for all."""
        return next(iter(self.search.status), "")

    @property
    def of_all(self) -> Search:
        """The search whatever the status, to count them all."""
        return replace(self.search, status=())

    @property
    def is_narrowed(self) -> bool:
        """Whether there is anything to clear."""
        return "q" in self.typed or self.is_advanced

    @property
    def is_advanced(self) -> bool:
        """Whether the advanced filter says something."""
        return any(name in self.typed for name in ADVANCED)

    @property
    def cleared(self) -> str:
        """The address without search and filter, of the same status."""
        return _address({name: self.typed[name] for name in ("status",) if name in self.typed})

    def of(self, status: str) -> str:
        """The address of another status, "" for all, from its first page."""
        rest = {name: text for name, text in self.typed.items() if name != "status"}
        return _address(({"status": status} if status else {}) | rest)

    def older(self, place: Place) -> str:
        """The address of the page that follows the place."""
        return _address({**self.typed, "before": _written(place)})

    def newer(self, place: Place) -> str:
        """The address of the page that comes before the place."""
        return _address({**self.typed, "after": _written(place)})


def _address(fields: Mapping[str, str]) -> str:
    return f"{PATH}?{urlencode(fields)}" if fields else PATH


def _status(typed: Mapping[str, str], faults: dict[str, str]) -> tuple[str, ...]:
    if "status" not in typed:
        return ()
    if typed["status"] not in STATUSES:
        faults["status"] = _("There is no status “{name}”; all customers are shown.").format(name=typed["status"][:40])
        return ()
    return (typed["status"],)


def _text(typed: Mapping[str, str], name: str, faults: dict[str, str]) -> str:
    text = typed.get(name, "")
    if len(text) > LONGEST:
        faults[name] = _("Only the first {count} letters are looked for.").format(count=LONGEST)
    return text[:LONGEST]


def _day(typed: Mapping[str, str], name: str, faults: dict[str, str]) -> date | None:
    if name not in typed:
        return None
    try:
        return date.fromisoformat(typed[name])
    except ValueError:
        faults[name] = _("“{text}” is not a day, such as 1994-11-30.").format(text=typed[name][:40])
        return None


def _written(place: Place) -> str:
    return f"{(place.at - EPOCH) // timedelta(microseconds=1)}-{place.client_id}"


def _place(query: Mapping[str, str], name: str) -> Place | None:
    found = _PLACE.fullmatch(query.get(name, ""))
    if found is None or int(found[2]) > LARGEST:  # written by hand: the first page
        return None
    return Place(EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))
