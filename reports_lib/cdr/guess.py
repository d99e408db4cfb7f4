"""Which format a file has, by its first records: the one whose columns and times they fit."""

from pathlib import Path

from reports_lib.cdr import formats
from reports_lib.cdr.format import Format
from reports_lib.cdr.reader import CdrFile
from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import Limits
from reports_lib.warehouse.ingest.archive import Member
from reports_lib.warehouse.ingest.content import beginning, shown_name
from reports_lib.warehouse.ingest.sources import opened
from reports_lib.workspace import Workspace

LINES = 50


def guess(workspace: Workspace, path: Path, name: str = "") -> str:
    """The name of the only format that most of the first records fit; `name` is what to call the file.

    Raises `IngestError` if there is none, or more than one, as well as if the file cannot be read at all.
    """
    called = shown_name(Path(name) if name else path)
    if not beginning(path):
        raise IngestError(f"{called} is empty; there is nothing to load")
    found = [each for each in formats.names(workspace) if _fits(path, formats.find(workspace, each), called)]
    # a format of yours that builds on one of ours fits where that does; which of them is meant nobody can know
    if len(found) == 1:
        return found[0]
    names = ", ".join(found or formats.names(workspace))
    told = f"may be of any of the formats {names}" if found else f"is of none of the formats {names}"
    raise IngestError(f"{called} {told}; say which it is")


def _fits(path: Path, made: Format, name: str) -> bool:
    limits = Limits(block=64 * 1024)

    def reader_of(member: Member | None) -> CdrFile:
        return CdrFile(path, made.table, limits, member, format=made, known={}, called=name)

    reader, *_ = opened(path, limits, reader_of, name)
    assert isinstance(reader, CdrFile)
    try:
        good, count = reader.fitting(LINES)
    except IngestError:
        return False
    return count > 0 and good * 2 > count
