"""The figures of a chart, exact, in the order they are drawn: what the browser, the pictures and the table show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reports_lib.portal.charts.choice import Choice, Kind
from reports_lib.portal.language import _
from reports_lib.rendering.tables import StoredColumn
from reports_lib.values.formats import NOTHING, day, legible, number

_YEAR = re.compile(r"\d{4}(-|$)")


@dataclass(frozen=True, slots=True)
class Point:
    """One figure: where it stands along x, of which series, and as the table writes it."""

    x: str
    series: str
    value: Decimal | None  # a gap if None, never zero
    shown: str
    at: Decimal | None = None  # along x, where x is a figure too


@dataclass(frozen=True)
class Figures:
    """A chart that can be drawn: `xs` and `series` in order, each point once."""

    choice: Choice
    title: str
    x_title: str
    y_title: str
    kind: str  # of the figures: quantity, money, ratio or percent
    places: int
    xs: tuple[str, ...]
    series: tuple[str, ...]
    points: tuple[Point, ...]
    notes: tuple[str, ...] = ()
    x_places: int = 0
    rest: str = ""  # the slice that is the sum of many small ones

    @property
    def has_series(self) -> bool:
        """Whether there is more than one thing to tell apart by colour."""
        return len(self.series) > 1 or bool(self.choice.by)

    @property
    def coloured(self) -> list[str]:
        """What has a colour of its own, in order."""
        return list(self.xs if self.choice.kind == Kind.PIE else self.series)

    @property
    def is_unique(self) -> bool:
        """Whether no two points have one place."""
        return len({(point.x, point.series) for point in self.points}) == len(self.points)

    @property
    def is_crossed(self) -> bool:
        """Whether the table of figures has a column for each series."""
        return self.has_series and self.choice.kind != Kind.SCATTER and self.is_unique

    @property
    def is_timely(self) -> bool:
        """Whether x reads as time, which goes from left to right."""
        return bool(self.xs) and all(_YEAR.match(text) for text in self.xs)

    @property
    def description(self) -> str:
        """One sentence for those who do not see the chart: extent, least and greatest figure."""
        found = [point for point in self.points if point.value is not None]
        if not found:
            return _("{title}: no figures.").format(title=self.title)
        low = min(found, key=lambda point: point.value or 0)
        high = max(found, key=lambda point: point.value or 0)
        said = _("{title}: {count} figures, lowest {low} ({where_low}), highest {high} ({where_high}).")
        return said.format(
            title=self.title,
            count=number(len(found)),
            low=low.shown,
            where_low=self._where(low),
            high=high.shown,
            where_high=self._where(high),
        )

    @property
    def head(self) -> list[str]:
        """The heads of the table of figures."""
        if not self.is_crossed:
            series = [_("Series")] if self.has_series else []
            return [self.x_title, *series, self.y_title]
        return [self.x_title, *self.series]

    @property
    def rows(self) -> list[list[str]]:
        """The table of what is drawn, as text: a row for each x, a column for each series."""
        if not self.is_crossed:
            return [[p.x, *([p.series] if self.has_series else []), p.shown] for p in self.points]
        found = {(point.x, point.series): point.shown for point in self.points}
        return [[x, *(found.get((x, name), NOTHING) for name in self.series)] for x in self.xs]

    def _where(self, point: Point) -> str:
        return f"{point.x}, {point.series}" if self.has_series else point.x


def shown(column: StoredColumn, value: Any) -> str:  # noqa: ANN401 - whatever Parquet held
    """A value as the report's table writes it."""
    if value is None:
        return NOTHING
    if column.is_number:
        text = number(value, column.places)
        return f"{text} %" if column.kind == "percent" else text
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    return day(value) if isinstance(value, date) else legible(str(value))


def names(columns: Sequence[StoredColumn]) -> list[str]:
    """What to call several columns beside each other: short where they share a group, never two alike."""
    is_one_group = len({column.group for column in columns}) == 1
    found = [legible(column.label if is_one_group else column.heading) for column in columns]
    if len(set(found)) == len(found):
        return found
    return [f"{text} ({column.name})" for text, column in zip(found, columns, strict=True)]
