"""A made-up telephone group and its clients: every canonical table, 24 months long.

The same seed, size and last day give the same bytes of every table, whatever the machine's clock,
zone or language. Ledger and usage agree exactly, so M-15 holds a client, a currency and an hour.
"""

from datetime import UTC, date, datetime

import pyarrow as pa

from reports_lib.warehouse.demo import (
    calls,
    charges,
    chats,
    clients,
    companies,
    coupons,
    documents,
    extras,
    invoices,
    ledger,
    messages,
    ott,
    packages,
    payments,
    profiles,
    rates,
    usage,
)
from reports_lib.warehouse.demo import catalogue as sale
from reports_lib.warehouse.demo.world import World
from reports_lib.warehouse.tables import TABLES

SEED = 20_260_101
UNTIL = date(2026, 11, 1)


def end(until: date = UNTIL) -> datetime:
    """The moment before which everything happened, some 2.5 days into the month after the 24: a good as-of."""
    return datetime.fromtimestamp(World(SEED, 1, until).end // 1_000_000, UTC)


def tables(seed: int = SEED, scale: int = 1, until: date = UNTIL) -> dict[str, pa.Table]:
    """All canonical tables, by name, in their canonical columns and order.

    `scale` multiplies clients and facts: about 3,000 clients and 1.5 million rows of usage at 1.
    Facts begin 24 months before `until`; a few days follow it (see `end`).
    """
    world = World(seed, scale, until)
    made = _subjects(world)
    return {
        name: made[name] if name in made else table.schema.to_pyarrow().empty_table() for name, table in TABLES.items()
    }


def _subjects(world: World) -> dict[str, pa.Table]:
    who = clients.clients(world)
    named = clients.client_tables(world, who)
    return {
        **_reference(world),
        **named,
        **profiles.profiles(world, who, named["client"]),
        **_billing(world, who),
        **profiles.watching(world, who),
        **messages.messages(world, who),
        **chats.chats(world, who),
        "call": calls.calls(world, who),
        **calls.support(world),
    }


def _reference(world: World) -> dict[str, pa.Table]:
    return {
        **companies.companies(),
        **companies.staff(world),
        "content": companies.contents(),
        "currency": rates.currencies(),
        "fx_rate": rates.rates(world),
        "package": sale.packages(),
    }


def _billing(world: World, who: clients.Clients) -> dict[str, pa.Table]:
    codes = coupons.coupons(world)
    lines_held = packages.subscriptions(world, who)
    plans_held, redeemed = ott.plans(world, who, codes)
    held = packages.Subscriptions.joined(lines_held, plans_held)
    made = packages.periods(world, held, world.rng("subscription_period"))
    bought = ott.purchases(world, who, held, redeemed, codes)
    used = usage.usage(world, who, lines_held)
    extra = extras.extras(world, who)
    charged = charges.charged(world, who, used, held, made, extra)
    bills, lines = invoices.invoices(world, who, charged, charges.quantities(world, who, used))
    wanted = [
        payments.for_invoices(bills, invoices.payments_for(world, bills)),
        *payments.for_plans(who, held, made, bought),
    ]
    paid = payments.payments(world, who, payments.refills(world, who, charged), wanted)
    moved = extra.and_then(
        ledger.from_usage(used),
        ledger.from_packages(held, made),
        ledger.from_purchases(bought),
        ledger.from_invoices(bills),
        ledger.from_payments(world, paid),
    )
    users = companies.staff(world)["app_user"]
    first_plan = len(lines_held.client)
    return {
        **packages.package_tables(world, who, held, made),
        **ott.ott_tables(world, who, held, bought, codes),
        "entitlement": ott.entitlements(world, who, held, made, first_plan, paid.of_period(len(made.seq))),
        "usage_event": usage.usage_table(world, who, used),
        **documents.invoice_tables(world, who, bills, lines, paid, users),
        "payment": documents.payment_table(world, who, paid),
        **ledger.ledger_tables(world, who, moved, paid),
    }


__all__ = ["end", "tables"]
