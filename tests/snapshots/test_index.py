"""The index is a copy of the store, and can be made anew from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete as delete_rows
from sqlalchemy import select

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Snapshot
from reports_lib.errors import UnknownNameError
from reports_lib.snapshots import index, links
from reports_lib.snapshots.removal import delete

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def rows(session) -> dict[str, dict]:
    session.expire_all()
    columns = Snapshot.__table__.columns
    found = session.execute(select(columns).order_by(Snapshot.id)).mappings()
    return {row["id"]: dict(row) for row in found}


def test_a_row_says_what_the_manifest_says(session, sealed):
    index.insert(session, sealed)
    assert rows(session) == {
        sealed.id: {
            "id": sealed.id,
            "family": "customer_dynamics",
            "title": "Customer Dynamics",
            "set_name": "previous-month",
            "labels": {"Interval": "October 2026"},
            "requested_interval": "2026-10-01/2026-10-31",
            "as_of": NOON,
            "data_version": "17",
            "role": "analyst",
            "user_name": "olena",
            "company": "holding",
            "generated_at": NOON,
            "duration_ms": 450,
            "formats": ["csv", "html"],
            "bytes": 16 + 13 + 35,
            "supersedes": None,
            "retained_until": None,
            "deleted_at": None,
            "deleted_by": None,
            "delete_reason": None,
        }
    }


def test_inserting_twice_is_one_row(session, sealed):
    index.insert(session, sealed)
    index.insert(session, sealed)
    assert len(rows(session)) == 1


def test_a_row_that_is_not_committed_is_not_seen(database, session, sealed):
    from sqlalchemy.orm import Session

    index.insert(session, sealed)
    with Session(database) as other:
        assert index.known(other) == set()
    session.commit()
    with Session(database) as other:
        assert index.known(other) == {sealed.id}


def test_the_index_is_rebuilt_from_the_store_tombstones_included(session, store, report):
    manifests = [report(b"<h1>%d</h1>" % number).sealed(store) for number in range(4)]
    for manifest in manifests:
        index.insert(session, manifest)
    index.bury(session, delete(store, manifests[0].id, by="olena", reason="asked to", at=NOON))
    before = rows(session)

    session.execute(delete_rows(Snapshot))
    found = index.rebuild(session, store)

    assert (found.snapshots, found.deleted, found.damaged, found.lost) == (3, 1, (), ())
    after = rows(session)
    gone = manifests[0].id
    # of a deleted one there is left what its tombstone says
    kept = ("id", "family", "generated_at", "deleted_at", "deleted_by", "delete_reason", "labels", "bytes", "formats")
    assert {name: after[gone][name] for name in kept} == {name: before[gone][name] for name in kept}
    assert after[gone]["delete_reason"] == "asked to"
    assert before.pop(gone) and after.pop(gone)  # noqa: PT018
    assert after == before


def test_a_rebuild_corrects_rows_that_were_changed_and_keeps_links(session, store, sealed):
    index.insert(session, sealed)
    token = links.make(session, sealed.id, by="olena", at=NOON)
    before = rows(session)
    session.get(Snapshot, sealed.id).title = "Wrong"
    session.get(Snapshot, sealed.id).company = "south"
    session.flush()
    index.rebuild(session, store)
    assert rows(session) == before
    assert links.open_link(session, token, NOON, Visitor("petro", Role.VIEWER)) == sealed.id


def test_a_rebuild_twice_changes_nothing(session, store, report):
    manifests = [report(b"<h1>%d</h1>" % number).sealed(store) for number in range(2)]
    delete(store, manifests[0].id, by="olena", reason="", at=NOON)
    first = index.rebuild(session, store)
    before = rows(session)
    assert index.rebuild(session, store) == first
    assert rows(session) == before


def test_a_rebuild_names_what_it_cannot_believe_and_what_is_lost(session, store, sealed, report):
    damaged = report(b"<h1>Another</h1>").sealed(store)
    index.insert(session, damaged)
    index.insert(session, replace(sealed, title="never stored"))
    path = store.path(f"{damaged.id}.json")
    path.chmod(0o644)
    path.write_bytes(b"{}\n")
    found = index.rebuild(session, store)
    assert found.snapshots == 1
    assert found.damaged == (damaged.id,)
    assert found.lost == (replace(sealed, title="never stored").id,)


def test_a_deleted_snapshot_leaves_the_list_and_what_it_was_asked(session, store, sealed):
    index.insert(session, sealed)
    index.bury(session, delete(store, sealed.id, by="olena", reason="asked to", at=NOON))
    assert index.recent(session) == []
    assert index.known(session) == set()
    row = rows(session)[sealed.id]
    assert (row["labels"], row["requested_interval"], row["bytes"]) == ({}, None, 0)
    assert row["title"] == "Customer Dynamics"


def test_the_newest_come_first(session, report, store):
    drafts = [replace(report().draft, tables=(), generated_at=NOON + timedelta(hours=hour)) for hour in (1, 3, 2)]
    drafts[2] = replace(drafts[2], family="other")
    for draft in drafts:
        index.insert(session, draft)
    assert [row.generated_at.hour for row in index.recent(session)] == [15, 14, 13]
    assert [row.generated_at.hour for row in index.recent(session, family="customer_dynamics")] == [15, 13]
    assert [row.generated_at.hour for row in index.recent(session, limit=1)] == [15]


def test_an_id_may_be_given_by_its_beginning(session, sealed):
    index.insert(session, sealed)
    assert index.find(session, sealed.id) == sealed.id
    assert index.find(session, sealed.id[:8]) == sealed.id
    other = sealed.id[:-1] + ("0" if sealed.id[-1] != "0" else "1")
    session.add(Snapshot(**{**rows(session)[sealed.id], "id": other}))
    session.flush()
    with pytest.raises(UnknownNameError, match="several"):
        index.find(session, sealed.id[:8])


@pytest.mark.parametrize("beginning", ["", "a", "%", "____", "0" * 64, "0" * 65, "../x", "Ж" * 8, "0000\n", "\0" * 8])
def test_what_no_id_begins_with(session, sealed, beginning):  # T10
    index.insert(session, sealed)
    with pytest.raises(UnknownNameError):
        index.find(session, beginning)
