"""The same report of two intervals, side by side (G-14, JD-78)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any, Protocol

from reports_lib.values.money import DIGITS, percent_of

_EXACT = Context(prec=2 * DIGITS)


class Measure(Protocol):
    """What a comparison needs to know of a column."""

    @property
    def name(self) -> str:
        """The figure's name in a row."""

    @property
    def label(self) -> str:
        """Its label."""

    @property
    def group(self) -> str:
        """The heading it stands under."""


def compared(current: Decimal | int | None, earlier: Decimal | int | None) -> dict[str, Any]:
    """`current`, `compared`, their `difference`, and that in `percent` of the compared; None on base 0."""
    if current is None or earlier is None:
        return {"current": current, "compared": earlier, "difference": None, "percent": None}
    difference = _EXACT.subtract(Decimal(current), Decimal(earlier))
    return {
        "current": current,
        "compared": earlier,
        "difference": difference,
        "percent": percent_of(difference, abs(Decimal(earlier))),  # a debt that grows by half grows by 50 %
    }


def totals(
    measures: Iterable[Measure], current: Mapping[str, Any] | None, earlier: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """One row a measure, of the totals of both intervals."""
    here, there = current or {}, earlier or {}
    return [
        {"group": measure.group, "measure": measure.label} | compared(here.get(measure.name), there.get(measure.name))
        for measure in measures
    ]


def buckets(
    measure: Measure, current: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One row a bucket (and package): the first of one interval beside the first of the other, and so on.

    Where one interval has more buckets, or a package that the other lacks, its side is None.
    """
    here, there = _by_place(current), _by_place(earlier)
    rows = []
    for place in [*here, *(place for place in there if place not in here)]:
        left, right = here.get(place, {}), there.get(place, {})
        labels = {"bucket": left.get("bucket"), "compared_bucket": right.get("bucket"), "package": place[1]}
        rows.append(labels | compared(left.get(measure.name), right.get(measure.name)))
    return rows


def _by_place(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str | None], Mapping[str, Any]]:
    return {(row["number"], row.get("package")): row for row in rows}
