"""The API as an application of its own below `/api/v1`: one table of addresses, one way for errors, one description."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import State

from reports_lib import __version__
from reports_lib.errors import DaybookError
from reports_lib.portal.api import answers, charts, clients, families, files, invoices, links, me, queries, runs
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.guarded import guarded
from reports_lib.portal.api.models import Error

CALLS: tuple[Call, ...] = (
    *me.CALLS,
    *families.CALLS,
    *runs.CALLS,
    *files.CALLS,
    *queries.CALLS,
    *links.CALLS,
    *charts.CALLS,
    *invoices.CALLS,
    *clients.CALLS,
)

DESCRIPTION = """Everything of the portal for programs: ask for reports, watch them, take them away.

Each user makes tokens for his programs on the account page; a token may do what its user may.
Whatever is refused is answered with one line, the kind of error and, for values, what is wrong by field."""

REFUSALS = {
    401: "Nobody is signed in, or the token is void",
    403: "The user may not do that",
    404: "There is nothing of that name",
    409: "It is not in a state in which that can be done",
    410: "The report was deleted",
    422: "Something that was sent cannot be accepted",
    429: "Too many tries in vain; `Retry-After` says when to try again",
    500: "What is stored is damaged, or a mistake of ours",
    503: "The database or the warehouse is away",
}
ALWAYS = (401, 403, 422, 429, 500, 503)


def api(state: State) -> FastAPI:
    """The application, on the state of the web."""
    made = _Described(
        title="Daybook",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    made.state = state
    for call in CALLS:
        _add(made, call)
    made.add_exception_handler(DaybookError, answers.told)
    made.add_exception_handler(RequestValidationError, answers.invalid)
    made.add_exception_handler(404, answers.not_found)
    made.add_exception_handler(405, answers.not_so)
    made.add_exception_handler(Exception, answers.broken)
    return made


def _add(made: FastAPI, call: Call) -> None:
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Error, "description": REFUSALS[status]} for status in sorted({*ALWAYS, *call.refusals})
    }
    if call.mimes:
        content = {mime: {"schema": {"type": "string", "format": "binary"}} for mime in call.mimes}
        refusals[200] = {"description": "The file", "content": content}
    made.router.add_api_route(
        call.path,
        call.function,
        methods=[call.method],
        response_model=call.answer,
        status_code=call.status,
        responses=refusals,
        response_class=JSONResponse if call.answer else Response,
        route_class_override=guarded(call),
        tags=[call.path.split("/")[1]],
    )


class _Described(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description, which says how one signs in."""
        if not self.openapi_schema:
            told = super().openapi()
            told.setdefault("components", {})["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
            told["security"] = [{"bearer": []}]
        found: dict[str, Any] = self.openapi_schema or {}
        return found
