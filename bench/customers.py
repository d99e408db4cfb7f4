"""A million customers: a page of the portal's list, the counts above it, and the report, beside SQL written by hand.

    python -m bench.customers [--times N] [--rounds N]

`--times` is how often the 967 customers of the demo data are there. Pages are told twice: the question alone, and
with the connection that the portal opens for it.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import Spent, in_turn, machine, markdown, seconds
from bench.place import place
from reports_lib.metrics import customers
from reports_lib.metrics.inline import packed
from reports_lib.metrics.streamed import BATCH
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import registered, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse, connect
from reports_lib.warehouse.demo.build import demo_as_of
from reports_lib.warehouse.registered import FIRST, Search
from reports_lib.warehouse.versions import latest

TIMES = 1035
HEAD = ["", "by hand", "processor", "ours", "processor", "ours by hand's, processor"]
SEARCHES = {"": Search(), " of an e-mail": Search(email="17.blue.otter")}
SQL = Path(__file__).with_name("customers.sql")
FAR = 1_000_000  # between the numbers of two copies
COPIES = """
    insert into {table}
    select {table}.client_id + copy * {far}, {table}.* exclude (client_id) {told}
    from {table}, range(1, {times}) as copies(copy)
    where {table}.client_id in (select client_id from client_profile)
"""
COPIED = {"client": "", "client_social": "", "client_profile": "replace (copy || '.' || email as email)"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with place(1) as installation:
        address = Address.of(installation.workspace, reader=False)
        for table, told in COPIED.items():  # the profile last: by it the others know who is a customer
            copied = COPIES.format(table=table, told=told, far=FAR, times=given.times)
            writer.execute(address, copied, author="bench", message="copies")
        lines = _lines(installation, given.rounds)
        with connect(installation.warehouse, as_of=demo_as_of()) as warehouse:
            count = sum(row["customers"] for row in warehouse.ask(registered.counted, frozenset()))
    print(f"{machine('duckdb', 'ibis-framework')}; {count:,} customers who are there, {given.rounds} rounds.\n")
    print(markdown(HEAD, lines))


def _lines(installation: Installation, rounds: int) -> list[Sequence[str]]:
    by_hand = written()
    with connect(installation.reading(latest(installation.warehouse)), as_of=demo_as_of()) as warehouse:
        ours = _questions(warehouse)
        theirs = {name: _asker(warehouse, sql) for name, sql in by_hand.items()}
        for name in ours:
            _check(name, ours[name](), theirs[name]())
        found = [_line(name, theirs[name], ours[name], rounds) for name in ours]
    for name, search in SEARCHES.items():
        action = _request(installation, search)
        (spent,) = in_turn({f"page and counts{name}, connecting": action}, rounds).values()
        found.append([f"page and counts{name}, connecting", "", "", seconds(spent), _cpu(spent), ""])
    return found


def written() -> dict[str, str]:
    """The statements of the file beside this one, by the names of the questions."""
    parts = (part.partition("\n") for part in SQL.read_text().split("\n--- ")[1:])
    return {name: sql for name, _, sql in parts}


def _questions(warehouse: Warehouse) -> dict[str, Callable[[], int]]:
    """What Daybook asks, each returning how many customers it found."""
    found: dict[str, Callable[[], int]] = {}
    for name, search in SEARCHES.items():
        values = search.values | FIRST.values
        found[f"first page{name}"] = lambda s=search, v=values: len(warehouse.ask(registered.page, s.shape, v))
        found[f"counts{name}"] = lambda s=search, v=values: _sum(warehouse.ask(registered.counted, s.shape, v))
    recent = {"recent": "2026-10-01"}
    found["report: counts"] = lambda: _sum(warehouse.ask(customers.counted, frozenset(), recent))
    names = {"countries": packed([("CL", "Chile"), ("GB", "United Kingdom")])}
    found["report: all rows"] = lambda: _streamed(warehouse, names)
    return found


def _streamed(warehouse: Warehouse, values: Mapping[str, str]) -> int:
    rows = warehouse.lazy(customers.query, frozenset(), values)
    with rows.to_pyarrow_batches(chunk_size=BATCH) as batches:
        return sum(batch.num_rows for batch in batches)


def _asker(warehouse: Warehouse, sql: str) -> Callable[[], int]:
    values: dict[str, Any] = {"as_of": warehouse.as_of.replace(tzinfo=None)}
    values |= {"email": SEARCHES[" of an e-mail"].email} if "$email" in sql else {}

    def ask() -> int:
        found = warehouse.backend.con.execute(sql, values)
        if "customers" in (names := [column[0] for column in found.description]):
            return sum(row[names.index("customers")] for row in found.fetchall())
        return sum(batch.num_rows for batch in found.to_arrow_reader(BATCH))

    return ask


def _request(installation: Installation, search: Search) -> Callable[[], object]:
    """What the portal does for one page of its list."""

    def ask() -> None:
        as_of: datetime = demo_as_of()
        with connect(installation.reading(latest(installation.warehouse)), as_of=as_of) as warehouse:
            warehouse.check(registered.READ)
            warehouse.ask(registered.page, search.shape, search.values | FIRST.values)
            warehouse.ask(registered.counted, search.shape, search.values)

    return ask


def _sum(rows: Sequence[Mapping[str, Any]]) -> int:
    return sum(row["customers"] for row in rows)


def _check(name: str, ours: int, by_hand: int) -> None:
    """Both find as many customers, or the comparison is worth nothing."""
    if ours != by_hand:
        raise SystemExit(f"{name}: {ours:,} customers, by hand {by_hand:,}")


def _line(name: str, by_hand: Callable[[], object], ours: Callable[[], object], rounds: int) -> Sequence[str]:
    theirs, mine = in_turn({f"{name}, by hand": by_hand, name: ours}, rounds).values()
    ratio = median(one.cpu for one in mine) / median(one.cpu for one in theirs)
    return [name, seconds(theirs), _cpu(theirs), seconds(mine), _cpu(mine), f"{ratio:.2f}"]


def _cpu(found: Sequence[Spent]) -> str:
    """Median of processor time: what a busy machine tells too."""
    return f"{median(one.cpu for one in found):.2f} s"


if __name__ == "__main__":
    main()
