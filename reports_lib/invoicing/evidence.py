"""What a billing run found: the sealed tables of its report, exact, whoever reads them and whenever.

The report's notebook saves `lines` (every charge), `clients` (its sums, with the invoice there is already) and
`gate` (what to look at); nothing is asked of the warehouse again, so two who issue it make the same invoices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Self
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from reports_lib.errors import StateError
from reports_lib.snapshots.seal import open_snapshot
from reports_lib.snapshots.store import Store
from reports_lib.values.interval import Interval

FAMILY = "invoice"
TABLES = ("lines", "clients", "gate")
INVOICED = "invoiced"  # the status of a client that has its invoice already

Row = dict[str, Any]
Key = tuple[int, str]  # client, currency


@dataclass(frozen=True)
class Evidence:
    """The tables of one report of the family `invoice`, and what it was asked."""

    snapshot: str
    interval: Interval
    as_of: datetime
    tables: Mapping[str, list[Row]]
    data_version: str = ""  # that it was read at

    @classmethod
    def read(cls, store: Store, snapshot: str) -> Self:
        """That of a snapshot. Raises `StateError` if it is no such report, and what reading it raises."""
        manifest = open_snapshot(store, snapshot)
        files = {name: manifest.files.get(f"table:{name}") for name in TABLES}
        if manifest.family != FAMILY or None in files.values():
            raise StateError(f"snapshot {snapshot[:12]} is no report that invoices can be made of")
        return cls(
            snapshot=snapshot,
            interval=Interval.parse(
                str(manifest.resolved["interval"]), ZoneInfo(str(manifest.time_zone)), manifest.as_of
            ),
            as_of=manifest.as_of,
            tables={name: _rows(store.read(file.name)) for name, file in files.items() if file},
            data_version=manifest.data_version,
        )

    @property
    def is_over(self) -> bool:
        """Whether the month had ended when the report was made (M-61)."""
        return self.as_of >= self.interval.end

    @property
    def days(self) -> tuple[date, date]:
        """First and last local day of the month."""
        zone = self.interval.zone
        last = self.interval.end - timedelta(microseconds=1)
        return self.interval.start.astimezone(zone).date(), last.astimezone(zone).date()

    @property
    def month(self) -> str:
        """`2026-10`."""
        return f"{self.days[0]:%Y-%m}"

    @cached_property
    def charges(self) -> dict[Key, list[Row]]:
        """The charges of each client and currency that is to be billed, in the order of a document."""
        wanted = [row for row in self.tables["clients"] if row["client_id"] and row["status"] != INVOICED]
        found: dict[Key, list[Row]] = {_key(row): [] for row in wanted}
        for row in self.tables["lines"]:
            if row["client_id"] and (key := _key(row)) in found:
                found[key].append(row)
        return found

    @property
    def invoiced(self) -> set[str]:
        """The numbers of the month's invoices that the report found."""
        return {number for row in self.tables["clients"] for number in row["invoice"].split(", ") if number}

    @property
    def skipped(self) -> int:
        """Clients and currencies that have an invoice of the month already."""
        return sum(row["status"] == INVOICED for row in self.tables["clients"])

    def reasons(self, client: int, currency: str) -> list[str]:
        """Why that invoice has to wait for a person, by what the report found."""
        return list(dict.fromkeys(f"{row['reason']}: {row['detail']}" for row in self._holding(client, currency)))

    def _holding(self, client: int, currency: str) -> Iterator[Row]:
        for row in self.tables["gate"]:
            is_whole = not row["client_id"]
            is_his = not is_whole and int(row["client_id"]) == client and row["currency"] in ("", None, currency)
            if row["holds"] == "yes" and (is_whole or is_his):
                yield row


def _key(row: Row) -> Key:
    return int(row["client_id"]), row["currency"]


def _rows(parquet: bytes) -> list[Row]:
    table = pq.ParquetFile(pa.BufferReader(parquet)).read()
    rows: list[Row] = table.drop_columns(["__total"]).to_pylist()
    return rows
