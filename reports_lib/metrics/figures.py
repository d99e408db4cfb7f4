"""The figures of Customer Dynamics as a report shows them: rows in order, a total, and where data lies.

Amounts are exact and unrounded; whoever shows them rounds once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

from reports_lib.metrics.currency import Places
from reports_lib.metrics.question import Question, is_by_package, keys
from reports_lib.metrics.stocks import STOCKS
from reports_lib.metrics.together import FIRST, LAST, kind
from reports_lib.values.money import DIGITS, ratio
from reports_lib.values.spine import Bucket, Unit

FLOWS = (
    "refill_qty",
    "refill_total",
    "chargeback_qty",
    "chargeback_total",
    "payg_total",
    "activation_qty",
    "activation_total",
    "renew_qty",
    "renew_total",
)
RATIOS = {"refill_avg": ("refill_total", "refill_qty"), "payg_active_avg": ("payg_total", "active_qty")}
NO_PACKAGE = "(no package)"
_KEY_LENGTH = {Unit.YEAR.value: 4, Unit.MONTH.value: 7, Unit.DATE.value: 10}

Found = Mapping[str, Any]  # one row of the query


@dataclass(frozen=True)
class Figures:
    """What Customer Dynamics found.

    A row has the keys asked for (`year`, `month`, `date`, `package`) as text, `bucket`, the finest
    of the first three or else the whole interval, its `number`, `extent`, "partial" for a bucket
    that is cut short, and the figures. `buckets` are the same without the grouping by package, the
    empty ones included. `total` is computed without grouping: flows over the whole interval,
    stocks at its end, ratios of the totals (G-10); None if the interval has not begun.
    `data_interval` is the aware UTC time of the first and the last fact that counted, or None (G-6);
    `places` are the decimals of the report's currency.
    """

    rows: list[dict[str, Any]]
    buckets: list[dict[str, Any]]
    total: dict[str, Any] | None
    data_interval: tuple[datetime, datetime] | None
    keys: list[str]
    places: Places

    @property
    def has_partial(self) -> bool:
        """Whether a row is cut short."""
        return any(row["extent"] for row in self.rows)

    @property
    def axes(self) -> dict[str, str]:
        """What a chart of `rows` has along the foot (`x`), and what tells its series apart (`color`), if anything."""
        of_time = [key for key in self.keys if key != "package"]
        x = of_time[-1] if of_time else "bucket"
        if "package" not in self.keys:
            return {"x": x}
        return {"x": x, "color": "package"} if len(self.buckets) > 1 else {"x": "package"}


def figures(
    found: Sequence[Found], buckets: Sequence[Bucket], packages: Mapping[int, str], asked: Question, places: Places
) -> Figures:
    """Rows for every bucket, and every one of `packages` if asked for, found in the data or not (G-5).

    `found` has one row a bucket `number` and `package_id`, null for clients without one, and for
    each bucket one that `is_whole`.
    """
    wholes = {row["number"]: row for row in found if row["is_whole"]}
    parts = {(row["number"], row["package_id"]): row for row in found if not row["is_whole"]}
    names: list[tuple[int | None, str]] = sorted(packages.items(), key=lambda package: (package[1], package[0]))
    if not asked.package:
        names.append((None, NO_PACKAGE))
    rows = []
    for bucket in buckets:
        shown = [(name, parts.get((bucket.number, package))) for package, name in names]
        for name, row in shown if is_by_package(asked) else [(None, wholes.get(bucket.number))]:
            if asked.empty_buckets == "show" or (row and row["flows"]):
                rows.append(_labels(bucket, name, asked) | _numbers(row))
    whole = [_labels(bucket, None, asked) | _numbers(wholes.get(bucket.number)) for bucket in buckets]
    total = _total([wholes.get(bucket.number) for bucket in buckets]) if buckets else None
    return Figures(rows, whole, total, _data_interval(wholes.values()), keys(asked), places)


def with_ratios(numbers: dict[str, Any]) -> dict[str, Any]:
    """`numbers` and the ratios between them, None where there is nothing to divide by (G-9)."""
    return numbers | {name: ratio(numbers[top], numbers[bottom]) for name, (top, bottom) in RATIOS.items()}


def _labels(bucket: Bucket, package: str | None, asked: Question) -> dict[str, Any]:
    labels = {name: bucket.key[:length] for name, length in _KEY_LENGTH.items() if name in asked.group_by}
    if package is not None:
        labels["package"] = package
    extent = "partial" if bucket.is_partial else ""
    return labels | {"number": bucket.number, "bucket": bucket.key or str(asked.interval), "extent": extent}


def _numbers(row: Found | None) -> dict[str, Any]:
    return with_ratios({name: _number(row, name) for name in (*STOCKS, *FLOWS)})


def _number(row: Found | None, name: str) -> int | Decimal:
    zero = 0 if kind(name) == "int64" else Decimal(0)
    found: int | Decimal | None = row[name] if row else None
    return zero if found is None else found


def _total(wholes: Sequence[Found | None]) -> dict[str, Any]:
    """G-10: buckets tile the interval, so unrounded flows add up to its own; its end is that of the last."""
    with localcontext(prec=2 * DIGITS):  # the usual 28 digits would round a large sum
        flows = {name: sum((_number(row, name) for row in wholes), start=_number(None, name)) for name in FLOWS}
    return with_ratios({name: _number(wholes[-1], name) for name in STOCKS} | flows)


def _data_interval(wholes: Iterable[Found]) -> tuple[datetime, datetime] | None:
    known = [(row[FIRST], row[LAST]) for row in wholes if row[FIRST] is not None]
    if not known:
        return None
    first, last = min(first for first, _ in known), max(last for _, last in known)
    return first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
