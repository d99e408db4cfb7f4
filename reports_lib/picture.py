"""A Vega-Lite specification to an SVG picture, by vl-convert.

A kernel draws its charts by itself; in a run a renderer draws for it. Both draw the same picture.
"""

from functools import cache
from html import escape
from types import ModuleType
from typing import Any

from reports_lib import fonts
from reports_lib.errors import NotebookError
from reports_lib.values.formats import legible

SURE = 14  # plain letters that fit in either axis' limit, however wide they are
MOST = 1e12  # figures below it have labels that fit too
PICTURES = "DAYBOOK_PICTURES"  # the variable by which a kernel is told that it need not draw
LATER = "later"

Spec = dict[str, Any]


def svg(specification: Spec, title: str, description: str) -> str:
    """The picture, named and described for those who do not see it; words stay words, not outlines.

    Nothing is fetched for it. Raises `NotebookError` if it cannot be drawn.
    """
    try:
        drawn = str(_converter().vegalite_to_svg(_unlimited(_drawable(specification)), allowed_base_urls=[]))
    except Exception as error:  # whatever a specification that is not ours brings about
        said = (str(error).splitlines() or [""])[0]
        raise NotebookError(f"the chart {title!r} cannot be drawn: {type(error).__name__}: {said}") from None
    return named(drawn, title, description)


def named(drawn: str, title: str, description: str) -> str:
    """A picture with the words for those who do not see it."""
    end = drawn.index(">", drawn.index("<svg")) + 1
    return f"{drawn[:end]}<title>{_words(title)}</title><desc>{_words(description)}</desc>{drawn[end:]}"


def _words(text: str) -> str:
    return escape(legible(text))


def _drawable(part: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(part, dict):
        return {name: _drawable(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_drawable(value) for value in part]
    return legible(part) if isinstance(part, str) else part


def _unlimited(specification: Spec) -> Spec:
    """The same picture for less: a limit that no label reaches costs two more measurements of each label.

    To measure a text is most of the work of drawing, about a millisecond each.
    """
    encoding = specification["encoding"]
    if all(name.isascii() and len(name) <= SURE for name in encoding["x"]["scale"]["domain"]):
        encoding["x"]["axis"]["labelLimit"] = 0
    if all(abs(point["y"] or 0) < MOST for point in specification["data"]["values"]):
        encoding["y"]["axis"]["labelLimit"] = 0
    return specification


@cache
def _converter() -> ModuleType:
    import vl_convert

    vl_convert.register_font_directory(str(fonts.FOLDER))
    found: ModuleType = vl_convert
    return found
