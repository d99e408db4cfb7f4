"""Passwords: which will do, and what is kept of them (T19)."""

import pytest

from reports_lib.accounts import password as passwords
from reports_lib.accounts.password import Fault, fault


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("four plain words", None),
        ("пароль из слов", None),
        ("パスワードは十二文字以上です", None),
        ("short", Fault.LENGTH),
        ("", Fault.LENGTH),
        ("x" * 257, Fault.LENGTH),
        ("aaaaaaaaaaaaaaaa", Fault.PLAIN),
        ("121212121212", Fault.PLAIN),
        ("annabel.lee1", Fault.NAME),
        ("Annabel.Lee123", Fault.NAME),
        ("annabel.lee and three words", None),
    ],
)
def test_which_will_do(password, wrong):
    assert fault(password, "annabel.lee") == wrong


def test_what_is_kept_is_argon2id_at_the_cost_of_rfc_9106():
    kept = passwords.hashed("four plain words")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept != passwords.hashed("four plain words")  # a salt each
    assert passwords.is_right(kept, "four plain words")
    assert not passwords.is_right(kept, "four plain word")


@pytest.mark.parametrize("kept", ["", "x", "$argon2id$v=19$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_nothing_fits_what_is_no_hash(kept):
    assert not passwords.is_right(kept, "")
    assert not passwords.is_right(kept, kept)


def test_those_made_up_will_do():
    made = {passwords.made_up() for _ in range(500)}
    assert len(made) == 500
    assert {fault(each, "ann") for each in made} == {None}
