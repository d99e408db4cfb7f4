"""Saved queries: listed, read, saved, changed, deleted, run."""

from dataclasses import replace
from datetime import UTC, datetime

from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import Visibility
from reports_lib.portal.api import bodies, models
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import BASE, Name, Words, installation_of
from reports_lib.portal.api.faults import refuse, renamed
from reports_lib.portal.api.given import given_of, texts
from reports_lib.portal.api.runs import accepted
from reports_lib.portal.ask.entered import Entered, Texts
from reports_lib.portal.ask.pages import ground_of
from reports_lib.portal.page import visitor_of
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.queries.draft import FIXED, Draft
from reports_lib.portal.queries.keep import check_change, check_name, delete, keep, keep_new
from reports_lib.portal.queries.lines import Line, Readers, found
from reports_lib.portal.queries.pages import put_in_queue
from reports_lib.portal.queries.rhythm import Rhythm
from reports_lib.portal.queries.saved import Saved, knows
from reports_lib.portal.queries.saving import values_to_keep, wrong_values

FIELDS = {
    "query-name": "name",
    "query-note": "note",
    "query-visibility": "visibility",
    "query-chart": "chart",
    "query-formats": "formats",
    "query-recipients": "recipients",
    "query-often": "cron",
    "query-time-zone": "time_zone",
}


def list_queries(request: Request, family: Words = "", q: Words = "") -> models.Queries:
    """Saved queries that are there for the user, of one family or of all, that hold every word of `q`."""
    workspace, visitor = installation_of(request).workspace, visitor_of(request)
    wanted = [name for name in workspace.families() if family in ("", name)]
    saved = [each for name in wanted for each in query_shelf.of_family(workspace, visitor, name)]
    lines = found(_lines(request, saved), q)
    return models.Queries(queries=[_told(request, line) for line in lines])


def get_query(request: Request, family: Name, query: Name) -> models.Query:
    """A saved query."""
    return _read(request, _found(request, family, query))


def save_query(request: Request, response: Response, body: bodies.NewQuery) -> models.Query:
    """Save a query under a name that the family has none of."""
    values = _values(request, body.family, body, draft := _draft(body))
    saved = keep_new(installation_of(request), visitor_of(request), body.family, draft, values)
    response.headers["Location"] = _url(saved)
    return _read(request, saved)


def change_query(request: Request, family: Name, query: Name, body: bodies.ChangedQuery) -> models.Query:
    """Replace what a query says; its address, its owner and what was made of it stay."""
    installation, saved = installation_of(request), _found(request, family, query)
    check_change(installation, visitor_of(request), saved)
    draft = replace(_draft(body), version=body.version or saved.query.version)
    if not saved.query.owner:  # its visibility and schedule are the workspace's
        draft = replace(draft, visibility=saved.query.visibility, rhythm=Rhythm())
    values = _values(request, family, body, draft)
    check_name(installation, saved, draft)
    return _read(request, keep(installation, visitor_of(request), saved, draft, values))


def delete_query(request: Request, family: Name, query: Name) -> None:
    """Delete a query; reports that were made of it stay."""
    delete(installation_of(request), visitor_of(request), _found(request, family, query))


def run_query(
    request: Request, response: Response, family: Name, query: Name, body: bodies.RunQuery | None = None
) -> models.Asked:
    """Ask for the report of a query now."""
    saved, is_sent = _found(request, family, query), body is not None and body.send
    run_id = put_in_queue(installation_of(request), visitor_of(request), saved, is_sent=is_sent)
    return accepted(request, response, run_id)


def _draft(body: bodies.KeepQuery) -> Draft:
    return Draft(
        name=body.name,
        note=body.note,
        visibility=body.visibility,
        interval=body.interval,
        chart=body.chart.strip(),
        formats=tuple(dict.fromkeys(body.formats)),
        recipients=tuple(dict.fromkeys(body.recipients)),
        rhythm=Rhythm.of(" ".join(body.cron.split())),
        time_zone=body.time_zone.strip(),
    )


def _values(request: Request, family: str, body: bodies.KeepQuery, draft: Draft) -> Texts:
    """The parameters as they are kept; raises `Faults` with all that is wrong with the query."""
    ground = ground_of(request, family)
    kept, faults = texts(ground.schema, body.parameters)
    entered = Entered(given=kept)
    about = draft.faults(visitor_of(request), installation_of(request).workspace)
    refuse(faults | renamed(about, FIELDS) | renamed(wrong_values(entered, ground), {}, "parameters."))
    return dict(values_to_keep(entered, ground, draft.interval == FIXED))


def _found(request: Request, family: str, query: str) -> Saved:
    workspace = installation_of(request).workspace
    workspace.notebook(family)
    return query_shelf.found(workspace, visitor_of(request), family, query)


def _read(request: Request, saved: Saved) -> models.Query:
    """The query as it is kept now."""
    line = next(iter(_lines(request, [_found(request, saved.family, saved.set_name)])))
    return _told(request, line)


def _lines(request: Request, saved: list[Saved]) -> list[Line]:
    installation, now = installation_of(request), datetime.now(UTC)
    with Session(installation.database) as session:
        readers = Readers.of(session, visitor_of(request), saved)
    return [Line.of(each, None, installation.workspace, readers, now) for each in saved]


def _told(request: Request, line: Line) -> models.Query:
    saved, query, visitor = line.saved, line.saved.query, visitor_of(request)
    return models.Query(
        family=saved.family,
        query=saved.set_name,
        name=saved.name,
        note=query.note,
        visibility=Visibility(query.visibility),
        owner=line.owner,
        is_own=bool(query.owner) and query.owner == visitor.name,
        may_change=line.may_change,
        parameters=given_of(query.values),
        formats=list(query.formats),
        recipients=list(query.recipients) if knows(visitor, query) else [],
        chart=query.chart,
        cron=query.cron,
        time_zone=query.time_zone,
        next=line.next,
        version=query.version,
        url=_url(saved),
    )


def _url(saved: Saved) -> str:
    return f"{BASE}{saved.address}"


CALLS = (
    Call("GET", "/queries", list_queries, Right.READ, models.Queries),
    Call("POST", "/queries", save_query, Right.ASK, models.Query, 201, (404, 409)),
    Call("GET", "/queries/{family}/{query}", get_query, Right.READ, models.Query, refusals=(404,)),
    Call("PUT", "/queries/{family}/{query}", change_query, Right.ASK, models.Query, refusals=(404, 409)),
    Call("DELETE", "/queries/{family}/{query}", delete_query, Right.ASK, None, 204, (404,)),
    Call("POST", "/queries/{family}/{query}/run", run_query, Right.ASK, models.Asked, 202, (404,)),
)
