"""Orig-Term: what usage came to on its way in and on its way out, and what stayed, by time and by side (JD-79).

    usage_event --once--> bucket x what identifies a side x service     sums in the currency of the report
        + names, companies and units                                    few rows by then
            -> the groups that were asked for

Amounts are converted at the rate of their moment (G-8). Volumes of different units are never added up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import ParameterError
from reports_lib.metrics import currency, exchange, legs
from reports_lib.metrics.currency import MONEY, Conversion, converted, rated
from reports_lib.metrics.inline import packed
from reports_lib.metrics.legs import Criteria
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import Timeline, place_within
from reports_lib.metrics.traffic import KEYS, MONEY_OF, TIME, VOLUMES, Traffic, traffic
from reports_lib.values.spine import Unit, spine
from reports_lib.warehouse.scope import heads
from reports_lib.warehouse.statement import Dialect, Tables, statement

TEXTS = ("orig_account", "term_account", "code", "code_name", "country")
SIDES = ("orig", "term")
MOST = 20_000  # rows, and hours of a period: more than that nobody reads
VOLUME = "decimal(38, 6)"


class Question(Criteria, Protocol):
    """The parameters of a run, resolved."""

    as_of: datetime
    group_by: Sequence[str]  # of `KEYS`
    currency: str
    empty_buckets: str  # show or hide


@dataclass(frozen=True, slots=True)
class Shape:
    """What the query depends on, beside the values that are filled in."""

    picks: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()  # of `KEYS`, without those of time
    has_time: bool = True
    by_hour: bool = False


def orig_term(warehouse: Warehouse, asked: Question) -> Traffic:
    """All figures of the report, executed.

    Raises `ParameterError` without a grouping or for more rows than anybody reads, `RateError` naming every
    currency and day that lacks a rate, `WarehouseError` naming all that the warehouse lacks.
    """
    keys = [key for key in KEYS if key in asked.group_by]
    if not keys:
        raise ParameterError("group_by is required: choose at least one, such as month or orig_client")
    warehouse.check([*legs.READ, *exchange.READ])
    declared = currency.rates(warehouse.ask(currency.declared), warehouse.ask(heads), asked.currency)
    places = currency.places(warehouse.ask(currency.precision, values={"currency": asked.currency}))
    unit = next((each for each in reversed(Unit) if each in keys), None)
    if unit is Unit.HOUR and asked.interval.end - asked.interval.start > timedelta(hours=MOST):
        raise ParameterError(f"interval has more than {MOST:,} hours: choose a shorter one, or do not group by hour")
    buckets = spine(asked.interval, unit, asked.as_of)
    if not buckets:
        return traffic([], [], keys, places)
    conversion = Conversion.of(declared, Timeline(buckets, by_hour=unit is Unit.HOUR))
    chosen = legs.picks(warehouse, asked)
    values = conversion.timeline.values | conversion.values | {name: packed(rows) for name, rows in chosen.items()}
    shape = Shape(frozenset(chosen), tuple(key for key in keys if key not in TIME), unit is not None, unit is Unit.HOUR)
    found = warehouse.ask(query, shape, values)
    if len(found) > MOST:
        raise ParameterError(
            f"group_by makes more than {MOST:,} rows: choose fewer groupings, a shorter interval or more filters"
        )
    if any(row["unrated"] for row in found):
        declared.check((row["currency"], row["at"]) for row in warehouse.ask(unrated, shape, values))
    return traffic(found, buckets, keys, places, hides_empty=asked.empty_buckets == "hide")


def compile_ahead() -> None:
    """Compile for a lake what is asked most. Asks nobody."""
    statement(Dialect(), query, Shape())


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row a bucket `number` and group, with its sums and volumes; one row more than may be shown at the most."""
    facts = _rated(tables, shape)
    clients = {f"{side}_client" for side in SIDES for key in shape.keys if key in (f"{side}_client", f"{side}_company")}
    exact = ["number", "service_id", *sorted(clients), *(key for key in TEXTS if key in shape.keys)]
    found = facts.group_by(*exact).aggregate(
        events=_.count(),
        volume=_.volume.cast(VOLUME).sum().cast(VOLUME),
        orig_total=converted(_.orig_cost, _.rate).sum().cast(MONEY),
        term_total=converted(_.term_cost, _.rate).sum().cast(MONEY),
        single=_.is_single.sum(),
        unrated=_.lacks_rate.sum(),
        first_at=_.at.min(),
        last_at=_.at.max(),
    )
    named, by = _named(found, tables, shape)
    return (
        named.group_by(*by)
        .aggregate(
            **{name: _[name].sum() for name in ("events", "single", "unrated")},
            **{name: _[name].sum().cast(MONEY) for name in MONEY_OF},
            **{f"volume_{unit}": _.volume.sum(where=_.unit == unit).coalesce(0).cast(VOLUME) for unit in VOLUMES},
            first_at=_.first_at.min(),
            last_at=_.last_at.max(),
        )
        .limit(MOST + 1)
    )


def unrated(tables: Tables, shape: Shape) -> ir.Table:
    """A moment `at` of every `currency` and UTC day that lack a rate."""
    without = _rated(tables, shape).filter(_.lacks_rate)
    return without.group_by("currency", day=without.at.date()).aggregate(at=_.at.min()).select("currency", "at")


def _rated(tables: Tables, shape: Shape) -> ir.Table:
    facts = legs.legs(legs.usage(tables, shape.picks))
    if shape.has_time:
        facts = place_within(facts, by_hour=shape.by_hour)
    else:  # one bucket, and nothing to look for
        facts = facts.mutate(number=ibis.literal(1, "int64"))
    facts = rated(facts)
    return facts.mutate(lacks_rate=facts.rate.isnull() & ((facts.orig_cost != 0) | (facts.term_cost != 0)))


def _named(found: ir.Table, tables: Tables, shape: Shape) -> tuple[ir.Table, list[str]]:
    """`found` with units and names beside ids, and the columns that make a group."""
    service = tables("service").select("service_id", "unit", service_name=_.name)
    found = found.left_join(service, "service_id").select(
        found, unit=service.unit.coalesce(""), service=found.service_id, service_name=service.service_name
    )
    by = ["number", *(key for key in TEXTS if key in shape.keys)]
    for side in SIDES:
        who, whom = f"{side}_client", f"{side}_company"
        if who in found.columns:
            client = tables("client").select(**{f"{who}_id": _.client_id, f"{who}_name": _.name, whom: _.company_id})
            joined = found.left_join(client, found[who] == client[f"{who}_id"])
            found = joined.select(found, client[f"{who}_name"], client[whom])
        if whom in shape.keys:
            company = tables("company").select(**{f"{whom}_id": _.company_id, f"{whom}_name": _.name})
            joined = found.left_join(company, found[whom] == company[f"{whom}_id"])
            found = joined.select(found, company[f"{whom}_name"])
    return found, by + [part for key in shape.keys if key not in TEXTS for part in (key, f"{key}_name")]
