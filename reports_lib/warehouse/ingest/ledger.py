"""The ledger of loaded files: a table `daybook_load` beside the canonical ones.

Its rows are written in the transaction that writes the files' rows, so a file is in the ledger if
and only if it is in the table, wherever a crash falls.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.report import FileReport

LEDGER = "daybook_load"
COLUMNS = (
    "loaded_at timestamp, table_name varchar, file_name varchar, sha256 varchar, lines bigint, loaded bigint,"
    " rejected bigint, blank bigint, author varchar, message varchar"
)


class Entry(NamedTuple):
    """One loaded file; `loaded_at` is naive UTC."""

    loaded_at: datetime
    table_name: str
    file_name: str
    sha256: str
    lines: int
    loaded: int
    rejected: int
    blank: int
    author: str
    message: str


class Earlier(NamedTuple):
    """A file that was loaded before."""

    sha256: str
    file_name: str
    loaded_at: datetime


class Loading(Protocol):
    """A file that is about to be loaded."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def sha256(self) -> str:
        """Of its content."""


def refuse(table: str, files: Iterable[Loading], earlier: Iterable[Earlier], way: str) -> None:
    """Raise `IngestError` if one of the files was loaded before, or stands there twice; `way` says what to do."""
    there = {found.sha256: found for found in earlier}
    seen: dict[str, str] = {}
    for file in files:
        if found := there.get(file.sha256):
            told = f"was loaded into {table} on {found.loaded_at:%Y-%m-%d %H:%M} UTC as {found.file_name}"
            raise IngestError(f"{file.name} {told}{way and f'; {way} loads it again'}")
        if other := seen.get(file.sha256):
            raise IngestError(f"{file.name} has the same content as {other}{way and f'; {way} loads both'}")
        seen[file.sha256] = file.name


def entries(table: str, reports: Iterable[FileReport], now: datetime, author: str, message: str) -> list[Entry]:
    """What the ledger keeps of a load; a file of which no row is loaded may come again."""
    at = now.replace(tzinfo=None)
    return [
        Entry(at, table, r.name, r.sha256, r.lines, r.loaded, r.rejected, r.blank, author, message)
        for r in reports
        if r.loaded
    ]
