"""The queries of messages, chats, operators and calls beside SQL written by hand for the same figures, on the lake.

    python -m bench.contacts [--scale N] [--times N] [--rounds N]

`--scale` is that of the demo data; `--times` writes the messages and calls that many times over, for large data.
Both sides are asked for two years by month, of a zone whose clocks change as those of our customers do, and of
UTC, where whoever writes by hand needs no zone at all.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from bench.measure import in_turn, machine, markdown, seconds, span
from bench.place import place
from reports_lib.metrics import (
    calls,
    chat_messages,
    chats,
    cps,
    dialogues,
    messaging,
    notifications,
    operators,
    presence,
    windows,
)
from reports_lib.metrics.messages import Shape
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.timeline import naive
from reports_lib.values.interval import Interval
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse, connect
from reports_lib.warehouse.demo.build import demo_as_of
from reports_lib.warehouse.statement import Build

PERIOD = "2024-11-01/2026-10-31"
ZONES = ("Europe/Kyiv", "UTC")  # on whose clocks the months are
SQL = Path(__file__).with_name("contacts.sql")
QUESTIONS: dict[str, tuple[Build, Any]] = {
    "messages by status": (notifications.created, Shape()),
    "messages sent": (messaging.query, Shape()),
    "notifications": (notifications.notified, Shape()),
    "dialogues": (chats.begun, frozenset()),
    "messages of chats": (chat_messages.sent, frozenset()),
    "operators": (operators.query, frozenset()),
    "presence": (presence.query, frozenset()),
    "calls": (calls.query, None),
    "set-ups": (cps.query, None),
    "windows": (windows.query, len(windows.USUAL.bounds)),
}
COPIED = {"message": "message_id", "chat_message": "message_id", "call": "call_id"}
COPIES = """
    insert into {table}
    select {key} + copy * (select max({key}) from {table}), {table}.* exclude ({key})
    from {table}, range(1, {times}) as copies(copy)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with place(asked.scale) as installation:
        address = Address.of(installation.workspace, reader=False)
        for table, key in COPIED.items() if asked.times > 1 else ():
            copied = COPIES.format(table=table, key=key, times=asked.times)
            writer.execute(address, copied, author="bench", message="copies")
        with connect(installation.warehouse, as_of=demo_as_of()) as warehouse:
            found = {zone: _lines(warehouse, zone, asked.rounds) for zone in ZONES}
            counts = {
                table: warehouse.backend.con.execute(f"select count(*) from {table}").fetchone() for table in COPIED
            }
    print(f"{machine('duckdb', 'ibis-framework')}; {asked.rounds} rounds.\n")
    rows = ", ".join(f"{count:,} rows of {table}" for table, (count,) in counts.items())
    head = ["", "by hand", "least to most", "ours", "least to most", "ours by hand's"]
    for zone, lines in found.items():
        print(f"Two years by month of {zone}, {rows}:\n\n{markdown(head, lines)}\n")


def _lines(warehouse: Warehouse, zone: str, rounds: int) -> list[Sequence[str]]:
    for macro, zones in {"local": ("UTC", zone), "utc": (zone, "UTC")}.items():
        turned = "t" if zone == "UTC" else "t at time zone '{}' at time zone '{}'".format(*zones)
        warehouse.backend.con.execute(f"create or replace temporary macro {macro}(t) as {turned}")
    sides = [Side(warehouse, name, by_hand, ZoneInfo(zone)) for name, by_hand in written().items()]
    for side in sides:
        side.check()
    return [side.line(rounds) for side in sides]


def written() -> dict[str, str]:
    """The statements of the file beside this one, by the names of the questions."""
    parts = (part.partition("\n") for part in SQL.read_text().split("\n--- ")[1:])
    return {name: sql for name, _, sql in parts}


@dataclass(frozen=True)
class Side:
    """One question to a warehouse, and the SQL that somebody wrote for it."""

    warehouse: Warehouse
    name: str
    sql: str
    zone: ZoneInfo

    def ours(self) -> list[dict[str, Any]]:
        """The rows of what Daybook asks."""
        build, shape = QUESTIONS[self.name]
        interval = self._interval
        steps = Steps.of(interval, self.warehouse.as_of).values
        asked: Any = SimpleNamespace(interval=interval, as_of=self.warehouse.as_of)
        rings = windows.values(windows.starting(asked)) | windows.USUAL.values
        return self.warehouse.ask(build, shape, steps | dialogues.bounds(asked) | rings)

    def by_hand(self) -> list[dict[str, Any]]:
        """The rows of the SQL written by hand."""
        moments = {"start": self._interval.start, "end": self._interval.end, "as_of": self.warehouse.as_of}
        values: dict[str, datetime] = {name: naive(at) for name, at in moments.items() if f"${name}" in self.sql}
        found = self.warehouse.backend.con.execute(self.sql, values)
        columns = [column[0] for column in found.description]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def check(self) -> None:
        """Both give the same figures, or the comparison is worth nothing."""
        mine = self.by_hand()
        columns = list(mine[0])
        wrong = _keyed(mine, columns) ^ _keyed(self.ours(), columns)
        if wrong:
            raise SystemExit(f"{self.name}: {', '.join(columns)} differ: {sorted(wrong, key=str)[:6]}")

    def line(self, rounds: int) -> Sequence[str]:
        """A line of the table."""
        actions: Mapping[str, Callable[[], object]] = {f"{self.name}, by hand": self.by_hand, self.name: self.ours}
        by_hand, ours = in_turn(actions, rounds).values()
        ratio = median(one.wall for one in ours) / median(one.wall for one in by_hand)
        return [self.name, seconds(by_hand), span(by_hand), seconds(ours), span(ours), f"{ratio:.2f}"]

    @property
    def _interval(self) -> Interval:
        return Interval.parse(PERIOD, self.zone, self.warehouse.as_of)


def _keyed(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> set[tuple[Any, ...]]:
    return {tuple(row[column] for column in columns) for row in rows}


if __name__ == "__main__":
    main()
