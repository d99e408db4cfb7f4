"""The schedule's entry of invoices (TW-35): what it asks for, and what does not go with it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.cli.clock import clock
from reports_lib.database.schema import BillingRun
from reports_lib.errors import SettingError
from reports_lib.runs.clock import look
from reports_lib.runs.installation import Installation
from reports_lib.runs.schedule import read_schedule
from reports_lib.workspace import Workspace

ENTRY = "- {{name: bills, invoices: {what}, cron: '0 4 1 * *', time_zone: Europe/Kyiv{more}}}\n"


@pytest.fixture
def read(tmp_path):
    workspace = Workspace(tmp_path, tmp_path / "outputs")
    for name in ("parameters", "notebooks"):
        (tmp_path / name).mkdir()

    def entries(what="previous month", more=""):
        (workspace.parameters / "schedule.yaml").write_text(ENTRY.format(what=what, more=more))
        return workspace, read_schedule(workspace)

    return entries


def test_a_tick_wishes_for_the_month_before_it_once(read, database):
    workspace, (entry,) = read()
    installation = Installation(workspace)
    installation.__dict__["database"] = database
    now = datetime(2026, 11, 1, 2, 30, tzinfo=UTC)  # 04:30 in Kyiv
    (decided,) = look(installation, [entry], now)
    assert (decided.month, decided.runs) == ("2026-10", ())
    assert look(installation, [entry], now) == []
    with Session(database) as session:
        (wish,) = session.scalars(select(BillingRun))
        assert (wish.month, wish.company, wish.run_id, wish.state) == ("2026-10", "", None, "asked")


def test_no_month_is_left_out_while_no_clock_runs(read, database):
    workspace, (entry,) = read(more=", catch_up: all")
    assert read()[1] == [entry]  # as is usual for invoices
    installation = Installation(workspace)
    installation.__dict__["database"] = database
    entry = replace(entry, name="away")
    for now in (datetime(2026, 8, 1, 2, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)):
        decided = look(installation, [entry], now)
    assert [each.month for each in decided] == ["2026-08", "2026-09", "2026-10"]


def test_months_of_the_past_are_asked_for_once(read, database, monkeypatch):
    installation = Installation(read()[0])
    installation.__dict__["database"] = database
    monkeypatch.setattr("reports_lib.cli.clock.Installation", lambda _workspace: installation)
    wanted = ["--since", "2026-09-30", "--until", "2026-11-01"]
    runner = CliRunner(env={"DAYBOOK_HOME": str(installation.workspace.root)})
    shown = runner.invoke(clock, [*wanted, "--dry-run"])
    assert shown.exception is None, shown.exception
    assert shown.output.splitlines() == [
        "bills  2026-10-01T01:00:00+00:00  invoices of 2026-09",
        "bills  2026-11-01T02:00:00+00:00  invoices of 2026-10",
    ]
    first, again = (runner.invoke(clock, wanted) for _ in range(2))
    for each, how in ((first, "asked"), (again, "is there:")):
        assert f"bills  2026-10-01T01:00:00+00:00  {how}  invoices of 2026-09" in each.output
        assert "invoices  failed: " in each.output  # whom to ask for stands in a warehouse that is not there
    with Session(database) as session:
        found = session.scalars(select(BillingRun.month).where(BillingRun.asked_by == "schedule:bills"))
        assert sorted(found) == ["2026-09", "2026-10"]


@pytest.mark.parametrize(
    ("what", "more", "told"),
    [
        ("last week", "", "invoices: 'last week' is not previous month"),
        ("previous month", ", recipients: [a@b.example]", "recipients does not go with invoices"),
        ("previous month", ", family: sales", "family does not go with invoices"),
    ],
)
def test_what_does_not_go_with_it_is_refused(read, what, more, told):
    with pytest.raises(SettingError) as error:
        read(what, more)
    assert told in str(error.value)
