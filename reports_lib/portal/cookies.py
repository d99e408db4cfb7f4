"""Cookies: set with every protection that there is, and taken back."""

from datetime import timedelta

from fastapi import Request, Response

from reports_lib.accounts import sign_in
from reports_lib.runs.installation import Installation

SIGNED_IN, FAMILIAR, LANGUAGE = "sid", "familiar", "language"
LASTING = {SIGNED_IN: sign_in.LONGEST, FAMILIAR: timedelta(days=180), LANGUAGE: timedelta(days=365)}


def is_encrypted(request: Request) -> bool:
    """Whether browsers reach us by https, here or at a proxy before us."""
    installation: Installation = request.app.state.installation
    return installation.url.startswith("https://")


def name_of(request: Request, cookie: str) -> str:
    """What a cookie is called: bound to this very host where the way here is encrypted."""
    return f"__Host-{cookie}" if is_encrypted(request) else cookie


def read(request: Request, cookie: str) -> str:
    """What the browser shows; empty if nothing."""
    return request.cookies.get(name_of(request, cookie), "")


def give(request: Request, response: Response, cookie: str, value: str) -> None:
    """Let the browser keep a value: for no script, for no foreign page's writes, for no other host."""
    response.set_cookie(
        name_of(request, cookie),
        value,
        max_age=int(LASTING[cookie].total_seconds()),
        path="/",
        secure=is_encrypted(request),
        httponly=True,
        samesite="lax",
    )


def take_back(request: Request, response: Response, cookie: str) -> None:
    """Have the browser forget it."""
    response.delete_cookie(
        name_of(request, cookie), path="/", secure=is_encrypted(request), httponly=True, samesite="lax"
    )
