"""What a snapshot says of itself: a JSON text in one canonical form, whose SHA-256 is the snapshot's id."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from secrets import token_hex
from typing import Any, Self

from reports_lib.errors import CorruptSnapshotError, UnknownNameError
from reports_lib.snapshots.store import NAME

VERSION = 1
SUFFIX = "json"  # of manifests, and of nothing else in the store
ID = re.compile(r"[0-9a-f]{64}")
KEY = re.compile(r"[a-z][a-z0-9]*(:[a-z0-9][a-z0-9_-]*)?")
FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
TIMES = ("as_of", "generated_at")
RETAINED = "retained_until"  # left out of what is kept for good, as of all that older versions sealed


def file_name(snapshot_id: str) -> str:
    """Name of the manifest's file; raises `UnknownNameError` if `snapshot_id` cannot be an id."""
    if not ID.fullmatch(snapshot_id):
        raise UnknownNameError("no snapshot of that id")
    return f"{snapshot_id}.{SUFFIX}"


@dataclass(frozen=True)
class FileRef:
    """One file of a snapshot: its name in the store, and what a browser is told of it."""

    name: str
    bytes: int
    mime: str
    filename: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or not FILENAME.fullmatch(self.filename) or not self.mime.isprintable():
            raise ValueError(f"not a file of a snapshot: {self.name!r}, {self.filename!r}, {self.mime!r}")
        if self.name.endswith(f".{SUFFIX}"):
            raise ValueError(f"{self.filename!r}: only manifests are stored as .{SUFFIX}")


@dataclass(frozen=True)
class TableRef:
    """One table that was displayed; `sha256` is that of its Parquet file, key `table:<name>` of the files."""

    name: str
    title: str
    rows: int
    columns: tuple[Mapping[str, Any], ...]  # as displayed: name, label, kind, group, places
    sha256: str


@dataclass(frozen=True)
class Author:
    """Who generated a report: the role is shown to everyone (JD-75), the user and company are for the records."""

    role: str
    user: str
    company: str = ""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A snapshot. Without `files` it is a draft, which `seal` completes. All times are aware."""

    family: str
    title: str
    set_name: str | None
    asked: Mapping[str, Any]  # the parameters as given
    resolved: Mapping[str, Any]  # the same as plain literals, intervals absolute
    labels: Mapping[str, str]  # the same for people
    requested_interval: str | None  # absolute, local to `time_zone`
    data_interval: tuple[datetime, datetime] | None  # first and last contributing fact (G-6)
    as_of: datetime
    time_zone: str
    data_version: str
    notebook_sha256: str  # of the family's notebook, as it was run
    code_version: str
    generated_by: Author
    generated_at: datetime
    duration_ms: int
    tables: tuple[TableRef, ...] = ()
    files: Mapping[str, FileRef] = field(default_factory=dict)
    retained_until: datetime | None = None  # of personal data: deleted then; None keeps it for good
    supersedes: str | None = None  # id of the snapshot that this one replaces
    nonce: str = field(default_factory=lambda: token_hex(16))  # 128 bits: ids cannot be worked out
    version: int = VERSION

    @cached_property
    def id(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.json()).hexdigest()

    def json(self) -> bytes:
        """The canonical JSON: keys in order, no spaces, ASCII, times in UTC, a line feed at the end."""
        return self._json

    @cached_property
    def _json(self) -> bytes:
        out = asdict(self)
        for name in TIMES:
            out[name] = _text(out[name])
        if (until := out.pop(RETAINED)) is not None:
            out[RETAINED] = _text(until)
        if self.data_interval:
            out["data_interval"] = [_text(t) for t in self.data_interval]
        return json.dumps(out, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `json` wrote; anything else, to the last byte, is a `CorruptSnapshotError`."""
        try:
            manifest = cls._of(json.loads(data))
            is_canonical = manifest.json() == data
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            is_canonical = False
        if not is_canonical:
            raise CorruptSnapshotError("a stored manifest is not one that this version of Daybook writes")
        return manifest

    @classmethod
    def _of(cls, given: dict[str, Any]) -> Self:
        if given["version"] != VERSION or given.keys() | {RETAINED} != {f.name for f in fields(cls)}:
            raise ValueError("another version")
        for name in (*TIMES, *({RETAINED} & given.keys())):
            given[name] = datetime.fromisoformat(given[name])
        if first_last := given["data_interval"]:
            first, last = map(datetime.fromisoformat, first_last)
            given["data_interval"] = (first, last)
        given["generated_by"] = Author(**given["generated_by"])
        given["tables"] = tuple(TableRef(**t | {"columns": tuple(t["columns"])}) for t in given["tables"])
        given["files"] = {key: FileRef(**ref) for key, ref in given["files"].items()}
        manifest = cls(**given)
        manifest.check()
        return manifest

    def check(self) -> None:
        """Raise `ValueError` unless keys are keys and every table's rows are among the files."""
        if bad := [key for key in self.files if not KEY.fullmatch(key)]:
            raise ValueError(f"not a key of a file: {bad[0]!r}")
        for table in self.tables:
            ref = self.files.get(f"table:{table.name}")
            if ref is None or ref.name[:64] != table.sha256:
                raise ValueError(f"table {table.name!r} lacks its file")


def _text(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError(f"{time} has no time zone")
    return time.astimezone(UTC).isoformat()
