"""The order in which figures are drawn along x, and the slices of a pie."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from reports_lib.errors import ParameterError
from reports_lib.portal.charts.choice import MOST_SERIES, Kind, Sort
from reports_lib.portal.charts.figures import Figures, Point
from reports_lib.portal.language import _, ngettext, number
from reports_lib.values.formats import number as figure

SLICES = 12  # of a pie, and series where there are more than colours that can be told apart


def in_order(made: Figures) -> Figures:
    """In the order that was chosen; rows of equal size stay in the order of the table."""
    sort = made.choice.sort
    if sort == Sort.TABLE:
        return made
    if sort == Sort.NAME:
        xs = sorted(made.xs, key=str.casefold)
    else:
        sums: dict[str, Decimal] = {}
        for point in made.points:
            sums[point.x] = sums.get(point.x, Decimal(0)) + (point.value or 0)
        xs = sorted(made.xs, key=lambda x: -sums[x] if sort == Sort.LARGEST else sums[x])
    place = {x: number for number, x in enumerate(xs)}
    return replace(made, xs=tuple(xs), points=tuple(sorted(made.points, key=lambda point: place[point.x])))


def fewer(made: Figures, name: str) -> Figures:
    """No more series than can be told apart: the largest; where they stand on each other, and the sum of the others."""
    if len(made.series) <= MOST_SERIES:
        return made
    sizes: dict[str, Decimal] = dict.fromkeys(made.series, Decimal(0))
    for point in made.points:
        sizes[point.series] += abs(point.value or Decimal(0))
    is_sum = made.choice.kind in (Kind.STACKED, Kind.AREA)
    most = SLICES - 1 if is_sum else SLICES
    largest = set(sorted(made.series, key=lambda series: -sizes[series])[:most])
    points = tuple(point for point in made.points if point.series in largest)
    kept = tuple(series for series in made.series if series in largest)
    there = number(len(made.series))
    if is_sum:
        said = _("The {count} largest of {there} values of “{name}” are drawn; the others are together in one.")
        rest = _("All others ({count})").format(count=number(len(made.series) - most))
        points, kept = (*points, *_rest(made, largest, rest)), (*kept, rest)
        made = replace(made, rest=rest)
    else:
        said = _("Only the {count} largest of {there} values of “{name}” are drawn.")
    note = said.format(count=most, there=there, name=name)
    inside = {point.x for point in points}
    xs = tuple(x for x in made.xs if x in inside)
    return replace(made, xs=xs, series=kept, points=points, notes=(*made.notes, note))


def sliced(made: Figures) -> Figures:
    """A pie: slices of what is above zero; of many, the largest, and one that is the sum of the others.

    Raises `ParameterError` with a sentence where there is no such pie.
    """
    if any((point.value or 0) < 0 for point in made.points):
        raise ParameterError(_("A pie cannot show figures below zero; choose bars."))
    points = [point for point in made.points if point.value]
    if not points:
        raise ParameterError(_("Every figure is zero, so a pie has no slices."))
    if len({point.x for point in points}) < len(points):
        said = _("Several rows have the same “{name}”; choose another column for x.")
        raise ParameterError(said.format(name=made.x_title))
    notes = list(made.notes)
    if empty := len(made.points) - len(points):
        one, many = "{count} row without a figure has no slice.", "{count} rows without a figure have no slice."
        notes.append(ngettext(one, many, empty))
    if len(points) <= SLICES:
        return in_order(_of(made, points, notes))
    said = _("The {count} largest have slices of their own; the others are together in one.")
    points = _largest(points, made.places)
    return replace(_of(made, points, [*notes, said.format(count=SLICES - 1)]), rest=points[-1].x)


def _rest(made: Figures, largest: set[str], name: str) -> Iterator[Point]:
    """The sum of all but the largest at each x; a gap where none of them has a figure."""
    sums: dict[str, Decimal] = {}
    for point in made.points:
        if point.series not in largest and point.value is not None:
            sums[point.x] = sums.get(point.x, Decimal(0)) + point.value
    return (Point(x, name, total, figure(total, made.places)) for x, total in sums.items())


def _largest(points: Sequence[Point], places: int) -> list[Point]:
    ranked = sorted(points, key=lambda point: -(point.value or 0))
    own, small = ranked[: SLICES - 1], ranked[SLICES - 1 :]
    total = sum((point.value or Decimal(0) for point in small), Decimal(0))
    name = _("All others ({count})").format(count=number(len(small)))
    return [*own, Point(name, small[0].series, total, figure(total, places))]


def _of(made: Figures, points: Sequence[Point], notes: Sequence[str]) -> Figures:
    xs = tuple(dict.fromkeys(point.x for point in points))
    return replace(made, xs=xs, points=tuple(points), notes=tuple(notes))
