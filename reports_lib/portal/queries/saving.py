"""Saving a query from its form: `POST /ask/{family}/save` (JD-55).

The form sends its own fields and those of the dialog together. What is wrong stands beside its field,
in the form or in the dialog, and everything that was entered is still there.
"""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from reports_lib.accounts.role import Right
from reports_lib.errors import DaybookError, ParameterError, SettingError, StateError
from reports_lib.parameters.kinds import IntervalKind
from reports_lib.portal.ask import asking
from reports_lib.portal.ask import pages as ask
from reports_lib.portal.ask.asking import Ground
from reports_lib.portal.ask.entered import Entered, Texts
from reports_lib.portal.ask.prefill import Prefill
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.queries.dialog import begun_with, dialog
from reports_lib.portal.queries.draft import FIXED, Draft
from reports_lib.portal.queries.keep import check_name, keep, keep_new
from reports_lib.portal.queries.saved import Saved
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.told import told
from reports_lib.runs.installation import Installation


def save(request: Request, family: str) -> Response:
    """`POST /ask/{family}/save`: keep the query and go to its page, or show the form with all that is wrong."""
    ground, fields = ask.ground_of(request, family), posted(request)
    entered = Entered.sent(fields, ground.schema)
    if "query-open" in fields:  # without a script the dialog is opened here
        return _again(request, family, entered, None, {}, {})
    draft = Draft.sent(fields)
    installation: Installation = request.app.state.installation
    faults = draft.faults(visitor_of(request), installation.workspace)
    try:
        wrong = wrong_values(entered, ground)
        if not wrong and not faults:
            saved = _kept(request, family, draft, values_to_keep(entered, ground, draft.interval == FIXED))
            return RedirectResponse(f"{saved.address}?done=saved", 303)
    except (ParameterError, StateError) as problem:
        wrong, faults = {}, {"query-name": told(problem)}
    except SettingError:
        raise
    except DaybookError as problem:  # the warehouse is away, say
        wrong = {"": told(problem)}
    return _again(request, family, entered, draft, faults, wrong)


def _kept(request: Request, family: str, draft: Draft, values: Texts) -> Saved:
    installation: Installation = request.app.state.installation
    visitor = visitor_of(request)
    if not draft.instead:
        return keep_new(installation, visitor, family, draft, values)
    before = begun_with(request, family, draft.instead)
    if before is None:
        raise StateError(_("The query that was to be replaced is no longer there; save it as a new one."))
    check_name(installation, before, draft)
    return keep(installation, visitor, before, draft, values)


def wrong_values(entered: Entered, ground: Ground) -> dict[str, str]:
    """What is wrong with the parameters; the rest of the form is not kept."""
    names = {parameter.name for parameter in ground.schema}
    return {name: text for name, text in asking.faults(entered, ground).items() if name in names}


def values_to_keep(entered: Entered, ground: Ground, is_fixed: bool) -> Texts:
    """The parameters as they are kept: as they were given, periods as the days they mean now if `is_fixed`."""
    if not is_fixed:
        return entered.given
    literals = ground.schema.resolve(entered.given, ground.now, ground.lookup, ground.zone).literals
    spans = {p.name: str(literals[p.name]) for p in ground.schema if isinstance(p.kind, IntervalKind)}
    return {**entered.given, **spans}


def _again(
    request: Request,
    family: str,
    entered: Entered,
    draft: Draft | None,
    faults: Mapping[str, str],
    wrong: Mapping[str, str],
) -> Response:
    shown = dialog(request, family, entered)
    shown = replace(shown, draft=draft or shown.draft, faults=faults, is_open=not wrong)
    status = ParameterError.http_status if draft else 200
    if wrong and "" not in wrong:
        wrong = {"": _("The query was not saved. Mend this, then save it again."), **wrong}
    return ask.drawn(request, family, Prefill(entered), wrong, status, save=shown)


ROUTES = (Route("/ask/{family}/save", save, Right.ASK, WRITES),)
