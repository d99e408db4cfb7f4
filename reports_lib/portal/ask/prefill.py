"""What a form begins with: a saved query, an earlier run, a report that is shown, or texts in the address.

    /ask/{family}?set=last-month   ?from_run=7   ?from_link=<token>   ?interval=last+week&client_tags=vip

Of another family only what this one has as well is taken (JD-69, JD-70); the rest is named as left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.parameters.given import Given
from reports_lib.parameters.kinds import IntervalKind, Kind, TimeZoneKind
from reports_lib.parameters.options import Finder, Option
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask.entered import Entered
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.view.follow import follow
from reports_lib.runs.installation import Installation
from reports_lib.runs.record import find
from reports_lib.snapshots.manifest import Manifest

OWN = ("set", "from_run", "from_link", "lang")  # of an address; all else names a parameter
LARGEST = 2**63 - 1  # number of a run


@dataclass(frozen=True)
class Prefill:
    """What a form begins with, what of the source this family has not, and where it is from."""

    entered: Entered
    left_out: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Saved:
    """A saved query of a family: the name in its address, and what it is called."""

    name: str
    label: str


def saved(installation: Installation, family: str, visitor: Visitor) -> list[Saved]:
    """The saved queries that the visitor may load, by what they are called; one that cannot be read is left out."""
    found = [Saved(each.set_name, each.name) for each in query_shelf.of_family(installation.workspace, visitor, family)]
    return sorted(found, key=lambda each: (each.label.casefold(), each.name))


def prefill(request: Request, schema: Schema) -> Prefill:
    """The beginning of a form, as its address says. Raises `UnknownNameError` for a source that is not there."""
    query = request.query_params
    begun = Prefill(Entered.begun(schema, {}))
    if name := query.get("set", ""):
        begun = _of_set(request, schema, name)
    elif number := query.get("from_run", ""):
        begun = _of_run(request, schema, number)
    elif token := query.get("from_link", ""):
        begun = _of_link(request, schema, token)
    written = {name: _texts(query.getlist(name)) for name in query if name not in OWN}
    if not written:
        return begun
    known, left_out = _known(schema, written)
    entered = Entered.begun(schema, {**begun.entered.given, **known})
    entered = replace(begun.entered, given=entered.given, picked=entered.picked, spans=entered.spans)
    return replace(begun, entered=entered, left_out=(*begun.left_out, *left_out))


def _of_set(request: Request, schema: Schema, name: str) -> Prefill:
    installation: Installation = request.app.state.installation
    visitor = visitor_of(request)
    saved = query_shelf.found(installation.workspace, visitor, schema.family, name)
    query, knows = saved.query, query_shelf.knows(visitor, saved.query)
    known, left_out = _known(schema, query.values)
    entered = Entered.begun(schema, known).with_output(query.formats, query.recipients if knows else (), query.name)
    return Prefill(replace(entered, set_name=name), left_out, saved.name)


def _of_run(request: Request, schema: Schema, number: str) -> Prefill:
    installation: Installation = request.app.state.installation
    with Session(installation.database) as session:
        run = _run(session, number, visitor_of(request))
        known, left_out = _known(schema, run.asked, is_own=run.family == schema.family)
        entered = Entered.begun(schema, known)
        if run.family == schema.family:
            entered = entered.with_output(run.formats, run.recipients, run.name)
    return Prefill(entered, left_out, _("run {number}").format(number=number))


def _of_link(request: Request, schema: Schema, token: str) -> Prefill:
    manifest = follow(request, token).manifest  # asking again is no view
    known, left_out = _known(schema, _criteria(manifest, schema), is_own=manifest.family == schema.family)
    return Prefill(Entered.begun(schema, known), left_out, manifest.title)


def _criteria(manifest: Manifest, schema: Schema) -> Mapping[str, Given]:
    """What a report was asked with; for another family the very days that it shows."""
    if manifest.family == schema.family:
        return manifest.asked
    fixed = {p.name for p in schema if isinstance(p.kind, IntervalKind | TimeZoneKind)}
    wanted = fixed | set(manifest.asked)
    return {name: value for name, value in manifest.resolved.items() if name in wanted}


def _run(session: Session, number: str, visitor: Visitor) -> Run:
    if number.isascii() and number.isdecimal() and len(number) <= len(str(LARGEST)) and int(number) <= LARGEST:
        run = find(session, int(number))
        if visitor.owns(run.company) and run.deleted_at is None:
            return run
    raise UnknownNameError(_("There is no such run."))


def _known(
    schema: Schema, given: Mapping[str, Given], *, is_own: bool = True
) -> tuple[dict[str, Given], tuple[str, ...]]:
    """What the family has of what is `given`, and the names of the rest; what its own queries say is kept as it is."""
    kinds = {parameter.name: parameter.kind for parameter in schema}
    known = {name: value for name, value in given.items() if name in kinds}
    if not is_own:
        known = {name: fit for name, value in known.items() if (fit := _fitting(kinds[name], value)) is not None}
    return known, tuple(name for name, value in given.items() if known.get(name) != value)


def _fitting(kind: Kind[Any], value: Given) -> Given | None:
    """What of another family's value can be chosen here, such as what rows are grouped by; None if nothing of it."""
    options = None if kind.lookup else kind.options()
    if options is None or not value or not isinstance(value, str | list):
        return value
    if isinstance(value, str):
        return value if _is_among(options, value) else None
    return [each for each in value if _is_among(options, each)] or None


def _is_among(options: Sequence[Option], text: str) -> bool:
    try:
        return bool(Finder(options).find(text))
    except ParameterError:
        return False


def _texts(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts
