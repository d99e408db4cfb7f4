"""Disks that fill up, calls that fail, processes that are killed: complete snapshots or none."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reports_lib.database.schema import Link
from reports_lib.errors import StoreError
from reports_lib.snapshots import index
from reports_lib.snapshots.removal import collect_garbage, delete
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.snapshots.store import Store
from reports_lib.snapshots.tombstone import is_gone
from reports_lib.snapshots.verify import Kind, verify

HERE = Path(__file__).parent
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a file system of its own size needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_nothing_behind_and_the_rest_readable(small_disk, report):  # F5
    store = Store(small_disk / "snapshots")
    sealed = []
    with pytest.raises(StoreError, match=r"cannot write the snapshot store .*: No space left on device$"):  # noqa: PT012
        while True:
            sealed.append(report(os.urandom(100_000)).sealed(store))
    assert 5 < len(sealed) < 11
    for _ in range(3):  # it stays full, and stays in order
        with pytest.raises(StoreError):
            report(os.urandom(100_000)).sealed(store)
    assert list(verify(store, known={manifest.id for manifest in sealed})) == []
    for manifest in sealed:
        assert len(open_file(store, open_snapshot(store, manifest.id), "html")) == 100_000
    # once there is room again, sealing works without any help
    delete(store, sealed.pop().id, by="olena", reason="room", at=NOON)
    sealed.append(report(os.urandom(90_000)).sealed(store))
    assert list(verify(store, known={manifest.id for manifest in sealed})) == []


def test_a_file_that_can_only_be_written_in_part(store, report):  # F5, also where one is not root
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    sealed = report().sealed(store)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(StoreError, match="File too large"):
            report(os.urandom(100_000)).sealed(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(verify(store, known={sealed.id})) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", ["open", "mkdir", "fchmod", "fsync", "replace"])
def test_every_call_fails_once(store, report, monkeypatch, call, code):  # F5
    kept = report().sealed(store)
    real, sealed, fails_at = getattr(os, call), [], 0
    while not sealed:  # the next time one call later, until none is left to fail
        fails_at += 1
        counted = iter(range(1, 1000))

        def failing(*args, counted=counted, fails_at=fails_at, **kwargs):
            if next(counted) == fails_at:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, failing)
            try:
                sealed.append(report(f"<h1>{call} {fails_at}</h1>".encode()).sealed(store))
            except StoreError as error:
                assert os.strerror(code) in str(error)  # noqa: PT017
        assert store.leftovers() == []
        assert not any(finding.is_damage for finding in verify(store, known={kept.id}))
        open_file(store, open_snapshot(store, kept.id), "html")
    assert fails_at > 1
    assert open_file(store, sealed[0], "html").startswith(b"<h1>")


def test_a_writer_that_is_interrupted_clears_up(store, report, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            report().sealed(store)
    assert store.leftovers() == []


def test_killed_at_every_step_every_row_still_shows_a_whole_snapshot(store, database, session):  # F3, JD-73
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
    run = subprocess.run(
        [sys.executable, HERE / "killed.py", store.root, url],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    died, lived = json.loads(run.stdout).values()
    # written, made read-only, synced, moved, folder synced, …, row there but not committed, committed
    assert set(died) == {"mkdir", "open", "fchmod", "fsync", "replace", "unlink", "sealed", "inserted", "committed"}
    assert len(died) > 25

    known = index.known(session)
    assert len(known) == lived + 1  # and the one that was killed after its commit
    assert len(session.scalars(select(Link)).all()) == lived + 1
    for snapshot_id in known:
        manifest = open_snapshot(store, snapshot_id)
        assert all(open_file(store, manifest, key) for key in manifest.files)

    litter = {finding.kind for finding in verify(store, known=known)}
    assert litter == {Kind.LEFTOVER, Kind.ORPHAN, Kind.UNKNOWN}
    assert collect_garbage(store, known, datetime.now(UTC)) == []  # any of them might still be at work
    collect_garbage(store, known, datetime.now(UTC) + timedelta(days=2))
    assert list(verify(store, known=known)) == []
    assert index.known(session) == known


class StoppedError(BaseException):
    """Stands for the end of a process: every later call fails too, so nothing is cleared up."""


def test_a_deletion_that_ends_at_any_step_can_be_finished(store, report, monkeypatch):  # F3
    # tombstone first, bytes last: the snapshot is shown whole, or it is gone
    other = report(b"<h1>Another</h1>").sealed(store)
    is_done, stops_at = False, 0
    while not is_done:
        stops_at += 1
        manifest = report(b"<h1>%d</h1>" % stops_at).sealed(store)
        with monkeypatch.context() as patched:
            stop_at(patched, stops_at)
            try:
                delete(store, manifest.id, by="olena", reason="", at=NOON)
                is_done = True
            except StoppedError:
                pass
        if is_gone(store, manifest.id):
            assert delete(store, manifest.id, by="petro", reason="", at=NOON).by == "olena"
        else:
            assert list(verify(store, manifest.id)) == []
            delete(store, manifest.id, by="olena", reason="", at=NOON)
    assert stops_at > 10
    collect_garbage(store, {other.id}, datetime.now(UTC) + timedelta(days=2))
    assert list(verify(store, known={other.id})) == []


def stop_at(patched: pytest.MonkeyPatch, number: int) -> None:
    """Let the n-th call that changes the disk, and all after it, raise `StoppedError`."""
    counted = iter(range(1, 1000))

    def stopping(real):
        def call(*args, **kwargs):
            if next(counted) >= number:
                raise StoppedError
            return real(*args, **kwargs)

        return call

    for name in ("open", "replace", "unlink", "fsync"):
        patched.setattr(os, name, stopping(getattr(os, name)))


def test_the_killer_kills():
    # what the two tests above rest on: a process ended so runs no cleaning up
    code = "import os, signal\ntry:\n os.kill(os.getpid(), signal.SIGKILL)\nfinally:\n print('cleaned')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (-signal.SIGKILL, "")
