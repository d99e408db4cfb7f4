"""Saved queries: the list, and the page of each, where it is run, edited and deleted (JD-55 to JD-57, Q-14)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.delivery.addresses import recipients
from reports_lib.errors import DaybookError, ParameterError, SettingError, StateError
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask import pages as ask
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.queries.dialog import offers, visibility_words
from reports_lib.portal.queries.draft import Draft
from reports_lib.portal.queries.keep import check_change, check_name, keep
from reports_lib.portal.queries.keep import delete as delete_kept
from reports_lib.portal.queries.lines import Line, Readers, found, parameters_of
from reports_lib.portal.queries.saved import Saved
from reports_lib.portal.route import READS, WRITES, Route
from reports_lib.portal.told import told
from reports_lib.portal.view.words import title_of
from reports_lib.portal.wording import wording
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.plan import plan
from reports_lib.runs.queue import submit
from reports_lib.runs.request import DEFAULT_FORMATS
from reports_lib.runs.request import Request as Asked
from reports_lib.snapshots.manifest import Author

SHOWN = 500  # queries on the list
LONGEST = 200  # letters that are searched for


def listed(request: Request) -> Response:
    """`GET /queries?q=`: the queries that the visitor may see, by family."""
    installation, visitor = installation_of(request), visitor_of(request)
    workspace, now, words = installation.workspace, datetime.now(UTC), request.query_params.get("q", "")[:LONGEST]
    families = workspace.families()
    queries = [saved for family in families for saved in query_shelf.of_family(workspace, visitor, family)]
    with Session(installation.database) as session:
        readers = Readers.of(session, visitor, queries)
    schemas = {family: _schema(installation, family) for family in families}
    titles = {family: title_of(workspace, family) for family in families}
    lines = [Line.of(saved, schemas[saved.family], workspace, readers, now) for saved in queries]
    lines.sort(key=lambda line: (titles[line.saved.family], line.saved.family, line.saved.name.casefold()))
    shown = found(lines, words)
    return page(
        request,
        "queries.html.j2",
        words=words,
        count=len(shown),
        there_are=len(lines),
        most=SHOWN,
        families=[
            (titles[family], family, list(each))
            for family, each in groupby(shown[:SHOWN], key=lambda line: line.saved.family)
        ],
        broken=[text for family in families for text in query_shelf.broken(workspace, family)]
        if visitor.is_group and visitor.may(Right.DELETE)
        else [],
        visibilities=visibility_words(),
        may_ask=visitor.may(Right.ASK),
        done=request.query_params.get("done", ""),
    )


def show(request: Request, family: str, set_name: str) -> Response:
    """`GET /queries/{family}/{set}`: what a query asks, for whom and when; and how it is changed."""
    return _page(request, _found(request, family, set_name))


def edit(request: Request, family: str, set_name: str) -> Response:
    """`POST /queries/{family}/{set}`: change what is said of a query; its parameters are changed in the form."""
    installation, saved = installation_of(request), _found(request, family, set_name)
    check_change(installation, visitor_of(request), saved)
    draft = Draft.sent(posted(request))
    if not saved.query.owner:  # its visibility and schedule are not asked for
        draft = replace(draft, visibility=saved.query.visibility, rhythm=Draft().rhythm)
    faults = draft.faults(visitor_of(request), installation.workspace)
    try:
        check_name(installation, saved, draft)
        if not faults:
            keep(installation, visitor_of(request), saved, draft, _texts(saved))
            return RedirectResponse(f"{saved.address}?done=saved", 303)
    except (ParameterError, StateError) as problem:
        faults = {"query-name": told(problem), **faults}
    return _page(request, saved, draft, faults, ParameterError.http_status)


def delete(request: Request, family: str, set_name: str) -> Response:
    """`POST /queries/{family}/{set}/delete`: take the query away; reports that were made of it stay."""
    delete_kept(installation_of(request), visitor_of(request), _found(request, family, set_name))
    return RedirectResponse("/queries?done=deleted", 303)


def run(request: Request, family: str, set_name: str) -> Response:
    """`POST /queries/{family}/{set}/run`: ask for its report now; with `send` its recipients get it by mail."""
    installation, saved = installation_of(request), _found(request, family, set_name)
    try:
        run_id = put_in_queue(installation, visitor_of(request), saved, is_sent="send" in posted(request))
    except SettingError:
        raise
    except DaybookError as problem:
        return _page(request, saved, None, {"": told(problem)}, problem.http_status)
    return RedirectResponse(f"/runs/{run_id}", 303)


def put_in_queue(installation: Installation, visitor: Visitor, saved: Saved, *, is_sent: bool) -> int:
    """Ask for the query's report as the visitor; returns the number of its run, and raises what `plan` does.

    If `is_sent` its recipients get it by mail, as far as the visitor may know who they are.
    """
    is_sent = is_sent and query_shelf.knows(visitor, saved.query)
    asked = Asked(
        family=saved.family,
        given=_texts(saved),
        as_of=datetime.now(UTC).replace(microsecond=0),
        author=Author(str(visitor.role), visitor.name, visitor.company),
        set_name=saved.set_name,
        name=saved.query.name,
        formats=Format.parse_all(saved.query.formats) or DEFAULT_FORMATS,
        recipients=recipients(saved.query.recipients, installation.workspace.mail_domains) if is_sent else (),
    )
    plan(asked, installation)
    with Session(installation.database) as session, session.begin():
        return submit(session, asked).id


def _page(
    request: Request,
    saved: Saved,
    draft: Draft | None = None,
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        readers = Readers.of(session, visitor, [saved])
    schema = _schema(installation, saved.family)
    line = Line.of(saved, schema, installation.workspace, readers, datetime.now(UTC))
    wrong, labels = _meaning(request, saved) if schema else ([], {})
    words = wording(installation.workspace, saved.family)
    begun = replace(Draft.of(saved.query), name=saved.name)
    begun = replace(begun, time_zone=begun.time_zone or installation.workspace.time_zone)
    return page(
        request,
        "queries_one.html.j2",
        status,
        line=line,
        saved=saved,
        query=saved.query,
        title=title_of(installation.workspace, saved.family),
        parameters=parameters_of(saved, schema, labels, words) if schema else [],
        wrong=wrong,
        knows=query_shelf.knows(visitor, saved.query),
        visibilities=visibility_words(),
        may_ask=visitor.may(Right.ASK) and schema is not None,
        draft=draft or begun,
        faults=faults or {},
        offers=offers(installation, visitor, saved.family),
        done=request.query_params.get("done", ""),
    )


def _meaning(request: Request, saved: Saved) -> tuple[list[str], dict[str, str]]:
    """What of the query's values the visitor cannot ask for, or else how people read them."""
    ground = ask.ground_of(request, saved.family)
    try:
        resolved = ground.schema.resolve(saved.query.values, ground.now, ground.lookup, ground.zone)
    except (ParameterError, StateError):
        faults = ground.schema.faults(saved.query.values, ground.now, ground.lookup, ground.zone)
        return list(map(told, faults.values())), {}
    except DaybookError as problem:
        return [told(problem)], {}
    return [], resolved.labels


def _texts(saved: Saved) -> dict[str, str | list[str]]:
    return {name: value if isinstance(value, list) else str(value) for name, value in saved.query.values.items()}


def _found(request: Request, family: str, set_name: str) -> Saved:
    return query_shelf.found(installation_of(request).workspace, visitor_of(request), family, set_name)


def _schema(installation: Installation, family: str) -> Schema | None:
    try:
        return Schema.read(installation.workspace.notebook(family))
    except DaybookError:
        return None


ROUTES = (
    Route("/queries", listed, Right.READ),
    Route("/queries/{family}/{set_name}", show, Right.READ, READS),
    Route("/queries/{family}/{set_name}", edit, Right.ASK, WRITES),
    Route("/queries/{family}/{set_name}/delete", delete, Right.ASK, WRITES),
    Route("/queries/{family}/{set_name}/run", run, Right.ASK, WRITES),
)
