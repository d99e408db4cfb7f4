"""The list of xDRs: every event once, in order, on local clocks, and never all of them in memory (JD-80)."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import NOW
from books import at, client, rate, used

from reports_lib.metrics.xdrs import xdrs
from reports_lib.values.interval import Interval

DAY = "2026-10-25/2026-10-25"
KYIV = "Europe/Kyiv"


@dataclass(frozen=True)
class Asked:
    """A question with the notebook's defaults."""

    interval: Interval
    as_of: datetime = NOW
    client_type: tuple[str, ...] = ()
    client_tags: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    include_sub_companies: bool = False
    owner_user: tuple[str, ...] = ()
    package: tuple[str, ...] = ()
    result_status: tuple[str, ...] = ()
    order: str = "newest"


def asked(interval=DAY, zone=KYIV, **changes):
    as_of = changes.get("as_of", NOW)
    return Asked(Interval.parse(interval, ZoneInfo(zone), as_of), **changes)


def event(number, when, status="success", **columns):
    columns = {"service_id": 1, "volume": Decimal(60)} | columns
    return used(1, when, "2.345678", usage_id=number, result_status=status, **columns)


EVENTS = [
    event(1, "2026-10-24 20:59:59.999999"),  # before the day
    event(2, "2026-10-24 21:00", "busy"),
    event(3, "2026-10-25 00:30", "no_channel", peer_client_id=2, peer_amount=Decimal("1.5"), code="44"),
    event(5, "2026-10-25 01:30", "error", origin="term", peer_client_id=9, peer_amount=Decimal(1)),
    event(4, "2026-10-25 01:30", None, currency="JPY", service_id=8),
    event(6, "2026-10-25 21:59:59.999999", volume=Decimal("0.5"), client_id=2, package_id=4),
    event(7, "2026-10-25 22:00"),  # after it: the day has 25 hours
]
TABLES = {
    "usage_event": EVENTS,
    "client": [client(1, name="Ann", client_type="reseller"), client(2, name="Bob")],
    "service": [{"service_id": 1, "name": "Calls", "unit": "second"}],
    "currency": [{"code": "USD", "details_precision": 4}, {"code": "JPY", "details_precision": 2}],
    "fx_rate": [rate("EUR/USD", "2026-01-01", "1")],
}


def numbers(found):
    return [row["usage_id"] for batch in found.rows() for row in batch.to_pylist()]


def test_every_event_of_the_period_in_order_with_what_is_known_of_it(warehouse_of):  # JD-80, T-01, T-03, G-11
    warehouse = warehouse_of(TABLES, NOW)
    found = xdrs(warehouse, asked())
    rows = {row["usage_id"]: row for batch in found.rows() for row in batch.to_pylist()}
    assert list(rows) == [6, 5, 4, 3, 2]
    assert numbers(xdrs(warehouse, asked(order="oldest"))) == [2, 3, 4, 5, 6]
    local = [(f"{rows[n]['at']:%m-%d %H:%M}", rows[n]["orig_client_name"], rows[n]["term_client_name"]) for n in rows]
    assert local == [
        ("10-25 23:59", "Bob", None),
        ("10-25 03:30", "9", "Ann"),  # the second 03:30; a client that is not there goes by its number
        ("10-25 03:30", "Ann", None),
        ("10-25 03:30", "Ann", "Bob"),  # the first
        ("10-25 00:00", "Ann", None),
    ]
    assert [row["result"] for row in rows.values()] == ["Success", "Error", None, "No channel", "Busy"]
    assert [(row["service"], row["unit"]) for row in (rows[3], rows[4])] == [("Calls", "second"), (None, None)]
    assert (rows[3]["amount"], rows[3]["peer_amount"], rows[3]["code"]) == (Decimal("2.345678"), Decimal("1.5"), "44")
    assert {row["status"]: row["events"] for row in found.by_status} == {
        "Success": 1, "Busy": 1, "No channel": 1, "Error": 1, "(unknown)": 1,
    }  # fmt: skip
    assert (found.count, found.places, found.has_fractions) == (5, 4, True)
    assert [f"{moment:%d %H:%M}" for moment in found.data_interval] == ["24 21:00", "25 21:59"]


@pytest.mark.parametrize("engine", ["lake"])
def test_only_the_events_asked_for(warehouse_of):  # JD-80, G-12
    warehouse = warehouse_of(TABLES, NOW)
    for changes, expected in (
        ({"result_status": ("busy", "error")}, [5, 2]),
        ({"client_type": ("reseller",), "result_status": ("success",)}, []),
        ({"client_type": ("reseller",)}, [5, 4, 3, 2]),
        ({"as_of": at("2026-10-25 01:30").replace(tzinfo=ZoneInfo("UTC"))}, [3, 2]),  # G-1
    ):
        found = xdrs(warehouse, asked(**changes))
        assert (numbers(found), found.count) == (expected, len(expected)), changes
    empty = xdrs(warehouse, asked("2026-01-01/2026-01-01"))
    assert (numbers(empty), empty.count, empty.data_interval) == ([], 0, None)
    assert [row["events"] for row in empty.by_status] == [0, 0, 0, 0]  # G-5


MEASURED = """
import json, os, resource
from pathlib import Path

import pyarrow as pa

from reports_lib.display import Column, Grid
from reports_lib.rendering import tables

names = pa.array([f"client {number}" for number in range(10_000)])
batch = pa.record_batch({"name": names, "id": pa.array(range(10_000))})
columns = [Column("id", "Id"), Column("name", "Name")]
found = []
for count in (10, 100):
    rows = pa.RecordBatchReader.from_batches(batch.schema, (batch for _ in range(count)))
    shown = Grid(f"T {count}", rows, columns, first=100)._repr_mimebundle_()
    reference = shown["application/vnd.daybook.table+json"]
    (table,) = tables.stored([reference], Path(os.environ["DAYBOOK_TABLES"]))
    read = sum(1 for _ in table.stream()) if count == 10 else table.height
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found.append([reference["rows"], read, shown["text/html"].count("<tr>"), peak])
print(json.dumps(found))
"""


def test_ten_times_the_rows_take_no_more_memory(tmp_path):  # T-71: a list is as long as it is
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        env=os.environ | {"DAYBOOK_TABLES": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    few, many = json.loads(done.stdout)
    assert few[:3] == [100_000, 100_000, 101]
    assert many[:3] == [1_000_000, 1_000_000, 101]
    assert many[3] - few[3] < 25_000_000  # bytes; in Arrow alone the rows would be 30 MB, in Python 300 MB
