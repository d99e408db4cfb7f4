"""The schedule: its file, what an entry asks for at a tick, what is caught up."""

from datetime import UTC, datetime, timedelta

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from reports_lib.errors import SettingError
from reports_lib.parameters.options import Option
from reports_lib.rendering.formats import Format
from reports_lib.runs.entry import BATCH, Overlap
from reports_lib.runs.schedule import read_entries, read_schedule
from reports_lib.workspace import Workspace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PARAMETERS = """
interval: Interval = "last month"
country: Text = ""
currency: Currency = "USD"
company: Choices[Company] = []
client_type: Choice[ClientType] = "client"
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "notebooks").mkdir()
    cell = new_code_cell(PARAMETERS.strip(), metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "notebooks/sales.ipynb")
    (tmp_path / "parameters/sales").mkdir(parents=True)
    (tmp_path / "parameters/sales/last-month.yaml").write_text("interval: last month\ncountry: NO\n")
    return Workspace(tmp_path, tmp_path / "outputs")


@pytest.fixture
def schedule(workspace):
    def read(text, reader=read_schedule):
        (workspace.parameters / "schedule.yaml").write_text(text)
        return reader(workspace)

    return read


ENTRY = """
- name: monthly
  family: sales
  set: last-month
  parameters: {currency: EUR}
  cron: "30 2 * * *"
  time_zone: Europe/Berlin
  formats: [html, xlsx]
  recipients: [board@example.com]
  owner: billing@example.com
  catch_up: %s
"""
COMPANIES = [Option("2", "Aurora"), Option("3", "Dnipro"), Option("4", "Kansai, Kaiwa")]


def fan_out(more):
    return f"- {{name: each, family: sales, cron: '0 6 1 * *', formats: [pdf], {more}}}"


def test_an_entry_is_a_saved_set_with_changes(schedule):
    (entry,) = schedule(ENTRY % "all")
    assert entry.given == {"interval": "last month", "country": "NO", "currency": "EUR"}
    assert entry.formats == (Format.HTML, Format.XLSX)
    assert (entry.recipients, entry.owner) == (("board@example.com",), "billing@example.com")
    assert entry.overlap is Overlap.QUEUE


def test_a_tick_is_the_as_of_and_names_the_run(schedule):
    (entry,) = schedule(ENTRY % "all")
    tick = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    (request,) = entry.requests(tick)
    assert request.as_of == tick
    assert request.run_key == "schedule:monthly@2026-11-01T01:30:00+00:00"
    assert (request.entry, request.owner) == ("monthly", "billing@example.com")
    assert request.recipients == ("board@example.com",)


@pytest.mark.parametrize(("catch_up", "days"), [("all", [20, 21, 22]), ("last", [22]), ("skip", [])])
def test_missed_ticks_are_caught_up_as_the_entry_says(schedule, catch_up, days):
    (entry,) = schedule(ENTRY % catch_up)
    due = entry.due(datetime(2026, 11, 19, 1, 30, tzinfo=UTC), NOW)
    assert [tick.day for tick, _ in due] == [20, 21, 22]  # something is decided about each
    assert [tick.day for tick, is_wanted in due if is_wanted] == days


def test_an_entry_that_is_new_runs_its_latest_tick(schedule):
    (entry,) = schedule(ENTRY % "all")
    assert entry.due(None, NOW) == [(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), True)]


def test_where_missed_ticks_are_skipped_one_of_the_last_hour_still_runs(schedule):
    (entry,) = schedule(ENTRY % "skip")
    tick = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    assert entry.due(None, tick + timedelta(minutes=59)) == [(tick, True)]
    assert entry.due(None, tick + timedelta(minutes=60)) == [(tick, False)]


def test_nothing_is_due_twice(schedule):
    (entry,) = schedule(ENTRY % "all")
    assert entry.due(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), NOW) == []


def test_a_clock_that_jumps_back_finds_nothing(schedule):  # F8
    (entry,) = schedule(ENTRY % "all")
    assert entry.due(datetime(2027, 11, 22, 1, 30, tzinfo=UTC), NOW) == []


def test_a_long_line_of_missed_ticks_is_decided_piece_by_piece(schedule):
    (entry,) = schedule(ENTRY % "last")
    first = entry.due(NOW - timedelta(days=BATCH + 5), NOW)
    assert (len(first), any(is_wanted for _, is_wanted in first)) == (BATCH, False)
    rest = entry.due(first[-1].tick, NOW)
    assert [is_wanted for _, is_wanted in rest] == [False] * 4 + [True]


# One run for each


def test_all_values_that_the_warehouse_has_each_with_its_recipients(schedule):
    each = "{parameter: company, recipients: {3: [ops@d.example], aurora: [a@a.example]}}"
    (entry,) = schedule(fan_out(f"recipients: [board@example.com], for_each: {each}"))
    assert entry.needs_lookup
    asked = {r.run_key: (r.given["company"], r.recipients) for r in entry.requests(NOW, lambda kind: COMPANIES)}
    assert asked == {
        "schedule:each@2026-11-22T12:00:00+00:00#2": (["2"], ("a@a.example", "board@example.com")),
        "schedule:each@2026-11-22T12:00:00+00:00#3": (["3"], ("ops@d.example", "board@example.com")),
        "schedule:each@2026-11-22T12:00:00+00:00#4": (["4"], ("board@example.com",)),
    }


def test_whoever_is_to_get_a_value_that_is_not_there_is_not_passed_over(schedule):  # its run fails, its owner is told
    (entry,) = schedule(fan_out("for_each: {parameter: company, values: all, recipients: {Aurorra: [a@a.example]}}"))
    values = [r.given["company"] for r in entry.requests(NOW, lambda kind: COMPANIES)]
    assert values == [["2"], ["3"], ["4"], ["Aurorra"]]


def test_listed_values_need_no_warehouse(schedule):
    (entry,) = schedule(fan_out("for_each: {parameter: company, values: [3, 'Kansai, Kaiwa']}"))
    assert not entry.needs_lookup
    assert [r.given["company"] for r in entry.requests(NOW)] == [["3"], ["Kansai, Kaiwa"]]


def test_one_of_several_fixed_options(schedule):
    (entry,) = schedule(fan_out("for_each: {parameter: client_type}"))
    assert [r.given["client_type"] for r in entry.requests(NOW)] == ["client", "reseller", "calling_card", "call_shop"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("for_each: company", "for_each must be like {parameter: company, values: all}"),
        ("for_each: {parameter: companie}", "no parameter of sales named 'companie'; did you mean 'company'?"),
        ("for_each: {parameter: country}", "for_each: country has no options to take one by one"),
        ("for_each: {parameter: company}, parameters: {company: '2'}", "company is given by parameters too"),
        ("for_each: {parameter: company, value: [2]}", "no key of for_each named 'value'; did you mean 'values'?"),
        ("for_each: {parameter: company, values: some}", "values must be all, or a list such as [2, 3]"),
        ("for_each: {parameter: company, values: [2, 2]}", "'2' is listed twice"),
        ("for_each: {parameter: client_type, values: [clent]}", "client_type 'clent' is not there; did you mean"),
        (
            "for_each: {parameter: company, values: [2], recipients: {3: [a@a.example]}}",
            "recipients are given of '3', which is not among its values",
        ),
        ("for_each: {parameter: company, recipients: {3: ['a@a, b@b']}}", "'a@a, b@b' is not one e-mail address"),
        ("for_each: {parameter: company, recipients: {3: a@a.example}}", "3 must be a list such as [ann@example.com]"),
    ],
)
def test_a_for_each_that_cannot_be_is_named(schedule, more, said):
    with pytest.raises(SettingError) as refusal:
        schedule(fan_out(more))
    assert str(refusal.value).startswith("schedule.yaml: entry each: ")
    assert said in str(refusal.value)


# The file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: a", "entry a: lacks 'family'"),
        ("- 7", "entry 1: must have keys"),
        ("- {family: sales, cron: '* * * * *'}", "entry 1: lacks 'name'"),
        ("- {name: a@b, family: sales, cron: '* * * * *'}", "entry a@b: name 'a@b' must be letters"),
        ("- {name: a, family: seles, cron: '* * * * *'}", "entry a: no family named 'seles'; did you mean 'sales'"),
        ("- {name: a, family: sales, cron: 'every day'}", "entry a: cron 'every day' cannot be read"),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', time_zone: Mars/Base}",
            "entry a: 'Mars/Base' is not a time zone",
        ),
        ("- {name: a, family: sales, cron: '0 0 * * *', formats: [docx]}", "entry a: no format named 'docx'"),
        ("- {name: a, family: sales, cron: '0 0 * * *', cuncurrency: 1}", "entry a: no key named 'cuncurrency'"),
        ("- {name: a, family: sales, cron: '0 0 * * *', set: first}", "entry a: no parameter set of sales named"),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', parameters: {intreval: last month}}",
            "entry a: no parameter of sales named 'intreval'; did you mean 'interval'?",
        ),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', parameters: {interval: last moth}}",
            "entry a: interval 'last moth'",
        ),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', catch_up: maybe}",
            "entry a: no catch_up named 'maybe'; there is all, last, skip",
        ),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', overlap: drop}",
            "entry a: no overlap named 'drop'; there is queue, skip",
        ),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', formats: [html], recipients: [ann@example.com]}",
            "entry a: a report for the web alone cannot be sent by mail",  # JD-30
        ),
        (
            "- {name: a, family: sales, cron: '0 0 * * *', recipients: ['ann@example.com, eve@example.com']}",
            "entry a: 'ann@example.com, eve@example.com' is not one e-mail address",  # T18
        ),
        ("- {name: a, family: sales, cron: '0 0 * * *', owner: nobody}", "entry a: 'nobody' is not one e-mail"),
        ("- {name: a, family: sales, cron: '0 0 * * *', owner: [a@b.example]}", "entry a: owner must be one text"),
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


def test_an_entry_that_cannot_be_read_leaves_the_others(schedule):
    text = "- {name: a, family: seles, cron: '0 0 * * *'}\n- {name: b, family: sales, cron: '0 0 * * *'}"
    entries, problems = schedule(text, read_entries)
    assert [entry.name for entry in entries] == ["b"]
    assert list(problems) == ["a"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]"])
def test_an_empty_schedule(schedule, text):
    assert schedule(text) == []
