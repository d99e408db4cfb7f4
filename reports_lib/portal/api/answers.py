"""What is answered instead: one line, the kind of error and its status, as JSON."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from reports_lib.errors import DaybookError, SignInError, ThrottleError, UnknownNameError, tree
from reports_lib.portal import language
from reports_lib.portal.api.faults import Faults, of_validation
from reports_lib.portal.gate import language_of
from reports_lib.portal.language import _


def told(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error of ours."""
    language.use(language_of(request))
    assert isinstance(error, DaybookError)
    headers = {}
    if isinstance(error, ThrottleError):
        headers["Retry-After"] = str(error.seconds)
    if isinstance(error, SignInError):
        headers["WWW-Authenticate"] = "Bearer"
    body: dict[str, object] = {"error": " ".join(str(error).split()), "kind": _kind(error)}
    if isinstance(error, Faults):
        body["faults"] = error.faults
    return JSONResponse(body, error.http_status, headers)


def invalid(request: Request, error: Exception) -> JSONResponse:
    """The answer to what is not of the types that it should be."""
    assert isinstance(error, RequestValidationError)
    return told(request, of_validation(error.errors()))


def not_found(request: Request, error: Exception) -> JSONResponse:
    """The answer where there is no such address."""
    return told(request, UnknownNameError(_("There is no such address.")))


def not_so(request: Request, error: Exception) -> JSONResponse:
    """The answer where there is an address, but not for this method."""
    assert isinstance(error, HTTPException)
    app: FastAPI = request.app
    found = (route for route in app.routes if route.matches(request.scope)[0] is not Match.NONE)
    methods = sorted({method for route in found for method in getattr(route, "methods", None) or ()})
    said = _("This address takes {methods} only.").format(methods=", ".join(methods))
    return JSONResponse({"error": said, "kind": "MethodError"}, error.status_code, {"Allow": ", ".join(methods)})


def broken(request: Request, error: Exception) -> JSONResponse:
    """The answer to a mistake of ours; what it was is for the log."""
    return JSONResponse({"error": _("Something went wrong here; it was written down."), "kind": "Error"}, 500)


def _kind(error: DaybookError) -> str:
    """The error's class in the tree that users know."""
    known = tree().values()
    return next(cls.__name__ for cls in type(error).__mro__ if cls in known)
