"""The page as it goes to paper: long tables as lines of text, and nothing that paper does not show.

WeasyPrint takes a millisecond for each cell: 730 days of 24 columns took it 20 s. So five rows of a
long table become one, with five lines in each cell, and all figures of a line stand in one cell:

    2026-01-01   Basic 100   |     26   276,484.56   -311,045.33
    2026-01-02   Family      |    117   284,862.66   -320,470.74       5 lines, 3 cells instead of 25
    2026-01-03   Basic 100   |  1,208   293,241.01     -9,896.41

Spaces hold them under their heads: in our typeface there is one as wide as a digit, one as wide as a
comma, and others that together make up any width. Caption, heads, sums and rows that are not plain
(a text that needs two lines) stay as they are; so does a table of any other form than a Grid's.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby
from typing import NamedTuple

LONG = 60  # rows: what is shorter looks better, and takes less than 2 s, as an ordinary table
BLOCK = 5  # rows between two hairlines
MOST = 40  # letters of a text that is not broken into lines: as `paper` reckons

EM = 2816  # units of Inter; widths below are those of its tabular figures
GLYPHS = {**dict.fromkeys("0123456789", 1824), ",": 776, ".": 776, "\u2212": 1856, "\u2014": 2816, " ": 792, "%": 2288}
DIGIT_SPACE = "\u2007"
SPACES = {
    DIGIT_SPACE: 1824,
    "\u2008": 776,
    "\u00a0": 792,
    "\u2009": 512,
    "\u200a": 256,
    "\u2004": 940,
    "\u2005": 704,
    "\u2006": 468,
}
NARROW = set("fijlrtI|!'()[]{}:;/-")
_STEP = 4  # units: every width above is a multiple of it
_REMAINDER = 6000  # units: up to here spaces are put together one by one
_SIDES = 1.2 * EM  # both sides of a cell
_RULE = 0.08  # em: a hairline
_BOLD = 1.04  # how much wider the figures of the total are

_CELL = r"<t[hd](?: scope=\"row\")?(?: class=\"(?:[a-z ]*)\")?>(?:<bdi>[^<\t\r\n]*</bdi>|[^<\t\r\n]*)</t[hd]>"
_PLAIN = re.compile(rf"<tr>(?:{_CELL})+</tr>")
_TABLE = re.compile(r'<table class="grid">\n<caption>.*?</table>', re.DOTALL)
_PARTS = re.compile(r"<table(.*?</caption>\n)(.*<tbody>\n)(.*)(</tbody>.*)", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>\n", re.DOTALL)
_TD = re.compile(r"<(t[hd])([^>]*)>(.*?)</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_FIGURES = re.compile(r"<details>\s*<summary>The figures of this chart</summary>.*?</details>\s*</figure>", re.DOTALL)

_LINK = re.compile(r'<a href="/ask/[^"]*"[^>]*>(.*?)</a>', re.DOTALL)

STYLE = """<style>
.long { table-layout: fixed; }
.lines > * { white-space: pre; line-height: 1.7; padding-top: .35em; padding-bottom: .35em; }
.lines > .figures { text-align: right; padding-left: 0; font-kerning: none; font-feature-settings: "calt" 0; }
</style>
</head>"""


def for_paper(page: str) -> str:
    """The page without the figures behind its charts, which only a screen shows, and its long tables as lines.

    A way into the portal is its name: paper lies on no host.
    """
    page = _LINK.sub(r"\1", _FIGURES.sub("</figure>", page))
    return _TABLE.sub(lambda found: _table(found[0]), page).replace("</head>", STYLE, 1)


class _Cell(NamedTuple):
    """A cell's text as it stands in the markup, and what its column is."""

    text: str
    is_number: bool
    begins_group: bool


@dataclass(frozen=True)
class _Column:
    """A column of a long table: its width in units of the typeface."""

    width: int
    is_number: bool
    begins_group: bool


def _table(markup: str) -> str:
    parts = _PARTS.fullmatch(markup)
    rows = _ROW.findall(parts[3]) if parts else []
    if not parts or len(rows) <= LONG or "".join(rows) != parts[3]:
        return markup
    cells = [_cells(row) if _PLAIN.fullmatch(row.strip()) else None for row in rows]
    columns = _columns([row for row in cells if row], parts[2], parts[4])
    if not columns:
        return markup
    body = "".join(_body(rows, cells, columns))
    widths = "".join(f'<col style="width: {column.width / EM:.4f}em">' for column in columns)
    opening = f'<table style="{_frame(columns)}"{parts[1]}'.replace('class="grid"', 'class="grid long"')
    return f"{opening}<colgroup>{widths}</colgroup>\n{parts[2]}{body}{parts[4]}"


def _frame(columns: Sequence[_Column]) -> str:
    """The table's width, and the hairlines before its groups, which one cell of figures cannot draw."""
    ends = [end / EM for end in accumulate(column.width for column in columns)]
    starts = [end for end, column in zip(ends, columns[1:], strict=False) if column.begins_group]
    stops = ", ".join(
        f"#fff {x:.4f}em, #cbd2d9 {x:.4f}em, #cbd2d9 {x + _RULE:.4f}em, #fff {x + _RULE:.4f}em" for x in starts
    )
    return f"width: {ends[-1]:.4f}em" + (f"; background: linear-gradient(to right, {stops})" if stops else "")


def _cells(row: str) -> list[_Cell]:
    return [_cell(attributes, inner) for _, attributes, inner in _TD.findall(row)]


def _cell(attributes: str, inner: str) -> _Cell:
    classes = re.findall(r"[a-z]+", attributes.partition("class=")[2])
    return _Cell(_TAG.sub("", inner), "n" in classes, "g" in classes)


def _columns(rows: Sequence[Sequence[_Cell]], head: str, foot: str) -> list[_Column]:
    """The columns of plain rows; none if they differ in what they are."""
    if not rows or any([c[1:] for c in row] != [c[1:] for c in rows[0]] for row in rows):
        return []
    labels = _labels(head, len(rows[0]))
    totals = _cells(foot) or [_Cell("", False, False)] * len(rows[0])
    found = []
    for cells, label, total in zip(zip(*rows, strict=True), labels, totals, strict=False):
        words = max((_width(word) for word in label.split()), default=0)
        widest = max(words, round(_width(total.text) * _BOLD), *(_width(c.text) for c in cells if _fits(c.text)))
        sides = _SIDES + (0.2 * EM if cells[0].begins_group else 0)
        found.append(_Column(_STEP * round((widest + sides) / _STEP), cells[0].is_number, cells[0].begins_group))
    return found if len(found) == len(rows[0]) else []


def _labels(head: str, count: int) -> list[str]:
    """The words right above each column: those that span two rows of the head stand in its first."""
    rows = [_TD.findall(row) for row in _ROW.findall(head)]
    lower = iter(rows[-1])
    spanning = [(attributes, inner) for _, attributes, inner in rows[0]] if len(rows) > 1 else []
    found: list[str] = []
    for attributes, inner in spanning:
        span = re.search(r'colspan="(\d+)"', attributes)
        found += [next(lower, ("", "", ""))[2] for _ in range(int(span[1]))] if span else [inner]
    found += [inner for _, _, inner in lower]
    return [html.unescape(_TAG.sub("", inner)) for inner in found][:count]


def _body(rows: Sequence[str], cells: Sequence[list[_Cell] | None], columns: Sequence[_Column]) -> Iterator[str]:
    """The rows of the body, five plain ones at a time as one."""
    known = [row if row and all(_is_plain(c) for c in row) else None for row in cells]
    for is_plain, group in groupby(range(len(rows)), key=lambda place: known[place] is not None):
        places = list(group)
        for first in range(0, len(places), BLOCK):
            block = places[first : first + BLOCK]
            yield _lines([known[p] or [] for p in block], columns) if is_plain else "".join(rows[p] for p in block)


def _lines(rows: Sequence[Sequence[_Cell]], columns: Sequence[_Column]) -> str:
    found, place = [], 0
    for is_number, run in groupby(columns, key=lambda column: column.is_number):
        widths = [column.width for column in run]
        stop = place + len(widths)
        if is_number:
            text = "\n".join(_figures([c.text for c in row[place:stop]], widths) for row in rows)
            found.append(f'<td class="figures" colspan="{len(widths)}">{text}</td>')
        else:
            found += [f"<td>{chr(10).join(row[p].text for row in rows)}</td>" for p in range(place, stop)]
        place = stop
    return f'<tr class="lines">{"".join(found)}</tr>\n'


def _figures(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Figures in one line: each ends where its column does, counted back from the last, which is set to the right."""
    rest = (_blank(width - _width(text)) + text for text, width in zip(texts[1:], widths[1:], strict=True))
    return "".join([texts[0], *rest])


def _is_plain(cell: _Cell) -> bool:
    return set(cell.text) <= GLYPHS.keys() if cell.is_number else _fits(cell.text)


def _fits(text: str) -> bool:
    return _width(text) <= MOST * 0.6 * EM


@cache
def _width(text: str) -> int:
    """Units that a text takes: exact for figures, ample for words."""
    return sum(GLYPHS.get(letter) or _letter(letter) for letter in html.unescape(text))


def _letter(letter: str) -> int:
    if unicodedata.east_asian_width(letter) in "WF":
        return round(1.05 * EM)
    if letter in NARROW:
        return round(0.4 * EM)
    return round((0.78 if letter.isupper() or letter in "mw@" else 0.6) * EM)


@cache
def _blank(width: int) -> str:
    """Spaces that are together as wide as `width` units, which are a multiple of four."""
    digits = max(0, (width - _REMAINDER) // SPACES[DIGIT_SPACE] + 1)
    rest = width - digits * SPACES[DIGIT_SPACE]
    return DIGIT_SPACE * digits + _remainders()[max(0, rest)]


@cache
def _remainders() -> dict[int, str]:
    """The fewest spaces for every width; where none fit, those of the nearest smaller width that some do."""
    best = {0: ""}
    for width in range(_STEP, _REMAINDER + _STEP, _STEP):
        ways = [
            best[width - w] + s for s, w in SPACES.items() if width - w in best and _sum(best[width - w]) == width - w
        ]
        best[width] = min(ways, key=len) if ways else best[width - _STEP]
    return best


def _sum(blank: str) -> int:
    return sum(SPACES[space] for space in blank)
