"""Open in Grafana: who is offered the dashboard of a family, and whose data it asks for (TW-86, TW-122, TW-133)."""

import json
import shutil
from pathlib import Path

import pytest

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.portal.grafana import pages
from tests.portal.people import signed_in

FAMILY = "telephony_graphs"
NOTEBOOK = Path(__file__).parents[2] / f"notebooks/{FAMILY}.ipynb"
ADDRESS = f"/grafana/{FAMILY}.json"


@pytest.fixture
def family(installation):
    """The family, and that of the sealed report, are there for the test alone."""
    folder = installation.workspace.notebooks
    made = [Path(shutil.copy(NOTEBOOK, folder / f"{name}.ipynb")) for name in (FAMILY, "customer_dynamics")]
    yield
    for path in made:
        path.unlink()


def test_the_page_of_the_family_leads_to_the_file(client, family):
    assert f'href="{ADDRESS}" download' in client.get(f"/ask/{FAMILY}").text
    answer = client.get(ADDRESS)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="daybook-telephony-graphs.json"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.text)["uid"] == "daybook-telephony-graphs"


def test_so_does_a_report_but_only_of_such_a_family(client, sealed, family, monkeypatch):
    _, token = sealed
    assert "/grafana/" not in client.get(f"/view?id={token}").text
    monkeypatch.setattr(pages, "FAMILIES", ("customer_dynamics",))
    assert "/grafana/customer_dynamics.json" in client.get(f"/view?id={token}&lang=es").text


def test_a_company_s_user_gets_questions_about_his_own(installation, sealed, family):
    with signed_in(installation, "analyst", "7") as client:
        model = client.get(ADDRESS).json()
    assert model["uid"] == "daybook-telephony-graphs-7"
    assert all("STRING_TO_ARRAY('7', ',')" in panel["targets"][0]["rawSql"] for panel in model["panels"])


def test_who_may_not_ask_is_offered_none(installation, sealed, family):
    viewer = Visitor("ann", Role.VIEWER)
    assert pages.address(FAMILY, viewer) == ""
    with signed_in(installation, "viewer") as client:
        assert client.get(ADDRESS).status_code == 403
    assert pages.address("help_tickets", Visitor("ann", Role.ANALYST)) == ""
