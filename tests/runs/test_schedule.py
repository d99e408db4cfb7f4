"""The schedule: its file, its ticks over clock changes, what is caught up."""

from datetime import UTC, datetime, timedelta

import pytest

from reports_lib.errors import SettingError
from reports_lib.rendering.formats import Format
from reports_lib.runs.schedule import read_schedule
from reports_lib.workspace import Workspace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def schedule(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/sales.ipynb").touch()
    (tmp_path / "parameters/sales").mkdir(parents=True)
    (tmp_path / "parameters/sales/last-month.yaml").write_text("interval: last month\ncountry: NO\n")

    def read(text):
        (tmp_path / "parameters/schedule.yaml").write_text(text)
        return read_schedule(Workspace(tmp_path, tmp_path / "outputs"))

    return read


ENTRY = """
- name: monthly
  family: sales
  set: last-month
  parameters: {currency: EUR}
  cron: "30 2 * * *"
  time_zone: Europe/Berlin
  formats: [html, xlsx]
  catch_up: %s
"""


def test_an_entry_is_a_saved_set_with_changes(schedule):
    (entry,) = schedule(ENTRY % "all")
    assert entry.given == {"interval": "last month", "country": "NO", "currency": "EUR"}
    assert entry.formats == (Format.HTML, Format.XLSX)


def test_a_tick_is_the_as_of_and_names_the_run(schedule):
    (entry,) = schedule(ENTRY % "all")
    tick = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    request = entry.request(tick)
    assert request.as_of == tick
    assert request.run_key == "schedule:monthly@2026-11-01T01:30:00+00:00"


def test_half_past_two_comes_once_on_the_day_it_comes_twice(schedule):  # 25 October 2026, Berlin
    (entry,) = schedule(ENTRY % "all")
    day = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert list(entry.ticks(day, day + timedelta(hours=25))) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_half_past_two_comes_once_on_the_day_it_does_not_come(schedule):  # 29 March 2026, Berlin
    (entry,) = schedule(ENTRY % "all")
    day = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert len(list(entry.ticks(day, day + timedelta(hours=23)))) == 1


@pytest.mark.parametrize(("catch_up", "days"), [("all", [20, 21, 22]), ("last", [22]), ("skip", [])])
def test_missed_ticks_are_caught_up_as_the_entry_says(schedule, catch_up, days):
    (entry,) = schedule(ENTRY % catch_up)
    due = entry.due(datetime(2026, 11, 19, 1, 30, tzinfo=UTC), NOW)
    assert [tick.day for tick in due] == days


def test_an_entry_that_never_ran_runs_its_latest_tick(schedule):
    (entry,) = schedule(ENTRY % "all")
    assert entry.due(None, NOW) == [datetime(2026, 11, 22, 1, 30, tzinfo=UTC)]


def test_nothing_is_due_twice(schedule):
    (entry,) = schedule(ENTRY % "all")
    assert entry.due(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), NOW) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: a", "entry a lacks 'family'"),
        ("- {name: a, family: seles, cron: '* * * * *'}", "entry a: no family named 'seles'; did you mean 'sales'"),
        ("- {name: a, family: sales, cron: 'every day'}", "entry a: cron 'every day' cannot be read"),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', time_zone: Mars/Base}",
            "entry a: 'Mars/Base' is not a time zone",
        ),
        ("- {name: a, family: sales, cron: '0 0 * * *', formats: [docx]}", "entry a: no format named 'docx'"),
        ("- {name: a, family: sales, cron: '0 0 * * *', cuncurrency: 1}", "entry a: no key named 'cuncurrency'"),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', catch_up: maybe}",
            "entry a: no catch_up named 'maybe'; there is all, last, skip",
        ),
        ("- {name: a, family: sales, cron: '0 0 * * *'}\n- {name: a, family: sales, cron: '0 0 * * *'}", "two entries"),
        ("name: a", "must be a list"),
        ("- [", "is not YAML"),
    ],
)
def test_what_cannot_be_read_is_named(schedule, text, said):
    with pytest.raises(SettingError) as refusal:
        schedule(text)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
