"""The list of customers, newest first, with what they told at registration (MS-02 … MS-12).

Who is looked for and how many these are is asked first, in small answers. The rows themselves are streamed: nobody
holds them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from reports_lib.errors import ParameterError
from reports_lib.metrics import question
from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.streamed import Clocks, streamed
from reports_lib.metrics.tallies import added, data_interval, whole
from reports_lib.metrics.timeline import TIME, naive
from reports_lib.values.formats import number
from reports_lib.values.geography import country_name
from reports_lib.values.interval import Comparison, Interval
from reports_lib.values.money import percent_of, round_half_up
from reports_lib.values.selling import REGISTRATION_STATUSES, UNKNOWN
from reports_lib.values.shares import shares
from reports_lib.warehouse import registered
from reports_lib.warehouse.registered import READ, Search
from reports_lib.warehouse.statement import Build, Dialect, Tables, slot, statement

RECENT = timedelta(days=30)  # for how long a customer is a new one
DRAWN = 15  # countries in one chart
HISTORY = "View History"  # what opens it (MS-09)
TEXTS = ("email", "first_name", "last_name", "phone", "gender", "address", "city", "state", "metadata")
COUNTED = ("customers", "recent")
_TIMES = ("created_at", "activated_at", "deleted_at")

Row = dict[str, Any]


class Warehouse(question.Warehouse, Protocol):
    """One that also gives rows in batches."""

    def lazy(self, build: Build, shape: frozenset[str] = ..., values: Mapping[str, str] = ...) -> ir.Table:
        """What `ask` would ask, asked only when its rows are taken."""


class Question(Protocol):
    """The parameters of a run, resolved. What is empty narrows nothing."""

    as_of: datetime
    time_zone: ZoneInfo
    email: str  # or a part of it
    created: str  # a period of the report's zone, such as last month
    status: Sequence[str]
    country: Sequence[str]
    network: Sequence[str]
    first_name: str
    last_name: str
    phone: str
    gender: str
    address: str
    city: str
    state: str
    metadata: str
    born_from: date | str
    born_to: date | str
    deleted: bool  # whether these are listed too


@dataclass(frozen=True)
class Customers:
    """What was found: how many customers there are, of which status and from where, and what reads the rows.

    `total` and `by_status` have `customers` and a `change`: how many of them are new, or where a period was asked for,
    by how many per cent they are more than in the one before. `by_country` has a column of each status beside their
    sum, most first and what is unknown at the end.
    """

    total: Row
    by_status: list[Row]
    by_country: list[Row]
    created: Interval | None
    data_interval: tuple[datetime, datetime] | None
    _rows: ir.Table
    _clocks: Clocks

    @property
    def whole(self) -> Row:
        """What all countries come to."""
        statuses = [row["word"] for row in self.by_status]
        known = whole(self.by_country, [*COUNTED, *statuses])
        return known | {"share": shares([known["customers"]])[0]}

    @property
    def notes(self) -> list[str]:
        """The period that was asked for, as it was understood."""
        return [f"Created within {self.created}, on the clocks of {self.created.zone.key}."] if self.created else []

    @property
    def largest_countries(self) -> list[Row]:
        """Those that a chart has room for; the others stand together."""
        if len(self.by_country) <= DRAWN:
            return self.by_country
        first, rest = self.by_country[: DRAWN - 1], self.by_country[DRAWN - 1 :]
        return [*first, whole(rest, ["customers", "share"]) | {"country": f"{number(len(rest))} others"}]

    def rows(self) -> pa.RecordBatchReader:
        """All of them, newest first, a batch at a time, with times on the clocks of the report's zone.

        The warehouse is asked now, and must stay open until the last row is taken.
        """
        return streamed(self._rows, self._clocks, _TIMES)


def customers(warehouse: Warehouse, asked: Question) -> Customers:
    """The customers that are looked for.

    Raises `ParameterError` for a period or a text that cannot be read, `WarehouseError` naming all that the
    warehouse lacks.
    """
    warehouse.check(READ)
    created = _created(asked)
    search = _search(asked, created)
    recent = {"recent": naive(asked.as_of - RECENT).isoformat(sep=" ")}
    found = warehouse.ask(counted, search.shape, search.values | recent)
    before = _before(warehouse, search, created)
    codes = {row["country"] for row in found} - {None}
    names = {"countries": packed((code, country_name(code)) for code in sorted(codes))}
    return Customers(
        total=_change(whole(found, COUNTED), None if before is None else sum(before.values())),
        by_status=_by_status(found, before),
        by_country=_by_country(found),
        created=created,
        data_interval=data_interval(found),
        _rows=warehouse.lazy(query, search.shape, search.values | names),
        _clocks=_clocks(found, asked),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most: everybody. Asks nobody."""
    statement(Dialect(), counted, frozenset())


def counted(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """How many `customers` there are of each status and country, and how many of them are `recent`."""
    found = registered.chosen(tables, shape, "registration_status", "country", "activated_at")
    is_recent = found.created_at >= slot("recent").cast(TIME)
    return found.group_by("registration_status", "country").aggregate(
        customers=_.count(),
        recent=is_recent.sum().cast("int64"),
        first_at=_.created_at.min(),
        last_at=_.created_at.max(),
        first_activated=_.activated_at.min(),
    )


def query(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """One row a customer, in a total order: by its creation, then by its number (G-11)."""
    found, named = registered.with_networks(tables, shape), inline("countries", {"country": "string", "name": "string"})
    joined = found.left_join(named, "country").select(found, country_name=named.name)
    status = joined.registration_status
    return registered.newest_first(
        joined.mutate(
            status=status.cases(*REGISTRATION_STATUSES.items(), else_=status),
            country_name=joined.country_name.coalesce(UNKNOWN),
            history=ibis.literal(HISTORY),
        )
    )


def _created(asked: Question) -> Interval | None:
    """The period in which customers were made; None for ever."""
    if not asked.created.strip():
        return None
    try:
        return Interval.parse(asked.created, asked.time_zone, asked.as_of)
    except ParameterError as error:
        raise ParameterError(f"created: {error}") from None


def _search(asked: Question, created: Interval | None) -> Search:
    told: dict[str, Any] = {name: getattr(asked, name) for name in (*TEXTS, "status", "country", "network")}
    told |= {"born_since": asked.born_from or None, "born_until": asked.born_to or None}
    if created:
        told |= {"since": created.start, "until": created.end}
    return Search(**told, with_deleted=asked.deleted)


def _before(warehouse: Warehouse, search: Search, created: Interval | None) -> dict[str, int] | None:
    """How many there were of each status who were made in the period before that one."""
    if created is None:
        return None
    earlier = created.shifted(Comparison.PREVIOUS_INTERVAL)
    same = replace(search, since=earlier.start, until=earlier.end)
    found = warehouse.ask(registered.counted, same.shape, same.values)
    return {row["registration_status"]: row["customers"] for row in found}


def _by_status(found: Sequence[Row], before: Mapping[str, int] | None) -> list[Row]:
    """One row a status in their usual order, those without customers too, and other words after them."""
    known = {row["registration_status"]: row for row in added(found, ["registration_status"], COUNTED)}
    words = dict.fromkeys((*REGISTRATION_STATUSES, *sorted(known)))
    rows = [known.get(word, dict.fromkeys(COUNTED, 0)) for word in words]
    parts = shares([row["customers"] for row in rows])
    return [
        _change(row, None if before is None else before.get(word, 0))
        | {"word": word, "status": REGISTRATION_STATUSES.get(word, word), "share": part}
        for word, row, part in zip(words, rows, parts, strict=True)
    ]


def _by_country(found: Sequence[Row]) -> list[Row]:
    """The countries from the one with the most customers, of equals by name and code; what is unknown at the end."""
    statuses = {row["registration_status"] for row in found}
    split = [
        row | {word: row["customers"] * (word == row["registration_status"]) for word in statuses} for row in found
    ]
    none = dict.fromkeys(REGISTRATION_STATUSES, 0)
    rows = [
        none | row | {"code": row["country"], "country": country_name(row["country"]) if row["country"] else UNKNOWN}
        for row in added(split, ["country"], ["customers", "recent", *sorted(statuses)])
    ]
    rows.sort(key=lambda row: (row["code"] is None, -row["customers"], row["country"], row["code"]))
    parts = shares([row["customers"] for row in rows])
    return [row | {"share": part} for row, part in zip(rows, parts, strict=True)]


def _change(row: Row, before: int | None) -> Row:
    """What is said beside a count: against that of the period before, or how many of it are new."""
    if before is None:
        return row | {"change": f"{number(row['recent'])} new in {RECENT.days} days"}
    change = percent_of(Decimal(row["customers"] - before), Decimal(before))
    return row | {"change": None if change is None else round_half_up(change, 1)}


def _clocks(found: Sequence[Row], asked: Question) -> Clocks:
    """Clocks that know every moment of these customers until as-of."""
    moments = [row[name] for row in found for name in ("first_at", "first_activated") if row[name] is not None]
    first = min(moments, default=naive(asked.as_of) - RECENT)
    return Clocks.of(first.replace(tzinfo=UTC), asked.as_of, asked.time_zone)
