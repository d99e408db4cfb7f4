"""The facts that Customer Dynamics speaks of: narrowed to its clients, placed in its buckets, rated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import ibis.expr.types as ir

from reports_lib.metrics import activity, ledger, packages, population, usage
from reports_lib.metrics.question import Shape
from reports_lib.warehouse.statement import Tables

BY_CLIENT = ["client_id", "number"]


@dataclass(frozen=True)
class Facts:
    """What the figures are computed from."""

    shape: Shape
    clients: ir.Table  # that pass the filters
    subscriptions: ir.Table  # theirs, to the packages that are looked at
    usage: ir.Table  # within the report
    paid_before: ir.Table  # in usage before it
    entries: ir.Table  # of the ledger, within the report
    moved_before: ir.Table  # in the ledger before it
    fees: ir.Table  # for every package
    activity: ir.Table  # archived
    invoices: list[ir.Table]  # none unless balances are fixed ones

    @classmethod
    def of(cls, table: Tables, shape: Shape) -> "Facts":
        """The facts of the clients that pass the filters of a question."""
        clients = population.clients(table("client"), table("client_tag"), shape.picks)
        if shape.has_packages:
            held = population.of_packages(table("subscription").semi_join(clients, "client_id"))
            clients = population.holding(clients, held)
        every = table("subscription").semi_join(clients, "client_id")
        used, booked = table("usage_event"), table("ledger_entry")
        if shape.is_narrow:  # else there are few strangers, and it is cheaper to leave them out of the sums
            used, booked = used.semi_join(clients, "client_id"), booked.semi_join(clients, "client_id")
        return cls(
            shape=shape,
            clients=clients,
            subscriptions=population.of_packages(every) if shape.has_packages else every,
            usage=usage.charges(used, is_net=shape.is_net),
            paid_before=usage.paid_before(used),
            entries=ledger.entries(booked, chargebacks=shape.chargebacks),
            moved_before=ledger.moved_before(booked, payments_only=shape.is_fixed),
            fees=packages.charges(table("subscription_period"), every, is_net=shape.is_net),
            activity=activity.archived(table("client_activity"), clients),
            invoices=[ledger.invoiced(table("invoice"), clients)] if shape.is_fixed else [],
        )

    @property
    def chosen_fees(self) -> ir.Table:
        """Charges for the packages that are looked at: those of the package columns."""
        return population.of_packages(self.fees) if self.shape.has_packages else self.fees

    @property
    def used(self) -> ir.Table:
        """The sums of usage per client and bucket, those of strangers too."""
        return usage.per_client(self.usage)

    @property
    def booked(self) -> ir.Table:
        """The ledger's sums per client, bucket and currency, those of strangers too."""
        return ledger.sums(self.entries, payments_only=self.shape.is_fixed, chargebacks=self.shape.chargebacks)

    @property
    def moves(self) -> ir.Table:
        """All that moved a balance, per client, bucket and currency."""
        return self.stacked([self.booked, self.moved_before, *self.invoices], [*BY_CLIENT, "currency", "moved"])

    @property
    def groups(self) -> ir.Table:
        """Who is counted under which package in which bucket.

        Clients without one stand under null, unless packages were chosen: then all hold one of them.
        """
        holders = population.holders(self.subscriptions)
        return holders if self.shape.has_packages else holders.union(population.without_package(self.clients, holders))

    def own(self, part: ir.Table) -> ir.Table:
        """`part` without strangers: whoever does not pass the filters, or is no client at `as_of`."""
        return part.semi_join(self.clients, "client_id")

    @staticmethod
    def stacked(parts: Sequence[ir.Table], columns: Iterable[str]) -> ir.Table:
        """Some columns of all `parts`, one part under the other."""
        return reduce(ir.Table.union, (part.select(*columns) for part in parts))
