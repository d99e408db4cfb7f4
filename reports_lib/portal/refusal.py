"""What is answered instead of a page: the one line of an error and its status, and nothing else."""

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from reports_lib.errors import DaybookError, ForbiddenError, GoneError, SignInError, ThrottleError, UnknownNameError
from reports_lib.portal import language
from reports_lib.portal.gate import language_of, recognise
from reports_lib.portal.language import _
from reports_lib.portal.page import here, page
from reports_lib.portal.route import READS
from reports_lib.portal.told import told

API = "/api/"


def refuse(request: Request, error: Exception) -> Response:
    """The answer to an error of ours: JSON for programs, the way to sign in, or a page."""
    status = error.http_status if isinstance(error, DaybookError) else 500
    language.use(language_of(request))
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, ThrottleError) else {}
    if request.url.path.startswith(API):
        if status == SignInError.http_status:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse({"error": str(error), "kind": type(error).__name__}, status, headers)
    if isinstance(error, SignInError) and request.method in READS:
        return RedirectResponse(f"/sign-in?next={quote(here(request), safe='')}", 303)
    return page(request, "error.html.j2", status, headers, heading=_heading(status), message=told(error))


def not_found(request: Request, error: Exception) -> Response:
    """The answer where there is no such address, or not for this method; in the frame and language of who asks."""
    try:
        recognise(request)
    except DaybookError as problem:  # the database is away, or too many tokens that are none were shown
        return refuse(request, problem)
    language.use(language_of(request))
    return refuse(request, UnknownNameError(_("There is no such page.")))


def _heading(status: int) -> str:
    if status == UnknownNameError.http_status:
        return _("Not found")
    if status == GoneError.http_status:
        return _("No longer there")
    if status == ForbiddenError.http_status:
        return _("Not allowed")
    return _("This cannot be shown")
