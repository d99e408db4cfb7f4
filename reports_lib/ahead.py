"""What a process does ahead of any notebook, so that nobody waits for it: compile queries, open a session, draw.

It stands above `notebook`, for it does once what notebooks do.
"""

import gc
import os
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from reports_lib import metrics
from reports_lib.display import Column, Grid, headlines, lines
from reports_lib.metrics import customer_dynamics
from reports_lib.notebook import chart
from reports_lib.warehouse import engine
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse, prepare, rehearse


def compile_ahead() -> None:
    """What can be prepared before a fork: it starts no thread, opens no DuckDB and needs no secret."""
    engine.compile_ahead()
    customer_dynamics.compile_ahead()


def compile_further() -> None:
    """What can be prepared when there is nothing else to do, by the same rules: what any report asks."""
    customer_dynamics.compile_further()
    for found in iter_modules(metrics.__path__):
        report = import_module(f"{metrics.__name__}.{found.name}")
        if compile_report := getattr(report, "compile_ahead", None):
            compile_report()


def warm(expected: Mapping[str, str] = MappingProxyType({})) -> None:
    """All that a kernel can do before anybody asks: everything is asked and drawn once and thrown away.

    It needs no secret, and leaves nothing that a report could tell. If the run is `expected` to read
    one version of a lake, that is entered already.
    """
    compile_ahead()
    if text := expected.get("DAYBOOK_WAREHOUSE"):
        with suppress(Exception):  # the run itself will say so
            rehearse(Address.parse(text), _usual)
    else:
        prepare()
    before = dict(os.environ)
    os.environ.update(expected)
    os.environ.pop("DAYBOOK_TABLES", None)  # or the table would be taken for one of the notebook's
    try:
        month, amount = Column("month", "Month"), Column("amount", "Amount", "money", "Group")
        rows = [{"month": f"2026-{number:02}", "amount": Decimal(number)} for number in range(1, 13)]
        shown: list[Any] = [
            headlines([amount], rows[0], rows[1]),
            Grid("Warm", rows, [month, amount], total=rows[-1]),
            lines(rows, month, amount, "Warm"),
            *[chart(rows, {"x": "month"}, amount, "Warm", adds_up=True)] * 3,  # V8 is at its best after a few
        ]
        for one in shown:
            one._repr_mimebundle_()
    finally:
        os.environ.clear()
        os.environ.update(before)
    gc.collect()
    gc.freeze()  # what is there by now stays there: the collector need not look at it in the midst of a report


def _usual(warehouse: Warehouse) -> None:
    """Ask what nearly every report asks."""
    warehouse.options("currency")
    customer_dynamics.rehearse(warehouse)
