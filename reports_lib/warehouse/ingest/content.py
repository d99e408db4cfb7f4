"""Bytes of a file -> blocks of whole lines, decompressed on the way, in flat memory.

What is read is a file, or one file in a zip archive. Whether it is gzip shows in its first bytes,
never in its name. A bomb is refused as soon as it shows: by the bytes that come out, and by their
ratio to the bytes that went in (T19).
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.archive import EMPTY, ZIP, Member
from reports_lib.warehouse.ingest.cells import ascii_controls
from reports_lib.warehouse.ingest.limits import MIB, Limits

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
FOREIGN = {
    GZIP: "gzip inside gzip; unpack it once",
    PARQUET: "a packed Parquet file; unpack it",
    ZIP: "a zip archive inside another file; unpack it once",
    EMPTY: "an archive without a file",
    b"BZh": "compressed with bzip2; use gzip",
    b"\xfd7zXZ": "compressed with xz; use gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; use gzip",
    b"\xd0\xcf\x11\xe0": "an XLS workbook; save it as CSV",
    b"\xff\xfe": "UTF-16; convert it to UTF-8, for instance with iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "UTF-16; convert it to UTF-8, for instance with iconv -f UTF-16 -t UTF-8",
}


def shown_name(path: Path) -> str:
    """A file's name for messages and for the ledger: one line, whatever it holds."""
    return _shown(path.name)


def _shown(text: str) -> str:
    return ascii_controls(text.encode("utf-8", "backslashreplace").decode())


def beginning(path: Path) -> bytes:
    """The first 8 bytes of a regular file; raises `IngestError` if it cannot be read."""
    if not path.exists():
        raise IngestError(f"no file {_shown(str(path))}")
    if not path.is_file():
        raise IngestError(f"{_shown(str(path))} is not a file")
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise IngestError(f"{_shown(str(path))} cannot be read: {error.strerror}") from None


def refuse_foreign(name: str, first: bytes) -> None:
    """Raise `IngestError` if the content begins as something that is neither CSV nor Parquet."""
    for magic, told in FOREIGN.items():
        if first.startswith(magic):
            raise IngestError(f"{name} is {told}")


@dataclass(slots=True)
class Content:
    """The decompressed bytes of one file, read once or more, hashed each time."""

    path: Path
    limits: Limits
    member: Member | None = None  # of the archive that the file is
    called: str = ""  # in messages, where that is not the name of the path
    sha256: str = field(default="", init=False)

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.member.name if self.member else self.called or shown_name(self.path)

    def blocks(self) -> Iterator[bytes]:
        """Whole lines, each ended by LF, in blocks of about `limits.block` bytes.

        A last line without LF gets one. Of a line longer than `limits.line` only a byte more than
        that limit is sure to be kept. Afterwards `sha256` is known. Raises `IngestError`.
        """
        parts: list[bytes] = []  # of the line, or lines, not yet given away
        size = 0
        for chunk in self._hashed():
            parts.append(chunk)
            size += len(chunk)
            if size < self.limits.block:
                continue
            whole = b"".join(parts)
            cut = whole.rfind(b"\n") + 1
            if cut:
                yield whole[:cut]
            rest = whole[cut:]
            # an endless line is not kept: it is rejected for its length all the same
            parts = [rest[: self.limits.line + 1]]
            size = len(parts[0])
        if rest := b"".join(parts):
            yield rest if rest.endswith(b"\n") else rest + b"\n"

    def _hashed(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        total = 0
        for chunk in self._chunks():
            total += len(chunk)
            if total > self.limits.content:
                raise IngestError(f"{self.name} holds more than {self.limits.content:,} bytes; split it")
            if total == len(chunk):  # the first one
                refuse_foreign(self.name, chunk)
            digest.update(chunk)
            yield chunk
        self.sha256 = digest.hexdigest()

    def _chunks(self) -> Iterator[bytes]:
        if self.member:
            yield from self.member.chunks()
            return
        try:
            with self.path.open("rb") as file:
                raw = iter(lambda: file.read(MIB), b"")
                yield from self._gunzip(raw) if beginning(self.path).startswith(GZIP) else raw
        except OSError as error:
            raise IngestError(f"{self.name} cannot be read: {error.strerror}") from None

    def _gunzip(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        """All members of a gzip file, one after the other."""
        taken = given = 0
        member = zlib.decompressobj(wbits=31)
        for piece in raw:
            taken += len(piece)
            rest = piece
            while rest:
                if member.eof:  # what follows a member is another one, or the zeros of a tape
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    member = zlib.decompressobj(wbits=31)
                chunk = self._inflate(member, rest)
                given += len(chunk)
                if given > self.limits.ratio_from and given > self.limits.ratio * taken:
                    raise IngestError(f"{self.name} grows more than {self.limits.ratio} times: a gzip bomb")
                if chunk:
                    yield chunk
                rest = member.unused_data if member.eof else member.unconsumed_tail
        if not member.eof:
            raise IngestError(f"{self.name} ends in the middle of its gzip data; get it again")

    def _inflate(self, member: "zlib._Decompress", raw: bytes) -> bytes:
        try:
            return member.decompress(raw, MIB)
        except zlib.error as error:
            raise IngestError(f"{self.name} is damaged gzip data ({error}); get it again") from None
