"""Zip archives: each file in one is a file to load; bombs are refused by what they say and by what comes out.

An archive says what it holds in a list at its end. That list is measured before it is read, its names are
only shown, never used as paths, and nothing is unpacked to disk. What comes out counts against the size of
the whole archive, so files that lie on top of each other (a bomb without layers) are found out too (T19).
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.cells import ascii_controls
from reports_lib.warehouse.ingest.limits import MIB, Limits

ZIP = b"PK\x03\x04"
EMPTY = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")  # the record that ends an archive
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeDecodeError)
_ENCRYPTED = 0x1
WORKBOOK = "[Content_Types].xml"


@dataclass(slots=True)
class Archive:
    """One zip file; `given` counts what came out of each of its members, by their numbers."""

    path: Path
    name: str
    limits: Limits
    given: dict[int, int] = field(default_factory=dict, init=False)

    def members(self) -> list["Member"]:
        """The files it holds, by name. Raises `IngestError` if it is a bomb, damaged or of another kind."""
        with self.path.open("rb") as file:
            self._measure(file)
            try:
                with zipfile.ZipFile(file) as opened:
                    found = sorted((i for i in opened.infolist() if not i.is_dir()), key=lambda i: i.filename)
            except _BROKEN as error:
                raise self._damaged(error) from None
        if any(info.filename == WORKBOOK for info in found):
            raise IngestError(f"{self.name} is a workbook; save it as CSV")
        if not found:
            raise IngestError(f"{self.name} is an archive without a file")
        for info in found:
            self._refuse(info)
        return [Member(self, number, info, self._shown(info)) for number, info in enumerate(found)]

    def chunks(self, member: "Member") -> Iterator[bytes]:
        """The bytes of a member, as they are unpacked. Raises `IngestError`."""
        given = 0
        size = self.path.stat().st_size
        try:
            with zipfile.ZipFile(self.path) as opened, opened.open(member.inside) as file:
                while chunk := file.read(MIB):
                    given += len(chunk)
                    self._count(member.number, given, size)
                    yield chunk
        except _BROKEN as error:
            raise self._damaged(error) from None

    def _count(self, member: int, given: int, size: int) -> None:
        """Read twice, a member still counts once."""
        self.given[member] = max(given, self.given.get(member, 0))
        total = sum(self.given.values())
        if total > self.limits.ratio_from and total > self.limits.ratio * size:
            raise IngestError(f"{self.name} grows more than {self.limits.ratio} times: a zip bomb")
        if total > self.limits.content:
            raise IngestError(f"{self.name} holds more than {self.limits.content:,} bytes; split it")

    def _refuse(self, info: zipfile.ZipInfo) -> None:
        name = self._shown(info)
        if info.flag_bits & _ENCRYPTED:
            raise IngestError(f"{name} is encrypted; unpack it")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise IngestError(f"{name} is packed in a rare way; pack it anew, or use gzip")
        grows = info.file_size > self.limits.ratio_from
        if grows and info.file_size > self.limits.ratio * max(info.compress_size, 1):
            raise IngestError(f"{self.name} grows more than {self.limits.ratio} times: a zip bomb")

    def _measure(self, file: IO[bytes]) -> None:
        """Look at the end, which says how long the list is, before anybody reads the list."""
        size = file.seek(0, 2)
        file.seek(max(size - 65_557, 0))  # the longest comment, and the record before it
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            raise IngestError(f"{self.name} ends in the middle of its zip data; get it again")
        _, disk, _, _, count, length, offset, _ = _END.unpack_from(tail, at)
        if 0xFFFFFFFF in (length, offset) or 0xFFFF in (count, disk):
            raise IngestError(f"{self.name} is too large for a zip archive; use gzip")
        if count > self.limits.members or length > MIB:
            raise IngestError(f"{self.name} holds {count:,} files, more than {self.limits.members}; split it")

    def _shown(self, info: zipfile.ZipInfo) -> str:
        last = info.filename.replace("\\", "/").rsplit("/", 1)[-1]
        return f"{self.name}:{ascii_controls(last.encode('utf-8', 'backslashreplace').decode())}"

    def _damaged(self, error: Exception) -> IngestError:
        told = ascii_controls(str(error).splitlines()[0]) if str(error) else type(error).__name__
        return IngestError(f"{self.name} is a damaged zip archive ({told}); get it again")


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive; `name` is for messages."""

    archive: Archive
    number: int  # several may have one name, and even one place
    inside: zipfile.ZipInfo
    name: str

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, unpacked."""
        return self.archive.chunks(self)
