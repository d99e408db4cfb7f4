"""Show Chart: the ready-made charts of a report, a blank sheet to put one together, and charts that are kept.

The server makes the specification, the browser only draws it; without a script the page shows the picture.
Nothing is queried: every figure comes from the snapshot's own tables (JD-60, JD-61).
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, QueryParams

from reports_lib.accounts.role import Right
from reports_lib.database.schema import ChartTemplate, Visibility
from reports_lib.errors import DaybookError, ForbiddenError, ParameterError, StateError
from reports_lib.picture import NIGHT, PAPER
from reports_lib.portal.charts import picture as chart_picture
from reports_lib.portal.charts import tables as chart_tables
from reports_lib.portal.charts import templates as chart_templates
from reports_lib.portal.charts import vega
from reports_lib.portal.charts import words as chart_words
from reports_lib.portal.charts.choice import Choice
from reports_lib.portal.charts.colours import colours
from reports_lib.portal.charts.parts import Look
from reports_lib.portal.charts.sheet import Report, Sheet, drawn, sheet
from reports_lib.portal.charts.spec import spec
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.view.follow import follow
from reports_lib.portal.view.words import view_url

NARROW, WIDE = 240, 1600  # pixels that a browser may ask for
SEALED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


def chart(request: Request, id: str = "") -> Response:  # the address says `id`
    """`GET /view/chart?id=<token>`: a chart of the report, and what it takes to choose another."""
    report = _report(request, id)
    return _page(request, report, id, sheet(report, request.query_params))


def chart_json(request: Request, id: str = "") -> Response:
    """`GET /view/chart.json`: the same chart for the page's script, to be drawn `width` pixels wide."""
    report = _report(request, id)
    try:
        shown = sheet(report, request.query_params)
    except ParameterError as error:
        return JSONResponse({"problem": str(error)}, error.http_status)
    return JSONResponse(_drawing(shown, id, _look(request.query_params)))


def chart_svg(request: Request, id: str = "") -> Response:
    """`GET /view/chart.svg`: the picture, with its title and where it comes from."""
    return _picture(request, id, "svg")


def chart_png(request: Request, id: str = "") -> Response:
    """`GET /view/chart.png`: the picture's pixels, two to one."""
    return _picture(request, id, "png")


def save(request: Request, id: str = "") -> Response:
    """`POST /view/chart/save?id=<token>`: keep a chart for the family, to be drawn of any of its reports (JD-67)."""
    report, form, visitor = _report(request, id), posted(request), visitor_of(request)
    choice = Choice.asked(QueryParams(_text(form, "choice")))
    shown = drawn(report, choice, Sheet(choice.query, choice))
    try:
        if not shown.figures:
            raise StateError(shown.problem)
        name, visibility = chart_templates.checked(_text(form, "name")), _visibility(_text(form, "visibility"))
        made = ChartTemplate(
            family=report.manifest.family,
            table_name=choice.table,
            name=name,
            choice=choice.json(),
            visibility=visibility,
            owner=visitor.name,
            company=visitor.company,
            made_at=datetime.now(UTC),
        )
        with Session(report.installation.database) as session, session.begin():
            number = chart_templates.add(session, made, visitor).id
    except ForbiddenError:
        raise
    except DaybookError as error:
        return _page(request, report, id, shown, typed={"name": _text(form, "name"), "fault": str(error)})
    return _to(id, template=number)


def rename(request: Request, id: str = "") -> Response:
    """`POST /view/chart/rename?id=<token>&template=<number>`: call a chart that is kept otherwise."""
    report, form, visitor = _report(request, id), posted(request), visitor_of(request)
    shown = sheet(report, request.query_params)
    with Session(report.installation.database) as session, session.begin():
        template = chart_templates.find(session, _number(request), report.manifest.family, visitor)
        try:
            chart_templates.rename(session, template, _text(form, "name"), visitor, datetime.now(UTC))
        except (ParameterError, StateError) as error:
            session.rollback()
            typed = {"renamed": _text(form, "name"), "rename_fault": str(error)}
            return _page(request, report, id, shown, typed=typed)
    return _to(id, template=_number(request))


def delete(request: Request, id: str = "") -> Response:
    """`POST /view/chart/delete?id=<token>&template=<number>`: delete a chart that is kept."""
    report = _report(request, id)
    with Session(report.installation.database) as session, session.begin():
        template = chart_templates.find(session, _number(request), report.manifest.family, visitor_of(request))
        chart_templates.delete(session, template, visitor_of(request), datetime.now(UTC))
    return _to(id)


def _report(request: Request, token: str) -> Report:
    return Report.of(request.app.state.installation, follow(request, token).manifest, visitor_of(request))


def _page(request: Request, report: Report, token: str, shown: Sheet, typed: dict[str, str] | None = None) -> Response:
    visitor, manifest = visitor_of(request), report.manifest
    look = Look()
    return page(
        request,
        "chart.html.j2",
        422 if typed else 200,
        token=token,
        title=manifest.title,
        report_url=view_url(token),
        foot=chart_picture.foot(manifest),
        sheet=shown,
        drawing=_drawing(shown, token, look),
        tabs=chart_words.tabs(report, shown, token, visitor),
        blank_url=f"{_url(token)}&blank=1",
        tables=chart_words.tables(manifest),
        fields=chart_words.fields(shown.choice, manifest),
        vega=vega.address(),
        may_save=visitor.may(Right.ASK),
        visibilities=chart_words.visibilities(visitor),
        may_change=shown.template is not None and chart_templates.may_change(shown.template, visitor),
        typed={"name": "", "fault": "", "renamed": "", "rename_fault": ""} | (typed or {}),
    )


def _drawing(shown: Sheet, token: str, look: Look) -> dict[str, Any]:
    """A chart as the page and its script show it."""
    made = shown.figures
    query = f"{urlencode({'id': token})}&{shown.query}"
    told: dict[str, Any] = {
        "title": made.title if made else "",
        "description": shown.description,
        "problem": shown.problem,
        "is_blank": shown.is_blank,
        "notes": list(shown.notes),
        "page": f"/view/chart?{query}",
        "svg": f"/view/chart.svg?{query}",
        "png": f"/view/chart.png?{query}",
        "choice": shown.choice.query if shown.ready is None or shown.ready.choice else "",
    }
    if not made:
        return told | {"spec": None, "head": [], "rows": [], "colours": []}
    names = made.coloured
    tones = colours(made.choice.palette, made.choice.colours, names, PAPER)
    own = dict(made.choice.colours)
    return told | {
        "spec": spec(made, look),
        "head": made.head,
        "rows": made.rows,
        "colours": [[name, tone, name in own] for name, tone in zip(names, tones, strict=True)],
    }


def _look(query: QueryParams) -> Look:
    text = query.get("width", "")
    width = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else Look().width
    width = max(NARROW, min(WIDE, width))
    return Look(width, 330 if width < 560 else 440, NIGHT if query.get("dark") == "1" else PAPER)


def _picture(request: Request, token: str, suffix: str) -> Response:
    report = _report(request, token)
    shown = sheet(report, request.query_params)
    if not shown.figures:
        raise StateError(shown.problem)
    svg = chart_picture.picture(shown.figures, report.manifest)
    name = chart_picture.filename(shown.figures, report.manifest, suffix)
    how = "inline" if request.query_params.get("inline") == "1" else "attachment"
    headers = SEALED | {"Content-Disposition": f'{how}; filename="{name}"'}
    if suffix == "png":
        return Response(chart_picture.pixels(svg), media_type="image/png", headers=headers)
    return Response(svg, media_type="image/svg+xml", headers=headers)


def _visibility(text: str) -> Visibility:
    try:
        return Visibility(text or Visibility.PRIVATE)
    except ValueError:
        raise ParameterError(_("A chart is kept for yourself, for your company or for everyone.")) from None


def _text(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _number(request: Request) -> int:
    text = request.query_params.get("template", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _url(token: str) -> str:
    return f"/view/chart?{urlencode({'id': token})}"


def _to(token: str, **where: object) -> Response:
    return RedirectResponse(f"/view/chart?{urlencode({'id': token} | where)}", 303)


ROUTES = (
    Route("/view/chart", chart, None),
    Route("/view/chart.json", chart_json, None),
    Route("/view/chart.svg", chart_svg, None),
    Route("/view/chart.png", chart_png, None),
    Route("/view/chart/save", save, Right.ASK, WRITES),
    Route("/view/chart/rename", rename, Right.READ, WRITES),
    Route("/view/chart/delete", delete, Right.READ, WRITES),
    *chart_tables.ROUTES,
    *vega.ROUTES,
)
