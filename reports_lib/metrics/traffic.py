"""The figures of Orig-Term as a report shows them: rows in order, a total, and where data lie.

Amounts are exact and unrounded; whoever shows them rounds once.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from reports_lib.metrics.charges import PLAIN, UNITS
from reports_lib.metrics.compare import compared
from reports_lib.metrics.currency import Places
from reports_lib.metrics.exchange import total as exact
from reports_lib.metrics.legs import UNKNOWN
from reports_lib.values.money import ratio
from reports_lib.values.spine import Bucket, Unit

TIME = {Unit.YEAR.value: 4, Unit.MONTH.value: 7, Unit.DATE.value: 10, Unit.HOUR.value: None}  # letters of a key
NAMED = ("orig_client", "orig_company", "term_client", "term_company", "service")
KEYS = (
    *TIME,
    *("orig_client", "orig_company", "orig_account", "term_client", "term_company", "term_account"),
    *("code", "code_name", "country", "service"),
)
MONEY_OF = ("orig_total", "term_total")
VOLUMES = (*UNITS, "")  # by the unit of the service; "" where the warehouse lacks the service

Row = dict[str, Any]
Found = Mapping[str, Any]  # one row of the query


@dataclass(frozen=True)
class Traffic:
    """What was found, in the order of time, then of names, then of ids (G-11).

    A row has the `keys` that were asked for as text, `bucket`, which names its time, `group`, which names the rest,
    `extent`, "partial" for a bucket that is cut short, and the figures: `events`, `volume_<unit>` in billing units
    (minutes, megabytes) of the `units` that were used, `orig_total`, `term_total`, `profit`, and `single`, the events
    whose other leg is not known. `by_time` has one row a bucket, the empty ones too (G-5).
    """

    rows: list[Row]
    by_time: list[Row]
    total: Row
    keys: list[str]
    units: list[str]
    data_interval: tuple[datetime, datetime] | None
    places: Places

    @property
    def has_partial(self) -> bool:
        """Whether a row is cut short."""
        return any(row["extent"] for row in self.rows)

    @property
    def time(self) -> str:
        """The finest of the keys that are units of time; empty if none is."""
        return next((key for key in reversed(TIME) if key in self.keys), "")

    def largest(self, most: int) -> list[Row]:
        """The most groups with the highest origination cost over the whole period; equal ones by name, then by id."""
        groups = _together(self.rows, lambda row: row["ids"])
        return sorted(groups, key=lambda row: (-row["orig_total"], row["group"], row["order"]))[:most]


def traffic(
    found: Sequence[Found], buckets: Sequence[Bucket], keys: list[str], places: Places, *, hides_empty: bool = False
) -> Traffic:
    """What `found`, one row a bucket `number` and group, says of `buckets`.

    A bucket without events has a row where there are rows of time alone, unless it `hides_empty`.
    """
    names = {key: _names(found, key) for key in keys if key in NAMED}
    others = [key for key in keys if key not in TIME]
    rows = [_labels(buckets[row["number"] - 1], keys) | _group(row, others, names) | _figures(row) for row in found]
    rows.sort(key=lambda row: (row["number"], [row[key] for key in others], row["order"]))
    known = {row["number"]: row for row in _together(rows, lambda row: row["number"])}
    by_time = [_labels(bucket, keys) | known.get(bucket.number, _sum([])) for bucket in buckets]
    units = [unit for unit in VOLUMES if any(row[f"volume_{unit}"] for row in rows)]
    total = _billed(_sum(rows))
    if not others and not hides_empty:
        rows = by_time
    moments = [row[name].replace(tzinfo=UTC) for row in found for name in ("first_at", "last_at")]
    return Traffic(
        rows=[_billed(row) for row in rows],
        by_time=[_billed(row) for row in by_time],
        total=total,
        keys=keys,
        units=units,
        data_interval=(min(moments), max(moments)) if moments else None,
        places=places,
    )


def beside(current: Traffic, earlier: Traffic, names: Sequence[str]) -> list[Row]:
    """Rows of two intervals side by side (G-14): the same group of the first bucket of each, of the second, and so on.

    Each figure of `names` has `<name>_current`, `_compared`, `_difference` and `_percent`. A group that one of them
    lacks had none there: 0; a bucket that one of them lacks is None there.
    """
    here, there = ({(row["number"], row["ids"]): row for row in each.rows} for each in (current, earlier))
    others = [key for key in current.keys if key not in TIME]
    labels = {row["number"]: {key: row[key] for key in current.keys if key in TIME} for row in current.by_time}
    unnamed = {key: None for key in current.keys if key in TIME}
    rows = []
    for number, ids in here.keys() | there.keys():
        row = here.get((number, ids)) or there[number, ids] | labels.get(number, unnamed)
        sides = [_side(found, number, ids, in_all) for found, in_all in ((here, current), (there, earlier))]
        figures = {name: compared(*(side.get(name) for side in sides)) for name in names}
        rows.append(row | {f"{name}_{part}": value for name in names for part, value in figures[name].items()})
    return sorted(rows, key=lambda row: (row["number"], [row[key] for key in others], row["order"]))


def _side(rows: Mapping[tuple[int, Hashable], Row], number: int, ids: Hashable, of: Traffic) -> Row:
    return rows.get((number, ids)) or (_sum([]) if number <= len(of.by_time) else {})


def _names(found: Iterable[Found], key: str) -> dict[int | None, str]:
    """What each id is called; ids of one name have their number behind it."""
    names = {row[key]: row[f"{key}_name"] or f"{key.rsplit('_', maxsplit=1)[-1]} {row[key]}" for row in found}
    taken = Counter(names.values())
    several = {each: name if taken[name] == 1 else f"{name} ({each})" for each, name in names.items()}
    return {each: UNKNOWN if each is None else name for each, name in several.items()}


def _labels(bucket: Bucket, keys: Iterable[str]) -> Row:
    times = {key: bucket.key[: TIME[key]] for key in keys if key in TIME}
    extent = "partial" if bucket.is_partial else ""
    return times | {
        "number": bucket.number, "bucket": bucket.key, "extent": extent, "ids": (), "order": [], "group": "",
    }  # fmt: skip


def _group(found: Found, keys: Sequence[str], names: Mapping[str, Mapping[int | None, str]]) -> Row:
    texts = {key: names[key][found[key]] if key in names else found[key] or UNKNOWN for key in keys}
    ids = tuple(found[key] for key in keys)
    return texts | {"ids": ids, "order": [str(each) for each in ids], "group": ", ".join(texts.values())}


def _figures(found: Found) -> Row:
    money = {name: found[name] or Decimal(0) for name in MONEY_OF}  # none where nothing has a rate, nor needs one
    profit = exact([money["orig_total"], -money["term_total"]])
    counted = {name: found[name] for name in ("events", "single", *(f"volume_{unit}" for unit in VOLUMES))}
    return counted | money | {"profit": profit}


def _billed(row: Row) -> Row:
    """`row` with volumes in billing units, divided once."""
    return row | {f"volume_{unit}": ratio(row[f"volume_{unit}"], UNITS.get(unit, PLAIN).size) for unit in VOLUMES}


def _sum(rows: Sequence[Row]) -> Row:
    """Figures over `rows`, which hold every event once (G-10)."""
    exactly = (*MONEY_OF, "profit", *(f"volume_{unit}" for unit in VOLUMES))
    counted: Row = {name: sum(row[name] for row in rows) for name in ("events", "single")}
    return counted | {name: exact(row[name] for row in rows) for name in exactly}


def _together(rows: Iterable[Row], by: Callable[[Row], Hashable]) -> list[Row]:
    """One row for each value of `by`, in the order in which they first come, with its figures added up."""
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return [group[0] | _sum(group) for group in groups.values()]
