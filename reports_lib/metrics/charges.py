"""Charges of a month: what each client is to pay for, by service, package and extra charge (M-61).

    usage_event          outside packages, per client, currency and service
    subscription_period  charged ones, per client, currency, package and kind
    ledger_entry         approved extra charges that no invoice of their own is for, per description

Each of the three is added up by itself and the sums are stacked: no fact is joined to another. `gross` has
taxes in it, `tax` is the part that the facts say is tax, and `untaxed` that part of `gross` whose facts say
nothing of tax. A fact counts when it was charged: usage by its start, a period by `charged_at`, an entry by
`posted_at`. Corrections, refunds and payments are no charges: they move the balance.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.inline import inline
from reports_lib.metrics.population import PICKED
from reports_lib.metrics.timeline import end, start
from reports_lib.values.money import ratio, round_half_up
from reports_lib.warehouse.charged import charged_usage
from reports_lib.warehouse.statement import Tables, slot

SERVICE, ACTIVATION, RENEWAL, OTHER = "service", "activation", "renewal", "other"
KINDS = (SERVICE, ACTIVATION, RENEWAL, OTHER)  # in the order of a document
SUM = "decimal(38, 6)"
QUANTITY = 2  # decimals of minutes and megabytes


class BillingUnit(NamedTuple):
    """What a quantity is billed in: its word, and how many of the service's own unit it holds."""

    word: str
    size: int


UNITS = {  # by the unit of the service
    "second": BillingUnit("min", 60),
    "byte": BillingUnit("MB", 1_000_000),
    "message": BillingUnit("message", 1),
    "event": BillingUnit("", 1),
}
PLAIN = BillingUnit("", 1)


@dataclass(frozen=True, slots=True)
class Whose:
    """Which clients are looked at: the filters that are used, and whether one client is named."""

    picks: frozenset[str] = frozenset()  # columns of `client`, of `population.PICKED`
    has_client: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether some clients are left out; those that the table of clients lacks are too, then."""
        return bool(self.picks) or self.has_client


def clients(tables: Tables, whose: Whose) -> ir.Table:
    """The clients that are looked at, deleted ones too: who was charged pays."""
    found = tables("client")
    for name in sorted(whose.picks):
        found = found.semi_join(inline(name, {name: PICKED[name]}), name)
    if whose.has_client:
        wanted = slot("client")
        found = found.filter((found.client_id.cast("string") == wanted) | (found.name == wanted))
    return found.select("client_id", "name", "company_id", "currency", "status", "created_at", "deleted_at")


def charges(tables: Tables, whose: Whose) -> ir.Table:
    """One row a client, currency, kind and item, with what was charged within the slots `start` and `end`.

    `quantity` is in the unit of the service, or units of a package, or times; `name` and `company_id` are
    null for a client that the table of clients lacks.
    """
    fees = packages(tables("subscription_period"), tables("subscription"))
    found = reduce(ir.Table.union, [usage(tables("usage_event")), fees, extras(tables("ledger_entry"))])
    known = clients(tables, whose).select("client_id", "name", "company_id")
    joined = found.inner_join(known, "client_id") if whose.is_narrow else found.left_join(known, "client_id")
    return joined.select(found, known.name, known.company_id)


def usage(usage_event: ir.Table) -> ir.Table:
    """Charged usage, per service: `quantity` is what was billed and no package covered."""
    facts = charged_usage(usage_event, start(), end())
    return _summed(
        facts.mutate(kind=ibis.literal(SERVICE), item=facts.service_id, text=ibis.literal("")),
        (_.billed.sum().cast(SUM) - _.covered.sum().cast(SUM)).cast(SUM),
    )


def packages(periods: ir.Table, subscriptions: ir.Table) -> ir.Table:
    """Charged activations and renewals, per package: `quantity` counts the units held."""
    held = subscriptions.select("subscription_id", "client_id", "package_id", units=subscriptions.quantity)
    charged = within(periods.mutate(at=periods.charged_at)).filter(_.status == "charged", _.amount != 0)
    facts = charged.inner_join(held, "subscription_id")
    kind = (facts.kind == "renew").ifelse(ibis.literal(RENEWAL), ibis.literal(ACTIVATION))
    named = facts.mutate(kind=kind, item=facts.package_id, text=ibis.literal(""))
    return _summed(named, _.units.sum().cast(SUM))


def extras(ledger_entry: ir.Table) -> ir.Table:
    """Extra charges, per description; those that belong to an invoice already were billed by it."""
    known = within(ledger_entry.mutate(at=ledger_entry.posted_at))
    known = known.filter(_.kind == "extra_charge", _.status == "approved", _.invoice_id.isnull(), _.amount != 0)
    named = known.mutate(kind=ibis.literal(OTHER), item=ibis.null("int64"), text=known.description.coalesce(""))
    return _summed(named.mutate(amount=-named.amount, tax=-named.tax), _.count().cast(SUM))


def within(facts: ir.Table) -> ir.Table:
    """The facts whose moment `at` is within the month."""
    return facts.filter(facts.at >= start(), facts.at < end())


def _summed(facts: ir.Table, quantity: ibis.Deferred) -> ir.Table:
    return facts.group_by("client_id", "currency", "kind", "item", "text").aggregate(
        gross=_.amount.sum().cast(SUM),
        tax=_.tax.sum().coalesce(0).cast(SUM),
        untaxed=_.amount.sum(where=_.tax.isnull()).coalesce(0).cast(SUM),
        quantity=quantity,
        events=_.count(),
        first_at=_.at.min(),
        last_at=_.at.max(),
    )


@dataclass(frozen=True)
class Catalogue:
    """Names of what is charged for; a service's name comes with its unit."""

    services: Mapping[int, tuple[str, str]]
    packages: Mapping[int, str]

    def line(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """A row of `charges` as a line reads: its description, and its quantity in the billing unit.

        Seconds are billed in minutes and bytes in megabytes (1,000,000), rounded half up to 2 decimals; the
        quantity is information, amounts never come of it. What has no volume counts its events.
        """
        description, unit = self._item(found["kind"], found["item"], found["text"])
        if not found["quantity"]:
            unit, quantity = PLAIN, Decimal(found["events"])
        else:
            quantity = ratio(found["quantity"], unit.size) or Decimal(0)
        billed = {"quantity": round_half_up(quantity, QUANTITY), "unit": unit.word}
        return {**found, "description": description, **billed}

    def knows(self, found: Mapping[str, Any]) -> bool:
        """Whether what the row charges for has a name."""
        known: Mapping[int, object] = self.services if found["kind"] == SERVICE else self.packages
        return found["kind"] == OTHER or found["item"] in known

    def _item(self, kind: str, item: int | None, text: str) -> tuple[str, BillingUnit]:
        if kind == OTHER or item is None:
            return text or "Other charges", PLAIN
        if kind == SERVICE:
            name, unit = self.services.get(item, (f"service {item}", ""))
            return name, UNITS.get(unit, PLAIN)
        return self.packages.get(item) or f"package {item}", PLAIN


def services(tables: Tables, _shape: Hashable) -> ir.Table:
    """Every service, its name and its unit."""
    return tables("service").select("service_id", "name", "unit")


def package_names(tables: Tables, _shape: Hashable) -> ir.Table:
    """Every package and its name."""
    return tables("package").select("package_id", "name")
