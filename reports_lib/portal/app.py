"""The application: its addresses as one table, its errors in one place, its headers on every answer.

The gate is passed before any function is called: `Route.right` says who may. `None` is whoever comes.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reports_lib import __version__
from reports_lib.errors import DaybookError
from reports_lib.portal import gate, language, refusal
from reports_lib.portal.api.app import api
from reports_lib.portal.api.common import BASE
from reports_lib.portal.ask import pages as ask
from reports_lib.portal.ask.options import Lists
from reports_lib.portal.cdr import pages as cdr
from reports_lib.portal.charts import pages as charts
from reports_lib.portal.coupons import pages as coupons
from reports_lib.portal.customers import changing as customer_changing
from reports_lib.portal.customers import pages as customers
from reports_lib.portal.customers import removing as customer_removing
from reports_lib.portal.grafana import pages as grafana
from reports_lib.portal.invoices import actions as invoice_actions
from reports_lib.portal.invoices import balance as invoice_balance
from reports_lib.portal.invoices import changing as invoice_changing
from reports_lib.portal.invoices import document as invoice_document
from reports_lib.portal.invoices import pages as invoices
from reports_lib.portal.invoices import paying as invoice_paying
from reports_lib.portal.invoices.printer import Printer
from reports_lib.portal.page import POLICY, STATIC
from reports_lib.portal.queries import pages as queries
from reports_lib.portal.queries import saving
from reports_lib.portal.reports import pages as reports
from reports_lib.portal.route import Route
from reports_lib.portal.runs import actions as run_actions
from reports_lib.portal.runs import pages as runs
from reports_lib.portal.runs.watcher import Watcher
from reports_lib.portal.users import account, sign_in
from reports_lib.portal.users.guesses import Guesses
from reports_lib.portal.view import pages as viewer
from reports_lib.portal.view import share
from reports_lib.portal.view.keeper import Keeper
from reports_lib.portal.view.quick import Quick
from reports_lib.portal.view.shelf import Shelf
from reports_lib.portal.view.views import Counter
from reports_lib.runs.installation import Installation

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
OWN = ("Content-Security-Policy", "Cache-Control")  # each report's page and file brings these itself
COMMON = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items() if name not in OWN)


def health(request: Request) -> JSONResponse:
    """`GET /health`: 200 while the database answers, else 503."""
    with request.app.state.installation.database.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return JSONResponse({"status": "ok"})


ROUTES: tuple[Route, ...] = (
    *reports.ROUTES,
    *runs.ROUTES,
    *run_actions.ROUTES,
    *ask.ROUTES,
    *saving.ROUTES,
    *queries.ROUTES,
    *invoices.ROUTES,
    *invoice_actions.ROUTES,
    *invoice_paying.ROUTES,
    *invoice_changing.ROUTES,
    *invoice_document.ROUTES,
    *invoice_balance.ROUTES,
    *cdr.ROUTES,
    *coupons.ROUTES,
    *customers.ROUTES,
    *customer_changing.ROUTES,
    *customer_removing.ROUTES,
    *viewer.ROUTES,
    *charts.ROUTES,
    *grafana.ROUTES,
    *share.ROUTES,
    *sign_in.ROUTES,
    *account.ROUTES,
    Route("/health", health, None),
)


def app(installation: Installation) -> FastAPI:
    """The web application of an installation."""
    web = FastAPI(title="Daybook", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    web.state.installation = installation
    web.state.lists = Lists()
    web.state.watcher = Watcher(installation)
    web.state.guesses = Guesses()
    web.state.strays = Guesses()
    web.state.printer = Printer()
    web.state.shelf = shelf = Shelf()
    web.state.views = views = Counter(lambda: installation.database)
    web.state.keeper = Keeper(installation, shelf, views)
    for route in ROUTES:
        web.add_api_route(route.path, _gated(route), methods=list(route.methods), response_class=Response)
    web.mount(BASE, api(web.state))
    web.mount("/static", _Static(directory=STATIC), name="static")
    web.add_exception_handler(DaybookError, refusal.refuse)
    web.add_exception_handler(404, refusal.not_found)
    web.add_exception_handler(405, refusal.not_found)
    web.add_middleware(_Guarded)
    web.add_middleware(Quick, shelf=shelf, views=views, headers=COMMON)
    return web


def _gated(route: Route) -> Callable[..., Any]:
    """The route's function behind the gate."""
    function = route.function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def passed_async(*args: Any, **values: Any) -> Any:  # noqa: ANN401  whatever the function takes
            await run_in_threadpool(gate.check, values["request"], route)
            language.use(gate.language_of(values["request"]))  # what a thread sets stays in its own context
            return await function(*args, **values)

        return passed_async

    @functools.wraps(function)
    def passed(*args: Any, **values: Any) -> Any:  # noqa: ANN401  whatever the function takes
        gate.check(values["request"], route)
        return function(*args, **values)

    return passed


class _Static(StaticFiles):
    """Files of ours; one that is asked for by its hash stays as it is."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b"") and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


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
