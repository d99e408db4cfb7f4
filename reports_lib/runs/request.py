"""What somebody asks for, before anything is known about the answer."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reports_lib.rendering.formats import Format
from reports_lib.snapshots.manifest import Author

SYSTEM = Author("system", "schedule")
SCHEDULED = "schedule:"  # how the keys of runs begin that the schedule asks for
DEFAULT_FORMATS = (Format.HTML, Format.PDF, Format.CSV, Format.XLSX)


@dataclass(frozen=True)
class Request:
    """One report to make.

    `as_of` is an aware moment: facts from then on do not exist for the report, and relative
    intervals count from it (G-1). `data_version` None takes the newest. Two requests with one
    `run_key` are one run. The HTML is always made, whatever `formats` says; their first is what
    whoever asks waits for. `name` is what lists call the report; empty is the family's title.

    Once it is sealed, each of `recipients` (one address each) gets it by mail; should it fail, the
    `owner` is told. `entry` names the entry of the schedule that asks.
    """

    family: str
    given: Mapping[str, str | list[str]]
    as_of: datetime
    author: Author
    set_name: str | None = None
    formats: tuple[Format, ...] = DEFAULT_FORMATS
    data_version: str | None = None
    supersedes: str | None = None
    recipients: tuple[str, ...] = ()
    owner: str | None = None
    entry: str | None = None
    name: str = ""
    run_key: str = field(default_factory=lambda: secrets.token_hex(16))
