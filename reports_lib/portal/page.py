"""How a page is made of its template, and what it may do in a browser."""

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# Pages that change while one looks: they carry a script of ours, which asks us and nobody else.
LIVE = {"Content-Security-Policy": f"{POLICY}; script-src 'self'; connect-src 'self'"}


def page(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
) -> HTMLResponse:
    """The page of a template."""
    text = request.app.state.templates.get_template(template).render(context)
    return HTMLResponse(text, status, dict(headers or {}))
