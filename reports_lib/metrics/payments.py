"""The list of payments as gateways report them, newest first, each as it stood at as-of (MS-46 … MS-54).

How many there are of which kind is asked first, in one small answer. The rows themselves are streamed: nobody holds
them all. Amounts are in the currencies they were paid in, and none is added to one of another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from reports_lib.metrics import exchange, payment_record, question
from reports_lib.metrics.payment_search import Question, Shape, shape_of, values_of, wanted
from reports_lib.metrics.streamed import Clocks, streamed
from reports_lib.metrics.tallies import added, data_interval, shared, whole
from reports_lib.values.money import round_half_up
from reports_lib.values.selling import PAYMENT_STATUSES
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Build, Dialect, Tables, statement

GATEWAYS = 12  # in one chart
THE_REST = "All others"
SUMS = ("payments", "amount", "approved", "approved_amount")
_SUM = "decimal(38, 6)"


class Warehouse(question.Warehouse, Protocol):
    """One that also gives rows in batches."""

    def lazy(self, build: Build, shape: object = None, values: Mapping[str, str] = ...) -> ir.Table:
        """What `ask` would ask, asked only when its rows are taken."""


@dataclass(frozen=True)
class Payments:
    """What was found: how many there are and of which kinds, where data lie (G-6), and what reads the rows.

    `by_status` and `by_gateway` count them with their `share` of all; `by_currency` has the sums of each currency,
    the one with the most payments first, and the `places` of its decimals; `places` are those of a column of all
    currencies shown.
    """

    total: dict[str, Any]
    by_status: list[dict[str, Any]]
    by_gateway: list[dict[str, Any]]
    by_currency: list[dict[str, Any]]
    places: int
    data_interval: tuple[datetime, datetime] | None
    _rows: ir.Table
    _clocks: Clocks

    @property
    def largest_gateways(self) -> list[dict[str, Any]]:
        """Those that a chart has room for; the smaller ones stand together."""
        if len(self.by_gateway) <= GATEWAYS:
            return self.by_gateway
        first, rest = self.by_gateway[: GATEWAYS - 1], self.by_gateway[GATEWAYS - 1 :]
        return [*first, whole(rest, ["payments", "approved", "share"]) | {"gateway": THE_REST}]

    @property
    def headlines(self) -> list[dict[str, Any]]:
        """What was approved in each currency in which anything was; if nothing was, what all payments came to."""
        what, name = ("Approved", "approved_amount") if self.total["approved"] else ("Amount", "amount")
        return [
            {"label": f"{what}, {row['currency']}", "amount": round_half_up(Decimal(row[name]), row["places"])}
            for row in self.by_currency
            if row["approved"] or not self.total["approved"]
        ]

    def rows(self) -> pa.RecordBatchReader:
        """All of them in order, a batch at a time, with times on the clocks of the report's zone.

        The warehouse is asked now, and must stay open until the last row is taken.
        """
        return streamed(self._rows, self._clocks, ["created_at"])


def payments(warehouse: Warehouse, asked: Question) -> Payments:
    """The payments that were asked for.

    Raises `ParameterError` for bounds of amounts that leave nothing between them, `WarehouseError` naming all that
    the warehouse lacks.
    """
    warehouse.check([*payment_record.READ, "currency"])
    shape, values = shape_of(asked), values_of(asked)
    found = [_row(row) for row in sorted(warehouse.ask(counted, shape, values), key=_order)]
    places = {row["code"]: row["totals_precision"] for row in warehouse.ask(exchange.every)}
    return Payments(
        total=_total(found),
        by_status=_by_status(found),
        by_gateway=shared(added(found, ["gateway"], ["payments", "approved"]), "gateway", "payments"),
        by_currency=[
            row | {"places": places.get(row["currency"], 2)}
            for row in shared(added(found, ["currency"], SUMS), "currency", "payments")
        ],
        places=max((places.get(row["currency"], 2) for row in found), default=2),
        data_interval=data_interval(found),
        _rows=warehouse.lazy(query, shape, values),
        _clocks=_clocks(found, asked.interval.zone),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most. Asks nobody."""
    statement(Dialect(), counted, Shape())


def counted(tables: Tables, shape: Shape) -> ir.Table:
    """How many payments there are of each status, gateway and currency, and what they come to.

    `first_at` and `last_at` are of the moments that the period is about, `made_first` and `made_last` of their making.
    """
    found = wanted(tables, shape)
    found = found.mutate(at=found.created_at if shape.is_one else found[shape.dates])
    return found.group_by("status", "gateway", "currency").aggregate(
        payments=_.count(),
        amount=_.amount.sum().cast(_SUM),
        first_at=_.at.min(),
        last_at=_.at.max(),
        made_first=_.created_at.min(),
        made_last=_.created_at.max(),
    )


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row a payment, in a total order: by its making, then by its number (G-11)."""
    found = wanted(tables, shape)
    shown = found.status.cases(*PAYMENT_STATUSES.items(), else_=found.status)
    listed = found.select(
        "payment_id", "customer", "customer_id",
        "transaction_id", "invoice_number", "gateway", "amount", "currency", "created_at",
        state=shown,
    )  # fmt: skip
    return listed.order_by([listed.created_at.desc(), listed.payment_id.desc()])


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    is_approved = found["status"] == "approved"
    sums = {"approved": found["payments"], "approved_amount": found["amount"]}
    return dict(found) | (sums if is_approved else dict.fromkeys(sums, 0))


def _total(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total = whole(found, ["payments", "approved"])
    return total | {"share": shares([total["payments"]])[0]}


def _order(found: Mapping[str, Any]) -> tuple[str, ...]:
    return found["status"], found["gateway"], found["currency"]


def _by_status(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a status in their usual order, those without payments too, and other words after them."""
    number = {row["status"]: row["payments"] for row in added(found, ["status"], ["payments"])}
    words = dict.fromkeys((*PAYMENT_STATUSES, *sorted(number)))
    counts = [number.get(word, 0) for word in words]
    named = [PAYMENT_STATUSES.get(word, word) for word in words]
    return [
        {"state": name, "payments": count, "share": part}
        for name, count, part in zip(named, counts, shares(counts), strict=True)
    ]


def _clocks(found: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Clocks:
    """Clocks that know the moments at which all these payments were made."""
    first = min((row["made_first"] for row in found), default=datetime(2000, 1, 1))  # noqa: DTZ001  as the warehouse has it
    last = max((row["made_last"] for row in found), default=first)
    return Clocks.of(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC) + timedelta(seconds=1), zone)
