"""Account transactions: what clients paid in, newest first (TW-59 … TW-64, M-62).

A deposit is an approved payment above 0 in the ledger: the very entries that Customer Dynamics calls balance
refills (M-09), so both come to the same total. Each is in its own currency, and in that of the report at the
rate of its moment (G-8).
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import ibis.expr.types as ir

from reports_lib.metrics import exchange, population
from reports_lib.metrics.exchange import Exchange, total
from reports_lib.metrics.inline import packed
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.timeline import end, naive, start
from reports_lib.metrics.whose import Picked, picks
from reports_lib.values.formats import number
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio
from reports_lib.values.spine import Bucket
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement


class Question(Picked, Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    account_id: str  # number of a client, here or in its own system; empty for all
    currency: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What the query depends on, beside the values that are filled in."""

    picks: frozenset[str] = frozenset()
    has_account: bool = False


@dataclass(frozen=True)
class Transactions:
    """What was found: deposits from the newest to the oldest, their sums, and where data lie (G-6).

    `by_time` has one row a day, or a month of a long period, the empty ones included (G-5); `unit` says which.
    """

    rows: list[dict[str, Any]]
    total: dict[str, Any]
    by_time: list[dict[str, Any]]
    unit: str
    data_interval: tuple[datetime, datetime] | None
    places: int
    own_places: int


def transactions(warehouse: Warehouse, asked: Question) -> Transactions:
    """The deposits of the period to the accounts of the clients that pass the filters.

    Raises `RateError` naming every currency and day that lacks a rate, `WarehouseError` naming all that the
    warehouse lacks.
    """
    warehouse.check(["ledger_entry", "invoice", "client", "client_tag", *exchange.READ])
    rates = Exchange.of(warehouse, asked.currency)
    chosen = picks(warehouse, asked)
    shape = Shape(frozenset(chosen), bool(asked.account_id.strip()))
    values = _values(asked) | {name: packed(rows) for name, rows in chosen.items()}
    found = sorted(warehouse.ask(query, shape, values), key=_newest)
    rates.check((row["currency"], row["at"]) for row in found)
    rows = [_row(row, asked, rates) for row in found]
    steps = Steps.of(asked.interval, asked.as_of)
    moments = [row["at"].replace(tzinfo=UTC) for row in found]
    return Transactions(
        rows=rows,
        total=_sums(rows),
        by_time=_by_time(rows, steps.buckets),
        unit=steps.unit.value,
        data_interval=(min(moments), max(moments)) if moments else None,
        places=rates.places.totals,
        own_places=rates.places_for({row["currency"] for row in found}),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), query, Shape())


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row a deposit of the period, with the names of its client and of the invoice that it paid."""
    entry, client, invoice = tables("ledger_entry"), tables("client"), tables("invoice")
    entry = entry.filter(
        entry.kind == "payment",
        entry.status == "approved",
        entry.amount > 0,
        entry.posted_at >= start(),
        entry.posted_at < end(),
    )
    if shape.picks:
        entry = entry.semi_join(population.clients(client, tables("client_tag"), shape.picks), "client_id")
    named = entry.left_join(client, "client_id").select(entry, client=client.name, outside=client.external_id)
    named = named.left_join(invoice, "invoice_id").select(named, invoice.account_number)
    if shape.has_account:
        named = named.filter((named.client_id.cast("string") == slot("account")) | (named.outside == slot("account")))
    return named.select(
        "entry_id", "client_id", "client", "currency", "amount", "account_number", "payment_account", "description",
        at=named.posted_at,
    )  # fmt: skip


def _values(asked: Question) -> dict[str, str]:
    bounds = {"start": naive(asked.interval.start), "end": naive(asked.interval.end)}
    return {name: at.isoformat(sep=" ") for name, at in bounds.items()} | {"account": asked.account_id.strip()}


def _row(found: Mapping[str, Any], asked: Question, rates: Exchange) -> dict[str, Any]:
    """What the list shows of a deposit.

    `base` is why it was paid: the number of the invoice, else the account it came in by, and the amount (TW-62).
    """
    code, amount = found["currency"], found["amount"]
    reason = found["account_number"] or found["payment_account"] or found["description"] or "Payment"
    return dict(found) | {
        "date": found["at"].replace(tzinfo=UTC).astimezone(asked.interval.zone),
        "base": f"{reason}, {number(amount, rates.places_for([code]))} {code}",
        "company_number": str(found["client_id"]),
        "refill": rates.converted(amount, code, found["at"]),
    }


def _by_time(rows: Sequence[Mapping[str, Any]], buckets: Sequence[Bucket]) -> list[dict[str, Any]]:
    inside: dict[int, list[Mapping[str, Any]]] = {}
    starts = [naive(bucket.start) for bucket in buckets]
    for row in rows:
        inside.setdefault(bisect_right(starts, row["at"]) - 1, []).append(row)
    return [
        {"time": bucket.key, "extent": "partial" if bucket.is_partial else "", **_sums(inside.get(place, []))}
        for place, bucket in enumerate(buckets)
    ]


def _sums(rows: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    whole = total(row["refill"] for row in rows)
    return {
        "deposits": len(rows),
        "clients": len({row["client_id"] for row in rows}),
        "refill": whole,
        "average": ratio(whole, len(rows)) if rows else None,
    }


def _newest(row: Mapping[str, Any]) -> tuple[timedelta, int]:
    """Newest first; of one moment the entry that was made last (G-11)."""
    return datetime.max - row["at"], -abs(row["entry_id"])  # noqa: DTZ901
