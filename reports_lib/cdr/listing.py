"""The list of files of call records: which are shown, newest first, a page at a time, and how many of each state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, true
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import CdrFile, CdrState
from reports_lib.errors import UnknownNameError

SIZE = 50  # rows of a page
WORDS = 8  # of a search; more are not looked at


class Category(StrEnum):
    """What the list can be narrowed to; what is being processed waits as well (T-57)."""

    ALL = "all"
    WAITING = "waiting"
    SUCCESS = "success"
    ERROR = "error"


_OF_CATEGORY: dict[Category, ColumnElement[bool]] = {
    Category.ALL: true(),
    Category.WAITING: CdrFile.state.in_((CdrState.WAITING, CdrState.PROCESSING)),
    Category.SUCCESS: CdrFile.state == CdrState.SUCCESS,
    Category.ERROR: CdrFile.state == CdrState.ERROR,
}


@dataclass(frozen=True)
class Wanted:
    """Which files: of a category, whose name, format or number holds every word of `text`, that came in a period."""

    category: Category = Category.ALL
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Page:
    """Some of the files, newest first; `older` is the last of them if others follow."""

    files: Sequence[CdrFile]
    older: int | None = None
    is_first: bool = True


@dataclass(frozen=True)
class Listing:
    """What `visitor` sees of what is `wanted`; files that were deleted are not listed."""

    visitor: Visitor
    wanted: Wanted = Wanted()

    def page(self, session: Session, *, before: int | None = None, size: int = SIZE) -> Page:
        """The files that came before the one with the id `before`; else the newest."""
        query = select(CdrFile).where(*self._conditions()).order_by(CdrFile.id.desc()).limit(size + 1)
        if before is not None:
            query = query.where(CdrFile.id < before)
        found = session.scalars(query).all()
        shown = found[:size]
        return Page(shown, shown[-1].id if len(found) > size else None, before is None)

    def counts(self, session: Session) -> dict[Category, int]:
        """How many files of each category there are, whichever of them is wanted."""
        conditions = replace(self, wanted=replace(self.wanted, category=Category.ALL))._conditions()
        columns = [func.count().filter(_OF_CATEGORY[each]) for each in Category]
        found = session.execute(select(*columns).select_from(CdrFile).where(*conditions)).one()
        return dict(zip(Category, found, strict=True))

    def _conditions(self) -> list[ColumnElement[bool]]:
        wanted = self.wanted
        found = [CdrFile.deleted_at.is_(None), self.visitor.sees(CdrFile.company), _OF_CATEGORY[wanted.category]]
        if wanted.since is not None:
            found.append(CdrFile.uploaded_at >= wanted.since)
        if wanted.until is not None:
            found.append(CdrFile.uploaded_at < wanted.until)
        return found + [_holds(word) for word in wanted.text.split()[:WORDS]]


def find(session: Session, visitor: Visitor, file_id: int) -> CdrFile:
    """The file, if the visitor sees it and it is there; raises `UnknownNameError` in the same words for any other."""
    found = session.get(CdrFile, file_id) if file_id < 2**63 else None
    if found is None or found.deleted_at is not None or not visitor.owns(found.company):
        raise UnknownNameError(f"there is no file of call records {file_id}")
    return found


def _holds(word: str) -> ColumnElement[bool]:
    name = CdrFile.name.icontains(word, autoescape=True)
    return or_(name, CdrFile.format == word, cast(CdrFile.id, Text) == word)
