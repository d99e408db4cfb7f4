"""Deleting a customer (MS-18): what is personal goes, figures of the past stay, and reports that hold him are named."""

from datetime import timedelta

import ibis.expr.types as ir
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.database.schema import Snapshot
from reports_lib.errors import StateError, UnknownNameError
from reports_lib.ops import deletion, settle, swap
from reports_lib.ops import operation as operations
from reports_lib.runs.retention import Kept
from reports_lib.warehouse.statement import Tables, as_of, slot
from tests.ops.conftest import GROUP, NORTH, NOW, SOUTH
from tests.ops.test_customer import killed

PERSONAL = ("Ann", "Lee", "mail.example", "7946", "1990", "High Street", "Leeds", "ann.lee", "Ajax", "203.0", "2001:")


def delete(shop, key="", visitor=GROUP, seen="", client_id=0):
    client_id = client_id or shop.ann
    seen = seen or shop.card(client_id).stamp
    return deletion.delete(shop.installation, visitor, shop.wish(key), client_id, seen=seen)


def test_what_is_personal_goes_and_what_was_sold_stays(either):
    client, *_ = before = either.rows()
    others = either.rows(client_id=either.bob)
    done = delete(either)
    at = done.at.replace(tzinfo=None)
    assert (done.state, done.kind, done.subject) == ("done", "delete customer", f"customer {either.ann}")
    assert either.rows() == [
        client | {"name": f"deleted customer {either.ann}", "deleted_at": at},
        *(row | {"ip": None} for row in before if "session_id" in row),
        *(row | {"raw": None} for row in before if "payment_id" in row and "raw" in row),
        *(row for row in before if "kind" in row),  # what he bought
    ]
    assert not [word for word in PERSONAL if word in str(either.rows())]
    assert either.rows(client_id=either.bob) == others
    card = either.card()
    assert (card.deleted_at, card.networks, card.metadata, set(card.fields.values())) == (done.at, {}, {}, {""})


def test_a_report_at_an_earlier_moment_counts_him_still(shop):  # G-12, T-23
    def counted(moment):
        with shop.installation.opened(moment) as warehouse:
            return len(warehouse.ask(_there, None, {"ann": str(shop.ann)}))

    done = delete(shop)
    assert [counted(done.at + timedelta(microseconds=each)) for each in (-1, 0, 1)] == [1, 1, 0]


def _there(tables: Tables, _: object) -> ir.Table:
    client = tables("client")
    is_there = client.deleted_at.isnull() | (client.deleted_at >= as_of())
    return client.filter(is_there & (client.client_id == slot("ann").cast("int64")))


def test_whoever_is_killed_in_between_leaves_him_or_not(shop, monkeypatch):
    before, seen = shop.rows(), shop.card().stamp
    with killed(monkeypatch, settle.operations, "done"):
        delete(shop, key="one", seen=seen)
    made = shop.rows()
    assert made != before
    again = delete(shop, key="one", seen=seen)
    assert (again.state, shop.rows(), len(shop.audit)) == ("done", made, 1)


def test_half_a_deletion_is_none(either, monkeypatch):
    before = either.rows()
    with killed(monkeypatch, swap, "_put_back"):  # all is gone but addresses
        delete(either)
    assert either.rows() == before
    assert settle.settle(either.installation, NOW) == settle.Settled(done=1)
    assert either.card().name == f"deleted customer {either.ann}"


def test_who_is_deleted_is_not_deleted_or_edited_again(shop):
    delete(shop)
    with pytest.raises(StateError, match=f"customer {shop.ann} is deleted already"):
        delete(shop)
    with pytest.raises(StateError, match=f"customer {shop.ann} is deleted; undo that"):
        shop.edit({"city": "York"})


def test_whoever_saw_something_else_deletes_nobody(shop):
    seen = shop.card().stamp
    shop.edit({"city": "York"})
    with pytest.raises(StateError, match=f"somebody has changed customer {shop.ann} meanwhile"):
        delete(shop, seen=seen)
    assert shop.card().name == "Ann Lee"


def test_a_log_in_after_the_plan_is_not_overlooked(shop, monkeypatch):
    swapped = settle.swap

    def too_late(*args, **more):
        shop.change("update client_session set ip = '203.0.113.99' where session_id = {ann} + 1")
        return swapped(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(settle, "swap", too_late)
        with pytest.raises(StateError, match="somebody has changed"):
            delete(shop)
    assert shop.card().name == "Ann Lee"
    delete(shop)
    assert "203.0" not in str(shop.rows())


def test_a_visitor_deletes_customers_of_his_companies_alone(shop):
    with pytest.raises(UnknownNameError, match=f"there is no customer {shop.ann}$"):
        delete(shop, visitor=SOUTH)
    with pytest.raises(UnknownNameError, match=f"there is no customer {shop.ann}$"):
        deletion.plan_delete(shop.installation, SOUTH, shop.ann, NOW)
    assert delete(shop, visitor=NORTH).company == "2"


def test_who_left_before_is_forgotten_too(shop):
    shop.change("update client set deleted_at = timestamp '2026-05-01' where client_id = {ann}")
    delete(shop)
    card = shop.card()
    assert (card.deleted_at.isoformat(), card.name) == ("2026-05-01T00:00:00+00:00", f"deleted customer {shop.ann}")
    assert not shop.rows("client_profile")


def test_who_has_no_addresses_and_payments_is_deleted_in_a_warehouse_without_them(open_shop, no_operations):
    shop = open_shop("postgres", own=True)
    shop.change("drop table client_session; drop table payment; drop table client_social")
    assert delete(shop).state == "done"
    assert shop.rows("client_profile") == []


def test_the_dry_run_tells_how_many_reports_hold_personal_data_and_until_when(shop):
    def snapshot(number, company, until, **more):
        return Snapshot(
            id=f"{number:064x}", family="customers", title="Customers", labels={}, role="admin", user_name="ann",
            company=company, generated_at=NOW, duration_ms=1, formats=["html"], bytes=1, retained_until=until, **more,
        )  # fmt: skip

    days = timedelta(days=1)
    with Session(shop.installation.database) as session, session.begin():
        session.add_all([
            snapshot(1, "", NOW + 5 * days),  # of the whole group: he may be in it
            snapshot(2, "2", NOW + 9 * days),
            snapshot(3, "1", NOW + 7 * days),  # of the company above his
            snapshot(4, "3", NOW + 30 * days),  # of another company
            snapshot(5, "2", None),  # without personal data
            snapshot(6, "2", NOW),  # its time is over
            snapshot(7, "2", NOW + 30 * days, deleted_at=NOW, deleted_by="ann"),
        ])  # fmt: skip
    before = shop.rows()
    planned = deletion.plan_delete(shop.installation, NORTH, shop.ann, NOW)
    assert planned.kept == Kept(3, NOW + 9 * days)
    assert (planned.addresses, planned.answers, planned.card.stamp) == (2, 1, shop.card().stamp)
    assert planned.change.after["name"] == f"deleted customer {shop.ann}"
    assert (shop.rows(), shop.operations) == (before, [])
    with shop.installation.database.begin() as con:
        con.execute(text("delete from snapshot"))
    assert deletion.plan_delete(shop.installation, NORTH, shop.ann, NOW).kept == Kept(0, None)


def test_what_was_deleted_is_forgotten_after_thirty_days(shop):
    done = delete(shop)
    with Session(shop.installation.database) as session, session.begin():
        assert operations.forget(session, done.at + timedelta(days=30, microseconds=-1)) == 0
        assert operations.forget(session, done.at + timedelta(days=30)) == 1
    (kept,) = shop.operations
    assert (kept.before, kept.after, kept.state) == (None, None, "done")
    assert not [word for word in PERSONAL if word in str([each.after for each in shop.audit])]
