"""The dialog "Save query" of a query form, and what its fields offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.errors import UnknownNameError
from reports_lib.parameters.query import LONGEST_NAME, LONGEST_NOTE
from reports_lib.portal.ask.entered import Entered
from reports_lib.portal.charts import templates as chart_templates
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, visitor_of
from reports_lib.portal.queries import rhythm
from reports_lib.portal.queries.draft import FIXED, PRIVATE, RELATIVE, Draft
from reports_lib.portal.queries.saved import Saved, changes, found, owner
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.values.clock import zones


@dataclass(frozen=True)
class Offers:
    """What there is to choose in the fields, and how long texts may be."""

    visibilities: Mapping[str, str]
    formats: Mapping[str, str]
    rhythms: Mapping[str, str]
    weekdays: Mapping[str, str]
    days: Mapping[str, str]
    zones: tuple[str, ...]
    charts: tuple[str, ...]
    may_publish: bool
    longest_name: int = LONGEST_NAME
    longest_note: int = LONGEST_NOTE


@dataclass(frozen=True)
class Dialog:
    """What stands in the dialog. `replaces` is a query that may be replaced, if the form began with one."""

    draft: Draft
    offers: Offers
    intervals: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = False
    replaces: Saved | None = None


def dialog(request: Request, family: str, entered: Entered) -> Dialog:
    """The dialog as it opens over what is entered."""
    visitor, installation = visitor_of(request), installation_of(request)
    replaces = begun_with(request, family, entered.set_name)
    draft = Draft(time_zone=installation.workspace.time_zone)
    if replaces:
        draft = replace(Draft.of(replaces.query), name=replaces.name, instead=replaces.set_name)
    draft = replace(draft, formats=entered.formats, recipients=entered.send_to or draft.recipients)
    intervals = {
        RELATIVE: _("Moves on: last month is each time the month before"),
        FIXED: _("Stays: these very days, whenever it is run"),
    }
    return Dialog(draft, offers(installation, visitor, family), intervals, replaces=replaces)


def begun_with(request: Request, family: str, set_name: str) -> Saved | None:
    """The query that a form began with, if the visitor may change it."""
    installation, visitor = installation_of(request), visitor_of(request)
    if not set_name:
        return None
    try:
        saved = found(installation.workspace, visitor, family, set_name)
    except UnknownNameError:
        return None
    with Session(installation.database) as session:
        return saved if changes(visitor, saved.query, owner(session, saved.query)) else None


def offers(installation: Installation, visitor: Visitor, family: str) -> Offers:
    """What the visitor can choose for a query of the family."""
    may_publish = visitor.may(Right.PUBLISH)
    visibilities = visibility_words() if may_publish else {PRIVATE: visibility_words()[PRIVATE]}
    with Session(installation.database) as session:
        charts = tuple(dict.fromkeys(each.name for each in chart_templates.visible(session, family, visitor)))
    return Offers(
        visibilities=visibilities,
        formats={str(form): _("Web") if form is Format.HTML else form.upper() for form in Format},
        rhythms=rhythm.kinds(),
        weekdays=rhythm.weekdays(),
        days=rhythm.days(),
        zones=tuple(zones()),
        charts=charts,
        may_publish=may_publish,
    )


def visibility_words() -> dict[str, str]:
    """Who sees a query, in words."""
    return {
        PRIVATE: _("Only me"),
        "company": _("My company and those above it"),
        "public": _("Everyone who is signed in"),
    }
