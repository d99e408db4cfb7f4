"""Customer analytics as a reader finds it: what can be asked, and the charts of the manual."""

import json
from datetime import UTC, datetime
from pathlib import Path

from reports_lib.families import heading
from reports_lib.parameters.schema import Schema

NOTEBOOK = Path(__file__).parents[2] / "notebooks/customer_analytics.ipynb"
AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)


def cells():
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text())["cells"]}


def test_the_first_block_is_of_all_that_was_asked_for():  # MS-56, MS-57
    found = cells()
    before = list(found)[: list(found).index("headlines")]
    assert not [name for name in before if name.startswith(("chart", "table"))]
    tiles = found["columns"].partition("tiles = [")[2]
    for figure in ('"Registrations"', '"Activations"', "sold", '"Subscriptions bought"', "rate"):
        assert figure in tiles
    assert found["headlines"] == "headlines(tiles, total, earlier)"


def test_it_has_the_charts_of_the_manual_and_a_table_behind_each():  # MS-59 … MS-64
    text = "\n".join(cells().values())
    charts = [
        "Registered and activated users by {step}",
        "Users at the end of each {step}",
        "Most bought subscriptions",
    ]
    charts += ["Subscriptions bought by {step}", "Purchases on the map", "Purchases by country", "Churn by month"]
    assert [title for title in charts if title not in text] == []
    names = ["customers", "subscriptions", "countries", "churn"]
    assert [name for name in names if f'name="{name}"' not in text] == []


def test_a_period_begins_and_ends_at_a_time_of_day():  # MS-58, MS-71
    asked = {"interval": "2026-10-01T08:30/2026-10-02T17:59", "time_zone": "Europe/Kyiv", "grace_days": "3"}
    values = Schema.read(NOTEBOOK).resolve(asked, AS_OF).values
    assert values["interval"].start == datetime(2026, 10, 1, 5, 30, tzinfo=UTC)
    assert values["interval"].end == datetime(2026, 10, 2, 15, tzinfo=UTC)
    assert values["grace_days"] == 3


def test_it_needs_customers_and_what_they_bought_and_names_nobody():  # MS-01, Q-11
    found = heading(NOTEBOOK)
    assert found.needs == ("client_profile", "entitlement", "purchase")
    assert not found.personal
