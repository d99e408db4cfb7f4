"""The files of one load, each counted while it is read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.archive import ZIP, Archive, Member
from reports_lib.warehouse.ingest.cells import ascii_controls
from reports_lib.warehouse.ingest.columnar import ParquetFile
from reports_lib.warehouse.ingest.content import PARQUET, beginning, shown_name
from reports_lib.warehouse.ingest.delimited import CsvFile
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.rejects import Reject
from reports_lib.warehouse.ingest.report import FileReport
from reports_lib.warehouse.ingest.stage import Repeat
from reports_lib.warehouse.tables import Table


class Reader(Protocol):
    """A file as rows of a table; counts are known once all batches were taken."""

    path: Path
    table: Table
    lines: int
    blank: int
    sha256: str

    @property
    def name(self) -> str:
        """What to call the file in messages, on one line."""

    def batches(self) -> Iterator[tuple[pa.Table, list[Reject]]]:
        """Good rows with a `__line` column, and rejects in order."""

    def originals(self, wanted: Iterator[int]) -> Iterator[str]:
        """The lines of the wanted numbers, which ascend, as the rejects file shows them."""


@dataclass(slots=True)
class Source:
    """One file: `staged` rows were read from it, `rejected` lines were not good enough."""

    reader: Reader
    staged: int = field(default=0, init=False)
    rejected: int = field(default=0, init=False)
    _repeats: int = field(default=0, init=False)
    _state: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._state = self._stat()

    @property
    def name(self) -> str:
        """Name of the file for messages, on one line."""
        return self.reader.name

    @property
    def sha256(self) -> str:
        """Of the content; empty until it was read."""
        return self.reader.sha256

    def batches(self) -> Iterator[tuple[pa.Table, list[Reject]]]:
        """Good rows and rejects, batch by batch."""
        for rows, rejects in self.reader.batches():
            self.staged += rows.num_rows
            self.rejected += len(rejects)
            yield rows, rejects

    def explain(self, repeats: Sequence[Repeat]) -> list[Reject]:
        """Staged rows that are refused for their key, as rejects; their lines are read once more."""
        lines = self.reader.originals(iter([repeat.line for repeat in repeats]))
        column = ", ".join(self.reader.table.key)
        self._repeats = len(repeats)
        return [
            Reject(repeat.line, column, ascii_controls(repeat.reason), line)
            for repeat, line in zip(repeats, lines, strict=True)
        ]

    def unchanged(self) -> None:
        """Raise `IngestError` if somebody wrote to the file since it was first looked at."""
        if self._stat() != self._state:
            raise IngestError(f"{self.name} changed while it was read; nothing was loaded")

    def report(self) -> FileReport:
        """What became of each line; raises `IngestError` if a line is not accounted for."""
        rejected = self.rejected + self._repeats
        loaded = self.staged - self._repeats
        return FileReport(self.name, self.sha256, self.reader.lines, loaded, rejected, self.reader.blank)

    def _stat(self) -> tuple[int, int, int]:
        found = self.reader.path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns


def sources(files: Sequence[Path], table: Table, limits: Limits) -> list[Source]:
    """The files, each with the reader that its first bytes call for; raises `IngestError`."""
    if not files:
        raise IngestError("no file to load")
    return [Source(reader) for path in files for reader in _readers(Path(path), table, limits)]


def _readers(path: Path, table: Table, limits: Limits) -> list[Reader]:
    if beginning(path).startswith(PARQUET):
        return [ParquetFile(path, table, limits)]
    return opened(path, limits, lambda member: CsvFile(path, table, limits, member))


def opened(path: Path, limits: Limits, reader: Callable[[Member | None], Reader], name: str = "") -> list[Reader]:
    """A `reader` of the file, called `name`; of a zip archive one of each of its files. Raises `IngestError`."""
    if beginning(path).startswith(ZIP):
        return [reader(member) for member in Archive(path, name or shown_name(path), limits).members()]
    return [reader(None)]
