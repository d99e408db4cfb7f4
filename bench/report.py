"""One report, made in several ways."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy.orm import Session

from reports_lib import ahead
from reports_lib.database.schema import Run, State
from reports_lib.rendering.formats import Format
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.progress import Standing, follow
from reports_lib.runs.queue import submit
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.warehouse.demo.build import demo_as_of
from reports_lib.warehouse.versions import Version, latest

BIN = Path(sys.executable).parent
MAIN = "application/vnd.daybook.table+json"


@dataclass
class Report:
    """`family` as it was asked for, in an installation; `folder` is for what papermill and nbconvert write."""

    installation: Installation
    folder: Path
    family: str
    given: Mapping[str, str]
    formats: tuple[Format, ...] = (Format.HTML,)
    snapshot: str = field(default="", init=False)
    made: list[float] = field(default_factory=list, init=False)  # seconds from taking it to its publication

    def from_the_shell(self) -> None:
        """What one types without Daybook's machinery."""
        source = self.installation.workspace.notebook(self.family)
        given = [word for name, value in self.given.items() for word in ("-r", name, value)]
        self._run("papermill", str(source), str(self.executed), *given, "-k", "python3", "--no-progress-bar")
        self._run("jupyter", "nbconvert", "--to", "html", str(self.executed))

    def by_command(self) -> None:
        """What one types with it: `daybook run`."""
        given = [word for name, value in self.given.items() for word in ("-p", f"{name}={value}")]
        forms = ",".join(self.formats)
        self._run("daybook", "run", self.family, *given, "--as-of", self.as_of, "--format", forms, "--json")

    def asked_for(self) -> None:
        """Ask for it and wait until it is sealed and published, by whichever worker is there."""
        with Session(self.installation.database) as session, session.begin():
            run = submit(session, self.request).id
        self.took(list(follow(self.installation, run))[-1])
        with Session(self.installation.database) as session:
            row = session.get_one(Run, run)
        self.made.append((row.formed_at - row.started_at).total_seconds())

    def took(self, standing: Standing) -> None:
        """It must have worked, or its time says nothing."""
        if standing.state != State.GENERATED or standing.snapshot is None:
            raise SystemExit(f"run {standing.run} is {standing.state}: {standing.error}")
        self.snapshot = standing.snapshot

    def in_process(self) -> None:
        """In this process, from the request to the seal; the kernel is started for it."""
        generate(self.request, self.installation, lambda *_: None)

    def cells(self) -> None:
        """The least that any way has to do: the code of the cells, and what it shows."""
        space: dict[str, Any] = {}
        with patch.dict(os.environ, self.environment):
            for source, tags in _code(self.installation.workspace.notebook(self.family)):
                _show(source, space)
                if "parameters" in tags:
                    space |= self.given
        space["warehouse"].close()

    @staticmethod
    def warm() -> None:
        """What a warm process has: all is imported and was used once, a DuckDB is open with its extensions."""
        ahead.warm()

    def check(self) -> None:
        """Both ways show the same table, or the comparison is worth nothing."""
        theirs = json.loads(self.executed.read_text())
        manifest = open_snapshot(self.installation.store, self.snapshot)
        ours = json.loads(open_file(self.installation.store, manifest, "ipynb"))
        if not _table(theirs) or _table(theirs) != _table(ours):
            raise SystemExit(f"the two ways show different tables of {self.family}")

    @property
    def request(self) -> Request:
        """A new request each time."""
        return Request(self.family, self.given, demo_as_of(), Author("analyst", "bench"), formats=self.formats)

    @property
    def as_of(self) -> str:
        return demo_as_of().isoformat()

    @cached_property
    def _version(self) -> Version | None:
        return latest(self.installation.warehouse)

    @property
    def executed(self) -> Path:
        return self.folder / f"{self.family}.ipynb"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DAYBOOK_HOME": str(self.installation.workspace.root),
            "DAYBOOK_WAREHOUSE": str(self.installation.warehouse),
            "DAYBOOK_DATA_VERSION": self._version.name if self._version else "",
            "DAYBOOK_COMPANY": "",
            "DAYBOOK_AS_OF": self.as_of,
        }

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [BIN / program, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{program} failed: {done.stderr[-2000:]}")


def _code(path: Path) -> Iterator[tuple[str, list[str]]]:
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"]), cell["metadata"].get("tags", [])


def _show(source: str, space: dict[str, Any]) -> None:
    """Run a cell, and make what it shows at its end as Jupyter would."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), space)
    if isinstance(last, ast.Expr):
        shown = eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)
        if hasattr(shown, "_repr_mimebundle_"):
            shown._repr_mimebundle_()


def _table(executed: Mapping[str, Any]) -> list[str]:
    return [
        "".join(output["data"]["text/plain"])
        for cell in executed["cells"]
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(MAIN, {}).get("is_main")
    ]
