"""Runs: asked for, listed, looked at, cancelled, made again, deleted."""

import secrets
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query as Asks
from fastapi import Request, Response
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import State
from reports_lib.errors import ParameterError
from reports_lib.parameters.given import Given
from reports_lib.parameters.query import Query
from reports_lib.portal.api import models
from reports_lib.portal.api.bodies import Ask, Listed
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import BASE, Number, installation_of
from reports_lib.portal.api.faults import refuse, renamed
from reports_lib.portal.api.given import given_of, texts
from reports_lib.portal.ask import asking
from reports_lib.portal.ask.entered import WEB, Entered
from reports_lib.portal.ask.pages import ground_of
from reports_lib.portal.page import visitor_of
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.reports.address import ListAddress
from reports_lib.portal.reports.rows import FILES, Row, Rows, families_of
from reports_lib.portal.runs.actions import remove, repeat, stop
from reports_lib.portal.runs.rights import shown
from reports_lib.runs.discard import LONGEST
from reports_lib.runs.listing import Listing, Place

FIELDS = {"output-type": "formats", "send-to": "send_to", "report-name": "name", "as-of": "as_of"}


def ask_for_report(request: Request, response: Response, body: Ask) -> models.Asked:
    """Ask for a report. The run waits in the queue; look at it until its state is `generated`."""
    installation, ground = installation_of(request), ground_of(request, body.family)
    query = _query(request, body)
    given: dict[str, Given] = {**(query.values if query else {}), **body.parameters}
    kept, faults = texts(ground.schema, given)
    formats = body.formats or (query.formats if query else ()) or (WEB,)
    entered = Entered(
        given=kept,
        output=formats[0],
        also=tuple(formats[1:]),
        send_to=tuple(body.send_to),
        name=" ".join((body.name or (query.name if query else "")).split()),
        as_of=body.as_of,
        set_name=body.query,
        key=body.run_key or secrets.token_hex(16),
    )
    refuse(faults | renamed(asking.faults(entered, ground), FIELDS, "parameters."))
    run_id = asking.put_in_queue(body.family, entered, ground, installation)
    return accepted(request, response, run_id)


def _query(request: Request, body: Ask) -> Query | None:
    """The saved query that the body begins with."""
    if not body.query:
        return None
    return query_shelf.found(installation_of(request).workspace, visitor_of(request), body.family, body.query).query


def accepted(request: Request, response: Response, run_id: int) -> models.Asked:
    """What is answered to whoever asked for a report."""
    installation = installation_of(request)
    with Session(installation.database) as session:
        state = State(shown(session, run_id, visitor_of(request)).state)
    response.headers["Location"] = f"{BASE}/runs/{run_id}"
    return models.Asked(run=run_id, state=state, url=f"{installation.url}/runs/{run_id}")


def list_runs(request: Request, listed: Annotated[Listed, Asks()]) -> models.Runs:
    """Runs of the own companies, newest first."""
    installation, visitor = installation_of(request), visitor_of(request)
    fields = {name: str(value) for name, value in listed if name != "limit"}
    address = ListAddress.read(fields, ZoneInfo(installation.workspace.time_zone))
    refuse(address.faults)
    families = families_of(installation.workspace)
    listing = Listing(visitor, address.wanted, {name: about.title for name, about in families.items()})
    with Session(installation.database) as session:
        found = listing.page(session, before=_place(listed.before), size=listed.limit)
        rows = Rows.of(session, found.runs, visitor, families)
        told = [_told(request, rows.row(each)) for each in found.runs]
    return models.Runs(runs=told, next=str(found.older) if found.older else None)


def get_run(request: Request, run: Number) -> models.Run:
    """A run: its state, how far it is, why it failed; its report, and the files of that."""
    installation, visitor = installation_of(request), visitor_of(request)
    with Session(installation.database) as session:
        found = shown(session, run, visitor)
        return _told(request, Rows.of(session, [found], visitor, families_of(installation.workspace)).row(found))


def cancel_run(request: Request, run: Number) -> models.Run:
    """Cancel a run that has not ended; whoever makes it is stopped."""
    stop(installation_of(request), visitor_of(request), run)
    return get_run(request, run)


def regenerate_run(request: Request, response: Response, run: Number) -> models.Asked:
    """Ask for the report of a run that has ended again: a new run, on the newest data; the old report stays."""
    return accepted(request, response, repeat(installation_of(request), visitor_of(request), run))


def delete_run(request: Request, run: Number, reason: Annotated[str, Asks(max_length=LONGEST)] = "") -> None:
    """Delete a run that has ended, and its report for good; its links answer from then on that it was deleted."""
    remove(installation_of(request), visitor_of(request), run, reason)


def _place(text: str) -> Place | None:
    try:
        return Place.parse(text) if text else None
    except ParameterError as problem:
        refuse({"before": str(problem)})
        raise


def _told(request: Request, row: Row) -> models.Run:
    found, standing = row.run, row.standing
    has_report = found.snapshot_id is not None
    return models.Run(
        run=found.id,
        name=row.name,
        family=found.family,
        query=found.set_name,
        state=standing.state,
        error=standing.error,
        progress=models.Progress(
            attempt=standing.attempt,
            stage=standing.stage,
            step=standing.step,
            done=standing.done,
            total=standing.total,
            elapsed=round(standing.elapsed, 3),
        ),
        parameters=given_of(found.asked),
        formats=list(found.formats),
        as_of=found.as_of,
        data_version=found.data_version,
        asked_by=row.who,
        requested_at=found.requested_at,
        started_at=found.started_at,
        ended_at=found.formed_at,
        snapshot=found.snapshot_id,
        report=installation_of(request).url + row.url if has_report and row.url.startswith("/view?") else None,
        files={str(form): f"{BASE}/runs/{found.id}/files/{form}" for form in ("html", *FILES)} if has_report else {},
        may=models.Actions(cancel=row.can.cancel, regenerate=row.can.again, delete=row.can.delete),
        url=f"{installation_of(request).url}/runs/{found.id}",
    )


CALLS = (
    Call("POST", "/runs", ask_for_report, Right.ASK, models.Asked, 202, (404,)),
    Call("GET", "/runs", list_runs, Right.READ, models.Runs),
    Call("GET", "/runs/{run}", get_run, Right.READ, models.Run, refusals=(404,)),
    Call("POST", "/runs/{run}/cancel", cancel_run, Right.ASK, models.Run, refusals=(404, 409)),
    Call("POST", "/runs/{run}/regenerate", regenerate_run, Right.ASK, models.Asked, 202, (404, 409)),
    Call("DELETE", "/runs/{run}", delete_run, Right.ASK, None, 204, (404, 409)),
)
