"""A Vega-Lite specification to an SVG picture, by vl-convert; and what all charts look like.

A kernel draws its charts by itself; in a run a renderer draws for it. Both draw the same picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
FONT = f"{fonts.FAMILY}, system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
# after Okabe and Ito: told apart by all kinds of colour vision, the first is the accent of the page
SERIES = ("#0b5c8a", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b6b6b")

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours that a chart is drawn with, its series left out."""

    ground: str = "white"
    words: str = "#52606d"
    line: str = "#9aa5b1"
    hair: str = "#e4e7eb"


PAPER = Ink()
NIGHT = Ink("#1a2028", "#a6b1bf", "#5d6875", "#2e3742")


def theme(ink: Ink = PAPER, first: str = SERIES[0]) -> Spec:
    """Type, colours and lines of every chart, as a Vega-Lite `config`; `first` is the colour of a lone series."""
    words = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12}
    words |= {"labelColor": ink.words, "titleColor": ink.words, "titleFontWeight": 400}
    return {
        "background": ink.ground,
        "aria": False,  # the picture has a title and a description; Vega would put them together by expressions
        "font": FONT,
        "view": {"stroke": None},
        "axis": words | {"gridColor": ink.hair, "domainColor": ink.line, "tickColor": ink.line, "titlePadding": 10},
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
        "legend": words | {"orient": "top", "symbolType": "square", "title": None},
        "bar": {"color": first},
        "line": {"color": first, "strokeWidth": 2.5},
        "point": {"filled": True, "size": 40, "color": first},
    }


def svg(specification: Spec, title: str, description: str) -> str:
    """The picture, named and described for those who do not see it; words stay words, not outlines.

    Nothing is fetched for it. Raises `NotebookError` if it cannot be drawn.
    """
    return named(_drawn(specification, title, _unlimited), title, description)


def bare(specification: Spec, title: str) -> str:
    """The picture of any specification without words about it; nothing is fetched. Raises `NotebookError`."""
    return _drawn(specification, title)


def png(drawn: str, scale: float = 2) -> bytes:
    """The pixels of an SVG picture, `scale` of them to one of its own."""
    return bytes(_converter().svg_to_png(drawn, scale=scale))


def _drawn(specification: Spec, title: str, prepared: Callable[[Spec], Spec] = dict) -> str:
    try:
        return str(_converter().vegalite_to_svg(prepared(_drawable(specification)), allowed_base_urls=[]))
    except Exception as error:  # whatever a specification that is not ours brings about
        said = (str(error).splitlines() or [""])[0]
        raise NotebookError(f"the chart {title!r} cannot be drawn: {type(error).__name__}: {said}") from None


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
    if "layer" in specification:
        return specification
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
