"""Undoing an edit or a deletion: the rows as they were, if nobody has changed them since."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from reports_lib.errors import StateError, UnknownNameError
from reports_lib.ops import operation as operations
from reports_lib.ops import settle, undo
from reports_lib.ops.operation import Change
from tests.ops.conftest import GROUP, NORTH, NOW, SOUTH
from tests.ops.test_customer import killed
from tests.ops.test_deletion import delete


def undone(shop, operation, key="", visitor=GROUP):
    return undo.undo(shop.installation, visitor, shop.wish(key), operation.id)


def test_a_deletion_undone_puts_everything_back_to_the_letter(either):
    before = either.rows()
    deleted = delete(either)
    back = undone(either, deleted)
    assert either.rows() == before
    assert (back.state, back.kind, back.undoes) == ("done", "undo delete customer", deleted.id)
    assert [entry.action for entry in either.audit] == ["delete customer", "undo delete customer"]


def test_edits_are_undone_one_after_the_other(shop):
    before = shop.rows()
    first = shop.edit({"city": "York", "network:google": "", "metadata:team": ""})
    second = shop.edit({"first_name": "Eve"})
    with pytest.raises(StateError, match=f"somebody has changed customer {shop.ann} meanwhile"):
        undone(shop, first)  # else the second would be taken back unseen
    assert [each.id for each in shop.operations] == [first.id, second.id]
    undone(shop, second)
    undone(shop, first)
    assert shop.rows() == before


def test_what_was_undone_is_not_undone_again_nor_is_an_undoing(shop):
    edited = shop.edit({"city": "York"})
    back = undone(shop, edited)
    with pytest.raises(StateError, match=f"operation {edited.id} was undone already"):
        undone(shop, edited)
    with pytest.raises(StateError, match=f"operation {back.id} cannot be undone: it is to undo edit customer"):
        undone(shop, back)


def test_the_same_key_twice_is_one_undoing(shop):
    edited = shop.edit({"city": "York"})
    first = undone(shop, edited, key="one")
    assert undone(shop, edited, key="one").id == first.id
    other = shop.edit({"city": "Hull"})
    with pytest.raises(StateError, match="the key 'one' was used for another change"):
        undone(shop, other, key="one")


def test_whoever_is_killed_in_between_has_undone_it_or_not(shop, monkeypatch):
    before, edited = shop.rows(), shop.edit({"city": "York", "network:x": "ann"})
    with killed(monkeypatch, settle.operations, "done"):
        undone(shop, edited)
    assert settle.settle(shop.installation, NOW) == settle.Settled(done=1)
    assert shop.rows() == before


def test_what_is_forgotten_cannot_be_undone(shop):
    edited = shop.edit({"city": "York"})
    with Session(shop.installation.database) as session, session.begin():
        operations.forget(session, edited.at + timedelta(days=30))
    with pytest.raises(StateError, match=f"what operation {edited.id} changed is forgotten"):
        undone(shop, edited)
    assert shop.card().fields["city"] == "York"


def test_what_was_refused_cannot_be_undone(shop, monkeypatch):
    with killed(monkeypatch, settle, "swap"):
        shop.edit({"city": "York"})
    shop.change("update client_profile set city = 'Hull' where client_id = {ann}")
    settle.settle(shop.installation, NOW)
    (refused,) = shop.operations
    with pytest.raises(StateError, match=f"operation {refused.id} is refused; there is nothing to undo"):
        undone(shop, refused)


def test_an_address_that_somebody_else_has_got_since_is_not_given_twice(shop):
    shop.change("update client set company_id = 2 where client_id = {bob}")
    email = shop.card().fields["email"]
    deleted = delete(shop)
    shop.edit({"email": email}, client_id=shop.bob)
    with pytest.raises(StateError, match="email: another customer has ann"):
        undone(shop, deleted)
    assert shop.card().name == f"deleted customer {shop.ann}"
    shop.edit({"email": f"bob{shop.bob}@mail.example"}, client_id=shop.bob)
    assert undone(shop, deleted).state == "done"  # what was refused does not stand in the way


def test_a_visitor_undoes_what_was_done_to_customers_of_his(shop):
    edited = shop.edit({"city": "York"})
    with pytest.raises(UnknownNameError, match=f"there is no operation {edited.id}$"):
        undone(shop, edited, visitor=SOUTH)
    assert undone(shop, edited, visitor=NORTH).state == "done"


def test_what_was_done_to_coupons_is_not_undone_here(shop):
    with Session(shop.installation.database, expire_on_commit=False) as session, session.begin():
        made = operations.begin(session, shop.wish(), Change("generate coupons", "coupon group 7", {}))
        operations.done(session, made, NOW)
    with pytest.raises(StateError, match=f"operation {made.id} cannot be undone: it is to generate coupons"):
        undone(shop, made)


def test_the_dry_run_shows_what_it_puts_back(shop):
    edited = shop.edit({"city": "York"})
    change = undo.plan_undo(shop.installation, GROUP, shop.wish(), edited.id)
    assert (change.changed, change.before["city"], change.after["city"]) == (["city"], "York", "Leeds")
    assert shop.card().fields["city"] == "York"
