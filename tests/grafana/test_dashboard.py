"""The file that Grafana imports, held against Grafana's schema and against what the import needs."""

import json
import re
from zoneinfo import ZoneInfo

import pytest

from reports_lib.errors import UnknownNameError
from reports_lib.grafana import FAMILIES
from reports_lib.grafana.dashboard import Dashboard, panels
from reports_lib.values.interval import Interval
from reports_lib.warehouse.scope import Scope
from tests.conftest import SCHEMA
from tests.grafana.schema import faults

OWN = Scope("1", frozenset({"1", "2"}))


def dashboard(family, **more):
    return Dashboard(family, "Chat graphs", "Who wrote to whom?", SCHEMA, "Europe/Kyiv", **more)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_is_a_dashboard_by_grafana_s_own_schema(family):  # TW-86, TW-122, TW-133
    model = json.loads(dashboard(family, address="https://reports.example.com/ask/chat_graphs").text())
    asked, needed = model.pop("__inputs"), model.pop("__requires")
    assert faults(model) == []
    assert [each["type"] for each in asked] == ["datasource"]
    assert {each["id"] for each in needed} >= {panel["type"] for panel in model["panels"]} | {asked[0]["pluginId"]}


def test_the_schema_tells_what_is_wrong():
    model = dashboard("chat_graphs").model()
    model["panels"][0]["gridPos"]["w"] = "wide"
    model["pannels"] = []
    assert [fault.partition(" ")[0] for fault in faults(model) if "__" not in fault] == [
        "dashboard.pannels",
        "dashboard.panels.grid_pos.w",
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_panel_reads_the_source_that_the_import_asks_for(family):
    model = dashboard(family).model()
    source = {"type": model["__inputs"][0]["pluginId"], "uid": f"${{{model['__inputs'][0]['name']}}}"}
    for panel in model["panels"]:
        assert panel["datasource"] == panel["targets"][0]["datasource"] == source
    text = json.dumps(model)
    assert set(re.findall(r"\$\{(\w+)\}", text)) == {"DS_DAYBOOK"}


@pytest.mark.parametrize("family", FAMILIES)
def test_panels_stand_beside_and_below_each_other(family):
    places = [panel["gridPos"] for panel in dashboard(family).model()["panels"]]
    taken = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_titles_are_told_apart_and_the_same_file_is_made_of_the_same():
    for family in FAMILIES:
        titles = [panel.title for panel in panels(family)]
        assert len(titles) == len(set(titles))
        assert dashboard(family).text() == dashboard(family).text()
    assert dashboard("chat_graphs").uid == "daybook-chat-graphs"
    assert dashboard("chat_graphs", scope=OWN).uid == "daybook-chat-graphs-1"


def test_a_status_has_its_colour():
    (panel,) = [p for p in dashboard("telephony_graphs").model()["panels"] if p["title"] == "Calls by status, today"]
    colours = {each["matcher"]["options"]: each["properties"][0]["value"] for each in panel["fieldConfig"]["overrides"]}
    assert colours["Answered"] == {"mode": "fixed", "fixedColor": "#0b5c8a"}


def test_a_family_without_a_dashboard_is_told_by_name():
    with pytest.raises(UnknownNameError, match=r"no dashboard named 'chat_graph'.*chat_graphs"):
        dashboard("chat_graph").text()


def test_a_company_s_dashboard_shows_its_own_and_no_more(live):  # T-28
    period = Interval.parse("2026-10-01/2026-11-02", ZoneInfo("Europe/Kyiv"), live.warehouse.as_of)
    (whole,) = live.rows(dashboard("notification_graphs"), "Notifications", period)
    (own,) = live.rows(dashboard("notification_graphs", scope=Scope("2", frozenset({"2"}))), "Notifications", period)
    (both,) = live.rows(dashboard("notification_graphs", scope=OWN), "Notifications", period)
    assert both == whole
    assert 0 < own["Messages"] < whole["Messages"]
