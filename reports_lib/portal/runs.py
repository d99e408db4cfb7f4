"""The pages of a run: how far it is, that as it changes, and for analysts the notebook as far as it came."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run, State
from reports_lib.errors import UnknownNameError
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.route import Route
from reports_lib.portal.run_words import STATES, asked_of, clock, doing, told
from reports_lib.portal.watcher import Stream, Watcher
from reports_lib.portal.words import title_of, view_url
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import Standing, look, standings
from reports_lib.runs.record import find
from reports_lib.runs.show import partial_notebook
from reports_lib.runs.workers import has_worker
from reports_lib.snapshots import links

RETRY = 2000  # milliseconds after which a browser asks again when a stream breaks off
STREAMED = {"X-Accel-Buffering": "no"}  # a proxy passes on what comes when it comes
LARGEST = 2**63 - 1  # number of a run


def run(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}`: how far the run is; where it failed and why; or the way to its report."""
    installation: Installation = request.app.state.installation
    with Session(installation.database) as session:
        row = _find(session, run_id)
        standing = standings(session, [run_id])[run_id]
        url = _link(session, row, visitor_of(request))
        is_alone = row.state == State.QUEUED and not has_worker(session, installation.workspace.lease)
    return page(
        request,
        "run.html.j2",
        run=standing,
        title=title_of(installation.workspace, row.family),
        word=STATES[standing.state],
        doing=doing(standing),
        elapsed=clock(standing.elapsed),
        facts=asked_of(row, installation.workspace.attempts),
        url=url,
        is_alone=is_alone,
        has_notebook=_notebook(installation, row) is not None,
    )


def notebook(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}/notebook`: the notebook as far as it came, if the run has ended without a report."""
    installation: Installation = request.app.state.installation
    with Session(installation.database) as session:
        row = _find(session, run_id)
    path = _notebook(installation, row)
    if path is None:
        raise UnknownNameError(f"run {run_id} left no notebook behind")
    return FileResponse(path, filename=f"{row.family}_run_{run_id}.ipynb", media_type="application/x-ipynb+json")


async def events(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}/events`: an event `standing` now and after each change, `ended` once the run has.

    Between them a comment says every 15 s that the stream is there. 503 if too many watch already.
    """
    watcher: Watcher = request.app.state.watcher
    await run_in_threadpool(_known, request.app.state.installation, run_id)
    stream = watcher.join(run_id)
    if stream is None:
        return Response("too many watch runs just now", 503, headers={"Retry-After": "5"}, media_type="text/plain")
    return _Events(request.app.state.installation, watcher, stream)


class _Events(StreamingResponse):
    """A stream that is left however its response ends."""

    media_type = "text/event-stream"

    def __init__(self, installation: Installation, watcher: Watcher, stream: Stream) -> None:
        super().__init__(_events(installation, stream), headers=STREAMED)
        self._watcher = watcher
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._watcher.leave(self._stream)


async def _events(installation: Installation, stream: Stream) -> AsyncIterator[str]:
    yield f"retry: {RETRY}\n\n"
    present = await run_in_threadpool(look, installation, stream.run_id)
    async for standing in stream.standings(present):
        if standing is None:
            yield ": still here\n\n"
            continue
        yield _event("standing", standing)
        if standing.has_ended:
            yield _event("ended", standing)


def _event(name: str, standing: Standing) -> str:
    return f"event: {name}\ndata: {json.dumps(told(standing), ensure_ascii=False)}\n\n"


def _known(installation: Installation, run_id: int) -> None:
    with Session(installation.database) as session:
        _find(session, run_id)


def _find(session: Session, run_id: int) -> Run:
    if run_id > LARGEST:
        raise UnknownNameError("no run of that number")
    return find(session, run_id)


def _notebook(installation: Installation, run: Run) -> Path | None:
    """The notebook of the newest attempt that left one."""
    if run.state not in (State.ERROR, State.CANCELLED):
        return None
    found = partial_notebook(installation, run)
    # a notebook's code wrote in that folder: nothing of ours is handed out by way of a link that it laid
    return Path(found) if found and Path(found).resolve().is_relative_to(_folder(installation, run)) else None


def _folder(installation: Installation, run: Run) -> Path:
    return (installation.workspace.outputs / "runs").resolve() / str(run.id)


def _link(session: Session, run: Run, visitor: Visitor) -> str | None:
    """Where the report is; None if there is none, or no link to it that is still open."""
    ids = [run.snapshot_id] if run.snapshot_id else []
    token = links.open_to(session, ids, datetime.now(UTC), visitor).get(run.snapshot_id or "")
    return view_url(token) if token else None


ROUTES = (
    Route("/runs/{run_id:int}", run, Right.READ),
    Route("/runs/{run_id:int}/events", events, Right.READ, ("GET",)),
    Route("/runs/{run_id:int}/notebook", notebook, Right.NOTEBOOK),
)
