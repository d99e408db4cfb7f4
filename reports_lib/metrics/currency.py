"""Money in the currency of the report: flows at the rate of their moment, balances at that of a bucket's end (G-8).

A fact finds its rate as it finds its bucket, by currency, UTC day and two comparisons. A missing
rate is null, never 1 and never a dropped row: whoever sums also counts what lacks a rate, and the
report fails by the names of those currencies and days.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.timeline import TIME, Timeline, naive, pieces
from reports_lib.values.rates import ALWAYS, Rates, Segment
from reports_lib.warehouse.statement import Tables, slot

Row = Mapping[str, Any]
AMOUNT = "decimal(18, 6)"  # as the warehouse has it; Ibis makes a difference of two wider than it can multiply
MONEY = "decimal(38, 15)"  # exact: amounts have 6 decimals and rates 9
RATE = "decimal(38, 9)"


@dataclass(frozen=True)
class Conversion:
    """The rates of every other currency into that of the report, while the report lasts."""

    to: str
    segments: Mapping[str, tuple[Segment, ...]]
    timeline: Timeline

    @classmethod
    def of(cls, rates: Rates, timeline: Timeline, *, is_fixed: bool = False) -> "Conversion":
        """From declared rates; `is_fixed` takes those at the report's end for everything."""
        currencies = {source for source, _ in rates.pairs} - {rates.to}
        segments = {currency: rates.segments(currency) for currency in sorted(currencies)}
        if is_fixed:
            ends = {currency: _in_force(found, timeline.end) for currency, found in segments.items()}
            segments = {c: ((ALWAYS, None, s[2]),) for c, s in ends.items() if s is not None}
        return cls(rates.to, segments, timeline)

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of this module."""
        ends = [(bucket.number, naive(bucket.end)) for bucket in self.timeline.buckets]
        at_ends: list[tuple[object, ...]] = [(number, self.to, 1) for number, _ in ends]
        for currency, segments in self.segments.items():
            at_ends += [(n, currency, found[2]) for n, end in ends if (found := _in_force(segments, end))]
        return {"currency": self.to, "rates": packed(self._pieces()), "end_rates": packed(at_ends)}

    def _pieces(self) -> Iterable[tuple[object, ...]]:
        start, end = self.timeline.start, self.timeline.end
        for currency, segments in self.segments.items():
            for since, until, rate in segments:
                for starts, ends in pieces(max(since, start), min(until or end, end)):
                    yield currency, starts, ends, rate


def rated(facts: ir.Table) -> ir.Table:
    """`facts` with `rate`, that of their `currency` at `at`, which lies within the report; else null."""
    rates = _rates()
    found = facts.left_join(
        rates,
        [
            facts.currency == rates.currency,
            facts.at.date() == rates.starts.date(),
            rates.starts <= facts.at,
            facts.at < rates.ends,
        ],
    )
    one = ibis.literal(1).cast(RATE)
    return found.select(facts, rate=(facts.currency == report_currency()).ifelse(one, rates.rate))


def report_currency() -> ir.StringValue:
    """The currency of the report."""
    return slot("currency")


@cache
def at_ends() -> ir.Table:
    """The `rate` of every `currency` that has one at the end of each bucket `number`."""
    # as wide as the sums it is multiplied with, or Ibis finds no type for the product
    return inline("end_rates", {"number": "int64", "currency": "string", "rate": RATE})


@cache
def _rates() -> ir.Table:
    return inline("rates", {"currency": "string", "starts": TIME, "ends": TIME, "rate": RATE})


def declared(tables: Tables, _: object) -> ir.Table:
    """Every rate that is declared."""
    return tables("fx_rate").select("from_currency", "to_currency", "effective_from", "rate")


def precision(tables: Tables, _: object) -> ir.Table:
    """The decimals that the report's currency says it has."""
    currency = tables("currency")
    return currency.filter(currency.code == report_currency()).select("totals_precision", "details_precision")


def rates(declared: Iterable[Row], companies: Iterable[Row], currency: str) -> Rates:
    """All rates into `currency`; where no pair is declared they go over that of the group's head company."""
    pairs = [(r["from_currency"], r["to_currency"], r["effective_from"], r["rate"]) for r in declared]
    heads = [(r["company_id"], r["currency"]) for r in companies if r["parent_company_id"] is None]
    return Rates.of(pairs, to=currency, base=min(heads, key=_number)[1] if heads else None)


def _number(head: tuple[int | None, str | None]) -> tuple[bool, int]:
    """The lowest first, and one without a number last, as an engine orders them."""
    return head[0] is None, head[0] or 0


@dataclass(frozen=True)
class Places:
    """Decimals that amounts are shown with: sums, and averages (G-7)."""

    totals: int = 2
    details: int = 4


def places(found: Sequence[Row]) -> Places:
    """The decimals of a currency; the usual ones if it does not say."""
    return Places(found[0]["totals_precision"], found[0]["details_precision"]) if found else Places()


def converted(amount: ir.NumericValue, rate: ir.NumericValue) -> ir.DecimalValue:
    """`amount * rate`, exactly.

    DuckDB gives the product of two short decimals no room to grow, so one is made wide first; the
    cast of the product mends Ibis, which gives it too few decimals.
    """
    return (amount.cast("decimal(38, 6)") * rate).cast(MONEY)


def _in_force(segments: tuple[Segment, ...], at: datetime) -> Segment | None:
    """The segment that holds at `at`; they are in order and do not overlap."""
    index = bisect_right(segments, at, key=lambda segment: segment[0]) - 1
    if index < 0:
        return None
    until = segments[index][1]
    return segments[index] if until is None or at < until else None
