"""The query of Customer Dynamics beside SQL written by hand for the same 21 columns, on the lake.

    python -m bench.metrics [--scale N] [--times N] [--rounds N]

`--scale` is that of the demo data; `--times` writes the usage that many times over, for large data.
"""

import argparse
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from bench.measure import compared, in_turn, machine
from bench.place import place
from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.metrics.figures import FLOWS, with_ratios
from reports_lib.metrics.question import unit
from reports_lib.metrics.stocks import STOCKS
from reports_lib.metrics.timeline import naive
from reports_lib.parameters.schema import Schema
from reports_lib.runs.installation import Installation
from reports_lib.values.spine import spine
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse, connect
from reports_lib.warehouse.demo.build import demo_as_of

GIVEN: dict[str, Any] = {"interval": "2024-11-01/2026-10-31", "group_by": ["month"], "time_zone": "UTC"}
SQL = Path(__file__).with_name("customer_dynamics.sql")
COPIES = """
    insert into usage_event
    select usage_id + copy * (select max(usage_id) from usage_event), * exclude (usage_id)
    from usage_event, range(1, {times}) as copies(copy)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with place(asked.scale) as installation:
        if asked.times > 1:
            address = Address.of(installation.workspace, reader=False)
            writer.execute(address, COPIES.format(times=asked.times), author="bench", message="copies")
        with connect(installation.warehouse, as_of=demo_as_of()) as warehouse:
            ways = Ways(installation, warehouse)
            ways.check()
            spent = in_turn(ways.actions(), asked.rounds)
            (count,) = warehouse.backend.con.execute("select count(*) from usage_event").fetchone()
    print(f"{machine('duckdb', 'ibis-framework')}; {asked.rounds} rounds.\n")
    print(f"Customer Dynamics, 24 months by month, {count:,} rows of usage:\n\n{compared(spent)}")


class Ways:
    """The same figures, asked for in several ways."""

    def __init__(self, installation: Installation, warehouse: Warehouse) -> None:
        schema = Schema.read(installation.workspace.notebook("customer_dynamics"))
        resolved = schema.resolve(GIVEN, warehouse.as_of, warehouse.options)
        self.warehouse = warehouse
        self.asked: Any = SimpleNamespace(**resolved.values, as_of=warehouse.as_of)
        self.buckets = spine(self.asked.interval, unit(self.asked), warehouse.as_of, self.asked.active_duration)
        self.ours = self._ours()
        self.theirs = SQL.read_text()

    def actions(self) -> dict[str, Callable[[], object]]:
        """What is compared."""
        return {
            "SQL written by hand": self.by_hand,
            "the SQL that `customer_dynamics()` makes": lambda: self._rows(self.ours, []),
            "`customer_dynamics()`, from Python to figures": lambda: customer_dynamics(self.warehouse, self.asked),
        }

    def by_hand(self) -> list[dict[str, Any]]:
        """The rows of the SQL in the file beside this one."""
        ends = [(naive(bucket.start), naive(bucket.end), naive(bucket.window_start)) for bucket in self.buckets]
        return self._rows(self.theirs, [[one[n] for one in ends] for n in range(3)] + [naive(self.warehouse.as_of)])

    def check(self) -> None:
        """Both give the same figures, or the comparison is worth nothing."""
        found = {row["number"]: row for row in self.by_hand()}
        for row in customer_dynamics(self.warehouse, self.asked).rows:
            mine = with_ratios({name: found[row["number"]].get(name) or 0 for name in (*STOCKS, *FLOWS)})
            wrong = [n for n in mine if "chargeback" not in n and _rounded(mine[n]) != _rounded(row[n])]
            if wrong:
                raise SystemExit(f"{row['bucket']}: {', '.join(f'{n} {mine[n]} against {row[n]}' for n in wrong)}")

    def _ours(self) -> str:
        """The text that `customer_dynamics()` hands to the engine, values and all."""
        with patch.object(self.warehouse, "_engine", _Noted(self.warehouse._engine)) as noted:
            customer_dynamics(self.warehouse, self.asked)
        return str(max(noted.texts, key=len))

    def _rows(self, sql: str, values: list[Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.warehouse.backend.con.execute(sql, values).to_arrow_table().to_pylist()
        return found


class _Noted:
    """An engine that notes what it is asked."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.texts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def rows(self, sql: str) -> Any:
        self.texts.append(sql)
        return self.engine.rows(sql)


def _rounded(value: int | Decimal | datetime | None) -> Decimal | None:
    return None if value is None else round(Decimal(value), 9)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
