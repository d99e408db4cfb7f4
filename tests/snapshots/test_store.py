"""What every store of bytes must do, whatever way one comes to it."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reports_lib.errors import CorruptSnapshotError, StoreError, UnknownNameError
from reports_lib.snapshots.store import Store

HELLO = hashlib.sha256(b"hello").hexdigest() + ".txt"


def _plain(folder: Path) -> Callable[[], Store]:
    store = Store(folder / "snapshots")
    return lambda: store


def _reopened(folder: Path) -> Callable[[], Store]:
    return lambda: Store(folder / "snapshots")


def _behind_a_link(folder: Path) -> Callable[[], Store]:
    # outputs/ may be a symbolic link to a larger disk
    (folder / "disk").mkdir()
    (folder / "snapshots").symlink_to(folder / "disk")
    return lambda: Store(folder / "snapshots")


@pytest.fixture(params=[_plain, _reopened, _behind_a_link])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Conformance suite: a store that must behave the same however often and wherever it is opened."""
    return request.param(tmp_path)


def test_gives_back_what_was_put(open_store):
    for data in (b"", b"hello", bytes(range(256)) * 4000):
        assert open_store().read(open_store().put(data, "bin")) == data


def test_a_name_is_the_sha256_of_the_bytes(open_store):
    assert open_store().put(b"hello", "txt") == HELLO


def test_putting_twice_is_one_file_and_does_not_touch_it(open_store):
    first = open_store().put(b"hello", "txt")
    before = open_store().path(first).stat()
    assert open_store().put(b"hello", "txt") == first
    after = open_store().path(first).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(list(open_store().files())) == 1


def test_puts_the_same_bytes_twice_in_one_go(open_store):
    assert open_store().put_all([(b"hello", "txt"), (b"hello", "txt")]) == [HELLO, HELLO]
    assert open_store().leftovers() == []


def test_same_bytes_of_two_kinds_are_two_files(open_store):
    names = open_store().put_all([(b"", "csv"), (b"", "html")])
    assert [path.name for path in open_store().files()] == sorted(names)


def test_a_stored_file_is_read_only_and_nothing_is_left_in_tmp(open_store):
    path = open_store().path(open_store().put(b"hello", "txt"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert open_store().leftovers() == []


def test_none_but_the_owner_enters_the_store(tmp_path):
    Store(tmp_path / "deep" / "snapshots").put(b"hello", "txt")
    folders = [path for path in (tmp_path / "deep" / "snapshots").rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_sha256sum_alone_can_check_the_store(open_store):
    for data in (b"one", b"two", b"three"):
        open_store().put(data, "txt")
    check = "find ?? -type f | sed -E 's|^(../([0-9a-f]{64}).*)|\\2  \\1|' | sha256sum --check --strict --quiet"
    assert subprocess.run(check, shell=True, cwd=open_store().root, check=False).returncode == 0
    path = next(iter(open_store().files()))
    path.chmod(0o644)
    path.write_bytes(b"other")
    assert subprocess.run(check, shell=True, cwd=open_store().root, capture_output=True, check=False).returncode == 1


def test_reading_what_is_not_there(open_store):
    with pytest.raises(UnknownNameError):
        open_store().read(HELLO)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../" + HELLO,
        "/etc/passwd",
        "....//....//etc/passwd",
        "%2e%2e%2f" + HELLO,
        HELLO + "\n",
        HELLO + "\0",
        HELLO.upper(),
        HELLO[:63] + "/.txt",
        HELLO[:64],
        HELLO[:64] + ".",
        HELLO[:64] + ".t/../x",
        f"{HELLO[:64]}.t/../{HELLO}",
        f"./{HELLO}",
        f"{HELLO}/.",
        "０" * 64 + ".txt",  # digits, but not ASCII ones
        "a" * 10_000 + ".txt",
    ],
)
def test_what_is_no_name_never_becomes_a_path(open_store, name):  # T10
    open_store().put(b"hello", "txt")
    with pytest.raises(UnknownNameError):
        open_store().read(name)


@pytest.mark.parametrize("suffix", ["", "../x", "html/x", "HTML", ".html", "html\n", "waytoolong"])
def test_what_is_no_suffix_is_refused(open_store, suffix):
    with pytest.raises(ValueError, match="suffix"):
        open_store().put(b"hello", suffix)


def test_bytes_that_changed_are_not_served(open_store):
    path = open_store().path(open_store().put(b"hello", "txt"))
    path.chmod(0o644)
    path.write_bytes(b"hellO")
    with pytest.raises(CorruptSnapshotError, match="no longer matches"):
        open_store().read(HELLO)


def test_putting_the_right_bytes_again_mends_a_file_that_rotted(open_store):
    path = open_store().path(open_store().put(b"hello", "txt"))
    path.chmod(0o644)
    path.write_bytes(b"hellO")
    open_store().put(b"hello", "txt")
    assert open_store().read(HELLO) == b"hello"


def test_a_symbolic_link_in_the_store_is_not_followed(open_store, tmp_path):  # T10
    (tmp_path / "outside.txt").write_bytes(b"hello")
    path = open_store().path(open_store().put(b"hello", "txt"))
    path.unlink()
    path.symlink_to(tmp_path / "outside.txt")  # even though the bytes are the right ones
    with pytest.raises(CorruptSnapshotError):
        open_store().read(HELLO)


def test_a_linked_folder_in_the_store_is_not_followed(open_store, tmp_path):  # T10
    path = open_store().path(open_store().put(b"hello", "txt"))
    path.parent.rename(tmp_path / "elsewhere")
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorruptSnapshotError):
        open_store().read(HELLO)


@pytest.mark.parametrize("replace", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("data", [b"hello", b""])  # an unread pipe gives nothing, which would be right for b""
def test_a_pipe_or_a_folder_in_the_store_is_not_read_nor_waited_for(open_store, data, replace):
    name = open_store().put(data, "txt")
    open_store().path(name).unlink()
    replace(open_store().path(name))
    with pytest.raises(CorruptSnapshotError):
        open_store().read(name)


def test_a_store_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot write the snapshot store .*Not a directory"):
        Store(tmp_path / "file" / "snapshots").put(b"hello", "txt")


def test_a_file_is_complete_read_only_and_synced_before_it_is_seen_and_its_folder_after(store, monkeypatch):
    # what SIGKILL cannot show: a power cut also takes what was not synced
    store.put(b"first", "txt")
    calls = []

    def watch(name, describe):
        real = getattr(os, name)

        def called(*args, **kwargs):
            calls.append(describe(*args))
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, called)

    def kind(file):
        return "folder" if stat.S_ISDIR(os.fstat(file).st_mode) else f"{os.fstat(file).st_size} bytes"

    watch("fchmod", lambda file, mode: f"mode {mode:o}")
    watch("fsync", lambda file: f"sync {kind(file)}")
    watch("mkdir", lambda path, *_: f"make {Path(path).name}")
    watch("replace", lambda here, there: f"move {Path(there).name}")
    store.put(b"hello", "txt")
    assert calls == ["make 2c", "sync folder", "mode 444", "sync 5 bytes", f"move {HELLO}", "sync folder"]
    calls.clear()
    store.put(b"hello", "txt")
    assert calls == ["sync folder"]  # its first writer may have been killed before he did
