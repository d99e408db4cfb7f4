"""Which customers a report looks at: users of the platform, of some countries or registration statuses if asked for.

Country and status are those of the profile in the data of the report: there is no history of them. Of a customer
who was deleted nothing is kept of what he told, so he is in no report that asks for one of these.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

import ibis.expr.types as ir

from reports_lib.metrics.inline import inline, packed
from reports_lib.values.selling import USER
from reports_lib.warehouse.statement import Tables


class Filters(Protocol):
    """Parameters that narrow the customers; an empty list leaves none out."""

    country: Sequence[str]
    registration_status: Sequence[str]


def picks(asked: Filters) -> dict[str, str]:
    """The filters that are used, each with what fills its slot: names for a shape, and values for its statement."""
    chosen = {"country": asked.country, "registration_status": asked.registration_status}
    return {name: packed((value,) for value in values) for name, values in chosen.items() if values}


def customers(tables: Tables, chosen: Collection[str]) -> ir.Table:
    """The users of the platform, deleted ones included, who pass the filters `chosen`."""
    client = tables("client")
    return of_customers(client.filter(client.client_type == USER), tables, chosen)


def of_customers(facts: ir.Table, tables: Tables, chosen: Collection[str]) -> ir.Table:
    """The `facts` of the customers that pass the filters; all of them where there is no filter."""
    if not chosen:
        return facts
    profile = tables("client_profile")
    for name in sorted(chosen):
        profile = profile.semi_join(inline(name, {name: "string"}), name)
    return facts.semi_join(profile, "client_id")
