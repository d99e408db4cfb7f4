"""How often a name, an address or a browser may be tried."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts import throttle
from reports_lib.database.schema import Throttle
from reports_lib.errors import ThrottleError
from tests.accounts.conftest import NOW

ANN = throttle.key("name", "ann")
HERE = throttle.key("address", "192.0.2.1")


def waits(session, key, tries, now=NOW):
    """Seconds to wait before each of so many further tries, each made as soon as it may be."""
    found = []
    for _ in range(tries):
        seconds = 0
        try:
            with session.begin_nested():
                throttle.take(session, [key], now)
        except ThrottleError as error:
            seconds = error.seconds
            now += timedelta(seconds=seconds)
            throttle.take(session, [key], now)
        found.append(seconds)
    return found


def test_after_five_failures_each_try_waits_twice_as_long(session):
    assert waits(session, ANN, 18) == [0] * 5 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_many_may_come_from_one_address(session):
    assert waits(session, HERE, 23) == [0] * 20 + [1, 2, 4]


@given(failures=st.integers(0, 10**6), free=st.integers(1, 50))
def test_a_wait_never_shrinks_and_has_an_end(failures, free):
    assert 0 <= throttle.wait(failures, free) <= throttle.wait(failures + 1, free) <= throttle.LONGEST


def test_python_and_the_database_wait_alike(session):
    assert waits(session, ANN, 30)[1:] == [throttle.wait(n, 5) for n in range(1, 30)]


def test_a_day_later_it_is_forgotten(session):
    waits(session, ANN, 12)
    assert waits(session, ANN, 6, NOW + timedelta(hours=25)) == [0] * 5 + [1]


def test_who_signs_in_is_forgiven_his_failures_and_no_others(session):
    waits(session, HERE, 10)  # of somebody else
    for _ in range(3):
        throttle.take(session, [ANN, HERE], NOW)
    throttle.forgive(session, ANN, [HERE], NOW)
    ours = select(Throttle.key, Throttle.failures).where(Throttle.key.in_([ANN, HERE]))  # others may have failed too
    assert dict(session.execute(ours).all()) == {HERE: 10}


def test_a_refused_try_counts_under_none_of_its_keys(session):
    waits(session, ANN, 5)
    with pytest.raises(ThrottleError), session.begin_nested():
        throttle.take(session, [ANN, HERE], NOW)
    assert session.get(Throttle, HERE) is None


def test_tries_at_once_are_all_counted(database):  # the gap between looking and counting
    key, passed, start = throttle.key("name", "crowd"), [], threading.Barrier(12)

    def attempt():
        start.wait()
        try:
            with Session(database) as session, session.begin():
                throttle.take(session, [key, HERE], NOW)
            passed.append(1)
        except ThrottleError:
            pass

    crowd = [threading.Thread(target=attempt) for _ in range(12)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert len(passed) == 5
    with Session(database) as session, session.begin():
        session.query(Throttle).delete()


def test_no_name_is_kept(session):
    throttle.take(session, [throttle.key("name", "hunter2 my password")], NOW)
    assert "hunter2" not in session.scalar(select(Throttle.key))


def test_big_and_small_letters_are_one_name():
    assert throttle.key("name", "Ann") == ANN
