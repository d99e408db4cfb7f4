"""Money of few rows into the currency of a report, in Python's exact decimals (G-7, G-8).

For lists and sums whose rows come out of the engine anyway; where an engine adds up millions of
facts, `currency` has the rates inside the query.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from zoneinfo import ZoneInfo

import ibis.expr.types as ir

from reports_lib.metrics import currency
from reports_lib.metrics.currency import Places
from reports_lib.metrics.question import Warehouse
from reports_lib.values.clock import midnight
from reports_lib.values.money import DIGITS
from reports_lib.values.rates import Rates
from reports_lib.warehouse.scope import heads
from reports_lib.warehouse.statement import Tables

READ = ("company", "currency", "fx_rate")
_EXACT = Context(prec=2 * DIGITS)


@dataclass(frozen=True)
class Exchange:
    """The rates into one currency, and the decimals that each currency is shown with."""

    rates: Rates
    places_of: Mapping[str, Places]

    @classmethod
    def of(cls, warehouse: Warehouse, to: str) -> "Exchange":
        """As the warehouse declares them."""
        declared = currency.rates(warehouse.ask(currency.declared), warehouse.ask(heads), to)
        known = {row["code"]: Places(row["totals_precision"], row["details_precision"]) for row in warehouse.ask(every)}
        return cls(declared, known)

    @property
    def places(self) -> Places:
        """The decimals of the report's currency."""
        return self.places_of.get(self.rates.to, Places())

    def check(self, needs: Iterable[tuple[str, datetime]]) -> None:
        """Raise one `RateError` that names every currency and day without a rate."""
        self.rates.check(needs)

    def converted(self, amount: Decimal, source: str, at: datetime) -> Decimal:
        """`amount` of `source` at the rate in force at `at`, exact and unrounded; raises `RateError`."""
        return _EXACT.multiply(amount, self.rates.at(source, at))

    def places_for(self, currencies: Iterable[str]) -> int:
        """The decimals of a column that holds sums of all these currencies: those of the finest."""
        return max((self.places_of.get(code, Places()).totals for code in currencies), default=Places().totals)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum, exact however many digits there are."""
    with localcontext(prec=2 * DIGITS):
        return sum(amounts, start=Decimal(0))


def day_begins(day: date, zone: ZoneInfo, as_of: datetime) -> datetime:
    """The moment whose rate holds for a document of `day`: its local midnight; as-of, if that is earlier."""
    return min(midnight(day, zone), as_of)


def every(tables: Tables, _: object) -> ir.Table:
    """Every currency and its decimals."""
    return tables("currency").select("code", "totals_precision", "details_precision")
