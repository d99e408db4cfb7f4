"""How large a page a report needs for its widest table to be read, and in which type.

    A4 upright  ->  A4 across  ->  A3 across  ->  A3 in smaller type  ->  a sheet as wide as it must be

A table is never cut and never shrunk below what can be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from reports_lib.rendering import media

MARGINS = 24  # mm, left and right together
EM = 0.3528  # mm in a point
GLYPH = 0.58  # of the type size: a tabular figure of Inter, separators being narrower
PADDING = 1.15  # of the type size: both sides of a cell
MOST = 40  # letters of a column that are given room: longer text is broken into lines
STEPS = (  # CSS name, width in mm, type size in points: the first that fits
    ("A4", 210, 8.0),
    ("A4 landscape", 297, 8.0),
    ("A4 landscape", 297, 7.0),
    ("A3 landscape", 420, 8.0),
    ("A3 landscape", 420, 7.0),
    ("A3 landscape", 420, 6.2),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A page size as CSS names it, and the type size of the tables in points."""

    sheet: str
    points: float

    @property
    def css(self) -> str:
        """The rules that set both."""
        return f"@page {{ size: {self.sheet}; }}\n@media print {{ :root {{ --table-size: {self.points}pt; }} }}"


def paper(notebook: NotebookNode) -> Paper:
    """The smallest sheet that the widest table of `notebook` fits on."""
    widest = max((_ems(letters) for letters in _letters(notebook)), default=0.0)
    for sheet, width, points in STEPS:
        if widest * points * EM <= width - MARGINS:
            return Paper(sheet, points)
    return Paper(f"{round(widest * points * EM + MARGINS + 1)}mm 297mm", points)


def _letters(notebook: NotebookNode) -> Iterable[list[int]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if table := output.get("data", {}).get(media.TABLE):
                yield [max(1, min(MOST, int(letters))) for letters in table.get("letters", _once(table))]


def _once(table: Mapping[str, Any]) -> list[int]:
    """As tables that were made earlier tell it."""
    return [column.get("letters", 10) for column in table["columns"]]


def _ems(letters: list[int]) -> float:
    return sum(count * GLYPH + PADDING for count in letters)
