"""Vega for the browser, from the package that draws pictures on the server: one version, nothing from elsewhere.

The bundle is made once in a process, when the first page with a chart is asked for. It leaves one function
on the page, `daybookChart`; expressions are interpreted, not compiled, so no page needs `unsafe-eval`; and
nothing is ever loaded, for its loader refuses every address.
"""

import gzip
import hashlib
from functools import cache
from importlib.metadata import version
from threading import Lock, Thread

from fastapi import Request, Response

from reports_lib.portal.route import Route

PATH = "/static/vega.js"
SNIPPET = """
const refuse = () => Promise.reject(new Error("charts load nothing"));
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse, fileAccess: false };
window.daybookChart = async (place, spec, renderer, tell) => {
  const drawn = await vegaEmbed(place, spec, {
    mode: "vega-lite", renderer, ast: true, actions: false, defaultStyle: false, loader, hover: false,
    logLevel: 1, tooltip: (handler, event, item, text) => tell(event, text),
  });
  return () => drawn.finalize();
};
"""
_making = Lock()


def address() -> str:
    """Where a page finds the bundle; begins to make it, so that it is ready when the browser asks."""
    if not _bundle.cache_info().currsize and not _making.locked():
        Thread(target=bundle, name="vega", daemon=True).start()
    return f"{PATH}?v={_version()}"


def bundle() -> bytes:
    """The script, gzip'd: made by the first who asks, while others wait."""
    with _making:
        return _bundle()


def script(request: Request) -> Response:
    """`GET /static/vega.js?v=…`: the same bytes until the package changes, so a browser may keep them."""
    headers = {"Vary": "Accept-Encoding"}
    if request.query_params.get("v") == _version():
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(bundle(), media_type="text/javascript", headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(bundle()), media_type="text/javascript", headers=headers)


@cache
def _bundle() -> bytes:
    import vl_convert

    return gzip.compress(vl_convert.javascript_bundle(SNIPPET).encode(), 9, mtime=0)


@cache
def _version() -> str:
    return hashlib.sha256(f"{version('vl-convert-python')}\n{SNIPPET}".encode()).hexdigest()[:12]


ROUTES = (Route(PATH, script, None),)
