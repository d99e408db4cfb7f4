"""Asking for a report: the families to choose from, and the query form of each (JD-02 to JD-06, JD-08, JD-24 to JD-30).

Nothing is computed before the form is sent (JD-03). What is sent is refused with everything that is
wrong with it, each beside its field, or put in the queue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.errors import DaybookError, ParameterError, SettingError
from reports_lib.families import heading
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask import asking, options
from reports_lib.portal.ask.asking import Ground, zone_of
from reports_lib.portal.ask.entered import Entered
from reports_lib.portal.ask.form import form, label
from reports_lib.portal.ask.prefill import Prefill, prefill, saved
from reports_lib.portal.ask.span import days, names, now_means, units
from reports_lib.portal.grafana import pages as grafana
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.queries.dialog import Dialog, dialog
from reports_lib.portal.route import READS, WRITES, Route
from reports_lib.portal.told import told
from reports_lib.portal.view.words import Family, told_here
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation


def families(request: Request) -> Response:
    """`GET /ask`: the families that can be asked for, each with its saved queries."""
    installation, visitor = installation_of(request), visitor_of(request)
    known = [Family.of(installation.workspace, name) for name in installation.workspace.families()]
    sets = {family.name: saved(installation, family.name, visitor) for family in known}
    return page(request, "ask.html.j2", families=known, sets=sets, idle=_idle(installation, visitor, known))


def _idle(installation: Installation, visitor: Visitor, known: Sequence[Family]) -> dict[str, str]:
    """Why families cannot be asked for yet, by name; nothing while the warehouse cannot say."""
    author, now = options.author_of(visitor), datetime.now(UTC)
    try:
        return asking.not_active([each.name for each in known], author, now, installation)
    except DaybookError:
        return {}


def ask(request: Request, family: str) -> Response:
    """`GET /ask/{family}`: the query form, empty or as the address says; nothing is computed."""
    ground = ground_of(request, family)
    begun = prefill(request, ground.schema)
    return drawn(request, family, begun, asking.not_there(begun.entered, ground) if begun.source else {})


def query(request: Request, family: str) -> Response:
    """`POST /ask/{family}`: ask for the report, or say all that is wrong. Sent twice it is one run."""
    installation, ground = installation_of(request), ground_of(request, family)
    entered = Entered.sent(posted(request), ground.schema)
    if not query_shelf.is_there(installation.workspace, visitor_of(request), family, entered.set_name):
        entered = replace(entered, set_name="")  # deleted meanwhile, or never his to see
    begun = Prefill(entered)
    try:
        if wrong := asking.faults(entered, ground):
            return drawn(request, family, begun, wrong, ParameterError.http_status)
        run_id = asking.put_in_queue(family, entered, ground, installation)
    except SettingError:
        raise
    except DaybookError as problem:  # the warehouse is away, say: what was entered is worth more than a page of error
        return drawn(request, family, begun, {"": told(problem)}, problem.http_status)
    return RedirectResponse(f"/runs/{run_id}", 303)


def meaning(request: Request, family: str) -> JSONResponse:
    """`GET /ask/{family}/days?interval=…&time_zone=…`: the days that a period means now, in words."""
    ground = ground_of(request, family)
    entered = Entered.sent(FormData([*request.query_params.multi_items()]), ground.schema)
    span = next(iter(entered.spans.values()), None)
    if span is None or span.lack:
        return JSONResponse({"days": "", "fault": ""})
    try:
        return JSONResponse({"days": days(span.text, zone_of(entered, ground), ground.now), "fault": ""})
    except ParameterError as problem:
        return JSONResponse({"days": "", "fault": told(problem)})


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, what the field is called, and the reason; without a name it is everywhere."""

    name: str
    label: str
    text: str


def drawn(
    request: Request,
    family: str,
    begun: Prefill,
    wrong: Mapping[str, str],
    status: int = 200,
    save: Dialog | None = None,
) -> Response:
    """The form with what was entered and what is wrong with it; `save` is its dialog, if that has been filled in."""
    installation, ground, entered = installation_of(request), ground_of(request, family), begun.entered
    about = told_here(heading(installation.workspace.notebook(family)))
    zone = zone_of(entered, ground)

    def labels(lookup: str, values: Sequence[str]) -> Sequence[Option]:
        try:
            return options.labelled(request, lookup, values)
        except DaybookError:  # without the warehouse a form still shows what is picked, by its value
            return [Option(value, value) for value in values]

    lacking = options.lacking(request, filter(None, (parameter.kind.lookup for parameter in ground.schema)))
    blocks = form(ground.schema, entered, wrong, labels, lacking)
    return page(
        request,
        "ask_form.html.j2",
        status,
        family=family,
        title=about.title,
        question=about.question,
        form=blocks,
        entered=entered,
        begun=begun,
        faults=_faults(wrong),
        wrong=wrong,
        means={name: now_means(span.text, zone, ground.now) for name, span in entered.spans.items()},
        zone=zone.key,
        workspace_zone=ground.zone,
        span_names=names(),
        span_units=units(),
        output_types=_output_types(),
        script_words=_script_words(),
        sent_to=[{"value": text, "label": text} for text in entered.send_to],
        sets=saved(installation, family, visitor_of(request)),
        grafana_url=grafana.address(family, visitor_of(request)),
        domains=ground.domains,
        save=save or dialog(request, family, entered),
    )


def _faults(wrong: Mapping[str, str]) -> list[Fault]:
    own = {
        "output-type": _("Output type"),
        "send-to": _("Send to"),
        "report-name": _("Report name"),
        "as-of": _("As of"),
    }
    return [Fault(name, own.get(name) or (label(name) if name else ""), text) for name, text in wrong.items()]


def _output_types() -> dict[str, str]:
    """What the output types are called (JD-24 to JD-27), in the order of the manuals."""
    return {
        str(Format.HTML): _("Web"),
        str(Format.CSV): "CSV",
        str(Format.XLS): "Excel XLS",
        str(Format.XLSX): "Excel XLSx",
        str(Format.PDF): "PDF",
    }


def _script_words() -> dict[str, str]:
    """What the script says."""
    return {
        "none": _("Nothing is called that."),
        "looking": _("Looking …"),
        "more": _("There are more: type to narrow them."),
        "failed": _("The list cannot be read just now; write the value."),
        "remove": _("Remove {name}"),
        "removed": _("{name} is removed."),
        "added": _("{name} is added."),
        "found": _("{count} to choose from"),
    }


def ground_of(request: Request, family: str) -> Ground:
    """What entries of the visitor are read on."""
    installation, visitor, now = installation_of(request), visitor_of(request), datetime.now(UTC).replace(microsecond=0)
    return Ground(
        schema=_schema(request, family),
        author=options.author_of(visitor),
        now=now,
        zone=installation.workspace.time_zone,
        lookup=options.lookup_of(installation, visitor, options.settled(now)),
        domains=installation.workspace.mail_domains,
    )


def _schema(request: Request, family: str) -> Schema:
    return Schema.read(installation_of(request).workspace.notebook(family))


ROUTES = (
    Route("/ask", families, Right.ASK),
    Route("/ask/{family}", ask, Right.ASK, READS),
    Route("/ask/{family}", query, Right.ASK, WRITES),
    Route("/ask/{family}/days", meaning, Right.ASK),
    *options.ROUTES,
)
