"""An operation: decided on once under its key, ended once, named in the trail without values, forgotten in time."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import NOBODY
from reports_lib.database.schema import AuditEntry, Operation
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.ops import operation
from reports_lib.ops.operation import Change, Wish
from tests.ops.conftest import GROUP, NORTH, NOW, SOUTH

CITY = Change("edit customer", "customer 17", {"city": "York"}, {"city": "Leeds"}, {"city": "York"}, is_personal=True)


@pytest.fixture
def session(database, no_operations):
    """A transaction that is never committed."""
    with Session(database) as session:
        yield session


def wish(key="one", company="2"):
    return Wish("nora", company, key, NOW)


def test_a_change_knows_what_differs_and_its_wish_whatever_stood_there():
    change = Change(
        "edit customer", "customer 17", {"city": "York"}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "d": 4}
    )
    assert change.changed == ["b", "c", "d"]
    assert change.digest == CITY.digest
    for other in (
        Change("delete customer", "customer 17", {"city": "York"}),
        Change("edit customer", "customer 18", {"city": "York"}),
        Change("edit customer", "customer 17", {"city": "Hull"}),
        Change("edit customer", "customer 17", {"city": "York"}, undoes=1),
    ):
        assert other.digest != CITY.digest


@pytest.mark.parametrize("key", ["", "  ", "x" * 201, "a\nb", "a\0b"])
def test_a_key_is_one_line(key):
    with pytest.raises(ParameterError, match="the key of a change has 1 to 200 letters"):
        wish(key)


def test_what_is_begun_is_pending_and_ended_once(session):
    begun = operation.begin(session, wish(), CITY)
    assert (begun.state, begun.ended_at, begun.forget_at) == ("pending", None, NOW + timedelta(days=30))
    operation.done(session, begun, NOW, "7")
    assert (begun.state, begun.ended_at, begun.data_version) == ("done", NOW, "7")
    (entry,) = session.scalars(select(AuditEntry))
    assert (entry.who, entry.action, entry.object, entry.before) == ("nora", "edit customer", "customer 17", None)
    assert entry.after == {"operation": begun.id, "fields": ["city"]}


def test_what_is_refused_says_why_and_leaves_no_trail(session):
    begun = operation.begin(session, wish(), CITY)
    operation.refuse(session, begun, "somebody was quicker", NOW)
    assert (begun.state, begun.error, begun.ended_at) == ("refused", "somebody was quicker", NOW)
    assert session.scalars(select(AuditEntry)).all() == []


def test_a_key_finds_what_it_was_used_for_and_is_good_for_nothing_else(session):
    begun = operation.begin(session, wish(), CITY)
    assert operation.begin(session, wish(), CITY) is begun
    with pytest.raises(StateError, match="the key 'one' was used for another change: edit customer, customer 17"):
        operation.begin(session, wish(), Change("delete customer", "customer 17", {}))
    assert operation.begin(session, wish("two"), CITY).id != begun.id


def test_of_many_who_begin_at_once_with_one_key_all_get_the_same(database, no_operations):
    found = []

    def begin():
        with Session(database) as session, session.begin():
            found.append(operation.begin(session, wish(), CITY).id)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(found), len(set(found))) == (8, 1)


def test_what_is_undone_is_undone_once_unless_that_was_refused(session):
    begun = operation.begin(session, wish(), CITY)
    with pytest.raises(StateError, match="is pending; there is nothing to undo"):
        operation.refuse_unless_undoable(begun, session)
    operation.done(session, begun, NOW)
    back = Change("undo edit customer", "customer 17", {}, undoes=begun.id)
    operation.refuse_unless_undoable(begun, session)
    operation.refuse(session, operation.begin(session, wish("two"), back), "not now", NOW)
    operation.refuse_unless_undoable(begun, session)
    operation.begin(session, wish("three"), back)
    with pytest.raises(StateError, match=f"operation {begun.id} was undone already"):
        operation.refuse_unless_undoable(begun, session)
    with pytest.raises(StateError, match=f"operation {begun.id} was undone already"):
        operation.begin(session, wish("four"), back)


def test_a_visitor_finds_what_was_done_in_his_companies(session):
    north, group = operation.begin(session, wish("n", "2"), CITY), operation.begin(session, wish("g", ""), CITY)
    assert [each.id for each in operation.listed(session, GROUP)] == [group.id, north.id]
    assert [each.id for each in operation.listed(session, GROUP, "customer 18")] == []
    assert [each.id for each in operation.listed(session, GROUP, "customer 17", limit=1)] == [group.id]
    assert [each.id for each in operation.listed(session, NORTH)] == [north.id]
    assert [list(operation.listed(session, each)) for each in (SOUTH, NOBODY)] == [[], []]
    assert operation.find(session, NORTH, north.id) is north
    for visitor, number in ((SOUTH, north.id), (NORTH, group.id), (GROUP, 10**9), (GROUP, 2**63)):
        with pytest.raises(UnknownNameError, match=f"^there is no operation {number}$"):
            operation.find(session, visitor, number)


def test_what_is_personal_is_forgotten_in_time_and_what_is_pending_is_not(session):
    done, pending = (operation.begin(session, wish(key), CITY) for key in ("done", "pending"))
    plain = operation.begin(session, wish("plain"), Change("generate coupons", "coupon group 1", {}, {}, {"n": 1}))
    for each in (done, plain):
        operation.done(session, each, NOW)
    assert operation.forget(session, NOW + timedelta(days=30, microseconds=-1)) == 0
    assert operation.forget(session, NOW + timedelta(days=30)) == 1
    session.expire_all()
    assert [each.before for each in session.scalars(select(Operation).order_by(Operation.id))] == [
        None, {"city": "Leeds"}, {},
    ]  # fmt: skip
    assert (done.after, done.forget_at, pending.after) == (None, None, {"city": "York"})
    with pytest.raises(StateError, match=f"what operation {done.id} changed is forgotten"):
        operation.refuse_unless_undoable(done, session)
