import json
import textwrap
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports_lib.errors import ParameterError, SettingError, UnknownNameError
from reports_lib.parameters import kinds, sources
from reports_lib.parameters.kinds import Choices, Currency, Interval, Months, TimeZone
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sets import read_set, write_set
from reports_lib.parameters.sources import ClientTag, Company
from reports_lib.values import interval

AS_OF = datetime(2024, 3, 14, 22, 30, tzinfo=UTC)  # the 15th in Kyiv
CELL = """
interval: Interval = "last 12 months"          # Period of the report
time_zone: TimeZone = "UTC"                    # Buckets are local to it
client_tags: Choices[ClientTag] = []           # By clients | Client Tags
group_by: Choices["year", "month",
                  "date"] = ["month"]          # Group by
currency: Currency = "USD"                     # Output | Currency
compare_to: Choice["previous_month", "previous_year"] = ""   # Output | Compare to
active_duration: Months = 1
"""
LOOKUPS = {
    "client_tag": [Option("vip", "vip"), Option("007", "007")],
    "currency": [Option("USD", "US Dollar"), Option("EUR", "Euro")],
}


def notebook(folder, *cells, name="family.ipynb"):
    """A notebook of code cells, each (source, tags)."""
    made = [{"cell_type": "code", "source": source, "metadata": {"tags": tags}} for source, tags in cells]
    path = folder / name
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# A", "metadata": {}}, *made]}))
    return path


@pytest.fixture
def schema(tmp_path):
    return Schema.read(notebook(tmp_path, (CELL, ["parameters"]), ("raise SystemExit", [])))


def test_reads_the_cell_without_running_it(schema):
    assert schema.family == "family"
    assert [(p.name, p.default, p.section, p.help, p.required) for p in schema] == [
        ("interval", "last 12 months", "", "Period of the report", True),
        ("time_zone", "UTC", "", "Buckets are local to it", True),
        ("client_tags", [], "By clients", "Client Tags", False),
        ("group_by", ["month"], "", "Group by", False),
        ("currency", "USD", "Output", "Currency", True),
        ("compare_to", "", "Output", "Compare to", False),
        ("active_duration", 1, "", "", True),
    ]
    assert schema["client_tags"].kind == Choices[ClientTag]
    assert schema["group_by"].kind == Choices["year", "month", "date"]
    assert schema["active_duration"].kind is Months


def test_source_may_be_a_list_of_lines(tmp_path):
    lines = CELL.splitlines(keepends=True)
    assert len(tuple(Schema.read(notebook(tmp_path, (lines, ["parameters"]))))) == 7


@pytest.mark.parametrize(
    ("cell", "line", "reason"),
    [
        ("import os", 1, "is not a declaration"),
        ("a: Text = 'x'\nb = 2", 2, "is not a declaration"),
        ("a: Text", 1, "is not a declaration"),
        ("a.b: Text = 'x'", 1, "is not a declaration"),
        ("(a): Text = 'x'", 1, "is not a declaration"),
        ("print(1)", 1, "is not a declaration"),
        ("a: str = 'x'", 1, "names no kind: str"),
        ("a: Choices[int] = []", 1, "names no kind"),
        ("a: Choices[1] = []", 1, "offers a choice that is not text"),
        ("a: Choices[''] = []", 1, "offers a choice that is not text"),
        ("a: kinds.Text = 'x'", 1, "names no kind"),
        ("a: Text = str(1)", 1, "has a default"),
        ("a: Text = f'{1}'", 1, "has a default"),
        ("a: Text = 1.5", 1, "has a default"),
        ("a: Choices['b'] = ['b', 1]", 1, "has a default"),
        ("a: Text = None", 1, "has a default"),
        ("\na: Months = 0", 2, "has a default that is refused: a '0' is not a whole number"),
        ("a: Choices['b'] = ['c']", 1, "has a default that is refused"),
        ("a: Interval = 'someday'", 1, "has a default that is refused"),
        ("a: Text = 'x'\na: Text = 'y'", 2, "declares a again"),
        ("A: Text = 'x'", 1, "declares A; names are snake_case"),
        ("_a: Text = 'x'", 1, "declares "),
        ("а: Text = 'x'", 1, "declares "),  # a Cyrillic letter that looks like ours
        ("a: Text = 'x", 1, "is not Python"),
        ("%matplotlib inline", 1, "is not Python"),
        ("a: Text = " + "(" * 5000, 1, "is not Python"),
        ("a: Text = 'x'\0", 1, "is not Python"),
    ],
)
def test_a_cell_that_breaks_the_contract_is_named_with_line_and_reason(tmp_path, cell, line, reason):
    with pytest.raises(SettingError) as refused:
        Schema.read(notebook(tmp_path, (cell, ["parameters"])))
    assert str(refused.value).startswith(f"family.ipynb, parameters cell, line {line}: {reason}")
    assert "\n" not in str(refused.value)


def test_a_notebook_needs_one_parameters_cell(tmp_path):
    with pytest.raises(SettingError, match="has no cells tagged parameters"):
        Schema.read(notebook(tmp_path, (CELL, [])))
    with pytest.raises(SettingError, match="has 2 cells"):
        Schema.read(notebook(tmp_path, (CELL, ["parameters"]), (CELL, ["parameters"])))
    for text in ("", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', "[" * 100_000):
        (tmp_path / "broken.ipynb").write_text(text)
        with pytest.raises(SettingError, match=r"broken.ipynb is not a notebook"):
            Schema.read(tmp_path / "broken.ipynb")
    with pytest.raises(SettingError, match=r"none.ipynb is not a notebook"):
        Schema.read(tmp_path / "none.ipynb")


def test_resolves_what_is_given_and_fills_in_the_rest(schema):
    asked = {"interval": "month to date", "time_zone": "Europe/Kyiv", "client_tags": "007,VIP", "currency": "euro"}
    resolved = schema.resolve(asked, AS_OF, LOOKUPS.__getitem__)
    assert resolved.asked == asked
    assert resolved.values == {
        "interval": interval.Interval.parse("2024-03-01/2024-03-15", ZoneInfo("Europe/Kyiv"), AS_OF),
        "time_zone": ZoneInfo("Europe/Kyiv"),
        "client_tags": ["vip", "007"],
        "group_by": ["month"],
        "currency": "EUR",
        "compare_to": "",
        "active_duration": 1,
    }
    assert resolved.literals == {
        "interval": "2024-03-01/2024-03-15",
        "time_zone": "Europe/Kyiv",
        "client_tags": ["vip", "007"],
        "group_by": ["month"],
        "currency": "EUR",
        "compare_to": "",
        "active_duration": 1,
    }
    assert resolved.labels["currency"] == "Euro"
    assert resolved.labels["compare_to"] == "—"


def test_resolving_the_literals_again_gives_the_same(schema):  # T-72
    first = schema.resolve({"interval": "last month", "client_tags": ["007"]}, AS_OF, LOOKUPS.__getitem__)
    later = schema.resolve(first.literals, datetime(2031, 1, 1, tzinfo=UTC))
    assert (later.values, later.literals) == (first.values, first.literals)


def test_a_saved_set_means_the_same_parameters_and_its_period_the_time_of_the_run(schema, tmp_path):  # T-72
    asked = {"interval": "last month", "time_zone": "Europe/Kyiv", "client_tags": ["007", "vip"], "active_duration": 3}
    write_set(tmp_path / "family" / "monthly.yaml", schema.resolve(asked, AS_OF).asked)
    loaded = read_set(tmp_path / "family" / "monthly.yaml")
    assert schema.resolve(loaded, AS_OF).literals == schema.resolve(asked, AS_OF).literals
    assert schema.resolve(loaded, AS_OF).literals["interval"] == "2024-02-01/2024-02-29"
    april = schema.resolve(loaded, datetime(2024, 4, 14, tzinfo=UTC))
    assert april.literals["interval"] == "2024-03-01/2024-03-31"


def test_an_interval_is_required(schema):  # JD-08
    for empty in ("", "  "):
        with pytest.raises(ParameterError, match=r"^interval is required, such as last month"):
            schema.resolve({"interval": empty}, AS_OF)
    unset = Schema.of({"interval": Interval}, {"interval": ""})
    with pytest.raises(ParameterError, match="interval is required"):
        unset.resolve({}, AS_OF)
    with pytest.raises(ParameterError, match=r"^active_duration is required$"):
        schema.resolve({"active_duration": ""}, AS_OF)


def test_errors_name_the_parameter(schema):
    with pytest.raises(ParameterError, match=r"^interval '2024-02-01/2024-01-01' ends before it begins$"):
        schema.resolve({"interval": "2024-02-01/2024-01-01"}, AS_OF)
    with pytest.raises(ParameterError, match=r"^time_zone 'Mars' is not a time zone"):
        schema.resolve({"time_zone": "Mars"}, AS_OF)
    with pytest.raises(ParameterError, match=r"^client_tags 'x' is not one of vip, 007$"):
        schema.resolve({"client_tags": "x"}, AS_OF, LOOKUPS.__getitem__)


def test_a_name_that_is_not_declared_is_refused(schema):  # T7
    with pytest.raises(UnknownNameError, match=r"no parameter of family named 'curency'; did you mean 'currency'\?"):
        schema.resolve({"curency": "EUR"}, AS_OF)
    for name in ("x=1\nimport os", "currency ", "", "сurrency", "x" * 10_000, "interval\0", 1, None):
        with pytest.raises(UnknownNameError) as refused:
            schema.resolve({name: "EUR"}, AS_OF)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 250


@settings(max_examples=200, deadline=None)
@given(st.text() | st.from_regex(r"[a-z_]+[=\n (;#]?.*", fullmatch=True))
def test_only_declared_names_ever_reach_a_notebook(name):  # T7
    schema = Schema.of({"currency": Currency, "m": Months}, {"currency": "USD", "m": 1})
    try:
        resolved = schema.resolve({name: "1"}, AS_OF)
    except (UnknownNameError, ParameterError):
        return
    assert name == "m"
    assert all(each.isidentifier() for each in resolved.literals)


def test_inside_a_notebook_the_annotations_are_the_schema():
    # as a kernel runs it: declarations, then the injected literals over them
    space = {name: getattr(kinds, name) for name in (*kinds.KINDS, *kinds.CHOICES)} | sources.SOURCES
    exec(textwrap.dedent(CELL) + "\nhelper: int = 3\ninterval = '2024-01-01/2024-01-31'\nactive_duration = 2", space)
    inside = Schema.of(space["__annotations__"], space)
    values = inside.resolve({}, AS_OF).values
    assert list(values) == [p.name for p in inside]
    assert "helper" not in values
    assert (str(values["interval"]), values["active_duration"]) == ("2024-01-01/2024-01-31", 2)


def test_annotations_kept_as_text_name_their_kinds_too():
    annotations = {"a": "Choices['x', 'y']", "b": "Choices[Company]", "c": "dict[str, int]", "d": "1 +"}
    inside = Schema.of(annotations, {"a": ["x"], "b": [], "c": {}, "d": 1})
    assert [(p.name, p.kind) for p in inside] == [("a", Choices["x", "y"]), ("b", Choices[Company])]


def test_the_zone_is_utc_where_no_parameter_says():
    inside = Schema.of({"interval": Interval}, {"interval": "today"})
    assert inside.resolve({}, AS_OF).literals == {"interval": "2024-03-14/2024-03-14"}
    zoned = Schema.of({"interval": Interval, "z": TimeZone}, {"interval": "today", "z": "Europe/Kyiv"})
    assert zoned.resolve({}, AS_OF).literals["interval"] == "2024-03-15/2024-03-15"


def test_a_report_that_names_no_zone_has_that_of_the_workspace(tmp_path):  # G-3
    cell = CELL.replace('TimeZone = "UTC"', 'TimeZone = ""')
    schema = Schema.read(notebook(tmp_path, (cell, ["parameters"])))
    resolved = schema.resolve({"interval": "today"}, AS_OF, zone="Europe/Kyiv")
    assert resolved.values["time_zone"] == ZoneInfo("Europe/Kyiv")
    assert resolved.literals["time_zone"] == "Europe/Kyiv"  # kept, whatever the workspace says later
    assert str(resolved.values["interval"]) == "2024-03-15/2024-03-15"
    assert schema.resolve({"time_zone": "UTC"}, AS_OF, zone="Europe/Kyiv").literals["time_zone"] == "UTC"
