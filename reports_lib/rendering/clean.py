"""Markup that came out of a notebook to markup that can do nothing but be read.

Of what is not on the lists the text stays, of scripts and style sheets nothing. A link leads within
the page, to a mail address or to a form of the portal that it is read in, a picture carries itself: a
report has no address of another place in it.
"""

import re
from functools import cache

from nh3 import Cleaner

TAGS = frozenset(
    re.findall(
        r"[a-z0-9]+",
        """a abbr b bdi blockquote br caption code col colgroup dd del details div dl dt em figcaption figure
        h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol p pre q s samp small span strong sub summary sup
        table tbody td tfoot th thead tr u ul var""",
    )
)
SILENT = {"script", "style"}  # pandas puts a style sheet before each frame
_SPANNING = {"colspan", "rowspan", "span", "scope", "style"}
# no `id`, for an id of the data could answer for one of the page
ATTRIBUTES = {
    "*": {"class", "dir", "lang"},
    "a": {"href", "target"},
    "abbr": {"title"},
    "img": {"alt", "src"},
    "ol": {"start"},
    **dict.fromkeys(("td", "th", "col", "colgroup"), _SPANNING),
}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
_FORM = r"/ask/[a-z][a-z0-9_]*(?:\?[A-Za-z0-9_.~%+=&-]*)?"  # it asks for nothing by being opened
_PLACE = re.compile(rf"#.*|mailto:.*|{_FORM}", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,4}")
_BESIDE = re.compile("_blank")
_ALLOWED = {"href": _PLACE, "src": _PICTURE, "target": _BESIDE} | dict.fromkeys(
    ("colspan", "rowspan", "span", "start"), _NUMBER
)


def clean(markup: str) -> str:
    """`markup` without anything that runs, loads or leads away (T1)."""
    return _cleaner().clean(markup)


def _kept(tag: str, name: str, value: str) -> str | None:
    """The value if the attribute may have it, else None, which takes the attribute away."""
    allowed = _ALLOWED.get(name)
    return value if allowed is None or allowed.fullmatch(value) else None


@cache
def _cleaner() -> Cleaner:
    return Cleaner(
        tags=TAGS,
        clean_content_tags=SILENT,
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        filter_style_properties={"text-align"},
        url_schemes={"data", "mailto"},
        url_relative="pass_through",
        link_rel=None,
    )
