"""Files as they came, kept until somebody deletes them: they are the disk space that figures tell (M-65).

    outputs/cdr/3f/3f9c0e…    called by the SHA-256 of its bytes, written once, never changed
    outputs/cdr/tmp/          files still being copied

So whoever takes up a file from a process that died has it, wherever it came from, and a table that was
loaded wrongly can be loaded again from the very bytes.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.content import shown_name
from reports_lib.warehouse.ingest.limits import MIB, Limits


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that has come: a copy of it, not yet in its place."""

    name: str
    sha256: str
    size: int
    copy: Path


@dataclass(frozen=True, slots=True)
class Originals:
    """The folder of all originals."""

    folder: Path

    def path(self, sha256: str) -> Path:
        """Where the bytes of that hash are, if they are."""
        return self.folder / sha256[:2] / sha256

    @contextmanager
    def arriving(self, source: Path, name: str = "") -> Iterator[Arrived]:
        """A copy of a file, for `keep` to put in its place; what is not kept is removed. `name`: what to call it.

        Raises `IngestError` if it is no regular file, cannot be read, or changes while it is read.
        """
        name = shown_name(Path(name) if name else source)
        aside = self.folder / "tmp"
        try:
            aside.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=aside, delete=False) as file:
                copy = Path(file.name)
        except OSError as error:
            raise IngestError(f"{name} cannot be kept in {self.folder}: {error.strerror}") from None
        try:
            sha256, size = _copied(source, copy, name)
            yield Arrived(name, sha256, size, copy)
        finally:
            copy.unlink(missing_ok=True)

    def keep(self, arrived: Arrived) -> None:
        """Put a copy in its place; raises `IngestError`."""
        place = self.path(arrived.sha256)
        try:
            place.parent.mkdir(exist_ok=True)
            arrived.copy.chmod(0o444)
            arrived.copy.replace(place)
            _sync(place.parent)
        except OSError as error:
            raise IngestError(f"{arrived.name} cannot be kept in {self.folder}: {error.strerror}") from None

    def remove(self, sha256: str) -> None:
        """Take the bytes away."""
        self.path(sha256).unlink(missing_ok=True)


def _copied(source: Path, copy: Path, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        # neither a link to elsewhere nor a pipe that never ends
        with (
            os.fdopen(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file,
            copy.open("wb") as out,
        ):
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise IngestError(f"{name} is not a file")
            if before.st_size > Limits().content:
                raise IngestError(f"{name} is larger than {Limits().content:,} bytes; split it")
            while chunk := file.read(MIB):
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
            after = os.fstat(file.fileno())
            out.flush()
            os.fsync(out.fileno())
    except FileNotFoundError:
        raise IngestError(f"no file {name}") from None
    except IsADirectoryError:
        raise IngestError(f"{name} is not a file") from None
    except OSError as error:
        raise IngestError(f"{name} cannot be read or kept: {error.strerror}") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise IngestError(f"{name} changed while it was read; try again when it is complete")
    return digest.hexdigest(), size


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
