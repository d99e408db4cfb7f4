"""Deleting on purpose, and collecting what no snapshot needs."""

import threading
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_SH

import pytest

from reports_lib.errors import GoneError, StoreError, UnknownNameError
from reports_lib.snapshots.removal import GRACE, collect_garbage, delete
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.snapshots.verify import verify

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def later() -> datetime:
    return datetime.now(UTC) + GRACE + timedelta(hours=1)


def names(store) -> set[str]:
    return {path.name for path in store.files()}


def test_a_deleted_snapshot_says_when_and_why(store, sealed):
    delete(store, sealed.id, by="olena", reason="the client asked to", at=NOON)
    with pytest.raises(GoneError, match="deleted on 2026-11-22: the client asked to"):
        open_snapshot(store, sealed.id)
    assert names(store) == set()


def test_nothing_of_what_it_showed_stays_in_the_store(store, sealed):
    delete(store, sealed.id, by="olena", reason="privacy", at=NOON)
    left = b"".join(path.read_bytes() for path in store.root.rglob("*") if path.is_file())
    assert b"vip" not in left
    assert b"ann" not in left


def test_files_that_another_snapshot_shares_are_kept(store, sealed, report):
    other = report(b"<h1>Another</h1>").sealed(store)
    delete(store, sealed.id, by="olena", reason="", at=NOON)
    assert list(verify(store, known=[other.id])) == []
    assert open_file(store, other, "csv") == b"client\r\nann\r\n"
    assert sealed.files["html"].name not in names(store)


def test_deleting_twice_keeps_the_first_tombstone(store, sealed):
    first = delete(store, sealed.id, by="olena", reason="first", at=NOON)
    assert delete(store, sealed.id, by="petro", reason="second", at=NOON + timedelta(days=1)) == first


def test_an_interrupted_deletion_can_be_finished(store, sealed, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("reports_lib.snapshots.removal._remove", lambda *_: None)
        first = delete(store, sealed.id, by="olena", reason="first", at=NOON)
    with pytest.raises(GoneError):  # at once, although the bytes are still there
        open_snapshot(store, sealed.id)
    assert delete(store, sealed.id, by="petro", reason="second", at=NOON) == first
    assert names(store) == set()


def test_garbage_collection_finishes_an_interrupted_deletion(store, sealed, report, monkeypatch):
    other = report(b"<h1>Another</h1>").sealed(store)
    with monkeypatch.context() as patched:
        patched.setattr("reports_lib.snapshots.removal._remove", lambda *_: None)
        delete(store, sealed.id, by="olena", reason="first", at=NOON)
    collect_garbage(store, {other.id}, later())
    assert names(store) == {f"{other.id}.json", *(ref.name for ref in other.files.values())}


def test_a_snapshot_with_a_damaged_manifest_can_be_deleted(store, sealed):
    path = store.path(f"{sealed.id}.json")
    path.chmod(0o644)
    path.write_bytes(b"{}")
    delete(store, sealed.id, by="olena", reason="damaged", at=NOON)
    with pytest.raises(GoneError):
        open_snapshot(store, sealed.id)
    collect_garbage(store, (), later())  # whose files these were nobody can say any more
    assert names(store) == set()


@pytest.mark.parametrize("snapshot_id", ["", "0" * 64, "../../etc/passwd", "\0"])
def test_what_is_not_there_cannot_be_deleted(store, sealed, snapshot_id):  # T10
    with pytest.raises(UnknownNameError):
        delete(store, snapshot_id, by="olena", reason="", at=NOON)
    assert not (store.root / "gone").exists()


def test_garbage_is_collected_after_the_grace_and_not_before(store, sealed, report):
    orphan = store.put(b"of a run that was killed", "html")
    (store.temporary / "half").write_bytes(b"<h1>Cli")
    unknown = report(b"<h1>never committed</h1>").sealed(store)
    kept = {f"{sealed.id}.json", *(ref.name for ref in sealed.files.values())}
    everything = names(store)

    assert collect_garbage(store, {sealed.id}, datetime.now(UTC)) == []
    assert names(store) == everything

    removed = collect_garbage(store, {sealed.id}, later())
    assert removed == sorted([orphan, "half", f"{unknown.id}.json", unknown.files["html"].name])
    assert names(store) == kept
    assert list(verify(store, known={sealed.id})) == []


def test_nothing_is_collected_if_the_index_is_missing(store, sealed):
    with pytest.raises(StoreError, match="rebuild it first"):
        collect_garbage(store, (), later())
    assert list(verify(store)) == []


def test_no_file_is_collected_while_a_manifest_is_damaged(store, sealed, report):
    # nobody can tell which files it needs, and a backup may bring it back
    other = report(b"<h1>Another</h1>").sealed(store)
    path = store.path(f"{sealed.id}.json")
    path.chmod(0o644)
    path.write_bytes(b"{}")
    store.put(b"of a run that was killed", "html")
    assert collect_garbage(store, {sealed.id, other.id}, later()) == []


def test_things_that_are_not_ours_are_not_collected(store, sealed):
    (store.root / "notes.txt").touch()
    (store.path(f"{sealed.id}.json").parent / "notes.txt").touch()
    assert collect_garbage(store, {sealed.id}, later()) == []


@pytest.mark.parametrize("remove", ["delete", "collect"])
def test_nothing_is_removed_while_somebody_seals(store, sealed, remove):
    # else a file that is there already, so that the seal counts on it, could go before its manifest comes
    def work():
        if remove == "delete":
            delete(store, sealed.id, by="olena", reason="", at=NOON)
        else:
            collect_garbage(store, {sealed.id}, later())

    orphan = store.put(b"of a run that was killed", "html")
    thread = threading.Thread(target=work)
    with store.lock(LOCK_SH):
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        assert {orphan, f"{sealed.id}.json"} <= names(store)
    thread.join(10)
    assert {orphan, f"{sealed.id}.json"} - names(store)


def test_two_may_seal_at_once(store, sealed, report):
    with store.lock(LOCK_SH):
        report(b"<h1>Another</h1>").sealed(store)
