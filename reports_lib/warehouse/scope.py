"""Whose data a run may read: those of one company and of all below it, or of the whole group.

It is applied here and nowhere above: every canonical table that is asked for comes without the rows
of others, by what the table itself says of whose they are (`tables/table.py`). What belongs to
nobody that is known is shown to no single company.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from reports_lib.errors import WarehouseError
from reports_lib.warehouse.companies import Above, subtree
from reports_lib.warehouse.tables import TABLES, Owner

Tables = Callable[[str], ir.Table]
SLOT = "scope"  # filled with the companies of a statement that is narrowed
ROOT = "company"  # the table that every way of owning leads to
_BETWEEN = ","


@dataclass(frozen=True, slots=True)
class Scope:
    """One company by the text of its id, and all `companies` it may read of: it and those below it.

    No company and no companies are the whole group.
    """

    company: str = ""
    companies: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.company not in (self.companies or {""}):
            raise WarehouseError("a scope is of one company and those below it, or of the whole group")

    @classmethod
    def of(cls, company: str, rows: Iterable[Above]) -> "Scope":
        """The scope of `company`, where `rows` are all companies; raises `WarehouseError` if it is none of them."""
        return cls(company, subtree(rows, company))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.companies

    @property
    def text(self) -> str:
        """Its companies as one text, which `listed` takes apart."""
        return _BETWEEN.join(sorted(self.companies, key=int))


WHOLE = Scope()


def listed(text: ir.StringValue) -> ir.Table:
    """The companies that a `text` names, as rows of `company_id`."""
    return text.split(_BETWEEN).unnest().cast("int64").name("company_id").as_table()


def narrowed(name: str, found: ir.Table, tables: Tables, companies: ir.Table) -> ir.Table:
    """The rows of the table `name` that belong to `companies`; `tables` gives every other one, narrowed alike."""
    declared = TABLES[name]
    if declared.is_shared:
        return found
    if not declared.owners:
        return found.filter(ibis.literal(False))
    keys = reduce(ir.Table.union, [_keys(owner, tables, companies) for owner in declared.owners])
    kept = found.semi_join(keys, found[declared.owners[0].column] == keys.key)
    if declared.veil is None:
        return kept
    of_others = _keys(declared.veil.owner, tables, companies)
    is_own = kept[declared.veil.owner.column].isin(of_others.key)
    return kept.mutate(**{column: is_own.ifelse(kept[column], ibis.null()) for column in declared.veil.columns})


def with_owners(names: Iterable[str]) -> Iterator[str]:
    """The tables of these `names`, and all that say whose their rows are; each once."""
    ahead, seen = list(names), set()
    while ahead:
        name = ahead.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield name
        if name in TABLES:
            declared = TABLES[name]
            owners = (*declared.owners, *([declared.veil.owner] if declared.veil else []))
            ahead += [owner.table for owner in owners]


def everyone(tables: Tables, _: object) -> ir.Table:
    """Every company and the one above it."""
    return tables(ROOT).select("company_id", "parent_company_id")


def heads(tables: Tables, _: object) -> ir.Table:
    """The companies at the top of the group, and their currencies: exchange rates go over one of these (G-8)."""
    company = tables(ROOT)
    return company.filter(company.parent_company_id.isnull()).select("company_id", "parent_company_id", "currency")


FOR_EVERYBODY = (heads,)  # the only questions that a narrowed run asks of the whole group


def _keys(owner: Owner, tables: Tables, companies: ir.Table) -> ir.Table:
    if owner.table == ROOT:
        return companies.select(key=companies.company_id)
    found = tables(owner.table)
    return found.select(key=found[owner.key])
