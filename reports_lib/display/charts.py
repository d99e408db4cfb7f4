"""Charts of a report: rows to a picture that needs no script, with its figures behind it.

    image/svg+xml                         what everyone sees, in HTML and PDF alike; a run may have it drawn later
    application/vnd.daybook.chart+json    title, description, the figures as text, and the Vega-Lite spec

Vega draws floats: figures become floats for the drawing, and stay exact in the text behind it.
"""

import os
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from reports_lib.display import atlas, drawing, lying
from reports_lib.display.behind import Behind
from reports_lib.display.cells import text
from reports_lib.display.column import Column
from reports_lib.display.rows import Row, Rows, plain, shown
from reports_lib.picture import LATER, PICTURES, Spec, named, svg

SVG = "image/svg+xml"
MIME = "application/vnd.daybook.chart+json"
Mark = Literal["bar", "line", "rank", "place"]


@dataclass(frozen=True)
class Chart:
    """One drawn chart: its shown rows, their columns (x, y and maybe the series; of a map latitude, longitude
    and the figure), its words, and the report behind.

    `share` is the column of what each figure is of all, in percent, if that is told.
    """

    mark: Mark
    title: str
    description: str
    columns: tuple[Column, ...]
    rows: list[Row]
    share: Column | None = None
    behind: Behind | None = None

    def opening(self, report: Behind | None) -> "Chart":
        """The same chart with a way to the report that shows its rows, if there is one."""
        return replace(self, behind=report)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        spec = self._spec() if any(map(self._is_drawn, self.rows)) else None
        picture = {SVG: self._picture(spec)} if spec is None or os.environ.get(PICTURES) != LATER else {}
        return picture | {
            "text/plain": f"{self.title}\n{self.alternative}",
            MIME: {
                "title": self.title,
                "description": self.alternative,
                "columns": [{"name": c.name, "label": c.label, "kind": c.kind} for c in self._told],
                "rows": [[text(c, row[c.name]) for c in self._told] for row in self.rows],
                "spec": spec,
            }
            | ({"behind": {"title": self.behind.title, "address": self.behind.address}} if self.behind else {}),
        }

    def _is_drawn(self, row: Row) -> bool:
        if self.mark == "place":
            return atlas.is_placed(self.columns, row)
        return row[self.columns[1].name] is not None

    def _spec(self) -> Spec:
        if self.mark == "rank":
            return lying.spec(self.columns, self.rows, self.share)
        if self.mark == "place":
            return atlas.spec(self.columns, self.rows)
        return drawing.spec(self.mark, self.columns, self.rows)

    def _picture(self, spec: Spec | None) -> str:
        if spec is None:
            return named(drawing.blank(), self.title, self.alternative)
        return svg(spec, self.title, self.alternative)

    @property
    def alternative(self) -> str:
        """What the chart says, for those who do not see it."""
        if self.share and self.rows:
            said = lying.summary(self.columns, self.rows, self.share)
            return f"{self.description} {said}".lstrip()
        summary = atlas.summary if self.mark == "place" else drawing.summary
        return self.description or summary(self.columns, self.rows)

    @property
    def _told(self) -> tuple[Column, ...]:
        """The columns of the figures as text."""
        return (*self.columns, self.share) if self.share else self.columns


def bars(
    rows: Rows, x: str | Column, y: str | Column, title: str, description: str = "", color: str | Column | None = None
) -> Chart:
    """Bars of `y` over `x`, in the order of the rows; `color` names the series that stand on each other.

    A column given by name is typed by its values; a `Column` brings its label, kind and places. Without a
    description one is worked out. Raises `NotebookError` if the rows lack a column.
    """
    return _chart("bar", rows, (x, y, color), title, description)


def lines(
    rows: Rows, x: str | Column, y: str | Column, title: str, description: str = "", color: str | Column | None = None
) -> Chart:
    """Lines of `y` over `x`, as `bars` takes them; with a single `x` bars are drawn, for a point is no line.

    Of several series they lie under one another then, each by its name.
    """
    return _chart("line", rows, (x, y, color), title, description)


def ranks(  # noqa: PLR0913, PLR0917  # what is drawn, called what, said how, told apart by what, in parts of what
    rows: Rows,
    x: str | Column,
    y: str | Column,
    title: str,
    description: str = "",
    color: str | Column | None = None,
    share: Column | None = None,
) -> Chart:
    """Bars of `y` that lie under one another, each with the name `x` before it and its figures behind it.

    For a few things that have names or steps, in the order of the rows; otherwise as `bars`. Where the manuals
    have pies, `share` is the column that holds what each figure is of all, in percent: it stands behind the figure.
    """
    return _chart("rank", rows, (x, y, color), title, description, share)


def circles(
    rows: Rows, latitude: str | Column, longitude: str | Column, y: str | Column, title: str, description: str = ""
) -> Chart:
    """Circles of `y` on an outline of the land, as near as the places lie together; degrees north and east.

    A circle's area is its figure. Rows without a place are only told of. Raises `NotebookError` if the rows lack
    a column or, when it is drawn, for a place that is not on the earth.
    """
    where = [c if isinstance(c, Column) else Column(c, c.capitalize(), "ratio") for c in (latitude, longitude)]
    return _chart("place", rows, (*where, y), title, description)


def _chart(
    mark: Mark,
    rows: Rows,
    axes: tuple[str | Column | None, ...],
    title: str,
    description: str,
    share: Column | None = None,
) -> Chart:
    found = plain(rows)
    columns = tuple(a if isinstance(a, Column) else _guess(a, found) for a in axes if a is not None)
    cells = shown(found, (*columns, share) if share else columns, title)
    if mark == "line" and len({str(row[columns[0].name]) for row in cells}) < 2:
        # what lines show does not add up, so bars of several do not stand on each other
        mark, columns = ("rank", (columns[2], columns[1])) if len(columns) > 2 else ("bar", columns)
    return Chart(mark, title, description, columns, cells, share)


def _guess(name: str, rows: list[Row]) -> Column:
    values = [row[name] for row in rows if row.get(name) is not None]
    label = name.replace("_", " ").capitalize()
    if values and all(isinstance(value, date) for value in values):
        return Column(name, label, "date")
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return Column(name, label, "quantity")
    if values and all(isinstance(value, Decimal | int) for value in values):
        return Column(name, label, "money")
    return Column(name, label)
