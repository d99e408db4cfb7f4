"""The filters that narrow a list to some clients: what is picked, as rows that fill the slots of `population`."""

from collections.abc import Collection, Sequence
from typing import Protocol

import ibis.expr.types as ir

from reports_lib.metrics import population
from reports_lib.metrics.question import Warehouse
from reports_lib.warehouse.statement import Tables


class Picked(Protocol):
    """Parameters that narrow the clients; each is a list of ids or names, and an empty one leaves nobody out (G-12)."""

    client_type: Sequence[str]
    client_tags: Sequence[str]
    company: Sequence[str]
    include_sub_companies: bool


def picks(warehouse: Warehouse, asked: Picked) -> dict[str, list[tuple[str | int]]]:
    """The filters that are used, each with the values to keep."""
    companies: Collection[int] = [int(each) for each in asked.company]
    if companies and asked.include_sub_companies:
        above = [(row["company_id"], row["parent_company_id"]) for row in warehouse.ask(parents)]
        companies = population.with_sub_companies(companies, above)
    kept: dict[str, Collection[str | int]] = {
        "client_type": asked.client_type,
        "tag": asked.client_tags,
        "company_id": companies,
    }
    return {name: [(value,) for value in values] for name, values in kept.items() if values}


def parents(tables: Tables, _: object) -> ir.Table:
    """Every company and the one above it."""
    return tables("company").select("company_id", "parent_company_id")
