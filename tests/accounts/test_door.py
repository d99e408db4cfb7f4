"""Signing in: what is let in, what is not, what it costs, and what is written down (T5)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import password as passwords
from reports_lib.accounts import sign_in, throttle
from reports_lib.accounts.door import Knock, enter, neighbourhood
from reports_lib.database.schema import AuditEntry, Throttle
from reports_lib.errors import SignInError, ThrottleError
from tests.accounts.conftest import NOW
from tests.portal.people import PASSWORD


@pytest.fixture
def hashes(monkeypatch):
    """What the hasher was asked to compare with, in order."""
    asked = []

    class Listening:
        def __getattr__(self, name):
            return getattr(real, name)

        def verify(self, kept, password):
            asked.append(kept)
            return real.verify(kept, password)

    real = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Listening())
    return asked


def who(database, token, now=NOW):
    with Session(database) as session, session.begin():
        found = sign_in.who(session, token, now)
        return found.name if found else None


def exhaust(database, name):
    """Try a name as often as may be without a wait."""
    with Session(database) as session, session.begin():
        for _ in range(5):
            throttle.take(session, [throttle.key("name", name)], NOW)


def audited(database, name):
    with Session(database) as session:
        query = select(AuditEntry).where(AuditEntry.object == f"user {name}").order_by(AuditEntry.id)
        return [(each.action, each.after) for each in session.scalars(query)]


def test_a_name_and_its_password_open(database, person):
    name = person()
    entered = enter(database, Knock(f" {name.upper()} ", PASSWORD, "192.0.2.7"), NOW)
    assert who(database, entered.token) == name
    assert audited(database, name)[-1] == ("sign-in", {"address": "192.0.2.7"})
    assert entered.token not in repr(entered)


@pytest.mark.parametrize("typed", ["", "wrong", PASSWORD[:-1], PASSWORD + "x", PASSWORD.upper(), "x" * 100_000])
def test_another_password_does_not(database, person, typed):
    name = person()
    with pytest.raises(SignInError):
        enter(database, Knock(name, typed, "192.0.2.7"), NOW)
    assert audited(database, name)[-1] == ("sign-in failed", {"address": "192.0.2.7"})


def test_unknown_disabled_and_wrong_are_one_answer_after_one_hash(database, person, hashes):
    gone, known = person(), person()
    with Session(database) as session, session.begin():
        accounts.disable(session, accounts.find(session, gone), NOW, "tests")
    said = set()
    for knock in (Knock("no-such-person", PASSWORD), Knock(gone, PASSWORD), Knock(known, "not the password")):
        with pytest.raises(SignInError) as refused:
            enter(database, knock, NOW)
        said.add(str(refused.value))
    assert len(said) == 1
    assert len(hashes) == 3
    assert all(kept.startswith("$argon2id$") for kept in hashes)
    cost = {kept.split("$")[3] for kept in hashes}
    assert len(cost) == 1  # as much work for each


@pytest.mark.parametrize("is_known", [True, False])
def test_after_too_many_tries_nothing_is_hashed_for_anybody(database, person, hashes, is_known):
    name = person() if is_known else "nobody-of-that-name"
    for number in range(5):
        with pytest.raises(SignInError):
            enter(database, Knock(name, "not the password", f"192.0.2.{number}"), NOW)
    with pytest.raises(ThrottleError) as refused:
        enter(database, Knock(name, PASSWORD, "192.0.2.99"), NOW)
    assert refused.value.seconds == 1
    assert len(hashes) == 5
    if is_known:
        assert enter(database, Knock(name, PASSWORD, "192.0.2.99"), NOW + timedelta(seconds=1))
        assert enter(database, Knock(name, PASSWORD, "192.0.2.99"), NOW + timedelta(seconds=1))  # forgiven


def test_one_address_may_not_try_many_names(database, person):
    with Session(database) as session, session.begin():
        for _ in range(19):
            throttle.take(session, [throttle.key("address", "2001:db8::/64")], NOW)
    with pytest.raises(SignInError):
        enter(database, Knock("the-twentieth", PASSWORD, "2001:db8::1"), NOW)
    with pytest.raises(ThrottleError):
        enter(database, Knock(person(), PASSWORD, "2001:db8::2"), NOW)  # of the same network
    assert enter(database, Knock(person(), PASSWORD, "2001:db8:1::1"), NOW)


def test_a_stranger_does_not_keep_a_user_out_of_his_own_browser(database, person):
    name = person()
    mark = enter(database, Knock(name, PASSWORD, "192.0.2.1"), NOW).mark
    exhaust(database, name)
    with pytest.raises(ThrottleError):
        enter(database, Knock(name, PASSWORD, "192.0.2.2"), NOW)
    assert enter(database, Knock(name, PASSWORD, "192.0.2.1", mark=mark), NOW)
    with pytest.raises(ThrottleError):  # a mark is of one user
        enter(database, Knock(name, PASSWORD, "192.0.2.1", mark=mark[:-1] + ("1" if mark[-1] == "0" else "0")), NOW)


def test_a_mark_is_no_way_to_guess_on(database, person):
    name = person()
    knock = Knock(name, "not the password", "192.0.2.1", mark=enter(database, Knock(name, PASSWORD), NOW).mark)
    for _ in range(5):
        with pytest.raises(SignInError):
            enter(database, knock, NOW)
    with pytest.raises(ThrottleError):
        enter(database, knock, NOW)


def test_a_new_password_makes_marks_void(database, person):
    name = person()
    mark = enter(database, Knock(name, PASSWORD), NOW).mark
    with Session(database) as session, session.begin():
        accounts.change_password(session, accounts.find(session, name), "quite another one", NOW, "tests")
    exhaust(database, name)
    with pytest.raises(ThrottleError):
        enter(database, Knock(name, "quite another one", mark=mark), NOW)


def test_the_token_a_browser_showed_before_is_void(database, person):
    name = person()
    first = enter(database, Knock(name, PASSWORD), NOW).token
    second = enter(database, Knock(name, PASSWORD, old=first), NOW).token
    assert second != first
    assert who(database, first) is None
    assert who(database, second) == name


def test_a_hash_of_yesterdays_cost_is_renewed(database, person):
    name = person()
    cheap = PasswordHasher.from_parameters(replace(CHEAPEST, hash_len=32, salt_len=16))
    with Session(database) as session, session.begin():
        accounts.find(session, name).password_hash = cheap.hash(PASSWORD)
    enter(database, Knock(name, PASSWORD), NOW)
    with Session(database) as session:
        kept = accounts.find(session, name).password_hash
    assert not passwords.is_dated(kept)
    assert passwords.is_right(kept, PASSWORD)


def test_no_password_and_no_token_is_written_down(database, person):
    name = person()
    token = enter(database, Knock(name, PASSWORD), NOW).token
    with pytest.raises(SignInError):
        enter(database, Knock("my secret by mistake", "one more secret"), NOW)
    with Session(database) as session:
        rows = [f"{e.who} {e.action} {e.object} {e.before} {e.after}" for e in session.scalars(select(AuditEntry))]
        rows += [each.key for each in session.scalars(select(Throttle))]
    for secret in (token, PASSWORD, "my secret by mistake", "one more secret", sign_in.kept(token)):
        assert not [row for row in rows if secret in row]


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_and_its_network(address, whole):
    assert neighbourhood(address) == whole


def test_when_too_many_wait_for_the_hasher_more_are_sent_away(monkeypatch):
    import threading

    monkeypatch.setattr(passwords, "_queue", threading.BoundedSemaphore(1))
    with passwords._place(), pytest.raises(ThrottleError):
        passwords.is_right("", PASSWORD)
    assert not passwords.is_right("", PASSWORD)


def test_keys_of_kinds_do_not_meet():
    assert len({throttle.key(kind, "1") for kind in throttle.FREE}) == len(throttle.FREE)
