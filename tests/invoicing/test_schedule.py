"""The schedule's entry of invoices (TW-35): what it asks for, and what does not go with it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

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
