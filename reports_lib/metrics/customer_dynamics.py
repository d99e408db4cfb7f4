"""Customer Dynamics: clients, balances, refills, usage and packages, bucket by bucket (SPEC 2.2).

    usage_event          --one scan--> client x bucket: paid as you go, last paid
    subscription_period  ------------> client x bucket x package: charges, last paid
    ledger_entry         --one scan--> client x bucket x currency: moves, refills
    client               ------------> client x bucket: in U(E)
        carried forward over the buckets: last paid, balances
            -> bucket (x package), and each bucket as a whole for the totals

Everything is one query. Only tables of a few rows (rates, companies, package names) are read before
or after it.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import WarehouseError
from reports_lib.metrics import activity, ledger, packages, population, usage
from reports_lib.metrics.currency import Conversion, places, rates
from reports_lib.metrics.facts import BY_CLIENT, Facts, ids, rows
from reports_lib.metrics.figures import FLOWS, Figures, figures
from reports_lib.metrics.question import Question, Warehouse, is_by_package, unit
from reports_lib.metrics.stocks import STOCKS, stocks
from reports_lib.metrics.timeline import Timeline
from reports_lib.metrics.together import FIRST, LAST, together
from reports_lib.values.rates import Rates
from reports_lib.values.spine import spine

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
SUMMED = (*STOCKS, *FLOWS, "flows", FIRST, LAST, "unrated")


def customer_dynamics(warehouse: Warehouse, asked: Question) -> Figures:
    """All figures of the report, executed.

    Raises `RateError` naming every currency and day that lacks a rate, and what `warehouse` raises,
    then naming all that it lacks.
    """
    try:
        return _figures(warehouse, asked)
    except WarehouseError:
        warehouse.check(READ)  # asked only now, for it costs a question for each table
        raise


def _figures(warehouse: Warehouse, asked: Question) -> Figures:
    declared = rates(warehouse.table("fx_rate"), warehouse.table("company"), asked.currency)
    shown_places = places(warehouse.table("currency"), asked.currency)
    buckets = spine(asked.interval, unit(asked), asked.as_of, asked.active_duration)
    if not buckets:
        return figures([], [], {}, asked, shown_places)
    conversion = Conversion.of(declared, Timeline(buckets), is_fixed=asked.fx_mode == "report_end")
    facts = Facts.of(warehouse, asked, conversion)
    found = rows(query(facts, asked))
    if any(row["unrated"] for row in found if row["is_whole"]):
        _refuse(facts, declared)
    return figures(found, buckets, _packages(warehouse, found, asked), asked, shown_places)


def query(facts: Facts, asked: Question) -> ir.Table:
    """One row a bucket, and one a bucket and package if asked for, with every stock and flow."""
    timeline = facts.conversion.timeline
    used, booked = usage.per_client(facts.usage), facts.booked
    charged, looked_at = packages.per_package(facts.fees), packages.per_package(facts.chosen_fees)
    paid = facts.stacked([used, charged, facts.activity], [*BY_CLIENT, "paid_at"])
    standing = stocks(
        population.universe(facts.clients, timeline),
        activity.last_paid(paid, timeline),
        ledger.in_report_currency(ledger.balances(facts.moves, timeline), facts.conversion),
    )
    of_clients = [standing, used, booked, *facts.invoices]
    found = together([*of_clients, looked_at], ["number"], SUMMED)
    found = found.mutate(package_id=ibis.null("int64"), is_whole=ibis.literal(True))
    if is_by_package(asked):
        split = [_per_client(part).inner_join(facts.groups, BY_CLIENT) for part in of_clients]
        parts = together([*split, looked_at], ["number", "package_id"], SUMMED).mutate(is_whole=ibis.literal(False))
        found = found.union(parts.select(*found.columns))
    return found.filter(_.number > 0)


def _per_client(part: ir.Table) -> ir.Table:
    """`part` with one row a client and bucket, whatever else it is split by."""
    return together([part], BY_CLIENT, [name for name in SUMMED if name in part.columns])


def _refuse(facts: Facts, declared: Rates) -> None:
    """Raise one `RateError` that names every currency and UTC day without a rate."""
    timeline = facts.conversion.timeline
    flows = [
        facts.usage.filter(_.is_flow),
        facts.entries.filter(_.is_flow | _.is_chargeback),
        facts.chosen_fees.filter(_.is_flow, _.amount != 0),
    ]
    unrated = ledger.balances(facts.moves, timeline).anti_join(facts.conversion.at_ends(), ["number", "currency"])
    unrated = unrated.semi_join(population.universe(facts.clients, timeline), BY_CLIENT)
    parts = [flow.filter(flow.rate.isnull()).select("currency", "at") for flow in flows]
    parts.append(unrated.inner_join(timeline.table, "number").select("currency", at=_.ends))
    needs = rows(reduce(ir.Table.union, parts).distinct())
    declared.check((row["currency"], row["at"]) for row in needs)


def _packages(warehouse: Warehouse, found: Iterable[dict[str, Any]], asked: Question) -> dict[int, str]:
    """Names of the packages that are shown: those chosen, and those anybody held or was charged for."""
    if not is_by_package(asked):
        return {}
    shown = {row["package_id"] for row in found if row["package_id"] is not None} | set(ids(asked.package))
    known = rows(warehouse.table("package").select("package_id", "name"))
    names = {row["package_id"]: row["name"] for row in known}
    return {package: names.get(package) or f"package {package}" for package in shown}
