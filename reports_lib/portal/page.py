"""How a page is made of its template, and what it may do in a browser."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from reports_lib.accounts.visitor import NOBODY, Visitor
from reports_lib.portal import cookies, language
from reports_lib.portal.told import told
from reports_lib.portal.view.words import role_word
from reports_lib.runs.installation import Installation

STATIC = Path(__file__).parent / "static"
# Scripts and styles are files of ours; nothing else is fetched, sent to or framed in.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)

LOCAL = ("127.0.0.1", "localhost", "::1")  # browsers trust them as they do https


def visitor_of(request: Request) -> Visitor:
    """Who asks, as the gate found out."""
    found: Visitor = getattr(request.state, "visitor", NOBODY)
    return found


def installation_of(request: Request) -> Installation:
    """The installation that the request is about."""
    found: Installation = request.app.state.installation
    return found


def page(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
) -> HTMLResponse:
    """The page of a template, which also knows `visitor`, `here` (the address asked for) and `speaking`."""
    known = {"visitor": visitor_of(request), "here": here(request), "speaking": language.current()}
    text = environment().get_template(template).render(known | context)
    policies = {"Content-Security-Policy": POLICY, "Referrer-Policy": _referrer(request)}
    return HTMLResponse(text, status, policies | dict(headers or {}))


def _referrer(request: Request) -> str:
    """What a browser may say of where it comes from: nothing, for an address may hold a link's token.

    Only at an address neither local nor encrypted does a page with forms name its site, without a path:
    there a browser says where a write is from by nothing else, and the gate would refuse it.
    """
    tells_otherwise = cookies.is_encrypted(request) or request.url.hostname in LOCAL
    return "no-referrer" if tells_otherwise or request.url.path == "/view" else "strict-origin"


def here(request: Request) -> str:
    """Path and query of what is asked for."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


@cache
def environment() -> Environment:
    """The templates and what all of them may call."""
    made = Environment(
        loader=PackageLoader("reports_lib.portal"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "_": language._,
        "ngettext": language.ngettext,
        "moment": language.moment,
        "day": language.day,
        "number": language.number,
        "role_word": role_word,
        "error_words": told,
        "languages": language.LANGUAGES,
        "static": static,
        "quote": lambda text: quote(text, safe=""),
    }
    return made


@cache
def static(name: str) -> str:
    """Where a file of ours is; the address changes with its bytes, so a browser may keep it."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
