"""What the reports of billing take to ask, on the lake: the dashboard, the invoices of a month, its deposits.

    python -m bench.dashboard [--scale N] [--rounds N]

`--scale` is that of the demo data. A first time compiles each question; a kernel that is warm has done that.
"""

import argparse
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from bench.measure import in_turn, machine, markdown, seconds, span, timed
from bench.place import place
from reports_lib.metrics.dashboard import dashboard
from reports_lib.metrics.invoices import invoices
from reports_lib.metrics.transactions import transactions
from reports_lib.parameters.schema import Schema
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.connection import Warehouse, connect
from reports_lib.warehouse.demo.build import demo_as_of

REPORTS: dict[str, tuple[str, Callable[[Any, Any], object]]] = {
    "billing dashboard": ("billing_dashboard", dashboard),
    "invoices of a month": ("invoices", invoices),
    "deposits of a month": ("account_transactions", transactions),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    with place(asked.scale) as installation, connect(installation.warehouse, as_of=demo_as_of()) as warehouse:
        actions = {name: _action(installation, warehouse, *report) for name, report in REPORTS.items()}
        first = {name: timed(action).wall for name, action in actions.items()}
        spent = in_turn(actions, asked.rounds)
        counts = [
            _count(warehouse, table) for table in ("invoice", "invoice_line", "payment", "ledger_entry", "cdr_file")
        ]
    print(f"{machine('duckdb', 'ibis-framework')}; {asked.rounds} rounds; {', '.join(counts)}.\n")
    rows = [[name, f"{first[name]:.2f} s", seconds(found), span(found)] for name, found in spent.items()]
    print(markdown(["from Python to figures", "first time", "median", "least to most"], rows))


def _action(
    installation: Installation, warehouse: Warehouse, family: str, report: Callable[[Any, Any], object]
) -> Callable[[], object]:
    """Ask `report` as the notebook of its family does, with its own defaults."""
    schema = Schema.read(installation.workspace.notebook(family))
    resolved = schema.resolve({}, warehouse.as_of, warehouse.options)
    question = SimpleNamespace(**resolved.values, as_of=warehouse.as_of)
    return lambda: report(warehouse, question)


def _count(warehouse: Warehouse, table: str) -> str:
    (count,) = warehouse.backend.con.execute(f"select count(*) from {table}").fetchone()
    return f"{count:,} rows of {table}"


if __name__ == "__main__":
    main()
