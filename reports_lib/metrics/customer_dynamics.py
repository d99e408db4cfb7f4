"""Customer Dynamics: clients, balances, refills, usage and packages, bucket by bucket (SPEC 2.2).

    usage_event          --each month once--> client x bucket: paid as you go, last paid
    subscription_period  -------------------> client x bucket x package: charges, last paid
    ledger_entry         --each row once----> client x bucket x currency: moves, refills
    client               -------------------> client x bucket: in U(E)
        carried forward over the buckets: last paid, balances
            -> bucket (x package), and each bucket as a whole for the totals

Everything is one query, compiled once for each shape of question. Only tables of a few rows (rates,
companies, package names) are read before or after it.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import activity, currency, ledger, packages, population
from reports_lib.metrics.currency import Conversion
from reports_lib.metrics.facts import BY_CLIENT, Facts
from reports_lib.metrics.figures import FLOWS, Figures, figures
from reports_lib.metrics.inline import packed
from reports_lib.metrics.question import Question, Shape, Warehouse, is_by_package, unit
from reports_lib.metrics.stocks import STOCKS, stocks
from reports_lib.metrics.timeline import Timeline, buckets
from reports_lib.metrics.together import FIRST, LAST, together
from reports_lib.values.interval import Interval
from reports_lib.values.spine import spine
from reports_lib.warehouse.scope import heads
from reports_lib.warehouse.statement import Dialect, Tables, statement

READ = (
    "client",
    "client_activity",
    "client_tag",
    "company",
    "currency",
    "fx_rate",
    "ledger_entry",
    "subscription",
    "subscription_period",
    "usage_event",
)
PLAIN = Shape(frozenset(), has_packages=False, is_by_package=False, is_net=False, is_fixed=False, chargebacks=False)
SUMMED = (*STOCKS, *FLOWS, "flows", FIRST, LAST, "unrated")


def customer_dynamics(warehouse: Warehouse, asked: Question) -> Figures:
    """All figures of the report, executed.

    Raises `RateError` naming every currency and day that lacks a rate, and `WarehouseError` naming
    all that the warehouse lacks.
    """
    warehouse.check(_read(asked))
    declared = currency.rates(warehouse.ask(currency.declared), warehouse.ask(heads), asked.currency)
    places = currency.places(warehouse.ask(currency.precision, values={"currency": asked.currency}))
    bounds = spine(asked.interval, unit(asked), asked.as_of, asked.active_duration)
    if not bounds:
        return figures([], [], {}, asked, places)
    conversion = Conversion.of(declared, Timeline(bounds), is_fixed=asked.fx_mode == "report_end")
    picks = _picks(warehouse, asked)
    values = conversion.timeline.values | conversion.values | {name: packed(rows) for name, rows in picks.items()}
    shape = shape_of(asked, picks)
    found = warehouse.ask(query, shape, values)
    if any(row["unrated"] for row in found if row["is_whole"]):
        # one that names every currency and UTC day without a rate
        declared.check((row["currency"], row["at"]) for row in warehouse.ask(unrated, shape, values))
    return figures(found, bounds, _packages(warehouse, found, asked), asked, places)


def shape_of(asked: Question, picks: Collection[str] = ()) -> Shape:
    """The shape of a question that uses the filters `picks`."""
    return Shape(
        picks=frozenset(picks) - {"package_id"},
        has_packages="package_id" in picks,
        is_by_package=is_by_package(asked),
        is_net=asked.tax_mode == "net",
        is_fixed=asked.balance_mode == "fixed",
        chargebacks=asked.chargebacks,
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most: no filter, by time alone and by package. Asks nobody."""
    for build in (currency.declared, heads, currency.precision, names):
        statement(Dialect(), build, None)
    for shape in (PLAIN, replace(PLAIN, is_by_package=True)):
        statement(Dialect(), query, shape)


def compile_further() -> None:
    """Put the query of a company's own report into words too, which takes as long again. Asks nobody."""
    statement(Dialect(is_scoped=True), query, PLAIN)


def rehearse(warehouse: Warehouse) -> None:
    """Ask what is asked most, of a time before there are any data: the engine learns the way, and finds nothing."""
    days = [datetime(1970, 1, day, tzinfo=UTC) for day in (1, 2)]
    timeline = Timeline(spine(Interval(days[0], days[1], ZoneInfo("UTC")), None, days[1], 1))
    to = "USD"
    declared = currency.rates(warehouse.ask(currency.declared), warehouse.ask(heads), to)
    warehouse.ask(currency.precision, values={"currency": to})
    values = Conversion.of(declared, timeline).values
    warehouse.ask(query, PLAIN, timeline.values | values)


def query(tables: Tables, shape: Shape) -> ir.Table:
    """One row a bucket, and one a bucket and package if asked for, with every stock and flow."""
    facts = Facts.of(tables, shape)
    used, booked = facts.used, facts.booked
    charged, looked_at = packages.per_package(facts.fees), packages.per_package(facts.chosen_fees)
    paid = facts.stacked([used, facts.paid_before, charged, facts.activity], [*BY_CLIENT, "paid_at"])
    standing = stocks(
        population.universe(facts.clients),
        activity.last_paid(paid),
        ledger.in_report_currency(ledger.balances(facts.moves)),
    )
    of_clients = [standing, facts.own(used), facts.own(booked), *facts.invoices]  # a stock is of clients already
    found = together([*of_clients, looked_at], ["number"], SUMMED)
    found = found.mutate(package_id=ibis.null("int64"), is_whole=ibis.literal(True))
    if shape.is_by_package:
        split = [_per_client(part).inner_join(facts.groups, BY_CLIENT) for part in of_clients]
        parts = together([*split, looked_at], ["number", "package_id"], SUMMED).mutate(is_whole=ibis.literal(False))
        found = found.union(parts.select(*found.columns))
    return found.filter(_.number > 0)


def unrated(tables: Tables, shape: Shape) -> ir.Table:
    """Every `currency` and moment `at` that a figure needs a rate of and has none."""
    facts = Facts.of(tables, shape)
    flows = [
        facts.own(facts.usage.filter(_.is_flow)),
        facts.own(facts.entries.filter(_.is_flow | _.is_chargeback)),
        facts.chosen_fees.filter(_.is_flow, _.amount != 0),
    ]
    without = ledger.balances(facts.moves).anti_join(currency.at_ends(), ["number", "currency"])
    without = without.semi_join(population.universe(facts.clients), BY_CLIENT)
    parts = [flow.filter(flow.rate.isnull()).select("currency", "at") for flow in flows]
    parts.append(without.inner_join(buckets(), "number").select("currency", at=_.ends))
    return reduce(ir.Table.union, parts).distinct()


def parents(tables: Tables, _: object) -> ir.Table:
    """Every company and the one above it."""
    return tables("company").select("company_id", "parent_company_id")


def names(tables: Tables, _: object) -> ir.Table:
    """Every package and its name."""
    return tables("package").select("package_id", "name")


def _per_client(part: ir.Table) -> ir.Table:
    """`part` with one row a client and bucket, whatever else it is split by."""
    return together([part], BY_CLIENT, [name for name in SUMMED if name in part.columns])


def _read(asked: Question) -> Iterable[str]:
    """The tables that the answer is made of."""
    yield from READ
    if asked.balance_mode == "fixed":
        yield "invoice"
    if is_by_package(asked):
        yield "package"


def _picks(warehouse: Warehouse, asked: Question) -> dict[str, list[tuple[str | int]]]:
    """The filters that are used, each with the values to keep, as rows."""
    companies: Collection[int] = _ids(asked.company)
    if companies and asked.include_sub_companies:
        above = [(row["company_id"], row["parent_company_id"]) for row in warehouse.ask(parents)]
        companies = population.with_sub_companies(companies, above)
    kept: dict[str, Collection[str | int]] = {
        "client_type": asked.client_type,
        "tag": asked.client_tags,
        "company_id": companies,
        "owner_user_id": _ids(asked.owner_user),
        "package_id": _ids(asked.package),
    }
    return {name: [(value,) for value in values] for name, values in kept.items() if values}


def _packages(warehouse: Warehouse, found: Iterable[dict[str, Any]], asked: Question) -> dict[int, str]:
    """Names of the packages that are shown: those chosen, and those anybody held or was charged for."""
    if not is_by_package(asked):
        return {}
    shown = {row["package_id"] for row in found if row["package_id"] is not None} | set(_ids(asked.package))
    known = {row["package_id"]: row["name"] for row in warehouse.ask(names)}
    return {package: known.get(package) or f"package {package}" for package in shown}


def _ids(values: Iterable[str | int]) -> list[int]:
    """Ids as the warehouse has them."""
    return [int(value) for value in values]
