"""The rejects file: every line that was not loaded, where it stands and why.

    file,line,column,reason,record
    calls.csv,3,amount,'1.2.3' is not a decimal number,"17,1.2.3,EUR"

`line` counts from 1, the header included; for Parquet it is the number of the row, and `record`
its values as JSON. `record` is the line as it stood there, for a machine to load again once it is
mended, so nothing in it is neutralised for spreadsheets; NULs and bytes that are not UTF-8 are
written as `\\x..`. Lines come in the order of the files; lines refused for their key come last.
"""

import csv
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from reports_lib.errors import IngestError

HEADER = ("file", "line", "column", "reason", "record")
FIRST_FEW = 3


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is not loaded; `column` is empty where the whole line is at fault."""

    line: int
    column: str
    reason: str
    record: str


@dataclass(slots=True)
class Rejects:
    """Rejects of one load, written to `path` while it goes; the first few are kept in memory."""

    path: Path
    count: int = field(default=0, init=False)
    first: list[str] = field(default_factory=list, init=False)
    _file: TextIO = field(init=False)

    def __enter__(self) -> "Rejects":
        self._file = self.path.open("w", encoding="utf-8", newline="")
        csv.writer(self._file, lineterminator="\n").writerow(HEADER)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def add(self, file: str, rejects: list[Reject]) -> None:
        """Write down lines of one file."""
        for reject in rejects[: FIRST_FEW - len(self.first)] if len(self.first) < FIRST_FEW else ():
            column = f"{reject.column}: " if reject.column else ""
            self.first.append(f"{file}:{reject.line}: {column}{reject.reason}")
        self.count += len(rejects)
        csv.writer(self._file, lineterminator="\n").writerows(
            (file, r.line, r.column, r.reason, r.record) for r in rejects
        )

    def keep(self, folder: Path, name: str) -> Path:
        """Copy what was written to `folder`, whole or not at all, under a name not yet taken there."""
        self._file.flush()
        half = folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(self.path, half)
                return _named(half, folder, name)
            finally:
                half.unlink(missing_ok=True)
        except OSError as error:
            raise IngestError(
                f"the rejects cannot be written to {folder}: {error.strerror}; nothing was loaded"
            ) from None


def text(record: bytes) -> str:
    """A line as the rejects file shows it."""
    return record.removesuffix(b"\r").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _named(half: Path, folder: Path, name: str) -> Path:
    for number in range(1, 1000):
        path = folder / (f"{name}.csv" if number == 1 else f"{name}-{number}.csv")
        try:
            path.hardlink_to(half)  # unlike a rename, it never replaces another load's file
        except FileExistsError:
            continue
        return path
    raise IngestError(f"{folder} holds a thousand rejects files named {name}; clear it")
