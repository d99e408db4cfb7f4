"""`daybook grafana FAMILY`: the dashboard of a workspace, printed or written to a file."""

import json

import pytest
from click.testing import CliRunner

from reports_lib.cli.grafana import grafana
from reports_lib.errors import SettingError, UnknownNameError

FAMILY = "telephony_graphs"


@pytest.fixture
def run(tmp_path):
    """`run("telephony_graphs")`: what the command comes to in a workspace whose warehouse is a Postgres."""
    for folder in ("notebooks", "parameters"):
        (tmp_path / folder).mkdir()
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Calls\n\nHow many were there?"}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / f"notebooks/{FAMILY}.ipynb").write_text(json.dumps(book))
    environment = {
        "DAYBOOK_HOME": str(tmp_path), "DAYBOOK_TIME_ZONE": "Europe/Kyiv", "DAYBOOK_URL": "https://r.example.com",
        "DAYBOOK_WAREHOUSE_URL": "postgresql://reader:secret@db.example.com/crm?schema=crm",
    }  # fmt: skip
    return lambda *words: CliRunner().invoke(grafana, words, env=environment)


def test_the_dashboard_is_that_of_the_workspace(run, tmp_path):  # TW-133
    printed = run(FAMILY).output
    model = json.loads(printed)
    assert (model["title"], model["description"]) == ("Calls", "How many were there?")
    assert model["timezone"] == "Europe/Kyiv"
    assert model["links"][0]["url"] == "https://r.example.com/ask/telephony_graphs"
    assert 'FROM "crm"."call"' in model["panels"][0]["targets"][0]["rawSql"]
    assert "secret" not in printed
    target = tmp_path / "calls.json"
    assert run(FAMILY, "-o", str(target)).output == f"{target}\n"
    assert target.read_text() == printed


def test_what_there_is_no_dashboard_or_no_place_for_is_told(run, tmp_path):
    assert isinstance(run("help_tickets").exception, UnknownNameError)
    assert "no family named 'chat_graphs'" in str(run("chat_graphs").exception)
    answer = run(FAMILY, "-o", str(tmp_path / "nowhere/calls.json"))
    assert isinstance(answer.exception, SettingError)
    assert "cannot be written: No such file" in str(answer.exception)
