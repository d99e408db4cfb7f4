"""Codes of coupons: how one is written, and that those that are drawn are unlike and cannot be guessed."""

import pytest

from reports_lib.errors import ParameterError
from reports_lib.ops import codes
from reports_lib.ops.codes import code, drawn


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Summer_26", "SUMMER_26"),
        (" літо-26 ", "ЛІТО-26"),
        ("B2B+OTT=", "B2B+OTT="),
        ("ＳＡＬＥ１０", "SALE10"),  # letters of full width read the same
        ("cafe\u0301", "CAFÉ"),
        ("straße", "STRASSE"),
        ("दिवाली", "दिवाली"),  # vowels are marks
        ("خصم٢٠", "خصم٢٠"),
        ("a" * 40, "A" * 40),
    ],
)
def test_a_code_is_kept_in_capital_letters_of_any_script(typed, kept):  # MS-33
    assert code(typed) == kept
    assert code(kept) == kept


@pytest.mark.parametrize(
    "typed", ["", "AB", "A" * 41, "ß" * 21, "TWO WORDS", "A,B,C", "<b>", "A\x00BC", "½½½", "\u0301AB"]
)
def test_what_is_no_code_is_refused(typed):
    with pytest.raises(ParameterError, match=r"does not have 3 to 40 letters|has other signs than"):
        code(typed)


def test_ten_thousand_drawn_codes_are_unlike_and_alphanumeric():  # T-64, MS-34
    made = drawn(10_000)
    assert len({each.upper() for each in made}) == 10_000
    assert {len(each) for each in made} == {codes.LENGTH}
    assert all(each.isascii() and each.isalnum() for each in made)
    assert set("".join(made)) == set(codes.LETTERS)


def test_drawn_codes_have_sixty_bits_and_no_look_alikes():
    assert len(set(codes.LETTERS)) == 32
    assert 32**codes.LENGTH == 2**60
    assert not set("I1O0") & set(codes.LETTERS)
    assert [codes._OF_BYTE.count(letter) for letter in codes.LETTERS.encode()] == [8] * 32  # none is likelier


def test_codes_that_come_twice_are_drawn_again(monkeypatch):
    monkeypatch.setattr(codes, "LENGTH", 1)
    assert sorted(drawn(32)) == sorted(codes.LETTERS)
