"""Money in the currency of the report: flows at the rate of their moment, balances at that of a bucket's end (G-8).

A fact finds its rate as it finds its bucket, by currency, UTC day and two comparisons. A missing
rate is null, never 1 and never a dropped row: whoever sums also counts what lacks a rate, and the
report fails by the names of those currencies and days.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.inline import inline
from reports_lib.metrics.timeline import TIME, Timeline, naive, pieces, rows
from reports_lib.values.rates import ALWAYS, Rates, Segment

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

    def rated(self, facts: ir.Table) -> ir.Table:
        """`facts` with `rate`, that of their `currency` at `at`, which lies within the report; else null."""
        rates = inline(
            self._pieces(), {"currency": "string", "day": "date", "starts": TIME, "ends": TIME, "rate": RATE}
        )
        found = facts.left_join(
            rates,
            [
                facts.currency == rates.currency,
                facts.at.date() == rates.day,
                rates.starts <= facts.at,
                facts.at < rates.ends,
            ],
        )
        one = ibis.literal(1).cast(RATE)
        return found.select(facts, rate=(facts.currency == self.to).ifelse(one, rates.rate))

    def at_ends(self) -> ir.Table:
        """The `rate` of every `currency` that has one at the end of each bucket `number`."""
        rows: list[tuple[object, ...]] = []
        for bucket in self.timeline.buckets:
            rows.append((bucket.number, self.to, 1))
            for currency, segments in self.segments.items():
                if found := _in_force(segments, naive(bucket.end)):
                    rows.append((bucket.number, currency, found[2]))
        # as wide as the sums it is multiplied with, or Ibis finds no type for the product
        return inline(rows, {"number": "int64", "currency": "string", "rate": RATE})

    def _pieces(self) -> Iterable[tuple[object, ...]]:
        start, end = self.timeline.start, self.timeline.end
        for currency, segments in self.segments.items():
            for since, until, rate in segments:
                for piece in pieces(max(since, start), min(until or end, end)):
                    yield currency, *piece, rate


def rates(fx_rate: ir.Table, company: ir.Table, currency: str) -> Rates:
    """All rates into `currency`, executed.

    Where no pair is declared they go over the base currency, that of the company at the head of the group.
    """
    heads = rows(company.filter(company.parent_company_id.isnull()).order_by("company_id").limit(1))
    declared = [(r["from_currency"], r["to_currency"], r["effective_from"], r["rate"]) for r in rows(fx_rate)]
    return Rates.of(declared, to=currency, base=heads[0]["currency"] if heads else None)


@dataclass(frozen=True)
class Places:
    """Decimals that amounts are shown with: sums, and averages (G-7)."""

    totals: int = 2
    details: int = 4


def places(currency: ir.Table, code: str) -> Places:
    """The decimals of a currency, executed; the usual ones if it does not say."""
    found = rows(currency.filter(currency.code == code))
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
