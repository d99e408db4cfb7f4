"""Invoices of a period, each as it stood at as-of (TW-34 … TW-53, M-60, M-61, M-64).

A row is one invoice in its own currency, and in that of the report: `issued`, its total at the rate of
its invoice date, and `still_owing`, what is owing at the rate of as-of (G-8). Both are None unless it
is recorded: a draft owes nothing, and what is void was never issued.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from reports_lib.metrics import exchange, population
from reports_lib.metrics.exchange import Exchange, day_begins, total
from reports_lib.metrics.inline import packed
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.standing import PAID, PARTLY, READ, RECORDED, UNPAID, standing
from reports_lib.metrics.timeline import TIME, end, local, naive, start
from reports_lib.metrics.whose import Picked, picks
from reports_lib.values.formats import NOTHING, day
from reports_lib.values.interval import Interval
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement

BILLED, CREATED = "billing_period", "created_at"
STATES = {PAID: "Paid", PARTLY: "Partly paid", UNPAID: "Unpaid"}  # of a recorded invoice, as people read them
LISTED = (
    *("invoice_id", "account_number", "file_name", "client_id", "client", "kind", "status", "payment"),
    *("invoice_date", "period_start", "period_end", "due", "due_date", "currency", "total", "paid", "owing"),
    *("created_at", "revisions"),
)
_SKEW = timedelta(hours=14)  # by how much a month elsewhere begins earlier or later than here
_MONTH = (timedelta(days=27), timedelta(days=32))  # how long a month is in any zone, clocks that change included


class Question(Picked, Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    account_id: str  # of a client or an invoice; empty for all
    dates: str  # BILLED or CREATED: what has to lie within the interval
    status: Sequence[str]
    payment: Sequence[str]
    currency: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What the query depends on, beside the values that are filled in."""

    picks: frozenset[str] = frozenset()
    statuses: tuple[str, ...] = ()
    payments: tuple[str, ...] = ()
    account: str = ""  # "number", "text", or empty where none is looked for
    dates: str = BILLED


@dataclass(frozen=True)
class Invoices:
    """What was found: rows from the newest to the oldest, their revisions, sums, and where data lie (G-6).

    `places` are the decimals of the report's currency, `own_places` those of a column of all currencies shown.
    """

    rows: list[dict[str, Any]]
    revisions: list[dict[str, Any]]
    total: dict[str, Any]
    data_interval: tuple[datetime, datetime] | None
    places: int
    own_places: int

    @property
    def by_month(self) -> list[dict[str, Any]]:
        """What recorded invoices came to by the month they were made for, or made in; months without any left out."""
        months = sorted({row["month"] for row in self.rows if row["issued"] is not None})
        return [{"month": month, **_sums(row for row in self.rows if row["month"] == month)} for month in months]

    @property
    def by_state(self) -> list[dict[str, Any]]:
        """What recorded invoices came to by how far they are paid."""
        return [{"state": STATES[state], **_sums(r for r in self.rows if r["payment"] == state)} for state in STATES]


def invoices(warehouse: Warehouse, asked: Question) -> Invoices:
    """The invoices of the period that pass the filters.

    Raises `RateError` naming every currency and day that lacks a rate, `WarehouseError` naming all that the
    warehouse lacks.
    """
    warehouse.check([*READ, *exchange.READ, "client", "client_tag"])
    rates = Exchange.of(warehouse, asked.currency)
    chosen = picks(warehouse, asked)
    shape, values = _shape(asked, chosen), _values(asked) | {name: packed(rows) for name, rows in chosen.items()}
    found = sorted(warehouse.ask(query, shape, values), key=_newest)
    zone, recorded = asked.interval.zone, [row for row in found if row["status"] == RECORDED]
    dated = {row["invoice_id"]: day_begins(row["invoice_date"], zone, asked.as_of) for row in recorded}
    rates.check((row["currency"], dated[row["invoice_id"]]) for row in recorded)
    rates.check((row["currency"], asked.as_of) for row in recorded if row["owing"])
    rows = [_row(row, asked, rates, dated.get(row["invoice_id"])) for row in found]
    revised = warehouse.ask(revisions, shape, values) if any(row["revisions"] for row in found) else []
    moments = [row["created_at"].replace(tzinfo=UTC) for row in found]
    return Invoices(
        rows=rows,
        revisions=[_revision(row, zone) for row in sorted(revised, key=_latest)],
        total=_sums(rows),
        data_interval=(min(moments), max(moments)) if moments else None,
        places=rates.places.totals,
        own_places=rates.places_for({row["currency"] for row in found}),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most: the bills of a period, with no filter. Asks nobody."""
    statement(Dialect(), query, Shape())


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row an invoice of the period, with the client's name."""
    found, client = _of_period(standing(tables), shape), tables("client")
    if shape.picks:
        kept = population.clients(client, tables("client_tag"), shape.picks)
        found = found.semi_join(kept, "client_id")
    named = found.left_join(client, "client_id").select(found, client=client.name, outside=client.external_id)
    if shape.statuses:
        named = named.filter(named.status.isin(shape.statuses))
    if shape.payments:
        named = named.filter(named.payment.isin(shape.payments))
    if shape.account:
        named = named.filter(_is_of_account(named, shape))
    return named.select(*LISTED)


def revisions(tables: Tables, shape: Shape) -> ir.Table:
    """The revisions of these invoices (TW-43 … TW-50): append-only, numbered from 1 (M-60)."""
    revision, found = tables("invoice_revision"), query(tables, shape)
    joined = revision.inner_join(found, "invoice_id")
    return joined.select(
        "account_number", "currency", "revision_no", "paid_amount", "revised_at", "revised_by_name",
        "revised_by_email", "comment", "document_sha256", new_total=revision.total,
    )  # fmt: skip


def _of_period(found: ir.Table, shape: Shape) -> ir.Table:
    """Invoices made within the period, or made for some of it; one without a period counts by its making.

    A month is cut by the clocks of whoever billed it; what reaches into the period by that alone is not of it.
    """
    is_made = (found.created_at >= start()) & (found.created_at < end())
    if shape.dates == CREATED:
        return found.filter(is_made)
    is_billed = (found.period_start < slot("before").cast(TIME)) & (found.period_end > slot("after").cast(TIME))
    return found.filter(found.period_start.isnull().ifelse(is_made, is_billed))


def _is_of_account(found: ir.Table, shape: Shape) -> ir.BooleanValue:
    """Whether the invoice or its client is the one looked for (TW-51).

    Digits are the number of a client, here or in its own system, or a whole account number; any other text
    is what an account number begins with, in any case.
    """
    text = slot("account")
    is_outside = (found.outside == text).coalesce(ibis.literal(False))
    if shape.account == "number":
        return (found.client_id.cast("string") == text) | is_outside | (found.account_number == text)
    return found.account_number.upper().startswith(text.upper()) | is_outside


def _shape(asked: Question, chosen: Collection[str]) -> Shape:
    text = asked.account_id.strip()
    kind = "" if not text else "number" if text.isascii() and text.isdecimal() else "text"
    return Shape(frozenset(chosen), tuple(asked.status), tuple(asked.payment), kind, asked.dates)


def _values(asked: Question) -> dict[str, str]:
    first, last = naive(asked.interval.start), naive(asked.interval.end)
    skew = min(_SKEW, (last - first) / 2)
    bounds = {"start": first, "end": last, "after": first + skew, "before": last - skew}
    return {name: at.isoformat(sep=" ") for name, at in bounds.items()} | {"account": asked.account_id.strip()}


def _row(found: Mapping[str, Any], asked: Question, rates: Exchange, dated: datetime | None) -> dict[str, Any]:
    """What a list shows of an invoice; times are local."""
    zone, code = asked.interval.zone, found["currency"]
    period, month = _period(found, zone)
    owing, today = found["owing"], asked.as_of.astimezone(zone).date()
    return dict(found) | {
        "client_number": str(found["client_id"]),
        "period": period,
        "month": month,
        "created_at": local(found["created_at"], zone),
        "state": _state(found),
        "late": (today - found["due"]).days if owing and today > found["due"] else None,
        "issued": None if dated is None else rates.converted(found["total"], code, dated),
        "still_owing": None if dated is None else rates.converted(owing, code, asked.as_of) if owing else Decimal(0),
    }


def _state(found: Mapping[str, Any]) -> str:
    """What becomes of it, in words; a credit note is nothing that anybody pays."""
    if found["status"] != RECORDED:
        return str(found["status"].capitalize())
    return "Credit note" if found["kind"] == "credit_note" else STATES[found["payment"]]


def _revision(found: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    document = found["document_sha256"][:16]
    at = local(found["revised_at"], zone)
    return dict(found) | {"number": str(found["revision_no"]), "revised_at": at, "document": document}


def _period(found: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, str]:
    """The period in words, and the month that the invoice stands under: that of the period's middle.

    A period is cut by the clocks of whoever billed it, which need not be those of the report (TW-39).
    """
    first, after = found["period_start"], found["period_end"]
    if first is None or after is None:
        return NOTHING, f"{local(found['created_at'], zone):%Y-%m}"
    length = after - first
    month = f"{local(first + length / 2, zone):%Y-%m}"
    if _MONTH[0] < length < _MONTH[1]:
        return month, month
    last: date = local(after - timedelta(microseconds=1), zone).date()
    return f"{day(local(first, zone).date())} – {day(last)}", month


def _sums(rows: Any) -> dict[str, Any]:  # noqa: ANN401  an iterable of rows
    """How many, and what the recorded ones came to and owe."""
    found = list(rows)
    recorded = [row for row in found if row["issued"] is not None]
    return {
        "invoices": len(found),
        "recorded": len(recorded),
        "drafts": sum(row["status"] == "DRAFT" for row in found),
        "unpaid": sum(row["payment"] in (UNPAID, PARTLY) for row in found),
        "issued": total(row["issued"] for row in recorded),
        "still_owing": total(row["still_owing"] for row in recorded),
    }


def _newest(row: Mapping[str, Any]) -> tuple[timedelta, str, int]:
    """Newest first, then by number (G-11)."""
    return datetime.max - row["created_at"], row["account_number"], row["invoice_id"]  # noqa: DTZ901


def _latest(row: Mapping[str, Any]) -> tuple[timedelta, str, int]:
    return datetime.max - row["revised_at"], row["account_number"], row["revision_no"]  # noqa: DTZ901
