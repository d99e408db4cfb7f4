"""The lines of a file that were not loaded, as its rejects file tells them."""

import csv
from itertools import islice
from pathlib import Path

from reports_lib.database.schema import CdrFile
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.rejects import Reject

LONGEST = 4 * Limits().line  # letters of a cell: a byte that is no UTF-8 is written as four


def path_of(outputs: Path, file: CdrFile) -> Path | None:
    """The rejects file, if there is one and nobody has removed it."""
    path = outputs / file.rejects if file.rejects else None
    return path if path and path.is_file() else None


def first(path: Path, count: int) -> list[Reject]:
    """The first `count` lines of a rejects file."""
    csv.field_size_limit(LONGEST)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [Reject(int(row["line"]), row["column"], row["reason"], row["record"]) for row in islice(rows, count)]
