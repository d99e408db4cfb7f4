"""One test for each way in which a store can be damaged or littered."""

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reports_lib.errors import CorruptSnapshotError, GoneError, UnknownNameError
from reports_lib.snapshots.removal import delete
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.snapshots.store import name_of
from reports_lib.snapshots.verify import DAMAGE, Kind, verify


@pytest.fixture
def html(store, sealed) -> Path:
    """The stored HTML of the one snapshot."""
    return store.path(sealed.files["html"].name)


@pytest.fixture
def found(store, sealed):
    """`found()`: (kind, name) of all findings, the index knowing the one snapshot; all damage must have its id."""

    def look(known=(sealed.id,)):
        findings = list(verify(store, known=known))
        assert all(finding.message and "\n" not in str(finding) for finding in findings)
        return {(finding.kind, finding.name) for finding in findings}

    return look


def overwrite(path: Path, data: bytes) -> None:
    # as a disk does it: neither mode nor time tell
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def messages(store) -> str:
    return " / ".join(str(finding) for finding in verify(store))


def test_nothing_is_wrong_with_a_sealed_snapshot(store, sealed, found):
    assert found() == set()
    assert list(verify(store, sealed.id)) == []


def test_an_empty_store_is_in_order(store):
    assert list(verify(store, known=())) == []


def test_every_flipped_bit_is_found_and_never_served(store, sealed, html, found):  # F9
    data = html.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        overwrite(html, bytes(flipped))
        with pytest.raises(CorruptSnapshotError):
            open_file(store, sealed, "html")
    assert found() == {(Kind.CORRUPT, html.name)}
    assert "its bytes have changed" in messages(store)
    (finding,) = verify(store, sealed.id)
    assert (finding.kind, finding.snapshot, finding.is_damage) == (Kind.CORRUPT, sealed.id, True)


def test_a_truncated_file(store, sealed, html, found):  # F9
    overwrite(html, html.read_bytes()[:-4])
    assert found() == {(Kind.CORRUPT, html.name)}
    assert "it holds 12 of its 16 bytes" in messages(store)
    with pytest.raises(CorruptSnapshotError):
        open_file(store, sealed, "html")


def test_a_file_emptied(store, sealed, html, found):  # F9
    overwrite(html, b"")
    assert found() == {(Kind.CORRUPT, html.name)}


def test_a_file_with_something_after_its_end(store, sealed, html, found):
    overwrite(html, html.read_bytes() + b"\n")
    assert found() == {(Kind.CORRUPT, html.name)}
    assert "it holds 17 bytes instead of 16" in messages(store)


def test_a_deleted_file(store, sealed, html, found):  # F9
    html.unlink()
    assert found() == {(Kind.MISSING, html.name)}
    assert [(f.kind, f.snapshot) for f in verify(store, sealed.id)] == [(Kind.MISSING, sealed.id)]
    with pytest.raises(CorruptSnapshotError, match="missing"):
        open_file(store, sealed, "html")


def test_a_deleted_manifest(store, sealed, found):  # F9
    store.path(f"{sealed.id}.json").unlink()
    assert (Kind.MISSING, f"{sealed.id}.json") in found()
    assert {kind for kind, _name in found()} == {Kind.MISSING, Kind.ORPHAN}
    with pytest.raises(UnknownNameError):
        list(verify(store, sealed.id))


def test_two_files_that_changed_places(store, sealed, html, found):  # F9
    csv = store.path(sealed.files["csv"].name)
    html_bytes, csv_bytes = html.read_bytes(), csv.read_bytes()
    overwrite(html, csv_bytes)
    overwrite(csv, html_bytes)
    assert found() == {(Kind.CORRUPT, html.name), (Kind.CORRUPT, csv.name)}
    assert f"{html.name}: it holds the bytes of {csv.name}" in messages(store)
    for key in ("html", "csv"):
        with pytest.raises(CorruptSnapshotError):
            open_file(store, sealed, key)


def test_the_manifest_of_another_snapshot_in_its_place(store, sealed, report, found):  # F9: wrong manifest
    other = report(b"<h1>Another</h1>").sealed(store)
    path = store.path(f"{sealed.id}.json")
    overwrite(path, store.path(f"{other.id}.json").read_bytes())
    assert (Kind.CORRUPT, path.name) in found((sealed.id, other.id))
    assert f"it holds the bytes of {other.id}.json" in messages(store)
    with pytest.raises(CorruptSnapshotError):
        open_snapshot(store, sealed.id)


def test_a_manifest_that_lies_about_its_files(store, sealed, found):  # F9: wrong manifest
    refs = sealed.files | {"html": replace(sealed.files["html"], bytes=99)}
    forged = replace(sealed, files=refs).json()
    store.put(forged, "json")
    assert (Kind.INVALID, sealed.files["html"].name) in found()


def test_a_forged_manifest_with_a_valid_hash(store, sealed, found):  # F9: spoofed
    # whoever may write to the folder can seal what he likes: but no run stands behind it
    forged = replace(sealed, title="Wrong figures").json()
    name = store.put(forged, "json")
    assert found() == {(Kind.UNKNOWN, name)}


def test_a_manifest_with_a_valid_hash_in_another_folder(store, sealed, found):  # F9: spoofed
    path = store.path(f"{sealed.id}.json")
    wrong = store.root / ("00" if sealed.id[:2] != "00" else "11")
    wrong.mkdir(exist_ok=True)
    path.rename(wrong / path.name)
    assert {(Kind.MISPLACED, f"{wrong.name}/{path.name}"), (Kind.MISSING, path.name)} <= found()
    with pytest.raises(UnknownNameError):
        open_snapshot(store, sealed.id)


def test_a_json_file_with_a_valid_hash_that_is_no_manifest(store, sealed, found):  # F9: spoofed
    name = store.put(b'{"version":1,"family":"customer_dynamics"}\n', "json")
    assert found() == {(Kind.INVALID, name), (Kind.UNKNOWN, name)}
    with pytest.raises(CorruptSnapshotError):
        open_snapshot(store, name[:64])


def test_a_manifest_under_another_suffix_is_no_snapshot(store, sealed, found):  # F9: spoofed
    name = store.put(replace(sealed, title="Wrong figures").json(), "html")
    assert found() == {(Kind.ORPHAN, name)}
    with pytest.raises(UnknownNameError):
        open_snapshot(store, name[:64])


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o000, 0o4755])
def test_a_changed_mode(store, sealed, html, found, mode):  # F9: chmod
    html.chmod(mode)
    wrong = Kind.CORRUPT if mode == 0 and os.geteuid() != 0 else Kind.MODE
    assert found() == {(wrong, html.name)}


def test_a_file_that_no_snapshot_lists(store, sealed, found):
    name = store.put(b"of a run that was killed", "html")
    assert found() == {(Kind.ORPHAN, name)}


def test_a_snapshot_whose_row_was_never_committed(store, sealed, found):
    assert found(known=()) == {(Kind.UNKNOWN, f"{sealed.id}.json")}
    assert list(verify(store)) == []  # without an index there is nothing to compare with


def test_a_row_without_a_snapshot(store, sealed, found):
    assert found((sealed.id, "0" * 64)) == {(Kind.MISSING, "0" * 64 + ".json")}


def test_a_file_left_in_tmp(store, sealed, found):
    (store.temporary / "3f.half").write_bytes(b"<h1>Cli")
    assert found() == {(Kind.LEFTOVER, "3f.half")}


def test_things_that_do_not_belong_into_the_store(store, sealed, found, html):
    (store.root / "notes.txt").touch()
    (html.parent / ".nfs0001").touch()
    shutil.copy(html, html.with_suffix(".html~"))
    assert {kind for kind, _name in found()} == {Kind.MISPLACED}
    assert len(found()) == 3


def test_a_link_out_of_the_store(store, sealed, html, found, tmp_path):
    shutil.move(html, tmp_path / "outside")
    html.symlink_to(tmp_path / "outside")
    assert found() == {(Kind.CORRUPT, html.name)}


def test_a_damaged_tombstone_still_hides_the_snapshot(store, sealed, report):
    stone = delete(store, sealed.id, by="olena", reason="asked to", at=sealed.as_of)
    path = store.root / "gone" / f"{stone.snapshot}.json"
    for spoilt in (
        b"",
        b"{}\n",
        stone.json().replace(b"olena", b"\xff"),
        stone.json().replace(stone.snapshot.encode(), b"f" * 64),
    ):
        overwrite(path, spoilt)
        assert [(f.kind, f.name) for f in verify(store)] == [(Kind.INVALID, f"gone/{stone.snapshot}.json")]
        with pytest.raises(CorruptSnapshotError):
            open_snapshot(store, sealed.id)


def test_a_deletion_that_was_interrupted(store, sealed, found, monkeypatch):
    monkeypatch.setattr("reports_lib.snapshots.removal._remove", lambda *_: None)
    delete(store, sealed.id, by="olena", reason="asked to", at=sealed.as_of)
    assert (Kind.UNFINISHED, f"{sealed.id}.json") in found(())
    with pytest.raises(GoneError):
        list(verify(store, sealed.id))


def test_damage_to_one_snapshot_leaves_the_others_readable(store, sealed, report, html):
    other = report(b"<h1>Another</h1>").sealed(store)
    overwrite(html, b"")
    assert open_file(store, open_snapshot(store, other.id), "html") == b"<h1>Another</h1>"
    assert list(verify(store, other.id)) == []


def test_damage_to_a_shared_file_names_every_snapshot_that_needs_it(store, sealed, report):
    other = report(b"<h1>Another</h1>").sealed(store)
    overwrite(store.path(sealed.files["csv"].name), b"")
    assert {f.snapshot for f in verify(store)} == {sealed.id, other.id}


@pytest.mark.parametrize("snapshot_id", ["", "0" * 64, "../x", "\0"])
def test_no_such_snapshot_to_verify(store, snapshot_id):
    with pytest.raises(UnknownNameError):
        list(verify(store, snapshot_id))


def test_what_keeps_a_report_from_being_shown_is_damage_and_the_rest_is_litter():
    assert {Kind.CORRUPT, Kind.MISSING, Kind.INVALID} == DAMAGE


def test_names_come_from_bytes_and_not_from_the_file(sealed):
    assert sealed.files["html"].name == hashlib.sha256(b"<h1>Clients</h1>").hexdigest() + ".html"
    assert name_of(b"<h1>Clients</h1>", "html") == sealed.files["html"].name
