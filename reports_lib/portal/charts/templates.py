"""Charts that people keep for a family, to be drawn of any of its reports (JD-67)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import AuditEntry, ChartTemplate, Visibility
from reports_lib.errors import ForbiddenError, ParameterError, StateError, UnknownNameError
from reports_lib.portal.charts.choice import Choice
from reports_lib.portal.language import _

NAME = 80  # letters
MOST = 200  # templates of one user for one family


def visible(session: Session, family: str, visitor: Visitor) -> list[ChartTemplate]:
    """The family's charts that the visitor finds, his own first, then by name; none for who is not signed in."""
    query = select(ChartTemplate).where(ChartTemplate.family == family, _is_for(visitor))
    found = session.scalars(query.order_by(ChartTemplate.name, ChartTemplate.id)) if visitor.is_signed_in else ()
    return sorted(found, key=lambda template: template.owner != visitor.name)


def find(session: Session, number: int, family: str, visitor: Visitor) -> ChartTemplate:
    """One of them; raises `UnknownNameError`, also for one that is somebody else's own."""
    query = select(ChartTemplate).where(ChartTemplate.id == number, ChartTemplate.family == family, _is_for(visitor))
    found = session.scalar(query) if visitor.is_signed_in and 0 < number < 2**63 else None
    if found is None:
        raise UnknownNameError(_("There is no such chart of this family; it may have been deleted."))
    return found


def named(found: Sequence[ChartTemplate], name: str) -> ChartTemplate | None:
    """The one of that name among those that `visible` found: one's own before others'."""
    wanted = name.strip().casefold()
    return next((template for template in found if template.name.casefold() == wanted), None)


def add(session: Session, template: ChartTemplate, visitor: Visitor) -> ChartTemplate:
    """Keep a new chart in the caller's transaction.

    Raises `ForbiddenError` if the visitor may not, `StateError` if he has one of that name.
    """
    if not visitor.may(Right.ASK):
        raise ForbiddenError(_("Your role does not allow this."))
    if template.visibility != Visibility.PRIVATE and not visitor.may(Right.PUBLISH):
        raise ForbiddenError(_("Your role may keep charts for yourself only."))
    Choice.kept(template.choice)
    of_his = and_(ChartTemplate.family == template.family, ChartTemplate.owner == visitor.name)
    if len(session.scalars(select(ChartTemplate.id).where(of_his)).all()) >= MOST:
        raise StateError(_("You keep {count} charts of this family already; delete one first.").format(count=MOST))
    with _once(session, template.name):
        session.add(template)
        session.flush()
    _note(session, "save chart", template, visitor, template.made_at)
    return template


def rename(session: Session, template: ChartTemplate, name: str, visitor: Visitor, at: datetime) -> None:
    """Call a chart otherwise; raises `ForbiddenError`, `ParameterError`, `StateError`."""
    _may_change(template, visitor)
    before = _told(template)
    with _once(session, name):
        template.name = checked(name)
        session.flush()
    _note(session, "rename chart", template, visitor, at, before)


def delete(session: Session, template: ChartTemplate, visitor: Visitor, at: datetime) -> None:
    """Delete a chart; raises `ForbiddenError` unless it is his or he may delete others'."""
    _may_change(template, visitor)
    before, name = _told(template), f"chart {template.family}/{template.id}"
    session.delete(template)
    session.add(AuditEntry(at=at, who=visitor.name, action="delete chart", object=name, before=before, after=None))


def may_change(template: ChartTemplate, visitor: Visitor) -> bool:
    """Whether the visitor may rename and delete it."""
    return template.owner == visitor.name or (visitor.may(Right.DELETE) and visitor.owns(template.company))


def checked(name: str) -> str:
    """A name as it is kept; raises `ParameterError`."""
    name = " ".join(name.split())
    if not name or len(name) > NAME or not name.isprintable():
        raise ParameterError(_("Give the chart a name of up to {count} letters.").format(count=NAME))
    return name


def _is_for(visitor: Visitor) -> ColumnElement[bool]:
    return or_(
        ChartTemplate.owner == visitor.name,
        ChartTemplate.visibility == Visibility.PUBLIC,
        and_(ChartTemplate.visibility == Visibility.COMPANY, visitor.sees(ChartTemplate.company)),
    )


def _may_change(template: ChartTemplate, visitor: Visitor) -> None:
    if not may_change(template, visitor):
        raise ForbiddenError(_("Only who keeps a chart may change or delete it."))


@contextmanager
def _once(session: Session, name: str) -> Iterator[None]:
    """What is written inside is taken back as a whole if the name is taken: a `StateError`."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError:
        said = _("You already keep a chart named “{name}”; choose another name.")
        raise StateError(said.format(name=name)) from None


def _told(template: ChartTemplate) -> dict[str, object]:
    return {"name": template.name, "visibility": template.visibility, "choice": template.choice}


def _note(
    session: Session,
    action: str,
    template: ChartTemplate,
    visitor: Visitor,
    at: datetime,
    before: dict[str, object] | None = None,
) -> None:
    name = f"chart {template.family}/{template.id}"
    session.add(AuditEntry(at=at, who=visitor.name, action=action, object=name, before=before, after=_told(template)))
