"""The facts of an invoice: one way to write them, and nothing in a text that could harm."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.errors import ParameterError
from reports_lib.invoicing.document import Calls, Document, Party, cleaned
from tests.invoicing.samples import document


def test_facts_read_back_are_the_same_document():
    made = document(
        calls=Calls(3, Decimal("1.2345"), "0" * 64, "pages"), corrects=("DB-202609-0007", document().due_date)
    )
    assert Document.parse(made.json()) == made


def test_facts_have_one_way_to_be_written():
    made = document()
    again = replace(made, net=made.net.quantize(Decimal("0.0000")))  # 137.7200 is 137.72
    assert again.json() == made.json()
    assert again.sha256 == made.sha256
    keys = list(json.loads(made.json()))
    assert keys == sorted(keys)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_amounts_are_exact_and_without_exponent(amount):
    made = replace(document(), carried=amount)
    assert "E" not in json.loads(made.json())["carried"]
    assert Document.parse(made.json()).carried == amount


def test_a_figure_that_is_no_number_is_refused():
    with pytest.raises(ParameterError, match="carried of an invoice is NaN"):
        replace(document(), carried=Decimal("NaN"))


def test_facts_that_are_none_are_refused_in_one_line():
    facts = json.loads(document().json())
    del facts["buyer"]["name"]
    with pytest.raises(ParameterError, match=r"buyer\.name"):
        Document.parse(json.dumps(facts).encode())


@pytest.mark.parametrize(
    ("hostile", "kept"),
    [
        ("Ann\u202e 00.1", "Ann 00.1"),  # T22: would turn the amounts beside it around
        ("A\u2066nn", "Ann"),
        ("A\x00nn", "A\ufffdnn"),  # no XML can hold it
        ("A\ud800nn", "A\ufffdnn"),  # nor UTF-8 this
        ("Ann\tMeyer", "Ann Meyer"),
        ("דנה כהן", "דנה כהן"),  # right to left by itself stays
    ],
)
def test_texts_hold_nothing_that_changes_what_follows(hostile, kept):
    assert Party(hostile).name == kept


def test_a_note_keeps_its_lines():
    assert replace(document(), note="one\r\ntwo").note.split() == ["one", "two"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" Ann ", "Ann"), ("a\tb", "a b"), ("a\r\n b", "a\n\nb"), ("\x7fx", "x"), ("Ann Meyer", "Ann Meyer")],
)
def test_plain_texts_are_cleaned_as_any_other(typed, kept):
    assert cleaned(typed) == kept
