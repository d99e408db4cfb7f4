"""Income from what is bought on the platform: gross, refunds and net, by gateway and by method (M-75, M-76).

takings --one row a time that money moved--> stretch x gateway x method x currency: gross, refunds
    stretches end where rates change (`stretches`), so the sums are converted outside the engine

Which payments count, and when, `takings` says. Each sum is split from the same rows, so what gateways and what
methods come to is gross, exactly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import RateError
from reports_lib.metrics import exchange, takings
from reports_lib.metrics.exchange import Exchange
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.stretches import Stretches
from reports_lib.metrics.tallies import added, data_interval, whole, wide, with_extent
from reports_lib.metrics.timeline import place_within
from reports_lib.values.formats import number, quoted
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio
from reports_lib.values.selling import OTHER, PAYMENT_METHODS, UNKNOWN, label
from reports_lib.values.shares import shares_of_amounts
from reports_lib.warehouse.statement import Dialect, Tables, statement

FLOWS = ("gross", "refunds", "net", "payments", "refunded")
COUNTED = (*FLOWS, "purchases")
KINDS = {"gross": "Gross", "refunds": "Refunds", "net": "Net"}
SERIES = 8  # in one chart: more colours cannot be told apart
THE_REST = "All others"
NAMED = 5  # strange words that a note quotes


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    currency: str


@dataclass(frozen=True)
class Split:
    """Income by one thing: `rows` from the highest gross on, each with its `name` and its `share` of gross.

    `by_step` has the gross of each step and name; of more than `SERIES` the smaller ones stand together.
    """

    rows: list[dict[str, Any]]
    by_step: list[dict[str, Any]]

    @property
    def columns(self) -> dict[str, str]:
        """The names that `by_step` has, by the columns of `wide`: a gateway may be called anything."""
        names = dict.fromkeys(row["name"] for row in self.by_step)
        return {f"gross_{place}": name for place, name in enumerate(names, 1)}

    @property
    def wide(self) -> list[dict[str, Any]]:
        """One row a step, with the gross of each name in its column."""
        column = {name: column for column, name in self.columns.items()}
        return wide([row | {"column": column[row["name"]]} for row in self.by_step], "column", "gross")

    @property
    def total(self) -> dict[str, Any]:
        """The totals of `wide`."""
        return whole(self.wide, list(self.columns))


@dataclass(frozen=True)
class Income:
    """What was found, in the currency of the report, unrounded.

    `gross`, `refunds` and `net` are money; `payments` counts what is in gross, `refunded` what is in refunds, and
    `average` is gross by payments. `purchases` are those that were approved, by the moment of the purchase (M-71).
    `by_step` has one row a day or month, as `step` says.
    """

    total: dict[str, Any]
    by_step: list[dict[str, Any]]
    by_gateway: Split
    by_method: Split
    step: str
    places: int
    data_interval: tuple[datetime, datetime] | None
    notes: list[str]

    @property
    def by_kind(self) -> list[dict[str, Any]]:
        """One row a step and each of `KINDS`, with its `amount`."""
        rows = [(row, name) for row in self.by_step for name in KINDS]
        return [{"key": row["key"], "kind": KINDS[name], "amount": row[name]} for row, name in rows]


def income(warehouse: Warehouse, asked: Question) -> Income:
    """The income of the period.

    Raises `RateError` naming every currency and day that lacks a rate, `WarehouseError` naming all that the
    warehouse lacks.
    """
    warehouse.check([*takings.READ, "purchase", *exchange.READ])
    rates = Exchange.of(warehouse, asked.currency)
    steps = Steps.of(asked.interval, asked.as_of)
    stretches = Stretches.of(steps.buckets, rates.rates)
    found = _found(warehouse, stretches, rates) if steps.buckets else []
    bought = warehouse.ask(purchases, None, steps.values) if steps.buckets else []
    rows = [_row(row, stretches, rates) for row in found]
    counted = [*rows, *(dict.fromkeys(FLOWS, 0) | row for row in bought)]
    total = whole(counted, COUNTED)
    return Income(
        total=_averaged(total) | {"share": shares_of_amounts([total["gross"]])[0]},
        by_step=with_extent(steps.rows(added(counted, ["number"], COUNTED), COUNTED)),
        by_gateway=_split(rows, "gateway", steps),
        by_method=_split(rows, "method", steps),
        step=steps.name,
        places=rates.places.totals,
        data_interval=data_interval([*found, *bought]),
        notes=list(_notes(found)),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked. Asks nobody."""
    for build in (takings.by_stretch, purchases):
        statement(Dialect(), build, None)


def purchases(tables: Tables, _shape: None) -> ir.Table:
    """One row a step: the purchases that were approved (M-71)."""
    purchase = tables("purchase")
    facts = purchase.filter(purchase.status == "approved").select(at=purchase.purchased_at)
    placed = place_within(facts).group_by("number")
    return placed.aggregate(purchases=_.count(), first_at=_.at.min(), last_at=_.at.max())


def _found(warehouse: Warehouse, stretches: Stretches, rates: Exchange) -> list[dict[str, Any]]:
    found = warehouse.ask(takings.by_stretch, None, stretches.values)
    try:
        rates.check((row["currency"], stretches.start(row["number"])) for row in found)
    except RateError:  # by the days of the payments themselves
        rates.check((row["currency"], row["at"]) for row in warehouse.ask(takings.by_day, None, stretches.values))
        raise
    return sorted(found, key=lambda row: (row["number"], row["gateway"] or "", row["method"] or "", row["currency"]))


def _row(found: Mapping[str, Any], stretches: Stretches, rates: Exchange) -> dict[str, Any]:
    """A row of the query in the currency of the report, by step and by what gateway and method are called."""
    at, currency = stretches.start(found["number"]), found["currency"]
    gross, refunds = (rates.converted(found[name], currency, at) for name in ("gross", "refunds"))
    return {
        "number": stretches.step(found["number"]),
        "gateway": (found["gateway"] or "").strip() or UNKNOWN,
        "method": label(PAYMENT_METHODS, _word(found)),
        "gross": gross,
        "refunds": refunds,
        "net": exchange.total([gross, refunds.copy_negate()]),
        "payments": found["payments"],
        "refunded": found["refunded"],
        "purchases": 0,
    }


def _word(found: Mapping[str, Any]) -> str:
    """What a payment calls its method, without regard to capitals and blanks around it."""
    return (found["method"] or "").strip().lower()


def _averaged(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row) | {"average": ratio(row["gross"], row["payments"])}


def _split(rows: Sequence[Mapping[str, Any]], by: str, steps: Steps) -> Split:
    found = sorted(added(rows, [by], FLOWS), key=lambda row: row[by])
    found.sort(key=lambda row: row["gross"], reverse=True)  # of equals the first in the alphabet
    parts = shares_of_amounts([row["gross"] for row in found])
    names = [row[by] for row in found if row["gross"]]
    drawn = names if len(names) <= SERIES else [*names[: SERIES - 1], THE_REST]
    series = [dict(row) | {"name": row[by] if row[by] in drawn else THE_REST} for row in rows if row["gross"]]
    return Split(
        rows=[_averaged(row) | {"name": row[by], "share": part} for row, part in zip(found, parts, strict=True)],
        by_step=with_extent(steps.series(added(series, ["number", "name"], ["gross"]), "name", drawn, ["gross"])),
    )


def _notes(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the report has to say of payments that do not tell all there is to tell."""
    undated, back = (sum(row[name] for row in found) for name in ("undated", "undated_refunds"))
    strange = [row for row in found if _word(row) and _word(row) not in PAYMENT_METHODS]
    if undated:
        yield f"Payments that do not tell when they were paid: {number(undated)}, each counted when it was recorded."
    if back:
        yield f"Refunds that do not tell when they were made: {number(back)}, each counted when its payment was made."
    if strange:
        words = sorted({_word(row) for row in strange})
        listed = ", ".join(map(quoted, words[:NAMED])) + (" and others" if len(words) > NAMED else "")
        count = number(sum(row["payments"] + row["refunded"] for row in strange))
        yield f"Payments and refunds under {OTHER}: {count}, for their method is not known ({listed})."
