"""The drop folder: files put there are taken in, and moved out of the way once they are at their end.

    <folder>/asterisk/Master.csv          the name of a format
    <folder>/asterisk/7/Master.csv        of a company: clients are looked for in it and in those below it
    <folder>/done/asterisk/7/Master.csv   loaded
    <folder>/failed/asterisk/Master.csv   not loaded, and beside it Master.csv.error.txt says why

A file is taken once nobody has written to it for a while. What begins with a dot, ends in `.part` or
`.tmp`, or is no plain file is left alone. Nothing that is there is ever overwritten: a second file of a
name is called `-2`. A file stays where it is until its row says success or error, so whoever comes after a
process that died finds it, knows its content, and moves it.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from reports_lib.cdr import formats
from reports_lib.cdr.files import Given, of_content
from reports_lib.cdr.work import originals, take_in
from reports_lib.database.schema import CdrFile, CdrState
from reports_lib.errors import DaybookError, IngestError
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.ingest.content import shown_name

DONE, FAILED = "done", "failed"
LEFT_ALONE = (".part", ".tmp", ".filepart", ".crdownload", ".error.txt")
WHO = "drop folder"

Say = Callable[[str], object]
State = tuple[int, int, int]  # inode, size, time of the last change


@dataclass(slots=True)
class _Seen:
    state: State
    since: float
    row: int | None = None


@dataclass(slots=True)
class Folder:
    """The drop folder of an installation; `settle` are the seconds for which a file must not have grown."""

    installation: Installation
    path: Path
    say: Say
    settle: float = 3.0
    _seen: dict[Path, _Seen] = field(default_factory=dict, init=False)
    _told: set[str] = field(default_factory=set, init=False)

    def look(self) -> bool:
        """Take in what has come and move what is at its end; whether anything is still on its way.

        What cannot be done is said, once, and tried again at the next look. Raises `DatabaseError`.
        """
        present = dict(self._files())
        self._seen = {path: seen for path, seen in self._seen.items() if path in present}
        for path, given in present.items():
            try:
                self._one(path, given)
            except OSError as error:
                self._say_once(f"{shown_name(path)} is left where it is: {error.strerror}")
        return bool(self._seen)

    def _one(self, path: Path, given: Given) -> None:
        found = path.lstat()
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
        seen = self._seen.get(path)
        if seen is None or seen.state != state:
            self._seen[path] = _Seen(state, time.monotonic())
        elif seen.row is not None:
            self._settle(path, seen.row)
        elif time.monotonic() - seen.since >= self.settle:
            self._take(path, given, seen)

    def _take(self, path: Path, given: Given, seen: _Seen) -> None:
        try:
            seen.row = self._own(path) or take_in(self.installation, path, given)
        except IngestError as error:
            if path.lstat().st_size == seen.state[1]:
                self._move(path, FAILED, str(error))
        except DaybookError as error:  # a format that there is not, or that has a mistake: somebody will mend it
            self._say_once(f"{shown_name(path)} is left where it is: {error}")

    def _own(self, path: Path) -> int | None:
        """The row of this very file, if a process that died took it in: a later one of its content is another."""
        with originals(self.installation).arriving(path) as arrived, Session(self.installation.database) as session:
            there = of_content(session, arrived.sha256)
            is_own = there and there.uploaded_by == WHO and path.lstat().st_ctime <= there.uploaded_at.timestamp()
            return there.id if there and is_own else None

    def _settle(self, path: Path, row: int) -> None:
        with Session(self.installation.database) as session:
            found = session.get(CdrFile, row)
            if found is None or found.state == CdrState.SUCCESS:
                self._move(path, DONE)
            elif found.state == CdrState.ERROR:
                self._move(path, FAILED, found.error or "")

    def _move(self, path: Path, where: str, why: str = "") -> None:
        target = self.path / where / path.parent.relative_to(self.path)
        target.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            name = path.name if number == 1 else f"{path.stem}-{number}{path.suffix}"
            try:
                # the name is ours from now on, and so may be replaced
                os.close(os.open(target / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                break
            except FileExistsError:
                continue
        path.replace(target / name)
        self._seen.pop(path, None)
        if why:
            (target / f"{name}.error.txt").write_text(f"{why}\n", encoding="utf-8")
            self.say(f"{shown_name(path)} is in {where}: {why}")

    def _files(self) -> Iterator[tuple[Path, Given]]:
        """Plain files below folders that have a format's name."""
        known = formats.names(self.installation.workspace)
        for folder in _folders(self.path):
            if folder.name in (DONE, FAILED):
                continue
            if folder.name not in known:
                self._say_once(f"{folder} is left alone: there is no format {shown_name(folder)}")
                continue
            for path in _plain(folder):
                yield path, Given(folder.name, "", WHO)
            for company in _folders(folder):
                if not (company.name.isascii() and company.name.isdecimal()):
                    self._say_once(f"{company} is left alone: it is not the id of a company")
                    continue
                for path in _plain(company):
                    yield path, Given(folder.name, company.name, WHO)

    def _say_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.say(text)


def candidates(path: Path) -> Iterator[Path]:
    """Files that may be taken in, of whatever format."""
    for folder in _folders(path):
        if folder.name not in (DONE, FAILED):
            yield from _plain(folder)
            for company in _folders(folder):
                yield from _plain(company)


def _folders(path: Path) -> list[Path]:
    with os.scandir(path) as found:
        return sorted(
            Path(each.path) for each in found if each.is_dir(follow_symlinks=False) and not each.name.startswith(".")
        )


def _plain(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        for each in sorted(found, key=lambda one: one.name):
            is_left = each.name.startswith(".") or each.name.lower().endswith(LEFT_ALONE)
            if not is_left and stat.S_ISREG(each.stat(follow_symlinks=False).st_mode):
                yield Path(each.path)
