"""Counts of a few rows, put together: added up by what they have in common, and laid out side by side."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import localcontext
from typing import Any

from reports_lib.values.money import DIGITS
from reports_lib.values.shares import shares

Row = Mapping[str, Any]


def added(rows: Iterable[Row], by: Sequence[str], names: Sequence[str]) -> list[dict[str, Any]]:
    """One row for each combination of `by`, in the order of their first coming, with the exact sums of `names`."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    with localcontext(prec=2 * DIGITS):  # the usual 28 digits would round a large sum
        for row in rows:
            key = tuple(row[name] for name in by)
            mine = found.setdefault(key, dict(zip(by, key, strict=True)) | dict.fromkeys(names, 0))
            for name in names:
                mine[name] += row[name]
    return list(found.values())


def whole(rows: Iterable[Row], names: Sequence[str]) -> dict[str, Any]:
    """The exact sums of `names` over all `rows`."""
    return next(iter(added(rows, (), names)), dict.fromkeys(names, 0))


def shared(rows: Iterable[Row], by: str, name: str) -> list[dict[str, Any]]:
    """The rows with the largest counts `name` first, of equals by `by`, each with its `share` of all in percent."""
    found = sorted(rows, key=lambda row: (-row[name], row[by]))
    parts = shares([row[name] for row in found])
    return [dict(row) | {"share": part} for row, part in zip(found, parts, strict=True)]


def wide(rows: Iterable[Row], by: str, name: str) -> list[dict[str, Any]]:
    """Rows of one step each, with what they have of `name` in a column for every value of `by`.

    `rows` are those of `Steps.series`; each keeps its `key` and `extent`.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        mine = found.setdefault(row["key"], {"key": row["key"], "extent": row["extent"]})
        mine[row[by]] = row[name]
    return list(found.values())


def with_extent(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of `Steps` that say in words which of them are cut short."""
    return [dict(row) | {"extent": "partial" if row["is_partial"] else ""} for row in rows]


def data_interval(rows: Iterable[Row]) -> tuple[datetime, datetime] | None:
    """The aware time of the first and the last fact that `rows` were counted from (G-6)."""
    known = [(row["first_at"], row["last_at"]) for row in rows]
    if not known:
        return None
    first, last = min(first for first, _ in known), max(last for _, last in known)
    return first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
