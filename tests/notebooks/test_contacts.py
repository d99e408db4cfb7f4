"""The reports of contact as a reader finds them: what can be asked, and the titles of the manual."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports_lib.parameters.schema import Schema

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)
PAGES = {
    "messaging_analytics": (  # TW-05
        [],
        ["All channels", "Each channel"],
    ),
    "chat_graphs": (  # TW-65
        ["chat", "messenger", "bot", "with_customer_messages", "operator", "group"],
        ["Cost of chats", "Popular phrases of users", "Active dialogues of operators", "Operators online"],
    ),
    "notification_graphs": (  # TW-109
        ["channel", "status"],
        ["Text messages by status", "Amount of parts of SMS messages", "Viber by statuses and"],
    ),
    "telephony_graphs": (  # TW-132
        [],
        ["Evaluation of the bots", "Volume of contact", "Calls by duration", "Peak of call set-ups"],
    ),
}


@pytest.mark.parametrize("family", PAGES)
def test_a_page_has_the_filters_and_charts_of_the_manual(family):
    filters, titles = PAGES[family]
    notebook = NOTEBOOKS / f"{family}.ipynb"
    names = [parameter.name for parameter in Schema.read(notebook)]
    assert set(filters) < set(names)
    text = "\n".join("".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"])
    assert [title for title in titles if title not in text] == []


@pytest.mark.parametrize("family", PAGES)
def test_a_period_begins_and_ends_at_a_time_of_day(family):  # TW-02, TW-14, TW-85, TW-121
    schema = Schema.read(NOTEBOOKS / f"{family}.ipynb")
    asked = {"interval": "2026-10-01T08:30/2026-10-02T17:59", "time_zone": "Europe/Kyiv"}
    interval = schema.resolve(asked, AS_OF).values["interval"]
    assert interval.start == datetime(2026, 10, 1, 5, 30, tzinfo=UTC)
    assert interval.end == datetime(2026, 10, 2, 15, tzinfo=UTC)
