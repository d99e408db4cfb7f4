"""Saved queries as somebody may see and change them.

A query that is public is everyone's to see, one of a company is seen by its users and those of the
companies above it, a private one by its owner alone. It is changed by its owner, or by who may delete
what others made, as far as he stands above its owner's company, as it is now and as it was then. What
he may not see is for him not there.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account
from reports_lib.errors import SettingError, UnknownNameError
from reports_lib.parameters.query import PUBLIC, Query, read_query
from reports_lib.portal.language import _
from reports_lib.workspace import FAMILY, Workspace

REMEMBERED = 4_096  # files


class Saved(NamedTuple):
    """A query and where it is."""

    family: str
    set_name: str
    query: Query

    @property
    def name(self) -> str:
        """What it is called: by itself, or else by its file."""
        return self.query.name or _(self.set_name.replace("-", " ").capitalize())

    @property
    def address(self) -> str:
        """Of its page."""
        return f"/queries/{self.family}/{self.set_name}"


def sees(visitor: Visitor, query: Query) -> bool:
    """Whether the query is there for the visitor."""
    if not visitor.is_signed_in:
        return False
    if query.visibility == PUBLIC or query.owner == visitor.name:
        return True
    return query.visibility == "company" and visitor.owns(query.company)


def changes(visitor: Visitor, query: Query, account: Account | None) -> bool:
    """Whether the visitor may edit and delete it; `account` is its owner's, None if there is none."""
    if query.owner and query.owner == visitor.name:
        return visitor.may(Right.ASK)
    stands_above = visitor.owns(query.company) and (account is None or visitor.owns(account.company))
    return visitor.may(Right.DELETE) and stands_above


def knows(visitor: Visitor, query: Query) -> bool:
    """Whether he may be told who its owner and its recipients are (Q-15)."""
    return query.owner == visitor.name or visitor.owns(query.company)


def found(workspace: Workspace, visitor: Visitor, family: str, set_name: str) -> Saved:
    """The query of that name; raises `UnknownNameError`, also if the visitor may not see it."""
    saved = None
    if FAMILY.fullmatch(family):  # a part of a path, until it is known to be a name
        with suppress(UnknownNameError):
            saved = Saved(family, set_name, _read(workspace.set_path(family, set_name)))
    if saved is None or not sees(visitor, saved.query):
        known = [each.set_name for each in of_family(workspace, visitor, family)] if FAMILY.fullmatch(family) else []
        raise UnknownNameError.of(f"saved query of {family[:60]}", set_name[:60], known)
    return saved


def is_there(workspace: Workspace, visitor: Visitor, family: str, set_name: str) -> bool:
    """Whether there is a query of that name that he may see, and that can be read."""
    try:
        return bool(set_name) and found(workspace, visitor, family, set_name) is not None
    except (SettingError, UnknownNameError):
        return False


def of_family(workspace: Workspace, visitor: Visitor, family: str) -> Iterator[Saved]:
    """The queries of a family that he may see, by the names of their files; what cannot be read is left out."""
    for set_name in workspace.sets(family):
        try:
            saved = Saved(family, set_name, _read(workspace.set_path(family, set_name)))
        except (SettingError, UnknownNameError):  # broken, or gone since
            continue
        if sees(visitor, saved.query):
            yield saved


def broken(workspace: Workspace, family: str) -> Iterator[str]:
    """Why queries of a family cannot be read."""
    for set_name in workspace.sets(family):
        try:
            _read(workspace.set_path(family, set_name))
        except SettingError as problem:
            yield str(problem)
        except UnknownNameError:
            continue


def owner(session: Session, query: Query) -> Account | None:
    """The account of the query's owner."""
    return session.scalars(select(Account).where(Account.name == query.owner)).one_or_none() if query.owner else None


def _read(path: Path) -> Query:
    try:
        stat = path.stat()
    except OSError:
        raise UnknownNameError(f"no saved query {path.stem}") from None
    return _parsed(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=REMEMBERED)
def _parsed(path: Path, _changed: int, _size: int, _file: int) -> Query:
    return read_query(path)
