"""The calls behind a month's service lines: read once for all clients, kept one file an invoice.

    warehouse, at the data version of the sealed report --charged usage, client by client--> Parquet, in the store
                                                                  \
                                             its sums are those of the report's own lines, or there is no invoice

Rows stream: a client with a million of them takes as much memory as one with ten thousand, but for its file.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from fcntl import LOCK_SH
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from reports_lib.errors import ParameterError
from reports_lib.invoicing.annex import BATCH, COLUMNS, Call, Tally, line
from reports_lib.invoicing.document import Calls
from reports_lib.invoicing.evidence import Evidence, Key, Row
from reports_lib.invoicing.lines import Nets, Tax
from reports_lib.snapshots.store import Store
from reports_lib.values.clock import wall
from reports_lib.values.money import round_half_up
from reports_lib.warehouse.address import Address

if TYPE_CHECKING:  # half a second, for workers that have nothing to invoice
    import ibis.expr.types as ir

    from reports_lib.warehouse.connection import Warehouse

SUFFIX = "parquet"
ZERO, ONE = Decimal(0), Decimal(1)
PRINTED = 20_000  # rows that are printed at most; more are attached only
CHANGED = "its calls are no longer those of the report; ask for the month again"
FEW = 1_000  # clients, more than which are not named in a query
UNITS: Mapping[str, tuple[str, int]] = {"min": ("s", 1), "MB": ("MB", 1_000_000)}  # of a call, by that of its line
NAMES = ("client_id", "currency", "service_id", "at", "account_id", "code_name", "code", "country", "amount", "tax")


@dataclass(frozen=True, slots=True)
class Itemised:
    """An annex that is kept: its name in the store, and what the facts say of it."""

    name: str
    calls: Calls


@dataclass(frozen=True, slots=True)
class Source:
    """Where calls are read, whose they are (the id of the company that invoices), and where they are kept."""

    address: Address
    company: str
    store: Store


def itemised(
    source: Source, evidence: Evidence, taxes: Mapping[Key, Tax], form: Literal["csv", "pages"]
) -> dict[Key, Itemised | ParameterError]:
    """The annex of each of the keys that has service lines; an error where the calls are not those of its lines.

    That can be only where a warehouse keeps no earlier state. Raises `WarehouseError`, `DatabaseError`, `StoreError`.
    """
    from reports_lib.warehouse.connection import connect

    wanted = {key: items for key in taxes if (items := _services(evidence.charges[key]))}
    if not wanted:
        return {}
    found: dict[Key, Itemised | ParameterError] = {}
    version = evidence.data_version if source.address.is_lake else None
    with connect(source.address, version=version, as_of=evidence.as_of, company=source.company) as warehouse:
        for key, rows in groupby(_rows(warehouse, evidence, wanted), lambda row: (row["client_id"], row["currency"])):
            if key in wanted:
                found[key] = _kept(source.store, _File(evidence, wanted[key], taxes[key]), rows, form)
    return {key: found.get(key) or ParameterError(CHANGED) for key in wanted}


def _services(charges: list[Row]) -> dict[int, Row]:
    return {int(row["item"]): row for row in charges if row["kind"] == "service"}


def _rows(warehouse: "Warehouse", evidence: Evidence, wanted: Mapping[Key, object]) -> Iterator[Row]:
    """Charged usage in the order of clients, currencies and time."""
    import ibis

    from reports_lib.warehouse.charged import charged_usage

    bounds = (evidence.interval.start, evidence.interval.end)
    start, end = (ibis.literal(at.astimezone(UTC).replace(tzinfo=None), type="timestamp(6)") for at in bounds)
    facts: ir.Table = charged_usage(warehouse.table("usage_event"), start, end)
    clients = sorted({client for client, _ in wanted})
    if len(clients) < FEW:  # else it is quicker to read all of them
        facts = facts.filter(facts.client_id.isin(clients))
    ordered = facts.order_by("client_id", "currency", "at", "usage_id")
    quantity = (facts.billed - facts.covered).cast("decimal(38, 6)")
    with closing(ordered.select(*NAMES, quantity=quantity).to_pyarrow_batches(chunk_size=BATCH)) as batches:
        for batch in batches:
            yield from batch.to_pylist()


def _kept(store: Store, file: "_File", rows: Iterator[Row], form: Literal["csv", "pages"]) -> Itemised | ParameterError:
    content = file.written(rows)
    if not file.agrees:
        return ParameterError(CHANGED)
    calls = file.tally.calls(form)
    if calls.count > PRINTED:
        calls = replace(calls, form="csv")
    with store.lock(LOCK_SH):  # so that who clears away sees it as new, also where it was there before
        name = store.put(content, SUFFIX)
        os.utime(store.path(name))
    return Itemised(name, calls)


@dataclass(slots=True)
class _Sums:
    """Of the calls of one line."""

    events: int = 0
    gross: Decimal = ZERO
    tax: Decimal = ZERO


class _File:
    """One annex in the making; `charges` are its service lines by service, as the report has them."""

    def __init__(self, evidence: Evidence, charges: Mapping[int, Row], tax: Tax) -> None:
        self.tally = Tally()
        self._zone = evidence.interval.zone
        self._charges = charges
        self._nets = Nets(tax)
        self._sums = {item: _Sums() for item in charges}
        self._strays = 0  # calls of services without a line

    def written(self, rows: Iterator[Row]) -> bytes:
        """The rows as Parquet, always the same bytes."""
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, COLUMNS, compression="zstd") as writer:
            self.tally.add([])
            part: list[Call] = []
            for row in rows:
                part += self._call(row)
                if len(part) == BATCH:
                    self._write(writer, part)
                    part = []
            self._write(writer, part)
        return bytes(sink.getvalue())

    @property
    def agrees(self) -> bool:
        """Whether what was read is what the lines add up."""
        told = {item: _Sums(row["events"], row["gross"], row["tax"]) for item, row in self._charges.items()}
        return not self._strays and self._sums == told

    def _write(self, writer: pq.ParquetWriter, part: list[Call]) -> None:
        columns = {name: [getattr(call, name) for call in part] for name in COLUMNS.names}
        writer.write_batch(pa.RecordBatch.from_pydict(columns, schema=COLUMNS))
        self.tally.add(part)

    def _call(self, row: Mapping[str, Any]) -> Iterator[Call]:
        item = row["service_id"]
        if item not in self._charges:
            self._strays += 1
            return
        charge, sums = self._charges[item], self._sums[item]
        sums.events += 1
        sums.gross += row["amount"]
        sums.tax += row["tax"] or ZERO
        unit, size = UNITS.get(charge["unit"] or "", (charge["unit"] or "", 1))
        yield Call(
            at=wall(row["at"].replace(tzinfo=UTC), self._zone),
            service=line(charge["description"]),
            number=line(row["account_id"]),
            destination=line(row["code_name"] or row["country"] or row["code"]),
            quantity=round_half_up((row["quantity"] or (ZERO if unit else ONE)) / size, 6),
            unit=unit,
            amount=self._nets.of(item, row["amount"], row["tax"]),
        )
