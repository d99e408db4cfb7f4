"""Questions about invoices, and rows of them in few words, for the tests of the billing reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from books import at

from reports_lib.values.interval import Interval
from reports_lib.warehouse.connection import NO_VALUES
from reports_lib.warehouse.scope import WHOLE
from reports_lib.warehouse.statement import AS_OF, Dialect, statement
from reports_lib.warehouse.tables import TABLES

Row = dict[str, Any]
READ = ("client", "client_activity", "client_tag", "company", "currency", "fx_rate", "invoice", "invoice_line")
READ += ("invoice_revision", "ledger_entry", "package", "payment", "service", "subscription", "subscription_period")
READ += ("usage_event", "cdr_file", "help_ticket", "call", "trunk")
UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the three notebooks."""

    interval: Interval
    as_of: datetime = NOW
    time_zone: ZoneInfo = UTC_ZONE
    account_id: str = ""
    dates: str = "billing_period"
    status: Sequence[str] = ()
    payment: Sequence[str] = ()
    client_type: Sequence[str] = ()
    client_tags: Sequence[str] = ()
    company: Sequence[str] = ()
    include_sub_companies: bool = False
    currency: str = "USD"
    past_month: str = "previous"


class Held:
    """Given rows in a DuckDB in memory, asked as a lake is: quick, for facts that no engine can change."""

    scope = WHOLE

    def __init__(self, tables: Any, as_of: datetime, arrow: Any) -> None:
        self._con = duckdb.connect()
        self._names = {*READ, *tables}
        for name in self._names:
            self._con.register(name, arrow(name, tables.get(name, [])))
        self._as_of = as_of.replace(tzinfo=None).isoformat(sep=" ")

    def check(self, names: Any) -> None:
        assert set(names) <= self._names <= set(TABLES)

    def ask(self, build: Any, shape: Any = None, values: Any = NO_VALUES) -> list[Row]:
        found = statement(Dialect(), build, shape)
        rows = self._con.execute(found.filled({**values, AS_OF: self._as_of})).fetchall()
        return [dict(zip(found.columns, row, strict=True)) for row in rows]


def asked(interval: str = "2026-01-01/2026-12-31", zone: str = "UTC", **changes: Any) -> Asked:
    as_of = changes.get("as_of", NOW)
    return Asked(Interval.parse(interval, ZoneInfo(zone), as_of), time_zone=ZoneInfo(zone), **changes)


def bill(number: int, who: int, total: str, made: str = "2026-10-01", **columns: Any) -> Row:
    """A recorded monthly invoice for the month before it was `made`, due 14 days later, nothing of it paid."""
    day: date = at(made).date()
    end = datetime(day.year, day.month, 1)
    row = {"invoice_id": number, "account_number": f"A202610-{number:04}", "file_name": f"A202610-{number:04}.pdf"}
    row |= {"client_id": who, "kind": "monthly", "status": "RECORDED", "invoice_date": day, "currency": "USD"}
    row |= {"period_start": (end - timedelta(days=1)).replace(day=1), "period_end": end, "created_at": at(made)}
    money = {"total": Decimal(total), "paid_to_date": Decimal(columns.pop("paid", "0"))}
    return row | money | {"due_date": day + timedelta(days=14)} | columns


def paid(invoice: int | None, when: str, amount: str, back: tuple[str, str] | None = None, **columns: Any) -> Row:
    """A payment of an invoice; `back` is when how much of it was refunded."""
    row = {
        "invoice_id": invoice,
        "client_id": 1,
        "amount": Decimal(amount),
        "paid_at": at(when),
        "created_at": at(when),
    }
    refund = {"refunded_at": at(back[0]), "refunded_amount": Decimal(back[1])} if back else {}
    return row | refund | columns


def revised(invoice: int, number: int, when: str, total: str, **columns: Any) -> Row:
    row = {"invoice_id": invoice, "revision_no": number, "revised_at": at(when), "total": Decimal(total)}
    return row | {"paid_amount": Decimal(5), "document_sha256": "ab" * 32} | columns


def file(number: int, status: str, uploaded: str, processed: str | None = None, **columns: Any) -> Row:
    row = {"file_id": number, "status": status, "uploaded_at": at(uploaded), "size_bytes": 1024}
    return row | {"processed_at": processed and at(processed)} | columns
