"""What came of a load, counted so that no line can be lost unseen."""

from dataclasses import dataclass
from pathlib import Path

from reports_lib.errors import IngestError


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: `lines` below its header (rows of a Parquet file), and what became of each.

    Cannot be made unless lines = loaded + rejected + blank (T20). `sha256` is that of the
    content, so a file and its gzip are the same file.
    """

    name: str
    sha256: str
    lines: int
    loaded: int
    rejected: int
    blank: int

    def __post_init__(self) -> None:
        if self.lines != self.loaded + self.rejected + self.blank or min(self.loaded, self.rejected, self.blank) < 0:
            raise IngestError(
                f"{self.name}: {self.lines} lines are not {self.loaded} loaded + {self.rejected} rejected"
                f" + {self.blank} blank; nothing was loaded"
            )


@dataclass(frozen=True, slots=True)
class Report:
    """A finished load.

    `version` is the data version that holds its rows, None if there were none to load;
    `rejects_path` lists the rejected lines, None if there were none.
    """

    table: str
    files: tuple[FileReport, ...]
    version: str | None
    rejects_path: Path | None

    @property
    def lines(self) -> int:
        """Lines of all files, headers not counted."""
        return sum(f.lines for f in self.files)

    @property
    def loaded(self) -> int:
        """Lines that became rows."""
        return sum(f.loaded for f in self.files)

    @property
    def rejected(self) -> int:
        """Lines that are in the rejects file instead."""
        return sum(f.rejected for f in self.files)

    @property
    def blank(self) -> int:
        """Lines of nothing but spaces and tabs."""
        return sum(f.blank for f in self.files)
