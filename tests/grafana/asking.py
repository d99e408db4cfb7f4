"""A Postgres asked as Grafana asks it: its macros expanded, by a user who may only read, in a session of its own."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from reports_lib.grafana.dashboard import Dashboard, panels
from reports_lib.values.interval import Interval
from reports_lib.warehouse.connection import Warehouse

MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")  # what its data source takes for one
VARIABLE = re.compile(r"\$(\w+)|\[\[\w+(?::\w+)?\]\]|\$\{\w+")  # what its pages take for one


def expanded(sql: str, start: datetime, end: datetime) -> str:
    """The SQL with its macros expanded, as the data source of Grafana does it; raises `KeyError` for an unknown one."""
    moment = {"__timeFrom": start, "__timeTo": end}
    return MACRO.sub(lambda found: f"'{moment[found[1]].isoformat().replace('+00:00', 'Z')}'", sql)


class Live(NamedTuple):
    """A warehouse that both read: Daybook, and Grafana through a connection."""

    warehouse: Warehouse
    connection: psycopg.Connection[Any]
    schema: str

    def rows(self, dashboard: Dashboard, title: str, asked: Interval) -> list[dict[str, Any]]:
        """What a panel shows of a period, now being the warehouse's as-of."""
        (panel,) = [each for each in panels(dashboard.family) if each.title == title]
        sql, _ = dashboard.asked(panel)
        now = f"timestamptz '{self.warehouse.as_of.isoformat()}'"
        text = expanded(sql, asked.start, asked.end).replace("now()", now)
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(text).fetchall()


def sums(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """The figures of these rows added up."""
    return {name: sum(row[name] for row in rows) for name in names}
