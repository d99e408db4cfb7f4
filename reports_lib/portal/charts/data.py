"""A choice and the rows of a snapshot's table to the figures of a chart, or one sentence why there is none.

The rows are those that the report shows, without its total: a total is never drawn beside its parts.
Nothing is queried, nothing is added up but the small slices of a pie, and what is left out is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from reports_lib.errors import ParameterError
from reports_lib.portal.charts.choice import Choice, Kind
from reports_lib.portal.charts.figures import Figures, Point, names, shown
from reports_lib.portal.charts.order import fewer, in_order, sliced
from reports_lib.portal.language import _, number
from reports_lib.rendering.tables import StoredColumn
from reports_lib.values.formats import legible

MOST_POINTS = 2_000
ADDS_UP = ("quantity", "money")
SCALES = {"money": "amount", "ratio": "amount", "quantity": "count", "percent": "percent"}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Chosen:
    """The columns of a table that a choice names, and a note for each that the table lacks."""

    x: StoredColumn
    y: tuple[StoredColumn, ...]
    by: StoredColumn | None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """What to read of the table."""
        return list(dict.fromkeys([self.x.name, *(c.name for c in self.y), *([self.by.name] if self.by else [])]))


def chosen(choice: Choice, columns: Sequence[StoredColumn]) -> Chosen:
    """The columns to draw; raises `ParameterError` with a sentence where they cannot be drawn together."""
    known = {column.name: column for column in columns}
    wanted = [choice.x, *choice.y, choice.by]
    lacking = [name for name in dict.fromkeys(wanted) if name and name not in known]
    notes = tuple(_("This report has no column “{name}”; it is left out.").format(name=name) for name in lacking)
    if not any(column.is_number for column in columns):
        raise ParameterError(_("This table has no column of figures, so there is nothing to draw."))
    if choice.x not in known:
        raise ParameterError(" ".join([*notes, _("Choose a column for the x axis.")]))
    y = tuple(known[name] for name in choice.y if name in known)
    if not y:
        raise ParameterError(" ".join([*notes, _("Choose at least one column of figures for the y axis.")]))
    _check(choice, known[choice.x], y)
    return Chosen(known[choice.x], y, known.get(choice.by), notes)


def figures(choice: Choice, found: Chosen, rows: Sequence[Row], currency: str = "") -> Figures:
    """What is drawn; raises `ParameterError` with a sentence if these rows cannot be drawn so."""
    labels = names(found.y)
    points = [point for row in rows for point in _points(choice, found, labels, row)]
    if not any(point.value is not None for point in points):
        raise ParameterError(_("There are no figures in these columns."))
    series = tuple(dict.fromkeys(point.series for point in points))
    first, numeric = found.y[0], choice.kind == Kind.SCATTER and found.x.is_number
    made = Figures(
        choice=choice,
        title=choice.title or _title(found, labels),
        x_title=found.x.heading + (" (%)" if found.x.kind == "percent" else ""),
        y_title=_y_title(found, currency),
        kind=first.kind,
        places=max(column.places for column in found.y),
        xs=() if numeric else tuple(dict.fromkeys(point.x for point in points)),
        series=series,
        points=tuple(points),
        notes=found.notes,
        x_places=found.x.places,
    )
    if choice.kind == Kind.PIE:
        return sliced(made)
    made = fewer(_checked(made, found), found.by.heading if found.by else found.x.heading)
    return _shortened(made if numeric else in_order(made))


def _check(choice: Choice, x: StoredColumn, y: Sequence[StoredColumn]) -> None:
    if not_figures := [column.heading for column in y if not column.is_number]:
        raise ParameterError(_("“{name}” holds no figures; choose another for y.").format(name=not_figures[0]))
    if len({SCALES[column.kind] for column in y}) > 1:
        said = _("{names} are not of one unit, and one axis cannot show them; choose columns of one kind.")
        raise ParameterError(said.format(names=", ".join(f"“{column.heading}”" for column in y)))
    if choice.kind in (Kind.STACKED, Kind.AREA, Kind.PIE):
        apart = [column.heading for column in y if column.kind not in ADDS_UP]
        if apart and (choice.by or len(y) > 1 or choice.kind == Kind.PIE):
            said = _("“{name}” is an average or a share and does not add up; choose lines, or bars side by side.")
            raise ParameterError(said.format(name=apart[0]))
    if choice.kind == Kind.PIE and (len(y) > 1 or choice.by):
        raise ParameterError(_("A pie shows one column of figures, and no colour column; choose only x and one y."))


def _points(choice: Choice, found: Chosen, labels: Sequence[str], row: Row) -> Iterable[Point]:
    x = shown(found.x, row[found.x.name])
    group = shown(found.by, row[found.by.name]) if found.by else ""
    at = row[found.x.name] if choice.kind == Kind.SCATTER and found.x.is_number else None
    for column, label in zip(found.y, labels, strict=True):
        name = " · ".join(filter(None, (group, label if len(labels) > 1 or not found.by else "")))
        yield Point(x, name, row[column.name], shown(column, row[column.name]), at)


def _checked(made: Figures, found: Chosen) -> Figures:
    """As it is, if each point has its place; points above each other are fine where they are only scattered."""
    if made.choice.kind == Kind.SCATTER:
        return made
    seen: set[tuple[str, str]] = set()
    for point in made.points:
        if (point.x, point.series) in seen:
            said = _("Several rows have “{x}” in “{column}”. Choose under “Colour by” what tells them apart.")
            raise ParameterError(said.format(x=point.x, column=found.x.heading))
        seen.add((point.x, point.series))
    if made.choice.kind == Kind.AREA and made.has_series and any((p.value or 0) < 0 for p in made.points):
        raise ParameterError(_("Areas on each other cannot show figures below zero; choose lines or bars."))
    return made


def _shortened(made: Figures) -> Figures:
    """No more points than a chart can show, whole rows, and a note of what is left out."""
    if len(made.points) <= MOST_POINTS:
        return made
    if not made.xs:
        points = made.points[:MOST_POINTS]
        return replace(made, points=points, notes=(*made.notes, _left_out(len(points), len(made.points))))
    kept = tuple(islice(made.xs, max(1, MOST_POINTS // max(1, len(made.series)))))
    inside = set(kept)
    points = tuple(point for point in made.points if point.x in inside)[:MOST_POINTS]
    return replace(made, xs=kept, points=points, notes=(*made.notes, _left_out(len(points), len(made.points))))


def _left_out(drawn: int, there: int) -> str:
    said = _("Only the first {drawn} of {there} figures are drawn; a chart shows no more.")
    return said.format(drawn=number(drawn), there=number(there))


def _title(found: Chosen, labels: Sequence[str]) -> str:
    groups = {column.group for column in found.y}
    if len(found.y) == 1:
        said = legible(found.y[0].heading)
    else:
        said = ", ".join(labels)
        if len(groups) == 1 and (group := groups.pop()):
            said = f"{legible(group)}: {said}"
    return said if len(said) <= 120 else f"{said[:119]}…"


def _y_title(found: Chosen, currency: str) -> str:
    kinds = {column.kind for column in found.y}
    unit = "%" if kinds == {"percent"} else currency if kinds == {"money"} else ""
    groups = {column.group for column in found.y}
    name = found.y[0].heading if len(found.y) == 1 else (groups.pop() if len(groups) == 1 else "")
    if not name:
        return unit
    return f"{name} ({unit})" if unit else name
