"""Where everything is: the folders of a workspace and the settings of its environment.

    <root>/notebooks/<family>.ipynb        one notebook, one family of reports
    <root>/parameters/<family>/<set>.yaml  saved parameter sets
    <root>/parameters/schedule.yaml        when which set runs
    <root>/outputs/                        snapshots, the lake, the embedded database

Settings are read once, when a `Workspace` is made, and never again.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from reports_lib.errors import SettingError, UnknownNameError

FAMILY = re.compile(r"[a-z][a-z0-9_]{0,199}")  # a name of a file
SET = re.compile(r"[a-z0-9][a-z0-9-]{0,199}")
SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


class Setting(NamedTuple):
    """One environment variable: its default and what it is for."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("DAYBOOK_HOME", "", "The workspace; by default the nearest folder upwards that holds `notebooks/`."),
    Setting("DAYBOOK_OUTPUTS", "outputs", "Snapshots, lake and embedded database; relative to the workspace."),
    Setting("DAYBOOK_DATABASE_URL", "", "`postgresql://…` of the database; empty starts the embedded one."),
    Setting("DAYBOOK_WAREHOUSE_URL", "", "`postgresql://…/db?schema=…` to report from; empty is the lake."),
    Setting("DAYBOOK_WAREHOUSE_WRITER", "", "The same as a role that may write; empty is `DAYBOOK_WAREHOUSE_URL`."),
    Setting("DAYBOOK_TIME_ZONE", "UTC", "Zone of reports that do not name one."),
    Setting("DAYBOOK_CELL_TIMEOUT", "600", "Seconds that one cell of a notebook may take."),
    Setting("DAYBOOK_RUN_TIMEOUT", "1800", "Seconds that a whole run may take, rendering included."),
    Setting("DAYBOOK_MEMORY_LIMIT", "4GB", "Memory that the queries of one run may take."),
    Setting("DAYBOOK_RUN_MEMORY", "6GB", "Memory that the processes of one run may take together."),
    Setting("DAYBOOK_RUN_OUTPUT", "256MB", "What one run may print, show and write."),
    Setting("DAYBOOK_RUN_PROCESSES", "32", "Processes that one run may have at a time."),
    Setting("DAYBOOK_CONCURRENCY", "2", "Runs that a worker makes at a time."),
    Setting("DAYBOOK_KERNELS", "2", "Kernels that a worker keeps ready; 0 starts each when it is needed."),
    Setting("DAYBOOK_KERNEL_IDLE", "900", "Seconds without a run after which kernels kept ready are let go."),
    Setting("DAYBOOK_LEASE", "8", "Seconds without a sign of life after which a worker's runs are given to others."),
    Setting("DAYBOOK_ATTEMPTS", "5", "Times that a run is tried whose worker died or whose database went away."),
    Setting("DAYBOOK_SMTP_URL", "", "`smtp://user:password@host:587` or `smtps://…`; empty writes mail to a folder."),
    Setting("DAYBOOK_OUTBOX", "outputs/outbox", "That folder, one `.eml` a mail; relative to the workspace."),
    Setting("DAYBOOK_MAIL_FROM", "daybook@localhost", "The address that mail comes from."),
    Setting("DAYBOOK_MAIL_DOMAINS", "", "Domains that mail may go to, with commas between; empty is any."),
    Setting("DAYBOOK_MAIL_LIMIT", "20MB", "Size of a mail; files that do not fit stay behind its link."),
    Setting("DAYBOOK_RETENTION", "30", "Days after which a report with personal data is deleted."),
    Setting("DAYBOOK_CDR_FOLDER", "", "Folder that files of call records are dropped into; relative to the workspace."),
    Setting("DAYBOOK_OWNER", "", "Who is told by mail of a failure when the schedule names nobody."),
    Setting("DAYBOOK_HOST", "127.0.0.1", "Address that `daybook serve` listens on."),
    Setting("DAYBOOK_PORT", "8127", "Port that `daybook serve` listens on; 0 takes a free one."),
    Setting("DAYBOOK_URL", "", "What links begin with, such as `https://reports.example.com`; empty is host and port."),
    Setting("DAYBOOK_SERVE", "1", "`0` ends `daybook demo` after it has printed its links."),
)


@dataclass(frozen=True)
class Workspace:
    """A root folder and the settings that hold for it."""

    root: Path
    outputs: Path
    database_url: str = ""
    warehouse_url: str = ""
    warehouse_writer: str = field(default="", repr=False)  # it may hold a password
    time_zone: str = "UTC"
    cell_timeout: int = 600
    run_timeout: int = 1800
    memory_limit: str = "4GB"
    run_memory: int = 6_000_000_000  # bytes, as are all sizes
    run_output: int = 256_000_000
    run_processes: int = 32
    concurrency: int = 2
    kernels: int = 2
    kernel_idle: int = 900
    lease: int = 8
    attempts: int = 5
    smtp_url: str = field(default="", repr=False)  # it may hold a password
    outbox: Path = Path("outbox")
    mail_from: str = "daybook@localhost"
    mail_domains: tuple[str, ...] = ()
    mail_limit: int = 20_000_000
    retention: int = 30  # days
    cdr_folder: Path | None = None
    owner: str = ""
    host: str = "127.0.0.1"
    port: int = 8127
    url: str = ""

    @classmethod
    def find(cls, start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Self:
        """The workspace that `start` (the working folder) lies in, with the settings of `environ`.

        Raises `SettingError` if there is none, or a setting cannot be read.
        """
        value = {s.name: environ.get(s.name, "") or s.default for s in SETTINGS}
        root = _given(value["DAYBOOK_HOME"]) if value["DAYBOOK_HOME"] else _nearest(start or Path.cwd())
        zone = value["DAYBOOK_TIME_ZONE"]
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise SettingError(f"DAYBOOK_TIME_ZONE={zone!r} is not a time zone such as Europe/Kyiv") from None
        return cls(
            root=root,
            outputs=(root / value["DAYBOOK_OUTPUTS"]).resolve(),
            database_url=value["DAYBOOK_DATABASE_URL"],
            warehouse_url=value["DAYBOOK_WAREHOUSE_URL"],
            warehouse_writer=value["DAYBOOK_WAREHOUSE_WRITER"],
            time_zone=zone,
            cell_timeout=_whole(value, "DAYBOOK_CELL_TIMEOUT"),
            run_timeout=_whole(value, "DAYBOOK_RUN_TIMEOUT"),
            memory_limit=value["DAYBOOK_MEMORY_LIMIT"],
            run_memory=_size(value, "DAYBOOK_RUN_MEMORY"),
            run_output=_size(value, "DAYBOOK_RUN_OUTPUT"),
            run_processes=_whole(value, "DAYBOOK_RUN_PROCESSES"),
            concurrency=max(_whole(value, "DAYBOOK_CONCURRENCY"), 1),
            kernels=_whole(value, "DAYBOOK_KERNELS"),
            kernel_idle=_whole(value, "DAYBOOK_KERNEL_IDLE"),
            lease=max(_whole(value, "DAYBOOK_LEASE"), 2),
            attempts=max(_whole(value, "DAYBOOK_ATTEMPTS"), 1),
            smtp_url=value["DAYBOOK_SMTP_URL"],
            outbox=(root / value["DAYBOOK_OUTBOX"]).resolve(),
            mail_from=value["DAYBOOK_MAIL_FROM"],
            mail_domains=tuple(filter(None, (d.strip().lower() for d in value["DAYBOOK_MAIL_DOMAINS"].split(",")))),
            mail_limit=_size(value, "DAYBOOK_MAIL_LIMIT"),
            retention=_whole(value, "DAYBOOK_RETENTION"),
            cdr_folder=(root / value["DAYBOOK_CDR_FOLDER"]).resolve() if value["DAYBOOK_CDR_FOLDER"] else None,
            owner=value["DAYBOOK_OWNER"],
            host=value["DAYBOOK_HOST"],
            port=_whole(value, "DAYBOOK_PORT"),
            url=value["DAYBOOK_URL"].rstrip("/"),
        )

    @property
    def address(self) -> str:
        """What links begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.url or f"http://{host}:{self.port}"

    @property
    def notebooks(self) -> Path:
        """Folder of the families' notebooks."""
        return self.root / "notebooks"

    @property
    def parameters(self) -> Path:
        """Folder of the saved parameter sets and the schedule."""
        return self.root / "parameters"

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshot store."""
        return self.outputs / "snapshots"

    @property
    def lake(self) -> Path:
        """Folder of the lake's Parquet files."""
        return self.outputs / "lake"

    @property
    def catalogues(self) -> Path:
        """Folder of copies of the lake's catalogue, one a data version; they may be removed at any time."""
        return self.outputs / "catalogues"

    def families(self) -> list[str]:
        """Names of all families: the notebooks there are, in alphabetical order."""
        return sorted(p.stem for p in self.notebooks.glob("*.ipynb") if FAMILY.fullmatch(p.stem))

    def notebook(self, family: str) -> Path:
        """Path of the family's notebook; raises `UnknownNameError`."""
        if family not in (known := self.families()):
            raise UnknownNameError.of("family", family, known)
        return self.notebooks / f"{family}.ipynb"

    def sets(self, family: str) -> list[str]:
        """Names of the family's saved parameter sets, in alphabetical order."""
        return sorted(p.stem for p in (self.parameters / family).glob("*.yaml") if SET.fullmatch(p.stem))

    def set_path(self, family: str, name: str) -> Path:
        """Path of a saved set; raises `UnknownNameError`."""
        if name not in (known := self.sets(family)):
            raise UnknownNameError.of(f"parameter set of {family}", name, known)
        return self.parameters / family / f"{name}.yaml"


def _given(home: str) -> Path:
    root = Path(home).resolve()
    if not (root / "notebooks").is_dir():
        raise SettingError(f"DAYBOOK_HOME={home!r} is no workspace: it holds no notebooks/")
    return root


def _nearest(start: Path) -> Path:
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "notebooks").is_dir() and (folder / "parameters").is_dir():
            return folder
    raise SettingError(
        f"no workspace here: {start} and its parents hold no notebooks/ and parameters/; set DAYBOOK_HOME"
    )


def _whole(value: Mapping[str, str], name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value[name]):
        raise SettingError(f"{name}={value[name]!r} is not a whole number")
    return int(value[name])


def _size(value: Mapping[str, str], name: str) -> int:
    found = re.fullmatch(r"([0-9]{1,6}) ?(B|KB|MB|GB)", value[name].strip().upper())
    if not found:
        raise SettingError(f"{name}={value[name]!r} is not a size such as 500MB")
    return int(found[1]) * SIZES[found[2]]
