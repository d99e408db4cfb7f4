"""Financial analytics as a reader finds it: what can be asked, and the charts of the manual."""

import json
from datetime import UTC, datetime
from pathlib import Path

from reports_lib.families import heading
from reports_lib.parameters.schema import Schema

NOTEBOOK = Path(__file__).parents[2] / "notebooks/financial_analytics.ipynb"
AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)


def cells():
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text())["cells"]}


def test_the_first_block_is_of_all_that_was_asked_for():  # MS-65
    found = cells()
    before = list(found)[: list(found).index("headlines")]
    assert not [name for name in before if name.startswith(("chart", "table"))]
    assert "[gross, refunds, net, purchases, payments, average, redeemed]" in found["headlines"]


def test_it_has_the_charts_of_the_manual_and_a_table_behind_each():  # MS-67 … MS-70
    text = "\n".join(cells().values())
    for chart in ("Income by {step}", "Income by gateway", "Coupons redeemed by {step}", "Income by payment method"):
        assert chart in text
    names = ["income_by_time", "gateways", "gateways_by_time", "methods", "methods_by_time"]
    names += ["coupons_by_time", "coupon_types", "coupon_discounts", "coupon_groups"]
    assert [name for name in names if f'name="{name}"' not in text] == []


def test_a_period_begins_and_ends_at_a_time_of_day():  # MS-66, MS-71
    asked = {"interval": "2026-10-01T08:30/2026-10-02T17:59", "time_zone": "Europe/Kyiv"}
    interval = Schema.read(NOTEBOOK).resolve(asked, AS_OF).values["interval"]
    assert interval.start == datetime(2026, 10, 1, 5, 30, tzinfo=UTC)
    assert interval.end == datetime(2026, 10, 2, 15, tzinfo=UTC)


def test_it_needs_purchases_and_their_payments_and_names_nobody():  # MS-01, Q-11
    found = heading(NOTEBOOK)
    assert found.needs == ("payment", "purchase")
    assert not found.personal
