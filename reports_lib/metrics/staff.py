"""What operators are called, and when they were of a group: for the reports of chats."""

from collections.abc import Mapping

import ibis.expr.types as ir

from reports_lib.metrics.dialogues import PICKED
from reports_lib.metrics.inline import inline
from reports_lib.metrics.question import Warehouse
from reports_lib.warehouse.statement import Tables

READ = ("operator", "operator_group_member")


def names(warehouse: Warehouse) -> dict[int, str]:
    """What each operator is called."""
    return {row["operator_id"]: row["name"] for row in warehouse.ask(known)}


def called(names: Mapping[int, str], operator: int) -> str:
    """The name of an operator; of one whom the warehouse does not know, or does not show, the number."""
    return names.get(operator) or f"operator {operator}"


def known(tables: Tables, _shape: None) -> ir.Table:
    """Every operator by name."""
    return tables("operator").select("operator_id", "name")


def memberships(tables: Tables) -> ir.Table:
    """`operator_id`, `from_at` and `to_at` of every membership of a chosen group (M-32); null has no bound."""
    member = tables("operator_group_member")
    member = member.semi_join(inline("group_id", {"group_id": PICKED["group_id"]}), "group_id")
    return member.select("operator_id", "from_at", "to_at")
