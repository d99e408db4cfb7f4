"""Markup that came out of a notebook to markup that can do nothing but be read.

What is not on the lists is shown as the text it is. A link leads within the page or to a mail
address, a picture carries itself: a report has no address of another place in it.
"""

import re
from functools import cache

from bleach import Cleaner  # type: ignore[import-untyped]
from bleach.css_sanitizer import CSSSanitizer  # type: ignore[import-untyped]

TAGS = frozenset(
    re.findall(
        r"[a-z0-9]+",
        """a abbr b bdi blockquote br caption code col colgroup dd del details div dl dt em figcaption figure
        h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol p pre q s samp small span strong sub summary sup
        table tbody td tfoot th thead tr u ul var""",
    )
)
_SILENT = re.compile(r"<(style|script)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
_SPAN = re.compile(r"[0-9]{1,4}")


def clean(markup: str) -> str:
    """`markup` without anything that runs, loads or leads away (T1)."""
    # pandas puts a style sheet before each frame: dropped whole, for shown as text it would only puzzle
    return str(_cleaner().clean(_SILENT.sub("", markup)))


def _may_keep(tag: str, name: str, value: str) -> bool:
    """Whether an attribute stays; no `id`, for an id of the data could answer for one of the page."""
    if name in ("class", "dir", "lang"):
        return True
    if name == "href":
        return tag == "a" and (value.startswith("#") or value.lower().startswith("mailto:"))
    if tag == "img":
        return name == "alt" or (name == "src" and _PICTURE.fullmatch(value) is not None)
    if tag in ("td", "th", "col", "colgroup"):
        is_span = name in ("colspan", "rowspan", "span") and _SPAN.fullmatch(value) is not None
        return is_span or name in ("scope", "style")
    return (tag, name) in (("abbr", "title"), ("ol", "start"))


@cache
def _cleaner() -> Cleaner:
    styles = CSSSanitizer(allowed_css_properties=["text-align"], allowed_svg_properties=[])
    return Cleaner(tags=TAGS, attributes=_may_keep, protocols=["mailto", "data"], css_sanitizer=styles)
