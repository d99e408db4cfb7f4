"""View History: when a customer logged in and what was watched, on which device and where (MS-09, MS-19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import end, local, naive, start
from reports_lib.values.geography import country_name
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio, round_half_up
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement

READ = ("client_session", "playback", "content")
LOG_IN, LIVE, VOD = "log-in", "live", "vod"
WORDS = {LOG_IN: "Log-in", LIVE: "Live", VOD: "VOD"}
COLUMNS = ("kind", "number", "at", "content", "seconds", "device", "isp", "country", "ip", "browser")

Row = dict[str, Any]


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    shown: Sequence[str]  # of `WORDS`; none means all


@dataclass(frozen=True)
class History:
    """Log-ins and playbacks of the period from the newest on, how long they ran, and where data lie (G-6)."""

    rows: list[Row]
    seconds: int
    by_device: list[Row]
    data_interval: tuple[datetime, datetime] | None

    @property
    def minutes(self) -> Decimal:
        """How long was watched."""
        return _minutes(self.seconds)

    @property
    def hours(self) -> Decimal:
        """The same, to a tenth."""
        return round_half_up(_minutes(self.seconds) / 60, 1)


def history(warehouse: Warehouse, asked: Question, client_id: int) -> History:
    """What began in the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(READ)
    first, last = asked.interval.clipped(asked.as_of)
    values = {"client_id": str(client_id), "start": naive(first).isoformat(sep=" ")}
    found = warehouse.ask(query, None, values | {"end": naive(last).isoformat(sep=" ")})
    rows = [_row(row, asked) for row in sorted(found, key=_newest, reverse=True)]
    rows = [row for row in rows if not asked.shown or row["kind"] in asked.shown]
    watched = [row for row in rows if row["kind"] != LOG_IN]
    moments = [row["at"].astimezone(UTC) for row in rows]
    return History(
        rows=rows,
        seconds=sum(row["seconds"] for row in watched),
        by_device=_by_device(watched),
        data_interval=(moments[-1], moments[0]) if moments else None,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked. Asks nobody."""
    statement(Dialect(), query, None)


def query(tables: Tables, _shape: None) -> ir.Table:
    """One row a log-in or a playback of the customer in the slot that began in the period."""
    session, playback, content = tables("client_session"), tables("playback"), tables("content")
    entered = _within(session).mutate(
        kind=ibis.literal(LOG_IN), number=session.session_id, at=session.started_at, content=ibis.null("string"),
        seconds=ibis.null("int64"),
    )  # fmt: skip
    played = _within(playback)
    played = played.left_join(content, "content_id").select(
        played,
        kind=content.kind.coalesce(VOD),
        content=content.title.coalesce(played.content_id.cast("string")),
        number=played.playback_id,
        at=played.started_at,
        ip=ibis.null("string"),
        browser=ibis.null("string"),
    )
    return entered.select(*COLUMNS).union(played.select(*COLUMNS))


def _within(facts: ir.Table) -> ir.Table:
    of_client = facts.filter(facts.client_id == slot("client_id").cast("int64"))
    return of_client.filter(of_client.started_at >= start(), of_client.started_at < end())


def _row(found: Row, asked: Question) -> Row:
    """As people read it; what runs on is cut at as-of."""
    seconds = found["seconds"]
    if seconds is not None:
        seconds = min(seconds, (naive(asked.as_of) - found["at"]) // timedelta(seconds=1))
    return found | {
        "at": local(found["at"], asked.interval.zone),
        "what": WORDS.get(found["kind"], found["kind"]),
        "seconds": seconds,
        "minutes": None if seconds is None else _minutes(seconds),
        "country": found["country"] and country_name(found["country"]),
    }


def _newest(row: Row) -> tuple[Any, ...]:
    return row["at"], row["kind"], row["number"]


def _minutes(seconds: int) -> Decimal:
    return ratio(seconds, 60) or Decimal(0)


def _by_device(watched: Sequence[Row]) -> list[Row]:
    """How long was watched on each device, most first."""
    spent: dict[str, int] = {}
    for row in watched:
        spent[row["device"] or "Unknown"] = spent.get(row["device"] or "Unknown", 0) + row["seconds"]
    ranked = sorted(spent.items(), key=lambda each: (-each[1], each[0]))
    return [{"device": device, "minutes": _minutes(seconds)} for device, seconds in ranked]
