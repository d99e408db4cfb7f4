"""Where one goes on after signing in: an address of ours, or the list of reports."""

import re

HOME = "/"
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")  # what browsers leave as it is: no blank, no control, no backslash
_NOT_PAGES = ("/sign-in", "/sign-out", "/language", "/api/", "/static/", "/health")


def onward(asked: str) -> str:
    """`asked` if it is the path of a page here, else that of the list; no host, scheme or trick gets through."""
    if not _PATH.fullmatch(asked) or asked.startswith(_NOT_PAGES):
        return HOME
    path = asked.partition("?")[0].partition("#")[0].lower().replace("%2f", "/").replace("%5c", "/").replace("%2e", ".")
    return HOME if "//" in path or "/../" in path or "/./" in path or path.endswith(("/..", "/.")) else asked
