"""What the products are called that customers subscribe to."""

from collections import Counter
from collections.abc import Mapping

import ibis.expr.types as ir

from reports_lib.metrics.question import Warehouse
from reports_lib.warehouse.statement import Tables

NONE = "(no package)"


def names(warehouse: Warehouse) -> dict[int, str]:
    """What each package is called; two of one name are told apart by their numbers."""
    found = {row["package_id"]: row["name"] for row in warehouse.ask(known)}
    borne = Counter(found.values())
    return {number: f"{name} (#{number})" if borne[name] > 1 else name for number, name in found.items()}


def called(names: Mapping[int, str], package: int | None) -> str:
    """The name of a package; of one that the warehouse does not know the number."""
    return NONE if package is None else names.get(package) or f"package {package}"


def known(tables: Tables, _shape: None) -> ir.Table:
    """Every package by name."""
    return tables("package").select("package_id", "name")
