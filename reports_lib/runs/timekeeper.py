"""The clock that runs for ever: sleeps until something is due, looks, and is not put off by what goes wrong meanwhile.

A database that is away is waited for. An edit of the schedule counts from the next look on; one
that cannot be read is told once, and what it breaks goes on as it was.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from threading import Event

from reports_lib.errors import DatabaseError, SettingError
from reports_lib.runs.clock import Decided, look, now
from reports_lib.runs.entry import Entry
from reports_lib.runs.installation import Installation
from reports_lib.runs.schedule import read_entries
from reports_lib.workspace import Workspace

LONGEST = 5.0  # seconds between two looks: the database's clock may have jumped, the file may have changed
SETTLING = 1.0  # seconds for which a changed file must stay as it is before it is read
BACKOFF = 30.0  # seconds between two tries at a database that is away, at most


class Timekeeper:
    """One clock. `say` is told every decision, `warn` everything that is wrong, once.

    Raises `SettingError` if the schedule as a whole cannot be read, for there is no former one to go by.
    """

    def __init__(self, workspace: Workspace, say: Callable[[Decided], None], warn: Callable[[str], None]) -> None:
        self.workspace = workspace
        self.entries: list[Entry] = []
        self._say = say
        self._warn = warn
        self._installation = Installation(workspace)
        self._told: dict[str, str] = {}
        self._wait = 0.5
        self._seen = self._read = _signature(workspace)
        self._take(*read_entries(workspace))

    def run(self, stopped: Event) -> None:
        """Look again and again until `stopped` is set."""
        try:
            while not stopped.is_set():
                stopped.wait(self.turn())
        finally:
            self._close()

    def turn(self) -> float:
        """Read what has changed and decide what is due; returns the seconds to wait until the next turn."""
        is_settling = self._reread()
        try:
            decided = look(self._installation, self.entries)
            pause = self._pause(now(self._installation))
        except DatabaseError as error:
            return self._lost(error)
        self._wait = 0.5
        self._mend("database")
        for each in decided:
            if each.decision is None:
                self._tell(f"entry {each.entry}", f"{each.entry}  {each.tick.isoformat()}  waits: {each.error}")
            elif each.error:
                self._warn(f"{each.entry}  {each.tick.isoformat()}  {each.decision}: {each.error}")
            else:
                self._mend(f"entry {each.entry}")
                self._say(each)
        return min(pause, SETTLING) if is_settling else pause

    def _pause(self, moment: datetime) -> float:
        ticks = (entry.cron.next(moment) for entry in self.entries)
        waits = [(tick - moment).total_seconds() for tick in ticks if tick]
        return min([*waits, LONGEST])

    def _lost(self, error: DatabaseError) -> float:
        self._tell("database", f"{error}; trying again until it is there")
        self._wait = min(2 * self._wait, BACKOFF)
        self._close()
        self._installation = Installation(self.workspace)  # which starts the embedded one, if it was that
        return self._wait

    def _close(self) -> None:
        if "database" in vars(self._installation):  # it was opened
            self._installation.database.dispose()

    def _reread(self) -> bool:
        """Read the schedule if it has changed and is no longer being written; whether it still is."""
        found = _signature(self.workspace)
        has_settled, self._seen = found == self._seen, found
        if found == self._read or not has_settled:
            return not has_settled
        self._read = found
        try:
            self._take(*read_entries(self.workspace))
        except SettingError as error:
            self._tell("schedule", f"{error}; going on with the schedule as it was")
        return False

    def _take(self, entries: list[Entry], problems: dict[str, SettingError]) -> None:
        former = [entry for entry in self.entries if entry.name in problems]
        kept = {entry.name for entry in former}
        self.entries = entries + former
        self._mend("schedule")
        for name, problem in problems.items():
            instead = "going on with the entry as it was" if name in kept else "going on without it"
            self._tell(f"read {name}", f"{problem}; {instead}")
        for subject in [s for s in self._told if s.startswith("read ") and s.removeprefix("read ") not in problems]:
            self._mend(subject)

    def _tell(self, subject: str, text: str) -> None:
        if self._told.get(subject) != text:
            self._told[subject] = text
            self._warn(text)

    def _mend(self, subject: str) -> None:
        self._told.pop(subject, None)


def _signature(workspace: Workspace) -> list[tuple[Path, int, int]]:
    """What changes when the schedule, or a file that it is checked against, does."""
    files: Iterable[Path] = (
        workspace.parameters / "schedule.yaml",
        *workspace.parameters.glob("*/*.yaml"),
        *workspace.notebooks.glob("*.ipynb"),
    )
    found = []
    for path in sorted(files):
        try:
            stat = path.stat()
        except OSError:
            continue  # gone since, or not there at all
        found.append((path, stat.st_mtime_ns, stat.st_size))
    return found
