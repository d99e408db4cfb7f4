"""Saved queries as files: what goes in comes out, what cannot be kept is refused, nothing is lost."""

import threading
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from reports_lib.errors import ParameterError, SettingError, StateError
from reports_lib.parameters.query import Query, named, noted, read_query, slug, write_query
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sets import LISTS, TEXTS, read_set
from reports_lib.workspace import SET

FULL = Query(
    {"interval": "last month", "client_tags": ["vip", "007"], "country": "NO"},
    name="The board's figures",
    note="For the meeting on the 3rd.\nAsk Ann.",
    visibility="company",
    owner="ann",
    company="2",
    formats=("html", "xlsx"),
    recipients=("board@example.com",),
    chart="Clients by month",
    cron="0 6 1 * *",
    time_zone="Europe/Kyiv",
)


def read(folder: Path, text: str) -> Query:
    path = folder / "sales" / "monthly.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return read_query(path)


def test_a_query_reads_back_as_it_was_written(tmp_path):  # JD-55, Q-14
    write_query(tmp_path / "sales/board.yaml", FULL, is_new=True)
    assert read_query(tmp_path / "sales/board.yaml") == FULL
    text = (tmp_path / "sales/board.yaml").read_text()
    assert text.index("query:") < text.index("interval:")


def test_a_set_without_a_word_about_itself_is_a_public_query_of_nobody(tmp_path):
    found = read(tmp_path, "interval: last month\n")
    assert found == Query({"interval": "last month"})
    assert (found.visibility, found.owner) == ("public", "")
    write_query(tmp_path / "sales/again.yaml", found)
    assert (tmp_path / "sales/again.yaml").read_text() == "interval: last month\n"


def test_who_wants_the_parameters_gets_nothing_else(tmp_path):
    write_query(tmp_path / "board.yaml", FULL)
    assert read_set(tmp_path / "board.yaml") == FULL.values


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: b\nquery: {nam: x}", "line 2: query has no 'nam'; there is name, note,"),
        ("query: {name: x, name: y}", "line 1: 'name' occurs twice"),
        ("query: {}\nquery: {}", "line 2: 'query' occurs twice"),
        ("query: text", "line 1: query must be a mapping"),
        ("query: [a]", "line 1: query must be a mapping"),
        ("query:\n  name: [a]", "line 2: name must be one text"),
        ("query:\n  formats: html", "line 2: formats must be a list of texts"),
        ("query:\n  formats: [[a]]", "line 2: a list must hold text only"),
        ("query: {name: &x y}", "line 1: anchors and aliases"),
        ("query: {name: !!str y}", "line 1: tags"),
        ("query: {visibility: pubic, owner: ann}", "did you mean 'public'?"),
        ("query: {visibility: private}", "visibility private needs an owner"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(tmp_path, text, reason):
    with pytest.raises(SettingError) as refusal:
        read(tmp_path, text)
    assert str(refusal.value).startswith("sales/monthly.yaml")
    assert reason in str(refusal.value)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80)
ODD = st.sampled_from(
    ["NO", "007", "+380441234567", "12:30:00", "null", "~", "- a", "#x", "a: b", "'\"", "😀", "\u2028"]
)
WORD = st.one_of(TEXT, ODD)


@settings(max_examples=150)
@given(
    values=st.dictionaries(st.from_regex("[a-z][a-z_]{0,9}", fullmatch=True), st.one_of(WORD, st.lists(WORD))),
    texts=st.fixed_dictionaries({key: WORD for key in TEXTS if key not in ("visibility", "name", "note", "owner")}),
    lists=st.fixed_dictionaries({key: st.lists(WORD).map(tuple) for key in LISTS}),
    name=WORD,
    note=st.one_of(WORD, st.text(max_size=3_000)),
)
def test_any_text_is_kept_or_refused_and_never_changed(tmp_path_factory, values, texts, lists, name, note):
    values.pop("query", None)
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    try:
        query = Query(values, name=named(name), note=noted(note), owner="ann", **texts, **lists)
        write_query(path, query, is_new=True)
    except (ParameterError, SettingError):
        assert not list(path.parent.iterdir())  # nothing half-written
        return
    assert read_query(path) == query
    assert read_set(path) == values


@given(TEXT)
def test_every_name_makes_a_name_of_a_file(name):
    assert SET.fullmatch(slug(name))


def test_names_of_files_are_told_apart():
    assert slug("The board's figures") == "the-board-s-figures"
    assert slug("Отчёт за июль") == "otchet-za-iyul"
    assert slug("Ünï & ß") == "uni-ss"
    assert slug("日本").startswith("query-")
    assert slug("日本") != slug("韓国")
    assert slug("日本") == slug("日本")


def test_a_note_keeps_its_lines_and_a_name_has_one():
    assert noted("a\r\nb \rc\n\n") == "a\nb\nc"
    assert named("  The\n board's   figures ") == "The board's figures"
    with pytest.raises(ParameterError, match="control character"):
        noted("a\0b")
    with pytest.raises(ParameterError, match="at most 2000"):
        noted("x" * 2_001)
    with pytest.raises(ParameterError, match="needs a name"):
        named(" \n")


def test_what_is_there_is_not_replaced_by_a_new_one(tmp_path):
    path = tmp_path / "sales/board.yaml"
    write_query(path, FULL, is_new=True)
    with pytest.raises(StateError):
        write_query(path, Query({}, name="Another"), is_new=True)
    assert read_query(path) == FULL
    assert list(path.parent.iterdir()) == [path]  # and nothing is left beside it


def test_of_many_that_save_under_one_name_one_does(tmp_path):
    path, outcome, gate = tmp_path / "sales/board.yaml", [], threading.Barrier(8)

    def save(number):
        gate.wait()
        try:
            write_query(path, Query({"number": str(number)}, name="Board"), is_new=True)
            outcome.append(number)
        except StateError:
            outcome.append(None)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for number in outcome if number is not None]
    assert len(outcome) == 8
    assert read_query(path).values == {"number": str(winner)}
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_changed_has_another_version(tmp_path):
    path = tmp_path / "board.yaml"
    write_query(path, FULL)
    first = read_query(path).version
    assert first == read_query(path).version
    path.write_text(path.read_text() + "# a word\n")
    assert read_query(path).version != first


def test_no_parameter_is_called_query(tmp_path):
    cell = new_code_cell('interval: Interval = "last month"\nquery: Text = ""', metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "sales.ipynb")
    with pytest.raises(SettingError, match="line 2: declares query"):
        Schema.read(tmp_path / "sales.ipynb")
