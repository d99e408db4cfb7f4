"""Whoever loads files: looks at the drop folder and at what waits, until it is ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from sqlalchemy.orm import Session

from reports_lib.cdr import files
from reports_lib.cdr.folder import Folder, Say, candidates
from reports_lib.cdr.work import Ended, load_next
from reports_lib.errors import DaybookError, SettingError
from reports_lib.runs.installation import Installation

EVERY = 2.0  # seconds between two looks
PAUSE = 30.0  # seconds that a warehouse which refused is left alone
HASTE = 0.2  # seconds between two looks of somebody who waits


@dataclass(slots=True)
class Watcher:
    """Takes in what comes into the folder, if there is one, and loads what waits, wherever it came from.

    `after` is called when files have changed, `say` with a line for each file and each trouble.
    """

    installation: Installation
    say: Say
    after: Callable[[], object]
    folder: Folder | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if path := self.installation.workspace.cdr_folder:
            self.folder = Folder(self.installation, opened(path), self.say)

    def run(self, stopped: Event) -> None:
        """Until `stopped`; what is away is waited for."""
        pause = EVERY
        while not stopped.wait(pause):
            try:
                self.look(stopped)
                pause = EVERY
            except (DaybookError, OSError) as error:
                self.say(f"not now: {error}")
                pause = PAUSE

    def once(self, stopped: Event) -> None:
        """Load what is there and waits now, and end. Raises `DatabaseError` and `WarehouseError`."""
        while self.look(stopped) and not stopped.wait(HASTE):
            continue

    def look(self, stopped: Event) -> bool:
        """One look; whether files of the folder are still on their way."""
        is_coming = self.folder.look() if self.folder else False
        while not stopped.is_set() and (ended := load_next(self.installation)):
            self.say(told(ended))
            self.after()
        return self.folder.look() if self.folder and is_coming else is_coming


def dropped(installation: Installation) -> frozenset[Path]:
    """The files that are in the drop folder."""
    path = installation.workspace.cdr_folder
    return frozenset(candidates(path)) if path and path.is_dir() else frozenset()


def is_waiting(installation: Installation) -> bool:
    """Whether there is a file to claim. Raises `DatabaseError`."""
    with Session(installation.database) as session:
        return files.is_free(session, installation.workspace.lease)


def opened(path: Path) -> Path:
    """The drop folder; raises `SettingError` if it is none."""
    if not path.is_dir():
        raise SettingError(f"DAYBOOK_CDR_FOLDER={str(path)!r} is not a folder")
    return path


def told(ended: Ended) -> str:
    """One line for a file."""
    if ended.report is None:
        return f"{ended.claim.name} (file {ended.claim.id}) failed: {ended.error}"
    found = ended.report
    parts = f"{found.loaded:,} loaded + {found.rejected:,} rejected + {found.blank:,} blank"
    version = f", data version {found.version}" if found.version else ""
    return f"{ended.claim.name}: {found.lines:,} lines = {parts} (file {ended.claim.id}{version})"
