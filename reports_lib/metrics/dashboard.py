"""The billing dashboard: nine figures, the largest customers, CDR files and what is unpaid (CD-01 … CD-14).

    client, help_ticket      counts                                                   M-63, M-67
    invoice as it stood      drafts; unpaid ones by currency and due day; the month   M-63, M-64, M-68
    cdr_file                 counts and bytes by state; those processed by month      M-65, M-66, M-69

Everything is as of now, and now is as-of (G-1). An engine adds up exactly; the few sums it gives back are
converted here: what is owing at the rates of as-of, the month's totals at those of each invoice's date (G-8).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from reports_lib.metrics import exchange, standing
from reports_lib.metrics.counted import counts, largest, processed, unpaid
from reports_lib.metrics.exchange import Exchange, day_begins, total
from reports_lib.metrics.inline import packed
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import Timeline
from reports_lib.metrics.whose import Picked, picks
from reports_lib.values.calendar import add_months
from reports_lib.values.clock import midnight
from reports_lib.values.interval import Interval
from reports_lib.values.spine import Bucket, Unit, spine
from reports_lib.warehouse.statement import Dialect, statement

TOP = 5
MONTHS = 3  # that CDR files are compared over, the current one included
ROLLING = 30  # days
AGES = (("Not due", 0), ("1–30 days", 30), ("31–60 days", 60), ("61–90 days", 90), ("Over 90 days", None))
OF_THE_GROUP = ("cdr_success", "cdr_error", "cdr_waiting", "cdr_last", "disk_bytes", "open_tickets")
_DAY = timedelta(days=1)


class Question(Picked, Protocol):
    """The parameters of a run, resolved."""

    as_of: datetime
    time_zone: ZoneInfo  # whose months and days these are
    currency: str
    past_month: str  # previous or rolling30 (M-68, Q-20)


class Scoped(Warehouse, Protocol):
    """A warehouse that may be narrowed to one company."""

    @property
    def scope(self) -> Any:  # noqa: ANN401  only whether it is whole
        """Whose rows it holds."""


@dataclass(frozen=True)
class Dashboard:
    """What the page shows.

    `metrics` are the nine, by name: `customers`, `disk_bytes`, `drafts`, `unpaid` with `owing` and `face`,
    `cdr_success`, `cdr_error`, `cdr_waiting`, `cdr_last` (aware, local) and `open_tickets`. What cannot be told
    is None: the last file where there is none, and files and tickets to whoever sees one company alone.
    `top` are the largest customers of `past`, its first and last day; `ages` what is unpaid by days after it was
    due; `files` those processed by month. `unpaid_since` and `drafts_since` are the local days on which the
    oldest of these invoices were made, `files_since` that on which the first CDR file
    came, `tickets_since` that on which the first ticket was opened.
    """

    metrics: dict[str, Any]
    top: list[dict[str, Any]]
    past: tuple[date, date]
    ages: list[dict[str, Any]]
    files: list[dict[str, Any]]
    unpaid_since: date | None
    drafts_since: date | None
    files_since: date | None
    tickets_since: date | None
    data_interval: tuple[datetime, datetime] | None
    places: int

    @property
    def files_by_state(self) -> list[dict[str, Any]]:
        """`files` with a row for each month and state, for a chart; `month` says where it is partial."""
        return [
            {
                "month": " ".join(filter(None, (row["month"], row["extent"]))),
                "state": state.capitalize(),
                "files": row[state],
            }
            for row in self.files
            for state in ("success", "error")
        ]


def dashboard(warehouse: Scoped, asked: Question) -> Dashboard:
    """All figures of the dashboard.

    Raises `RateError` naming every currency and day that lacks a rate, `WarehouseError` naming all that the
    warehouse lacks.
    """
    warehouse.check([*standing.READ, *exchange.READ, "client", "client_tag", "cdr_file", "help_ticket"])
    rates, chosen = Exchange.of(warehouse, asked.currency), picks(warehouse, asked)
    shape, values = frozenset(chosen), {name: packed(rows) for name, rows in chosen.items()}
    past = past_month(asked)
    days = {"first": past[0].isoformat(), "last": past[1].isoformat()}
    (counted,) = warehouse.ask(counts, shape, values)
    owed = warehouse.ask(unpaid, shape, values)
    made = warehouse.ask(largest, shape, values | days)
    rates.check((row["currency"], asked.as_of) for row in owed)
    rates.check((row["currency"], _dated(row, asked)) for row in made)
    ages = _ages(owed, asked, rates)
    is_whole = warehouse.scope.is_whole
    files = _by_month(warehouse, asked) if is_whole else []
    oldest = min((row["first_at"] for row in owed), default=None)
    return Dashboard(
        metrics=_metrics(counted, ages, asked.time_zone, is_whole),
        top=_top(made, asked, rates),
        past=past,
        ages=ages,
        files=files,
        unpaid_since=_day(oldest, asked.time_zone),
        drafts_since=_day(counted["draft_first"], asked.time_zone),
        files_since=_day(counted["file_first"], asked.time_zone) if is_whole else None,
        tickets_since=_day(counted["ticket_first"], asked.time_zone) if is_whole else None,
        data_interval=_interval(counted, is_whole),
        places=rates.places.totals,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    for build in (counts, unpaid, largest):
        statement(Dialect(), build, frozenset())
    statement(Dialect(), processed, None)


def past_month(asked: Question) -> tuple[date, date]:
    """First and last day of the month that the top customers are of: the calendar's, or 30 days to today (M-68)."""
    today = _local(asked.as_of, asked.time_zone).date()
    if asked.past_month == "rolling30":
        return today - (ROLLING - 1) * _DAY, today
    last = today.replace(day=1) - _DAY
    return last.replace(day=1), last


def age(due: date, today: date) -> str:
    """The row of AGES that an invoice due on `due` stands in: on that day itself it is not late."""
    late = (today - due).days
    return next(name for name, most in AGES if most is None or late <= most)


def _months(asked: Question) -> tuple[list[str], tuple[Bucket, ...]]:
    """The current local month and those before it, and what of them lies before as-of (M-69).

    At the very moment that a month begins nothing of it does, and it is shown all the same.
    """
    this = _local(asked.as_of, asked.time_zone).date().replace(day=1)
    firsts = [add_months(this, back) for back in range(1 - MONTHS, 1)]
    end = midnight(add_months(this, 1), asked.time_zone)
    whole = Interval(midnight(firsts[0], asked.time_zone), end, asked.time_zone)
    return [f"{first:%Y-%m}" for first in firsts], spine(whole, Unit.MONTH, asked.as_of)


def _metrics(
    counted: Mapping[str, Any], ages: Sequence[Mapping[str, Any]], zone: ZoneInfo, is_whole: bool
) -> dict[str, Any]:
    last = counted["cdr_last"]
    found = {name: counted[name] for name in ("customers", "drafts", *OF_THE_GROUP)}
    found |= {
        "disk_bytes": int(counted["disk_bytes"]),
        "cdr_last": None if last is None else _local(last, zone),
        "unpaid": sum(row["invoices"] for row in ages),
        "owing": total(row["owing"] for row in ages),
        "face": total(row["face"] for row in ages),
    }
    return found if is_whole else found | dict.fromkeys(OF_THE_GROUP)


def _ages(owed: Iterable[Mapping[str, Any]], asked: Question, rates: Exchange) -> list[dict[str, Any]]:
    """What is unpaid by how many days it is late, at the rates of as-of; every row is there."""
    today = _local(asked.as_of, asked.time_zone).date()
    inside: dict[str, list[Mapping[str, Any]]] = {name: [] for name, _ in AGES}
    for row in owed:
        inside[age(row["due"], today)].append(row)

    def sum_of(amount: str, name: str) -> Decimal:
        return total(rates.converted(row[amount], row["currency"], asked.as_of) for row in inside[name])

    return [
        {"age": name, "invoices": sum(row["invoices"] for row in inside[name])}
        | {amount: sum_of(amount, name) for amount in ("owing", "face")}
        for name, _ in AGES
    ]


def _top(made: Iterable[Mapping[str, Any]], asked: Question, rates: Exchange) -> list[dict[str, Any]]:
    """The customers with the highest totals; equal ones by name, then by number (M-68, G-11)."""
    found: dict[int, dict[str, Any]] = {}
    for row in made:
        client = row["client_id"]
        mine = found.setdefault(client, {"client_id": client, "client": row["client"], "invoices": 0, "amounts": []})
        mine["invoices"] += row["invoices"]
        mine["amounts"].append(rates.converted(row["total"], row["currency"], _dated(row, asked)))
    every = [
        {"client": mine["client"], "client_number": str(client), "client_id": client, "invoices": mine["invoices"]}
        | {"total": total(mine["amounts"])}
        for client, mine in found.items()
    ]
    every.sort(key=lambda row: (-row["total"], row["client"], row["client_id"]))
    top = every[:TOP]
    names = [row["client"] for row in top]
    return [{"rank": rank, "label": _label(row, names), **row} for rank, row in enumerate(top, 1)]


def _label(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The client's name, with its number where two are called alike."""
    return row["client"] if names.count(row["client"]) == 1 else f"{row['client']} ({row['client_id']})"


def _by_month(warehouse: Warehouse, asked: Question) -> list[dict[str, Any]]:
    """CDR files by month and how processing them ended; the current month is partial, whenever it is."""
    keys, buckets = _months(asked)
    key_of = {bucket.number: bucket.key for bucket in buckets}
    found = warehouse.ask(processed, None, Timeline(buckets).values)
    counted = {(key_of[row["number"]], row["status"]): row["files"] for row in found}
    return [
        {"month": key, "extent": "partial" if key == keys[-1] else ""}
        | {state: counted.get((key, state), 0) for state in ("success", "error")}
        for key in keys
    ]


def _interval(counted: Mapping[str, Any], is_whole: bool) -> tuple[datetime, datetime] | None:
    """The first and the last moment at which something happened that is counted (G-6)."""
    names = ("client", "invoice", *(("file", "ticket") if is_whole else ()))
    first = [counted[f"{name}_first"] for name in names if counted[f"{name}_first"] is not None]
    last = [counted[f"{name}_last"] for name in names if counted[f"{name}_last"] is not None]
    return (min(first).replace(tzinfo=UTC), max(last).replace(tzinfo=UTC)) if first else None


def _day(at: datetime | None, zone: ZoneInfo) -> date | None:
    return None if at is None else _local(at, zone).date()


def _dated(row: Mapping[str, Any], asked: Question) -> datetime:
    return day_begins(row["invoice_date"], asked.time_zone, asked.as_of)


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone)
