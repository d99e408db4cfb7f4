"""Customer Dynamics: clients, balances, refills, usage and packages, bucket by bucket (SPEC 2.2).

    usage_event          --one scan--> client x bucket: paid as you go, last paid
    subscription_period  ------------> client x bucket x package: charges, last paid
    ledger_entry         --one scan--> client x bucket x currency: moves, refills
    client               ------------> client x bucket: in U(E)
        carried forward over the buckets: last paid, balances
            -> bucket (x package), and each bucket as a whole for the totals

Everything is one query. Only tables of a few rows (rates, companies, package names) are read before.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import activity, ledger, packages, population, usage
from reports_lib.metrics.currency import Conversion
from reports_lib.metrics.figures import FLOWS, Figures, figures
from reports_lib.metrics.question import Question, Warehouse, is_by_package, unit
from reports_lib.metrics.stocks import STOCKS, stocks
from reports_lib.metrics.timeline import Timeline
from reports_lib.metrics.together import FIRST, LAST, together
from reports_lib.values.rates import Rates
from reports_lib.values.spine import spine

BY_CLIENT = ["client_id", "number"]
SUMMED = (*STOCKS, *FLOWS, "flows", FIRST, LAST, "unrated")


def customer_dynamics(warehouse: Warehouse, asked: Question) -> Figures:
    """All figures of the report, executed.

    Raises `RateError` naming every currency and day that lacks a rate, and what `warehouse` raises.
    """
    buckets = spine(asked.interval, unit(asked), asked.as_of, asked.active_duration)
    if not buckets:
        return figures([], [], {}, asked)
    rates = _rates(warehouse, asked.currency)
    facts = _facts(warehouse, asked, Conversion.of(rates, Timeline(buckets), is_fixed=asked.fx_mode == "report_end"))
    found = _rows(_query(facts, asked))
    if any(row["unrated"] for row in found if row["is_whole"]):
        _refuse(facts, rates)
    return figures(found, buckets, _packages(warehouse, found, asked), asked)


@dataclass(frozen=True)
class _Facts:
    """The facts of a report, placed and rated, and the clients they are of."""

    conversion: Conversion
    clients: ir.Table
    subscriptions: ir.Table  # of the packages that are looked at
    usage: ir.Table
    entries: ir.Table
    fees: ir.Table  # of every package
    chosen: list[int]
    activity: ir.Table
    invoices: ir.Table | None  # in balance mode fixed

    @property
    def package_columns(self) -> ir.Table:
        """Charges for the packages that are looked at."""
        return self.fees.filter(_.package_id.isin(self.chosen)) if self.chosen else self.fees


def _facts(warehouse: Warehouse, asked: Question, conversion: Conversion) -> _Facts:
    """Every table that the figures need, narrowed to the clients that pass the filters."""
    table, timeline = warehouse.table, conversion.timeline
    is_net, chosen = asked.tax_mode == "net", _ids(asked.package)
    clients = population.clients(table("client"), table("client_tag"), _filters(warehouse, asked))
    held = population.subscriptions(table("subscription"), clients, chosen)
    if chosen:
        clients = population.holding(clients, held, timeline)
        held = population.subscriptions(held, clients, ())
    every = population.subscriptions(table("subscription"), clients, ())
    entries = ledger.entries(table("ledger_entry"), clients, conversion, chargebacks=asked.chargebacks)
    is_fixed = asked.balance_mode == "fixed"
    return _Facts(
        conversion,
        clients,
        held,
        usage.charges(table("usage_event"), clients, conversion, is_net=is_net),
        entries,
        packages.charges(table("subscription_period"), every, conversion, is_net=is_net),
        chosen,
        activity.archived(table("client_activity"), clients, timeline),
        ledger.invoiced(table("invoice"), clients, timeline) if is_fixed else None,
    )


def _filters(warehouse: Warehouse, asked: Question) -> dict[str, Collection[object]]:
    companies: Collection[int] = _ids(asked.company)
    if companies and asked.include_sub_companies:
        rows = _rows(warehouse.table("company").select("company_id", "parent_company_id"))
        companies = population.with_sub_companies(companies, [tuple(row.values()) for row in rows])  # type: ignore[misc]
    return {
        "client_type": asked.client_type,
        "tag": asked.client_tags,
        "company_id": companies,
        "owner_user_id": _ids(asked.owner_user),
    }


def _query(facts: _Facts, asked: Question) -> ir.Table:
    """One row a bucket, and one a bucket and package if asked for, with every stock and flow."""
    used = usage.per_client(facts.usage)
    booked = ledger.sums(facts.entries, payments_only=facts.invoices is not None)
    charged, looked_at = packages.per_package(facts.fees), packages.per_package(facts.package_columns)
    moves = _stack([booked, facts.invoices] if facts.invoices is not None else [booked], [*BY_CLIENT, "currency", "moved"])
    paid = _stack([used, charged, facts.activity], [*BY_CLIENT, "paid_at"])
    timeline = facts.conversion.timeline
    standing = stocks(
        population.universe(facts.clients, timeline),
        activity.last_paid(paid, timeline),
        ledger.in_report_currency(ledger.balances(moves, timeline), facts.conversion),
    )
    of_clients = [standing, used, booked, *([facts.invoices] if facts.invoices is not None else [])]
    wholes = together([*of_clients, looked_at], ["number"], SUMMED)
    wholes = wholes.mutate(package_id=ibis.null("int64"), is_whole=ibis.literal(True))
    if is_by_package(asked):
        groups = population.holders(facts.subscriptions, timeline)
        if not facts.chosen:
            groups = groups.union(population.without_package(facts.clients, groups, timeline))
        split = [together([part], BY_CLIENT, _figures(part)).inner_join(groups, BY_CLIENT) for part in of_clients]
        parts = together([*split, looked_at], ["number", "package_id"], SUMMED)
        wholes = wholes.union(parts.mutate(is_whole=ibis.literal(False)).select(*wholes.columns))
    return wholes.filter(_.number > 0)


def _figures(part: ir.Table) -> list[str]:
    return [name for name in SUMMED if name in part.columns]


def _stack(parts: Iterable[ir.Table], columns: Iterable[str]) -> ir.Table:
    return reduce(ir.Table.union, (part.select(*columns) for part in parts))


def _refuse(facts: _Facts, rates: Rates) -> None:
    """Raise one `RateError` that names every currency and UTC day without a rate."""
    flows = [
        flows.filter(flows.rate.isnull()).select("currency", "at")
        for flows in (
            facts.usage.filter(_.is_flow),
            facts.entries.filter(_.is_flow | _.is_chargeback),
            facts.package_columns.filter(_.is_flow, _.amount != 0),
        )
    ]
    timeline = facts.conversion.timeline
    booked = ledger.sums(facts.entries, payments_only=facts.invoices is not None)
    moves = _stack([booked, facts.invoices] if facts.invoices is not None else [booked], [*BY_CLIENT, "currency", "moved"])
    unrated = ledger.balances(moves, timeline).anti_join(facts.conversion.at_ends(), ["number", "currency"])
    unrated = unrated.semi_join(population.universe(facts.clients, timeline), BY_CLIENT)
    ends = unrated.inner_join(timeline.table, "number").select("currency", at=_.ends)
    needs = _rows(reduce(ir.Table.union, [*flows, ends]).distinct())
    rates.check((row["currency"], row["at"]) for row in needs)


def _rates(warehouse: Warehouse, currency: str) -> Rates:
    """Rates into `currency`, over the currency of the company at the head of the group where no pair is declared."""
    rows = _rows(warehouse.table("fx_rate"))
    heads = _rows(warehouse.table("company").filter(_.parent_company_id.isnull()).order_by("company_id").limit(1))
    declared = [(row["from_currency"], row["to_currency"], row["effective_from"], row["rate"]) for row in rows]
    return Rates.of(declared, to=currency, base=heads[0]["currency"] if heads else None)


def _packages(warehouse: Warehouse, found: Iterable[dict[str, Any]], asked: Question) -> dict[int, str]:
    """Names of the packages that are shown: those chosen, and those anybody held or was charged for."""
    if not is_by_package(asked):
        return {}
    shown = {row["package_id"] for row in found if row["package_id"] is not None} | set(_ids(asked.package))
    rows = _rows(warehouse.table("package").select("package_id", "name"))
    names = {row["package_id"]: row["name"] for row in rows}
    return {package: names.get(package) or f"package {package}" for package in shown}


def _ids(values: Iterable[str | int]) -> list[int]:
    return [int(value) for value in values]


def _rows(table: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found
