"""SPEC's golden table, worked by hand: every figure of every month and of the total, on both engines."""

from decimal import Decimal

import golden
import pytest

from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.metrics.figures import FLOWS, RATIOS
from reports_lib.metrics.stocks import STOCKS
from reports_lib.values.money import round_half_up

HEAD = [*STOCKS, "refill_qty", "refill_total", "refill_avg", "payg_total", "payg_active_avg"]
HEAD += ["activation_qty", "activation_total", "renew_qty", "renew_total"]
# JD-33 … JD-53: active, overall active and all clients; refills; pay as you go; packages
TABLE = """
2024-01 3 45.00 -5.50 39.50 4 52.00 -5.50 46.50 5 58.00 -5.50 52.50 4 62.50 15.625 17.00 5.6667 0 0 0 0
2024-02 3 15.00 -9.45 5.55 4 22.00 -9.45 12.55 5 25.00 -9.45 15.55 1 3.00 3.00 10.20 3.40 1 10.00 1 20.00
2024-03 2 13.00 -17.85 -4.85 4 20.00 -17.85 2.15 5 23.00 -17.85 5.15 1 20.00 20.00 2.00 1.00 1 0.00 2 28.40
Total 2 13.00 -17.85 -4.85 4 20.00 -17.85 2.15 5 23.00 -17.85 5.15 6 85.50 14.25 29.20 14.60 2 10.00 3 48.40
"""


@pytest.fixture
def found(warehouse_of, ask):
    question = ask("2024-01-01/2024-03-31", "Europe/Kyiv", client_type=["client"])
    return customer_dynamics(warehouse_of(golden.tables()), question)


def test_every_figure_equals_the_hand_worked_table(found):
    expected = {
        key: dict(zip(HEAD, map(Decimal, values), strict=True))
        for key, *values in map(str.split, TABLE.split("\n")[1:-1])
    }
    shown = {row["month"]: row for row in found.rows} | {"Total": found.total}

    assert set(HEAD) == {*STOCKS, *FLOWS, *RATIOS} - {"chargeback_qty", "chargeback_total"}
    for key, row in shown.items():
        averages = {name: round_half_up(row[name], 4) for name in RATIOS}  # the table shows four decimals
        assert {name: (row | averages)[name] for name in HEAD} == expected[key], key
