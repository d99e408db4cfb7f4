"""The rows of the list: what it says of each run (TW-17 to TW-22), and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run, State
from reports_lib.errors import DaybookError
from reports_lib.families import Heading, heading
from reports_lib.portal.runs.rights import Actions, strangers
from reports_lib.portal.runs.words import asker, doing, period, word
from reports_lib.portal.view.words import Download, files_of, told_here, view_url
from reports_lib.rendering.formats import Format
from reports_lib.runs.listing import name_of
from reports_lib.runs.progress import ENDED, Standing, standings
from reports_lib.snapshots import links
from reports_lib.workspace import Workspace

FILES = (Format.XLSX, Format.XLS, Format.CSV, Format.PDF)  # made of any snapshot, then or when it is asked for


@dataclass(frozen=True)
class Row:
    """One row. `url` leads to its report, or to the page of the run where none can be opened."""

    run: Run
    name: str
    about: Heading  # of its family
    standing: Standing
    url: str
    files: Sequence[Download]
    period: str
    who: str
    can: Actions

    @property
    def word(self) -> str:
        """Its state in a word."""
        return word(self.run.state)

    @property
    def doing(self) -> str:
        """What happens now, or where it ended; nothing to say of a report that is ready."""
        return "" if self.run.state == State.GENERATED else doing(self.standing)

    @property
    def formed(self) -> datetime | None:
        """When its files were made (TW-22); None if there are none."""
        return self.run.formed_at if self.run.state == State.GENERATED else None

    @property
    def excel(self) -> Download | None:
        """The report as an Excel file (TW-32)."""
        return next((file for file in self.files if file.label == "XLSX"), None)

    @property
    def is_in_the_making(self) -> bool:
        """Whether it will change by itself."""
        return self.run.state not in ENDED


@dataclass(frozen=True)
class Rows:
    """What the rows of one page have in common."""

    families: Mapping[str, Heading]
    how_far: Mapping[int, Standing]
    tokens: Mapping[str, str]  # by snapshot
    strangers: frozenset[str]
    visitor: Visitor

    @classmethod
    def of(cls, session: Session, runs: Sequence[Run], visitor: Visitor, families: Mapping[str, Heading]) -> Self:
        """All that is looked up for these runs, each in one question."""
        snapshots = [run.snapshot_id for run in runs if run.snapshot_id]
        return cls(
            families,
            standings(session, [run.id for run in runs]),
            links.open_to(session, snapshots, datetime.now(UTC), visitor),
            strangers(session, {run.user_name for run in runs}, visitor),
            visitor,
        )

    def row(self, run: Run) -> Row:
        """The row of a run."""
        token = self.tokens.get(run.snapshot_id or "", "")
        return Row(
            run=run,
            name=name_of(run, {name: about.title for name, about in self.families.items()}),
            about=self.families.get(run.family) or Heading(run.family, ""),
            standing=self.how_far[run.id],
            url=view_url(token) if token else f"/runs/{run.id}",
            files=files_of([str(form) for form in FILES], token) if token else (),
            period=period(run),
            who=asker(run, self.visitor, self.strangers),
            can=Actions.of(run, self.visitor),
        )


def families_of(workspace: Workspace) -> dict[str, Heading]:
    """What each family's notebook tells of it; one that cannot be read goes by its name."""
    return {name: _family(workspace, name) for name in workspace.families()}


def _family(workspace: Workspace, name: str) -> Heading:
    try:
        notebook = workspace.notebook(name)
        file = notebook.stat()
        return told_here(_read(notebook, file.st_mtime_ns, file.st_size))
    except (DaybookError, OSError):
        return Heading(name, "")


@lru_cache(256)
def _read(notebook: Path, _changed: int, _size: int) -> Heading:
    return heading(notebook)
