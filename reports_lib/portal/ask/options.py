"""What can be picked from the warehouse, searched here: a browser gets a few dozen options of fifty thousand.

GET /ask/{family}/options/{parameter}?q=vi&limit=50   {"options": [{"value", "label"}, …], "more": true}
"""

import re
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from fastapi import Request
from fastapi.responses import JSONResponse

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.errors import DaybookError, UnknownNameError
from reports_lib.parameters.options import Lookup, Option
from reports_lib.parameters.schema import Schema
from reports_lib.portal.page import visitor_of
from reports_lib.portal.route import Route
from reports_lib.runs import plan
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse.versions import latest

LIMIT, MOST = 50, 200  # options of an answer: usually, and at most
LONGEST = 200  # letters that are searched for
REMEMBERED = 400_000  # options of all searchable lists together
STEP = timedelta(minutes=10)  # what came to be in so short a time need not be found yet

_BREAK, _BETWEEN = "\n", "\x1f"  # in no text that is searched for


class Searchable:
    """Options that can be searched: all their words as one text, which one search goes through."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = options
        lines = [_line(option) + _BREAK for option in options]
        self._text = "".join(lines)
        self._ends = list(accumulate(map(len, lines)))

    def __len__(self) -> int:
        return len(self.options)

    def search(self, words: str, limit: int = LIMIT) -> tuple[list[Option], bool]:
        """At most `limit` options whose label or value contains `words`, in any case, and whether there are more.

        Those in which a word begins so come first; else they keep their order.
        """
        sought = re.escape(_folded(words))
        if not sought:
            return list(self.options[:limit]), len(self.options) > limit
        found: dict[int, None] = {}
        for pattern in (rf"(?<![^\W_]){sought}", sought):
            for place in self._places(pattern):
                found[place] = None
                if len(found) > limit:
                    return [self.options[each] for each in list(found)[:limit]], True
        return [self.options[each] for each in found], False

    def _places(self, pattern: str) -> Iterator[int]:
        """Numbers of the options that match, each once."""
        compiled, at = re.compile(pattern), 0
        while match := compiled.search(self._text, at):
            place = bisect_right(self._ends, match.start())
            yield place
            at = self._ends[place]


class Lists:
    """Searchable lists by key, those asked for last; of no more than so many options together, save a single list."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[object, Searchable] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    def get(self, key: object, make: Callable[[], Sequence[Option]]) -> Searchable:
        """The list of that key, made if it is not there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = Searchable(make())  # nobody who asks for another list waits for this one
        with self._lock:
            self._kept[key] = made
            while len(self) > self._most and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return made


def author_of(visitor: Visitor) -> Author:
    """Who asks, as a run keeps it: what he may read hangs on his company."""
    return Author(str(visitor.role), visitor.name, visitor.company)


def lookup_of(installation: Installation, visitor: Visitor, now: datetime) -> Lookup:
    """What the visitor may choose from, by the name of a lookup."""
    return lambda name: plan.options(name, author_of(visitor), now, installation)


def settled(now: datetime) -> datetime:
    """The last moment that lists are looked up for: what is asked within one `STEP` need be looked up once."""
    return now - (now - datetime.min.replace(tzinfo=UTC)) % STEP


def labelled(request: Request, lookup: str, values: Sequence[str]) -> list[Option]:
    """Values picked of a lookup, with what people read."""
    wanted = set(values)
    found = {option.value: option for option in _searchable(request, lookup).options if option.value in wanted}
    return [found.get(value, Option(value, value)) for value in values]


def offered(request: Request, lookup: str) -> Sequence[Option]:
    """All that the visitor can pick of a lookup; nothing while the warehouse cannot say."""
    try:
        return _searchable(request, lookup).options
    except DaybookError:
        return ()


def lacking(request: Request, lookups: Iterable[str]) -> set[str]:
    """Those of the lookups that have nothing to pick for the visitor; none while the warehouse cannot say.

    No list is read for it, and what was found is kept as long as the lists are.
    """
    asked = tuple(sorted(set(lookups)))
    if not asked:
        return set()
    installation: Installation = request.app.state.installation
    visitor, now = visitor_of(request), settled(datetime.now(UTC))

    def find() -> list[Option]:
        from reports_lib.warehouse.connection import LOOKUPS  # half a second, for forms that need it

        tables = {lookup: LOOKUPS[lookup][0] for lookup in asked}
        empty = plan.lacking(tables.values(), author_of(visitor), now, installation)
        return [Option(lookup, lookup) for lookup, table in tables.items() if table in empty]

    try:
        return {option.value for option in _listed(request, ("lacking", *asked), find).options}
    except DaybookError:
        return set()


def options(request: Request, family: str, parameter: str) -> JSONResponse:
    """`GET /ask/{family}/options/{parameter}`: what can be picked, of the visitor's companies only."""
    query = request.query_params
    found, more = pick(request, family, parameter, query.get("q", ""), _limit(query.get("limit", "")))
    return JSONResponse({"options": [{"value": o.value, "label": o.label} for o in found], "more": more})


def pick(request: Request, family: str, parameter: str, words: str, limit: int) -> tuple[list[Option], bool]:
    """At most `limit` of what the visitor can pick that contains `words`, and whether there are more."""
    installation: Installation = request.app.state.installation
    kind = Schema.read(installation.workspace.notebook(family))[parameter].kind
    if kind.lookup:
        searchable = _searchable(request, kind.lookup)
    elif (fixed := kind.options()) is not None:
        searchable = Searchable(fixed)
    else:
        raise UnknownNameError(f"{parameter} of {family} is written, not picked")
    return searchable.search(words, limit)


def _searchable(request: Request, lookup: str) -> Searchable:
    installation: Installation = request.app.state.installation
    visitor, now = visitor_of(request), settled(datetime.now(UTC))
    return _listed(request, lookup, lambda: lookup_of(installation, visitor, now)(lookup))


def _listed(request: Request, name: object, make: Callable[[], Sequence[Option]]) -> Searchable:
    """The list of that name as it is for the visitor, of the newest data."""
    installation: Installation = request.app.state.installation
    lists: Lists = request.app.state.lists
    version = latest(installation.warehouse)
    key = (version.name if version else "", visitor_of(request).company, name, settled(datetime.now(UTC)))
    return lists.get(key, make)


def _limit(text: str) -> int:
    return min(max(int(text), 1), MOST) if text.isascii() and text.isdecimal() and len(text) < 9 else LIMIT


def _folded(text: str) -> str:
    return " ".join(text[:LONGEST].casefold().split())


def _line(option: Option) -> str:
    """What is searched of an option: its label, and its value where that says something else."""
    said = option.label if option.label == option.value else f"{option.label}{_BETWEEN}{option.value}"
    return said.casefold().replace(_BREAK, " ")


ROUTES = (Route("/ask/{family}/options/{parameter}", options, Right.ASK),)
