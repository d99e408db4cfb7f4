"""Which customers a report looks at: those who registered, of some countries or states of registration if asked for.

Country and status are those of the profile in the data of the report: there is no history of them.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

import ibis.expr.types as ir

from reports_lib.metrics.inline import inline, packed
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
    """The clients that registered, deleted ones included, and pass the filters `chosen`."""
    return tables("client").semi_join(_profiles(tables, chosen), "client_id")


def of_customers(facts: ir.Table, tables: Tables, chosen: Collection[str]) -> ir.Table:
    """The `facts` of the customers that pass the filters; all of them where there is no filter."""
    return facts.semi_join(_profiles(tables, chosen), "client_id") if chosen else facts


def _profiles(tables: Tables, chosen: Collection[str]) -> ir.Table:
    found = tables("client_profile")
    for name in sorted(chosen):
        found = found.semi_join(inline(name, {name: "string"}), name)
    return found
