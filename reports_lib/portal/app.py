"""The application: its addresses as one table, its errors in one place, its headers on every answer.

GET /            families and finished reports
GET /view?id=    a report in its frame; with &as=html|pdf|csv|xlsx|xls one of its files
GET /health      whether the database answers
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from reports_lib import __version__
from reports_lib.errors import DaybookError
from reports_lib.portal import pages
from reports_lib.runs.installation import Installation

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


def app(installation: Installation) -> FastAPI:
    """The web application of an installation."""
    web = FastAPI(title="Daybook", version=__version__, docs_url=None, redoc_url=None)
    web.state.installation = installation
    web.state.templates = Environment(
        loader=PackageLoader("reports_lib.portal"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    web.add_api_route("/", pages.home, methods=["GET", "HEAD"], response_class=Response)
    web.add_api_route("/view", pages.view, methods=["GET", "HEAD"], response_class=Response)
    web.add_api_route("/health", health, methods=["GET"])
    web.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    web.add_exception_handler(DaybookError, pages.refuse)
    web.add_exception_handler(404, pages.not_found)
    web.middleware("http")(_headers)
    return web


def health(request: Request) -> JSONResponse:
    """`GET /health`: 200 while the database answers, else 503."""
    with request.app.state.installation.database.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return JSONResponse({"status": "ok"})


async def _headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
