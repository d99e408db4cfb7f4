"""The application: its addresses as one table, its errors in one place, its headers on every answer.

GET /                     families, finished reports, and runs that are being made or have failed
GET /view?id=             a report in its frame; with &as=html|pdf|csv|xlsx|xls one of its files
GET /runs/{id}            how far a run is, or where and why it failed
GET /runs/{id}/events     the same as it changes, as a stream of server-sent events
GET /runs/{id}/notebook   the notebook of a failed run, as far as it came
GET /health               whether the database answers
"""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reports_lib import __version__
from reports_lib.errors import DaybookError
from reports_lib.portal import pages, runs
from reports_lib.portal.page import POLICY
from reports_lib.portal.watcher import Watcher
from reports_lib.runs.installation import Installation

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


def app(installation: Installation) -> FastAPI:
    """The web application of an installation."""
    web = FastAPI(title="Daybook", version=__version__, docs_url=None, redoc_url=None)
    web.state.installation = installation
    web.state.watcher = Watcher(installation)
    web.state.templates = Environment(
        loader=PackageLoader("reports_lib.portal"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    web.add_api_route("/", pages.home, methods=["GET", "HEAD"], response_class=Response)
    web.add_api_route("/view", pages.view, methods=["GET", "HEAD"], response_class=Response)
    web.add_api_route("/runs/{run_id:int}", runs.run, methods=["GET", "HEAD"], response_class=Response)
    web.add_api_route("/runs/{run_id:int}/events", runs.events, methods=["GET"], response_class=Response)
    web.add_api_route("/runs/{run_id:int}/notebook", runs.notebook, methods=["GET", "HEAD"], response_class=Response)
    web.add_api_route("/health", health, methods=["GET"])
    web.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    web.add_exception_handler(DaybookError, pages.refuse)
    web.add_exception_handler(404, pages.not_found)
    web.add_middleware(_Guarded)
    return web


def health(request: Request) -> JSONResponse:
    """`GET /health`: 200 while the database answers, else 503."""
    with request.app.state.installation.database.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return JSONResponse({"status": "ok"})


class _Guarded:
    """Puts the headers on every answer; streams pass through as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)
