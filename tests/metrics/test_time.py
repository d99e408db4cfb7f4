"""Which bucket a fact falls into, and when a client is active."""

import os
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from books import client, posted, used

from reports_lib.metrics.customer_dynamics import customer_dynamics


def column(figures, name):
    return [row[name] for row in figures.rows]


def test_event_at_a_bucket_start_belongs_to_it(found, ask):  # T-01
    usage = [used(1, "2024-02-01 00:00"), used(1, "2024-01-31 23:59:59.999999", "2")]
    figures = found({"client": [client(1)], "usage_event": usage}, ask("2024-01-01/2024-02-29"))
    assert column(figures, "payg_total") == [2, 1]


@pytest.mark.parametrize(("when", "qty"), [("2024-02-29 00:00", 1), ("2024-02-28 23:59:59.999999", 0)])
def test_active_from_the_windows_first_instant(found, ask, when, qty):  # T-02
    tables = {"client": [client(1)], "usage_event": [used(1, when)]}
    figures = found(tables, ask("2024-03-01T00:00/2024-03-28T23:59", group_by=[]))  # up to 29 March
    assert figures.total["active_qty"] == qty
    assert figures.total["overall_qty"] == 1  # T-21, JD-37


def test_month_in_which_the_clocks_change(found, ask):  # T-03
    usage = [used(1, "2024-02-29 21:59:59"), used(1, "2024-02-29 22:00", "2"), used(1, "2024-03-31 20:59:59", "4")]
    usage.append(used(1, "2024-03-31 21:00", "8"))  # April in Kyiv
    tables = {"client": [client(1)], "usage_event": usage}
    assert column(found(tables, ask("2024-03-01/2024-03-31", "Europe/Kyiv")), "payg_total") == [6]


def test_day_without_a_midnight(found, ask):  # T-04
    usage = [used(1, "2024-09-08 03:59:59"), used(1, "2024-09-08 04:00", "2"), used(1, "2024-09-09 02:59:59", "4")]
    tables = {"client": [client(1)], "usage_event": usage}
    figures = found(tables, ask("2024-09-07/2024-09-08", "America/Santiago", group_by=["date"]))
    assert column(figures, "payg_total") == [1, 6]


def test_same_event_lies_on_another_date_in_another_zone(found, ask):  # T-05, JD-09, JD-21
    tables = {"client": [client(1)], "usage_event": [used(1, "2024-05-10 22:30")]}
    dates = {}
    for zone in ("Europe/Kyiv", "America/Santiago"):
        figures = found(tables, ask("2024-05-10/2024-05-11", zone, group_by=["date"]))
        (dates[zone],) = (row["date"] for row in figures.rows if row["payg_total"])
    assert dates == {"Europe/Kyiv": "2024-05-11", "America/Santiago": "2024-05-10"}


@pytest.fixture
def far_away():
    """The operating system's zone, set to another one."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Apia"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def test_result_does_not_depend_on_session_or_system_zone(warehouse_of, ask, far_away):  # T-06
    warehouse = warehouse_of({"client": [client(1)], "usage_event": [used(1, "2024-03-31 22:30")]})
    if warehouse.backend.name == "postgres":
        warehouse.backend.con.execute("set time zone 'America/Santiago'")
    figures = customer_dynamics(warehouse, ask("2024-03-01/2024-04-30", "Europe/Kyiv"))
    assert column(figures, "payg_total") == [0, 1]


@pytest.mark.parametrize(("months", "window"), [(1, "2024-02-29 00:00"), (12, "2023-03-31 00:00")])
def test_window_is_clamped_to_the_month(found, ask, months, window):  # T-07, JD-32
    usage = [used(1, window), used(2, "2024-02-28 23:59:59" if months == 1 else "2023-03-30 23:59:59")]
    tables = {"client": [client(1), client(2)], "usage_event": usage}
    figures = found(tables, ask("2024-03-01/2024-03-30", active_duration=months))
    assert figures.total["active_qty"] == 1


def test_interval_that_ends_after_as_of(found, ask):  # T-09, JD-68
    usage = [used(1, "2024-02-10"), used(1, "2024-02-20", "2")]
    tables = {"client": [client(1)], "usage_event": usage, "ledger_entry": [posted(1, "2024-02-20", "9")]}
    figures = found(tables, ask("2024-01-01/2024-06-30", as_of=datetime(2024, 2, 15, tzinfo=UTC)))
    assert [(row["month"], row["extent"]) for row in figures.rows] == [("2024-01", ""), ("2024-02", "partial")]
    assert (figures.total["payg_total"], figures.total["all_balance"]) == (1, 0)
    assert figures.data_interval == (datetime(2024, 2, 10, tzinfo=UTC),) * 2


def test_partial_years(found, ask):  # T-10, JD-19
    usage = [used(1, "2023-06-30"), used(1, "2023-07-01", "2"), used(1, "2024-02-29", "4"), used(1, "2024-07-01", "8")]
    figures = found({"client": [client(1)], "usage_event": usage}, ask("2023-07-01/2024-06-30", group_by=["year"]))
    assert [(row["year"], row["payg_total"], row["extent"]) for row in figures.rows] == [
        ("2023", 2, "partial"),
        ("2024", 4, "partial"),
    ]


def test_interval_without_any_fact(found, ask):  # T-11, G-5, G-9
    tables = {"client": [client(1)]}
    figures = found(tables, ask("2024-01-01/2024-02-29"))
    assert [(row["refill_qty"], row["refill_avg"], row["payg_active_avg"]) for row in figures.rows] == [
        (0, None, None)
    ] * 2
    assert figures.data_interval is None
    assert found(tables, ask("2024-01-01/2024-02-29", empty_buckets="hide")).rows == []


def test_coarser_units_add_a_column(found, ask):  # JD-20
    figures = found({"client": [client(1)]}, ask("2023-12-01/2024-01-31", group_by=["month", "year"]))
    assert figures.keys == ["year", "month"]
    assert [(row["year"], row["month"]) for row in figures.rows] == [("2023", "2023-12"), ("2024", "2024-01")]


def test_interval_that_has_not_begun_has_no_rows(found, ask):
    figures = found({"client": [client(1)]}, ask("2024-01-01/2024-01-31", as_of=datetime(2023, 1, 1, tzinfo=UTC)))
    assert (figures.rows, figures.total) == ([], None)


def test_totals_equal_a_run_without_grouping(found, ask):  # T-16, T-31, G-10
    usage = [
        used(n, f"2024-0{month}-15", "0.005")
        for n, month in ((1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (1, 3), (2, 3))
    ]
    ledger = [posted(1, "2024-01-05", "0.005"), posted(1, "2024-02-05", "10")]
    tables = {"client": [client(n) for n in (1, 2, 3)], "usage_event": usage, "ledger_entry": ledger}
    monthly = found(tables, ask("2024-01-01/2024-03-31"))
    assert column(monthly, "active_qty") == [3, 3, 2]
    assert monthly.total["active_qty"] == 2  # not 8, and not the 3 that ever were
    assert monthly.total["payg_total"] == sum(column(monthly, "payg_total")) == Decimal("0.04")
    assert sum(column(monthly, "all_balance")) != monthly.total["all_balance"]
    assert monthly.total == found(tables, ask("2024-01-01/2024-03-31", group_by=[])).total
