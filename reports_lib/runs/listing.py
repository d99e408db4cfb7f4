"""The list of reports: which runs are shown, in which order, a page at a time, and how many there are of each category.

Newest first, by the moment at which they were asked for and then by number. A page begins where another
ended (a `Place`), not after so many rows, so the thousandth costs what the first does, and what is asked
for meanwhile moves nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import ColumnElement, Tuple, case, func, literal, select, tuple_
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run, State
from reports_lib.errors import ParameterError

SIZE = 50  # rows of a page
WORDS = 8  # of a search; more are not looked at
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY = tuple_(Run.requested_at, Run.id)
PLACE = re.compile(r"(\d{1,16})-(\d{1,18})", re.ASCII)


class Category(StrEnum):
    """What the list can be narrowed to (TW-26 to TW-29); what was cancelled is under none but all."""

    ALL = "all"
    GENERATED = "generated"
    GENERATING = "generating"
    ERROR = "error"

    @property
    def states(self) -> tuple[State, ...]:
        """The states of its runs."""
        return CATEGORIES[self]


CATEGORIES: dict[Category, tuple[State, ...]] = {
    Category.ALL: tuple(State),
    Category.GENERATED: (State.GENERATED,),
    Category.GENERATING: (State.QUEUED, State.GENERATING),
    Category.ERROR: (State.ERROR,),
}


@dataclass(frozen=True)
class Wanted:
    """Which runs: of a category, whose names hold every word of `text`, asked for from `since` until before `until`."""

    category: Category = Category.ALL
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, order=True)
class Place:
    """A place in the list: that of the run asked for at `at` whose number is `run`."""

    at: datetime
    run: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}-{self.run}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that is written so; raises `ParameterError`."""
        if found := PLACE.fullmatch(text):
            return cls(EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))
        raise ParameterError(f"{text[:40]!r} is no place in the list")


@dataclass(frozen=True)
class Page:
    """Some of the runs, newest first. `newer` and `older` are where the pages beside it begin; None at an end."""

    runs: Sequence[Run]
    newer: Place | None = None
    older: Place | None = None


@dataclass(frozen=True)
class Listing:
    """What `visitor` sees of what is `wanted`; `titles` name the families whose runs have no name of their own."""

    visitor: Visitor
    wanted: Wanted
    titles: Mapping[str, str]

    def page(
        self, session: Session, *, before: Place | None = None, after: Place | None = None, size: int = SIZE
    ) -> Page:
        """The runs that follow the place `before`, or those that come just before the place `after`; else the first.

        Where there is less than a page before `after`, it is the first page.
        """
        query = select(Run.requested_at, Run.id).where(*self._conditions()).limit(size + 1)
        if after is not None:
            upwards = query.where(_at(after) < KEY).order_by(Run.requested_at, Run.id)
            found = [Place(*row) for row in session.execute(upwards)]
            if len(found) > size:
                shown = found[:size][::-1]
                return Page(_runs(session, shown), newer=shown[0], older=shown[-1])
            before = None
        if before is not None:
            query = query.where(_at(before) > KEY)
        downwards = query.order_by(Run.requested_at.desc(), Run.id.desc())
        found = [Place(*row) for row in session.execute(downwards)]
        shown, has_more = found[:size], len(found) > size
        newer = shown[0] if shown and before is not None else None
        return Page(_runs(session, shown), newer=newer, older=shown[-1] if has_more else None)

    def counts(self, session: Session) -> dict[Category, int]:
        """How many runs of each category there are, whichever of them is wanted."""
        everything = replace(self, wanted=replace(self.wanted, category=Category.ALL))
        query = select(Run.state, func.count()).where(*everything._conditions()).group_by(Run.state)
        found = {row[0]: row[1] for row in session.execute(query)}
        return {category: sum(found.get(state, 0) for state in category.states) for category in Category}

    def _conditions(self) -> list[ColumnElement[bool]]:
        wanted, found = self.wanted, [*seen(self.visitor)]
        if wanted.category is not Category.ALL:
            found.append(Run.state.in_(wanted.category.states))
        if wanted.since is not None:
            found.append(Run.requested_at >= wanted.since)
        if wanted.until is not None:
            found.append(Run.requested_at < wanted.until)
        name = _name(self.titles)
        return found + [name.icontains(word, autoescape=True) for word in wanted.text.split()[:WORDS]]


def _runs(session: Session, places: Sequence[Place]) -> list[Run]:
    """The runs of these places; found by an index that holds all that a list is asked, and only then read."""
    found = {run.id: run for run in session.scalars(select(Run).where(Run.id.in_([place.run for place in places])))}
    return [found[place.run] for place in places if place.run in found]


def name_of(run: Run, titles: Mapping[str, str]) -> str:
    """What the list calls the run; `_name` says the same to the database."""
    title = titles.get(run.family, run.family)
    return run.name or (f"{title} ({run.set_name})" if run.set_name else title)


def seen(visitor: Visitor) -> tuple[ColumnElement[bool], ...]:
    """Runs that are on the lists of `visitor`."""
    return Run.deleted_at.is_(None), visitor.sees(Run.company)


def _name(titles: Mapping[str, str]) -> ColumnElement[str]:
    title = case(dict(titles), value=Run.family, else_=Run.family) if titles else func.concat(Run.family)
    return case((Run.name != "", Run.name), else_=title + func.coalesce(" (" + Run.set_name + ")", ""))


def _at(place: Place) -> Tuple:
    return tuple_(literal(place.at), literal(place.run))
