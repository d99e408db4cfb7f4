"""The same report of two intervals, side by side (G-14, JD-78)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from itertools import zip_longest
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
    """One row a bucket: the first of one interval beside the first of the other, and so on.

    Where one interval has more buckets than the other, the other's side is None.
    """
    nothing: Mapping[str, Any] = {}
    return [
        {"bucket": here.get("bucket"), "compared_bucket": there.get("bucket")}
        | compared(here.get(measure.name), there.get(measure.name))
        for here, there in zip_longest(current, earlier, fillvalue=nothing)
    ]


def series(
    measure: Measure, current: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of both intervals under one another for a chart: `place` from 1, `interval`, and the measure."""
    return [
        {"place": place, "interval": name, measure.name: row[measure.name]}
        for name, found in (("current", current), ("compared", earlier))
        for place, row in enumerate(found, 1)
    ]
