"""The list of xDRs: every rated event of the period, one row each, newest or oldest first (JD-80).

How many there are is asked first, in one small answer. The rows themselves are streamed: nobody holds them all.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from reports_lib.metrics import exchange, legs, question
from reports_lib.metrics.currency import AMOUNT
from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.legs import Criteria
from reports_lib.metrics.streamed import Clocks, streamed
from reports_lib.metrics.timeline import naive
from reports_lib.values.contact import RESULT_STATUSES
from reports_lib.values.interval import Interval
from reports_lib.warehouse.statement import Build, Dialect, Tables, statement


class Warehouse(question.Warehouse, Protocol):
    """One that also gives rows in batches."""

    def lazy(self, build: Build, shape: Hashable = None, values: Mapping[str, str] = ...) -> ir.Table:
        """What `ask` would ask, asked only when its rows are taken."""


class Question(Criteria, Protocol):
    """The parameters of a run, resolved."""

    as_of: datetime
    result_status: Sequence[str]  # of `RESULT_STATUSES`; none means all
    order: str  # newest or oldest first


@dataclass(frozen=True, slots=True)
class Shape:
    """What the queries depend on, beside the values that are filled in."""

    picks: frozenset[str] = frozenset()
    has_status: bool = False
    is_newest_first: bool = True


@dataclass(frozen=True)
class Xdrs:
    """What was found: how many events there are, by result and in all, where data lie (G-6), and what reads them.

    `has_fractions` if a volume is no whole number; `places` are the decimals that single charges need.
    """

    by_status: list[dict[str, Any]]
    count: int
    data_interval: tuple[datetime, datetime] | None
    places: int
    has_fractions: bool
    _rows: ir.Table
    _interval: Interval

    def rows(self) -> pa.RecordBatchReader:
        """All of them in order, a batch at a time, with times on the clocks of the report's zone.

        The warehouse is asked now, and must stay open until the last row is taken.
        """
        clocks = Clocks.of(self._interval.start, self._interval.end, self._interval.zone)
        return streamed(self._rows, clocks, ["at"])


def xdrs(warehouse: Warehouse, asked: Question) -> Xdrs:
    """The rated events of the clients that pass the filters; raises `WarehouseError` naming all that it lacks."""
    warehouse.check([*legs.READ, "currency"])
    chosen = legs.picks(warehouse, asked)
    shape = Shape(frozenset(chosen), bool(asked.result_status), asked.order == "newest")
    values = {name: packed(rows) for name, rows in chosen.items()} | _values(asked)
    found = warehouse.ask(counted, shape, values)
    details = {row["code"]: row["details_precision"] for row in warehouse.ask(exchange.every)}
    moments = [row[name].replace(tzinfo=UTC) for row in found for name in ("first_at", "last_at")]
    return Xdrs(
        by_status=_by_status(found),
        count=sum(row["events"] for row in found),
        data_interval=(min(moments), max(moments)) if moments else None,
        places=max((details.get(row["currency"], 4) for row in found), default=4),
        has_fractions=any(row["fractions"] for row in found),
        _rows=warehouse.lazy(query, shape, values),
        _interval=asked.interval,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most. Asks nobody."""
    statement(Dialect(), counted, Shape())


def counted(tables: Tables, shape: Shape) -> ir.Table:
    """How many events there are of each result and currency."""
    used = _used(tables, shape)
    return used.group_by("result_status", "currency").aggregate(
        events=_.count(),
        fractions=(_.volume != _.volume.cast("int64").cast(AMOUNT)).sum(),
        first_at=_.started_at.min(),
        last_at=_.started_at.max(),
    )


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row an event, with names beside ids, in a total order: by its beginning, then by its number (G-11)."""
    used = legs.legs(_used(tables, shape))
    service = tables("service").select("service_id", "unit", service=_.name)
    found = used.left_join(service, "service_id").select(used, service.service, service.unit)
    for side in ("orig_client", "term_client"):
        client = tables("client").select(**{f"{side}_id": _.client_id, f"{side}_name": _.name})  # joined twice
        named = ibis.coalesce(client[f"{side}_name"], found[side].cast("string"))
        joined = found.left_join(client, found[side] == client[f"{side}_id"])
        found = joined.select(found, **{f"{side}_name": named})
    status = found.result_status
    shown = status.cases(*RESULT_STATUSES.items(), else_=status)
    wanted = found.select(
        "usage_id", "at", "orig_client_name", "term_client_name", "account_id", "service", "code", "code_name",
        "country", "volume", "unit", "amount", "peer_amount", "currency", result=shown,
    )  # fmt: skip
    keys = [wanted.at, wanted.usage_id]
    return wanted.order_by([key.desc() for key in keys] if shape.is_newest_first else keys)


def _used(tables: Tables, shape: Shape) -> ir.Table:
    used = legs.usage(tables, shape.picks)
    return (
        used.semi_join(inline("result_status", {"result_status": "string"}), "result_status")
        if shape.has_status
        else used
    )


def _values(asked: Question) -> dict[str, str]:
    first, last = asked.interval.clipped(asked.as_of)
    bounds = {"start": naive(first).isoformat(sep=" "), "end": naive(last).isoformat(sep=" ")}
    return bounds | {"result_status": packed((status,) for status in asked.result_status)}


def _by_status(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a result, those without events too; what has none, or another, only where there is one."""
    known = {row["result_status"] for row in found}
    others = sorted(known - {None, *RESULT_STATUSES}) + ([None] if None in known else [])
    return [
        {
            "status": RESULT_STATUSES.get(each, each or legs.UNKNOWN),
            "events": sum(row["events"] for row in found if row["result_status"] == each),
        }
        for each in (*RESULT_STATUSES, *others)
    ]
