"""The facts that Customer Dynamics speaks of: narrowed to its clients, placed in its buckets, rated."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import activity, ledger, packages, population, usage
from reports_lib.metrics.currency import Conversion
from reports_lib.metrics.question import Question, Warehouse
from reports_lib.metrics.timeline import rows

__all__ = ["BY_CLIENT", "Facts", "ids", "rows"]

BY_CLIENT = ["client_id", "number"]


@dataclass(frozen=True)
class Facts:
    """What the figures are computed from."""

    conversion: Conversion
    clients: ir.Table  # that pass the filters
    subscriptions: ir.Table  # theirs, to the packages that are looked at
    chosen: list[int]  # the packages that are looked at; none means all
    usage: ir.Table
    entries: ir.Table  # of the ledger
    fees: ir.Table  # for every package
    activity: ir.Table  # archived
    invoices: list[ir.Table]  # none unless balances are fixed ones

    @classmethod
    def of(cls, warehouse: Warehouse, asked: Question, conversion: Conversion) -> "Facts":
        """The facts of the clients that pass the filters of `asked`."""
        table, timeline = warehouse.table, conversion.timeline
        is_net, chosen = asked.tax_mode == "net", ids(asked.package)
        clients = population.clients(table("client"), table("client_tag"), _filters(warehouse, asked))
        if chosen:
            looked_at = population.subscriptions(table("subscription"), clients, chosen)
            clients = population.holding(clients, looked_at, timeline)
        every = population.subscriptions(table("subscription"), clients, [])
        is_fixed = asked.balance_mode == "fixed"
        return cls(
            conversion=conversion,
            clients=clients,
            subscriptions=population.subscriptions(every, clients, chosen),
            chosen=chosen,
            usage=usage.charges(table("usage_event"), clients, conversion, is_net=is_net),
            entries=ledger.entries(table("ledger_entry"), clients, conversion, chargebacks=asked.chargebacks),
            fees=packages.charges(table("subscription_period"), every, conversion, is_net=is_net),
            activity=activity.archived(table("client_activity"), clients, timeline),
            invoices=[ledger.invoiced(table("invoice"), clients, timeline)] if is_fixed else [],
        )

    @property
    def chosen_fees(self) -> ir.Table:
        """Charges for the packages that are looked at: those of the package columns."""
        return self.fees.filter(_.package_id.isin(self.chosen)) if self.chosen else self.fees

    @property
    def booked(self) -> ir.Table:
        """The ledger's sums per client, bucket and currency."""
        return ledger.sums(self.entries, payments_only=bool(self.invoices))

    @property
    def moves(self) -> ir.Table:
        """All that moved a balance, per client, bucket and currency."""
        return self.stacked([self.booked, *self.invoices], [*BY_CLIENT, "currency", "moved"])

    @property
    def groups(self) -> ir.Table:
        """Who is counted under which package in which bucket.

        Clients without one stand under null, unless packages were chosen: then all hold one of them.
        """
        timeline = self.conversion.timeline
        holders = population.holders(self.subscriptions, timeline)
        return holders if self.chosen else holders.union(population.without_package(self.clients, holders, timeline))

    @staticmethod
    def stacked(parts: Sequence[ir.Table], columns: Iterable[str]) -> ir.Table:
        """Some columns of all `parts`, one part under the other."""
        return reduce(ir.Table.union, (part.select(*columns) for part in parts))


def ids(values: Iterable[str | int]) -> list[int]:
    """Ids as the warehouse has them."""
    return [int(value) for value in values]


def _filters(warehouse: Warehouse, asked: Question) -> dict[str, Collection[Any]]:
    companies: Collection[int] = ids(asked.company)
    if companies and asked.include_sub_companies:
        known = rows(warehouse.table("company").select("company_id", "parent_company_id"))
        parents = [(row["company_id"], row["parent_company_id"]) for row in known]
        companies = population.with_sub_companies(companies, parents)
    return {
        "client_type": asked.client_type,
        "tag": asked.client_tags,
        "company_id": companies,
        "owner_user_id": ids(asked.owner_user),
    }
