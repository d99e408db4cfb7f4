"""Saved queries written, replaced and deleted: the file, and a line in the audit trail of who did it."""

from collections.abc import Mapping
from dataclasses import replace as changed
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import AuditEntry
from reports_lib.errors import ForbiddenError, ParameterError, SettingError, StateError
from reports_lib.parameters.query import Query, slug, version, write_query
from reports_lib.portal.language import _
from reports_lib.portal.queries.draft import Draft
from reports_lib.portal.queries.saved import Saved, changes, owner
from reports_lib.runs.installation import Installation

LOCKS = 0x64617971_75657279  # "dayquery"; tells our locks from others' on the same database

Texts = Mapping[str, str | list[str]]


def keep_new(installation: Installation, visitor: Visitor, family: str, draft: Draft, values: Texts) -> Saved:
    """Keep a query of the visitor's; raises `StateError` if there is one of that name, whoever's it is."""
    of_his = Query(values, owner=visitor.name, company=visitor.company)
    query = draft.query(values, of_his, installation.workspace)
    saved = Saved(family, slug(query.name), query)
    path = installation.workspace.parameters / family / f"{saved.set_name}.yaml"
    with Session(installation.database) as session, session.begin():
        session.add(_entry(visitor, "save query", saved, None, query))
        session.flush()  # what cannot be written down is not done
        try:
            write_query(path, query, is_new=True)
        except StateError:
            raise StateError(_taken()) from None
    return saved


def keep(installation: Installation, visitor: Visitor, saved: Saved, draft: Draft, values: Texts) -> Saved:
    """Keep a query that was changed; its file and its owner stay.

    Raises `ForbiddenError` if it is not his to change, `StateError` if somebody else did meanwhile.
    """
    workspace, before = installation.workspace, saved.query
    path = workspace.set_path(saved.family, saved.set_name)
    is_own = before.owner == visitor.name
    query = draft.query(values, changed(before, company=visitor.company) if is_own else before, workspace)
    with Session(installation.database) as session, session.begin():
        _take_turns(session, saved)
        _may_change(session, visitor, before)
        if draft.version != version(path):
            raise StateError(_("Somebody changed this query meanwhile. Load it again, and change it once more."))
        session.add(_entry(visitor, "change query", saved, before, query))
        session.flush()
        write_query(path, query)
    return Saved(saved.family, saved.set_name, query)


def delete(installation: Installation, visitor: Visitor, saved: Saved) -> None:
    """Delete a query; raises `ForbiddenError` if it is not his to delete. What was made of it stays."""
    path = installation.workspace.set_path(saved.family, saved.set_name)
    with Session(installation.database) as session, session.begin():
        _take_turns(session, saved)
        _may_change(session, visitor, saved.query)
        session.add(_entry(visitor, "delete query", saved, saved.query, None))
        session.flush()
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SettingError(f"{saved.family}/{path.name} cannot be deleted: {error.strerror}") from None


def check_change(installation: Installation, visitor: Visitor, saved: Saved) -> None:
    """Raise `ForbiddenError` if the query is not the visitor's to change."""
    with Session(installation.database) as session:
        _may_change(session, visitor, saved.query)


def check_name(installation: Installation, saved: Saved, draft: Draft) -> None:
    """Raise `ParameterError` if the new name of a query is that of another one of the family."""
    wanted = slug(draft.name)
    if wanted not in (saved.set_name, slug(saved.name)) and wanted in installation.workspace.sets(saved.family):
        raise ParameterError(_taken())


def _taken() -> str:
    return _("There is a query of that name; choose another, or edit that one.")


def _take_turns(session: Session, saved: Saved) -> None:
    """Until the transaction ends nobody else changes the query: what is there is looked at, then replaced."""
    name = func.hashtextextended(f"{saved.family}/{saved.set_name}", LOCKS)
    session.execute(select(func.pg_advisory_xact_lock(name)))


def _may_change(session: Session, visitor: Visitor, query: Query) -> None:
    if not changes(visitor, query, owner(session, query)):
        raise ForbiddenError(_("This query is not yours to change."))


def _entry(visitor: Visitor, action: str, saved: Saved, before: Query | None, after: Query | None) -> AuditEntry:
    name = f"query {saved.family}/{saved.set_name}"
    at = datetime.now(UTC)
    return AuditEntry(at=at, who=visitor.name, action=action, object=name, before=_told(before), after=_told(after))


def _told(query: Query | None) -> dict[str, object] | None:
    if query is None:
        return None
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(query).items()}
    return {name: value for name, value in told.items() if value and name != "version"}
