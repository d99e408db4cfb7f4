"""The pages of a run: how far it is, that as it changes, and for analysts the notebook as far as it came."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run, State
from reports_lib.errors import DaybookError, UnknownNameError
from reports_lib.portal import gate
from reports_lib.portal.language import _
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.reports.rows import Row, Rows, families_of
from reports_lib.portal.route import Route
from reports_lib.portal.runs.rights import shown
from reports_lib.portal.runs.watcher import Stream, Watcher
from reports_lib.portal.runs.words import asked_of, clock, doing, told
from reports_lib.portal.view.words import Download
from reports_lib.portal.wording import wording
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import Standing, look
from reports_lib.runs.show import partial_notebook
from reports_lib.runs.workers import has_worker
from reports_lib.snapshots.tombstone import tombstone

ENTERED = "form:"  # how the keys of runs begin that somebody asked for in the form
RETRY = 2000  # milliseconds after which a browser asks again when a stream breaks off
STREAMED = {"X-Accel-Buffering": "no"}  # a proxy passes on what comes when it comes


def run(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}`: how far the run is; where it failed and why; or the way to its report."""
    installation: Installation = request.app.state.installation
    workspace, visitor = installation.workspace, visitor_of(request)
    with Session(installation.database) as session:
        found = shown(session, run_id, visitor)
        made = Rows.of(session, [found], visitor, families_of(workspace)).row(found)
        is_alone = found.state == State.QUEUED and not has_worker(session, workspace.lease)
    return page(
        request,
        "run.html.j2",
        row=made,
        run=made.standing,
        doing=doing(made.standing),
        elapsed=clock(made.standing.elapsed),
        facts=asked_of(found, workspace.attempts, made.who, wording(workspace, found.family)),
        zone=ZoneInfo(workspace.time_zone),
        first=_first(made, found),
        goes=_goes(found, visitor),
        is_alone=is_alone,
        may_open=_may_open(installation, found, made, visitor),
        has_notebook=visitor.may(Right.NOTEBOOK) and _notebook(installation, found) is not None,
    )


def notebook(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}/notebook`: the notebook as far as it came, if the run has ended without a report."""
    installation: Installation = request.app.state.installation
    with Session(installation.database) as session:
        row = shown(session, run_id, visitor_of(request))
    path = _notebook(installation, row)
    if path is None:
        raise UnknownNameError(_("Run {number} left no notebook behind.").format(number=run_id))
    return FileResponse(path, filename=f"{row.family}_run_{run_id}.ipynb", media_type="application/x-ipynb+json")


async def events(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}/events`: an event `standing` now and after each change, `ended` once the run has.

    Between them a comment says every 15 s that the stream is there. 503 if too many watch already.
    """
    watcher: Watcher = request.app.state.watcher
    await run_in_threadpool(_check_shown, request.app.state.installation, run_id, visitor_of(request))
    stream = watcher.join(run_id)
    if stream is None:
        return Response("too many watch runs just now", 503, headers={"Retry-After": "5"}, media_type="text/plain")
    return _Events(request, watcher, stream)


class _Events(StreamingResponse):
    """A stream that is left however its response ends."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, watcher: Watcher, stream: Stream) -> None:
        super().__init__(_events(request, stream), headers=STREAMED)
        self._watcher = watcher
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._watcher.leave(self._stream)


async def _events(request: Request, stream: Stream) -> AsyncIterator[str]:
    yield f"retry: {RETRY}\n\n"
    present = await run_in_threadpool(look, request.app.state.installation, stream.run_id)
    async for standing in stream.standings(present):
        if standing is not present and not await run_in_threadpool(_still_may, request, stream.run_id):
            return  # without `ended`: whoever asks again is told why
        if standing is None:
            yield ": still here\n\n"
            continue
        yield _event("standing", standing)
        if standing.has_ended:
            yield _event("ended", standing)


def _event(name: str, standing: Standing) -> str:
    return f"event: {name}\ndata: {json.dumps(told(standing), ensure_ascii=False)}\n\n"


def _still_may(request: Request, run_id: int) -> bool:
    """Whether who watches may see the run as he is now: he may have been disabled or signed out meanwhile."""
    try:
        gate.recognise(request)
        _check_shown(request.app.state.installation, run_id, visitor_of(request))
    except DaybookError:
        return False
    return visitor_of(request).may(Right.READ)


def _check_shown(installation: Installation, run_id: int, visitor: Visitor) -> None:
    with Session(installation.database) as session:
        shown(session, run_id, visitor)


def _notebook(installation: Installation, run: Run) -> Path | None:
    """The notebook of the newest attempt that left one."""
    if run.state not in (State.ERROR, State.CANCELLED):
        return None
    found = partial_notebook(installation, run)
    # a notebook's code wrote in that folder: nothing of ours is handed out by way of a link that it laid
    return Path(found) if found and Path(found).resolve().is_relative_to(_folder(installation, run)) else None


def _folder(installation: Installation, run: Run) -> Path:
    return (installation.workspace.outputs / "runs").resolve() / str(run.id)


def _first(row: Row, run: Run) -> Download | None:
    """The file that whoever asked waits for, if it is another than the page."""
    wanted = run.formats[0].upper() if run.formats else ""
    return next((file for file in row.files if file.label == wanted), None)


def _may_open(installation: Installation, run: Run, row: Row, visitor: Visitor) -> bool:
    """Whether there is a report of the visitor's own companies, that no link opens for him."""
    may = visitor.may(Right.SHARE) and visitor.owns(run.company) and not row.files
    return may and run.snapshot_id is not None and tombstone(installation.store, run.snapshot_id) is None


def _goes(run: Run, visitor: Visitor) -> bool:
    """Whether the page goes on to the report by itself: it was asked for by this visitor, to be read here (JD-24)."""
    is_his = run.user_name == visitor.name and run.company == visitor.company
    return is_his and run.run_key.startswith(ENTERED) and run.formats[:1] in ([], [str(Format.HTML)])


ROUTES = (
    Route("/runs/{run_id:int}", run, Right.READ),
    Route("/runs/{run_id:int}/events", events, Right.READ, ("GET",)),
    Route("/runs/{run_id:int}/notebook", notebook, Right.NOTEBOOK),
)
