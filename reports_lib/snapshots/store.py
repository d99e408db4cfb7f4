"""Bytes in files whose names are the SHA-256 of what is in them.

A file is written under `tmp/`, made read-only and synced, then moved into place whole, and the
folder it moved to is synced. A reader sees it complete or not at all, whenever the power goes.
"""

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from reports_lib.errors import CorruptSnapshotError, StoreError, UnknownNameError

NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,8}")
SUFFIX = re.compile(r"[a-z0-9]{1,8}")
FOLDER = re.compile(r"[0-9a-f]{2}")
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # neither a link nor a pipe fools it
READ_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
READ_ONLY = 0o444
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def name_of(data: bytes, suffix: str) -> str:
    """The name that `data` has in every store, such as `3f9c0e….html`."""
    if not SUFFIX.fullmatch(suffix):
        raise ValueError(f"{suffix!r} is not a suffix")
    return f"{hashlib.sha256(data).hexdigest()}.{suffix}"


def is_in_place(path: Path) -> bool:
    """Whether a path is named like a file of the store and lies in the folder of its first two letters."""
    return NAME.fullmatch(path.name) is not None and path.parent.name == path.name[:2]


class Staged(NamedTuple):
    """A synced file under `tmp/` and the path it will move to; `here` is None if it is there already."""

    here: Path | None
    there: Path


class Store:
    """A folder of files named by their content."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()  # it may be a symbolic link itself; nothing below it may
        self.temporary = self.root / "tmp"

    def path(self, name: str) -> Path:
        """Where the file of that name is or would be; raises `UnknownNameError` unless it is a name."""
        if not NAME.fullmatch(name):
            raise UnknownNameError("no stored file of that name")
        return self.root / name[:2] / name

    def put(self, data: bytes, suffix: str) -> str:
        """Keep `data`; returns its name, which it may have had before. Raises `StoreError`."""
        (name,) = self.put_all([(data, suffix)])
        return name

    def put_all(self, contents: Iterable[tuple[bytes, str]]) -> list[str]:
        """Keep several (data, suffix) in order; returns their names.

        All are written out before the first moves into place, so a full disk leaves nothing
        behind; the last moves only when the others are safe. Raises `StoreError`.
        """
        staged: list[Staged] = []
        with self._refusing("write"), self.lock(fcntl.LOCK_SH):
            try:
                for data, suffix in contents:
                    staged.append(self._stage(data, self.path(name_of(data, suffix))))
                *others, last = staged
                _place(others)
                _place([last])
            finally:
                _clear(staged)
        return [each.there.name for each in staged]

    def read(self, name: str) -> bytes:
        """The bytes of that name, checked against it.

        Raises `UnknownNameError` if there are none, `CorruptSnapshotError` if they do not match.
        """
        data = self.read_unchecked(self.path(name))
        if hashlib.sha256(data).hexdigest() != name[:64]:
            raise CorruptSnapshotError(f"stored file {name} no longer matches its name and is not served; run `verify`")
        return data

    def read_unchecked(self, path: Path) -> bytes:
        """What is at `path` under the root, whatever it holds; follows no symbolic link below the root.

        Raises `UnknownNameError` if nothing is there, `CorruptSnapshotError` if it cannot be read.
        """
        try:
            folder = os.open(path.parent, READ_FOLDER)
            try:
                file = os.open(path.name, READ, dir_fd=folder)
            finally:
                os.close(folder)
            try:
                return _read(file)
            finally:
                os.close(file)
        except FileNotFoundError:
            raise UnknownNameError("no stored file of that name") from None
        except OSError as error:
            raise CorruptSnapshotError(f"stored file {path.name} cannot be read: {error.strerror or error}") from error

    def write(self, path: Path, data: bytes) -> None:
        """Write `data` to `path` under the root, whole or not at all: tombstones. Raises `StoreError`."""
        with self._refusing("write"):
            staged = [self._stage(data, path)]
            try:
                _place(staged)
            finally:
                _clear(staged)

    def remove(self, path: Path) -> None:
        """Take a file out of the store; one that is not there is no error. Raises `StoreError`."""
        with self._refusing("remove from"):
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                _sync_folder(path.parent)

    def files(self) -> Iterator[Path]:
        """Everything in the two-letter folders, in order, whether it belongs there or not."""
        for path in self._top():
            if FOLDER.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                yield from sorted(path.iterdir())

    def strays(self) -> list[Path]:
        """What is under the root and is no part of the store."""
        kept = {"tmp", "gone", "lock"}
        top = [p for p in self._top() if p.name not in kept and not (FOLDER.fullmatch(p.name) and p.is_dir())]
        return top + [path for path in self.files() if not is_in_place(path)]

    def _top(self) -> list[Path]:
        return sorted(self.root.iterdir()) if self.root.is_dir() else []

    def leftovers(self) -> list[Path]:
        """Files under `tmp/`: being written now, or left by a writer that was killed."""
        return sorted(self.temporary.iterdir()) if self.temporary.is_dir() else []

    @contextmanager
    def lock(self, kind: int) -> Iterator[None]:
        """Hold the store: `LOCK_SH` for writers, who do not disturb each other, `LOCK_EX` to remove.

        Without it a file could be removed as unneeded at the moment a new snapshot counts on it.
        """
        self._make_folders()
        file = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, kind)
            yield
        finally:
            os.close(file)

    @contextmanager
    def _refusing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"cannot {verb} the snapshot store {self.root}: {error.strerror or error}") from error

    def _make_folders(self) -> None:
        if not self.temporary.is_dir():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.temporary.mkdir(mode=0o700, exist_ok=True)

    def _stage(self, data: bytes, there: Path) -> Staged:
        self._make_folders()
        if self._holds(there, data):
            return Staged(None, there)
        if not there.parent.is_dir():
            there.parent.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self.root)
        here = self.temporary / f"{there.name[:16]}.{token_hex(8)}"
        file = os.open(here, WRITE, 0o600)
        try:
            with open(file, "wb", buffering=0) as stream:  # noqa: PTH123  # a descriptor, not a path
                rest = memoryview(data)
                while rest:
                    rest = rest[stream.write(rest) :]
                # Before the move, so that no moment exists in which a stored file can be written to.
                os.fchmod(file, READ_ONLY)
                os.fsync(file)
        except BaseException:
            with suppress(OSError):
                here.unlink()
            raise
        return Staged(here, there)

    def _holds(self, path: Path, data: bytes) -> bool:
        try:
            return self.read_unchecked(path) == data
        except (UnknownNameError, CorruptSnapshotError):
            return False


def _read(file: int) -> bytes:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError("it is not a file")
    with open(file, "rb", buffering=0, closefd=False) as stream:  # a descriptor, not a path
        return stream.read()


def _place(staged: Iterable[Staged]) -> None:
    folders = set()
    for here, there in staged:
        if here is not None:
            here.replace(there)  # over nothing, or over bytes that have rotted: the name says what must be there
        # Also of a file that was there: its writer may not have come to this line.
        folders.add(there.parent)
    for folder in sorted(folders):
        _sync_folder(folder)


def _clear(staged: Iterable[Staged]) -> None:
    for here, _there in staged:
        if here is not None:
            here.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, READ_FOLDER)
    try:
        os.fsync(file)
    finally:
        os.close(file)
