"""The tree of companies: the group's head, its resellers, and theirs.

Ids are texts here, as users and runs carry them: what is asked for is compared, and never becomes SQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import psycopg
from psycopg import sql

from reports_lib.database.outage import unreadable
from reports_lib.database.url import connect, reason
from reports_lib.errors import WarehouseError
from reports_lib.values.formats import quoted
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import Version, latest

Above = tuple[int | str | None, int | str | None]
"""A company, and the one above it."""


@dataclass(frozen=True)
class Company:
    """One company of the tree; `parent` is None at its top."""

    id: str
    parent: str | None
    name: str


def subtree(rows: Iterable[Above], company: str) -> frozenset[str]:
    """`company` and all below it; raises `WarehouseError` if there is none of that id.

    Companies that stand above each other in a circle are all below each of them.
    """
    children: dict[str | None, list[str]] = {}
    known = set()
    for number, parent in rows:
        if number is not None:  # a view of somebody's own may hold anything
            known.add(str(number))
            children.setdefault(None if parent is None else str(parent), []).append(str(number))
    if company not in known:
        raise WarehouseError(f"the warehouse has no company {quoted(company)}; name one that there is")
    found, ahead = {company}, [company]
    while ahead:
        more = set(children.get(ahead.pop(), ())) - found
        found |= more
        ahead += more
    return frozenset(found)


def below(address: Address, company: str) -> frozenset[str]:
    """`company` and all below it in the newest data; raises `WarehouseError` if there is no such company."""
    return subtree([(each.id, each.parent) for each in companies(address)], company)


def named(address: Address) -> dict[str, str]:
    """The name of every company in the newest data, by its id."""
    return {each.id: each.name for each in companies(address)}


def companies(address: Address) -> tuple[Company, ...]:
    """Every company in the newest data, by id. A data version is read once: it never changes.

    Raises `DatabaseError` if the warehouse is down, `WarehouseError` if it cannot be read.
    """
    version = latest(address)
    return of_version(address, version) if version else _on_postgres(address)


@lru_cache(maxsize=16)
def of_version(address: Address, version: Version) -> tuple[Company, ...]:
    """Every company in one data version of a lake, by id."""
    # half a second, for processes that ask no warehouse
    from reports_lib.warehouse.connection import connect as connect_warehouse

    with connect_warehouse(address, version=version.name, as_of=version.at) as warehouse:
        warehouse.check(["company"])
        table = warehouse.table("company")
        found = table.select("company_id", "parent_company_id", "name").to_pyarrow().to_pylist()
    return _sorted((row["company_id"], row["parent_company_id"], row["name"]) for row in found)


def _on_postgres(address: Address) -> tuple[Company, ...]:
    query = sql.SQL("select company_id, parent_company_id, name from {}")
    with connect(address.database) as con:
        try:
            return _sorted(con.execute(query.format(sql.Identifier(address.schema, "company"))).fetchall())
        except psycopg.Error as error:
            told = reason(error, address.database)
            raise unreadable(f"the warehouse at {address.place}", error, told) from None


def _sorted(rows: Iterable[tuple[int | None, int | None, str | None]]) -> tuple[Company, ...]:
    found = []
    for number, parent, name in sorted((row for row in rows if row[0] is not None), key=lambda row: row[0] or 0):
        found.append(Company(str(number), None if parent is None else str(parent), name or str(number)))
    return tuple(found)
