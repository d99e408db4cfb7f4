"""One Customer Dynamics report: its stages, and the whole beside papermill and nbconvert from the shell.

python -m bench.pipeline [--rounds N]
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.measure import Spent, compared, in_turn, machine, markdown, seconds, span
from bench.place import place
from reports_lib.rendering import pdf as paper
from reports_lib.rendering.formats import Format
from reports_lib.runs import generate, render
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse.demo.build import demo_as_of
from reports_lib.warehouse.versions import latest

FAMILY = "customer_dynamics"
MAIN = "application/vnd.daybook.table+json"
GIVEN = {"interval": "2025-11-01/2026-10-31", "group_by": ["month"]}
ALL = (Format.HTML, Format.PDF, Format.CSV, Format.XLSX)
BIN = Path(sys.executable).parent
STAGES = {  # what is shown: where it is looked up
    "resolve": (generate, "_plan"),
    "execute": (generate, "execute"),
    "html": (render, "html"),
    "pdf": (paper, "pdf"),
    "csv and xlsx": (render, "sheet"),
    "seal": (generate, "seal"),
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with place() as installation, tempfile.TemporaryDirectory() as folder:
        report = Report(installation, Path(folder))
        report.in_process((Format.HTML,))  # imports, once
        actions: dict[str, Callable[[], object]] = {
            "`papermill`, then `jupyter nbconvert --to html`": report.from_the_shell,
            "`daybook run --format html`, which also seals": report.by_command,
            "the same in a process that is up": lambda: report.in_process((Format.HTML,)),
            "the notebook's cells alone, in a process that is up": report.cells,
        }
        spent = in_turn(actions, rounds)
        report.check()
        stages = [report.stages() for _ in range(rounds)]
    print(f"{machine('papermill', 'nbconvert', 'weasyprint', 'duckdb', 'ibis-framework')}; {rounds} rounds.\n")
    print(f"Customer Dynamics, 12 months by month, 1.5 million rows of usage:\n\n{compared(spent)}\n")
    rows = [[name, seconds(found), span(found)] for name, found in _columns(stages).items()]
    print(f"Its stages in a process that is up, all formats:\n\n{markdown(['stage', 'median', 'least to most'], rows)}")


class Report:
    """The same report, made in several ways."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation = installation
        self.folder = folder
        self.as_of: datetime = demo_as_of()
        self.executed = folder / "executed.ipynb"
        self.outcome: Any = None
        workspace = installation.workspace
        self.environment = os.environ | {
            "DAYBOOK_HOME": str(workspace.root),
            "DAYBOOK_OUTPUTS": str(workspace.outputs),
            "DAYBOOK_WAREHOUSE": str(installation.warehouse),
            "DAYBOOK_DATA_VERSION": latest(installation.warehouse) or "",
            "DAYBOOK_AS_OF": self.as_of.isoformat(),
        }

    def from_the_shell(self) -> None:
        """What one types without Daybook's machinery."""
        notebook = self.installation.workspace.notebook(FAMILY)
        interval = ("-p", "interval", str(GIVEN["interval"]))
        self._run("papermill", str(notebook), str(self.executed), *interval, "--no-progress-bar")
        self._run("jupyter", "nbconvert", "--to", "html", str(self.executed))

    def by_command(self) -> None:
        """What one types with it."""
        given = ("-p", f"interval={GIVEN['interval']}", "-p", "group_by=month")
        self._run("daybook", "run", FAMILY, *given, "--as-of", self.as_of.isoformat(), "--format", "html", "--json")

    def in_process(self, formats: tuple[Format, ...]) -> None:
        """What a worker does."""
        request = Request(FAMILY, GIVEN, self.as_of, Author("analyst", "bench"), formats=formats)
        self.outcome = generate.generate(request, self.installation, lambda *_: None)

    def cells(self) -> None:
        """The least that any way has to do: the code of the cells, and what it shows."""
        space: dict[str, Any] = {}
        with patch.dict(os.environ, self.environment):
            for source, tags in _code(self.installation.workspace.notebook(FAMILY)):
                _show(source, space)
                if "parameters" in tags:
                    space |= GIVEN
        space["warehouse"].close()

    def stages(self) -> dict[str, float]:
        """Seconds of each stage of one report in all formats."""
        spent: dict[str, float] = {}
        started = time.perf_counter()
        with ExitStack() as stack:
            for name, (module, function) in STAGES.items():
                stack.enter_context(_watched(module, function, name, spent))
            self.in_process(ALL)
        total = time.perf_counter() - started
        durations = self._durations()
        execute = spent.pop("execute")
        return {
            "resolve": spent.pop("resolve"),
            "kernel: start, talk, end": execute - sum(durations.values()),
            "imports": durations.pop("setup"),
            "cells": sum(durations.values()),
            **spent,
            "the whole": total,
        }

    def check(self) -> None:
        """Both ways show the same table, or the comparison is worth nothing."""
        theirs, ours = json.loads(self.executed.read_text()), json.loads(self._sealed().read_text())
        if not _table(theirs) or _table(theirs) != _table(ours):
            raise SystemExit("the two ways show different tables")

    def _sealed(self) -> Path:
        return Path(self.outcome.files["ipynb"])

    def _durations(self) -> dict[str, float]:
        """Seconds that the set-up cell took, and all others by their place."""
        cells = json.loads(self._sealed().read_text())["cells"]
        return {
            "setup" if "setup" in cell["metadata"].get("tags", []) else str(place): cell["metadata"]["papermill"][
                "duration"
            ]
            for place, cell in enumerate(cells)
            if cell["cell_type"] == "code"
        }

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [BIN / program, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{program} failed: {done.stderr[-2000:]}")


@contextmanager
def _watched(module: Any, function: str, name: str, spent: dict[str, float]) -> Iterator[None]:
    whole = getattr(module, function)

    def watched(*words: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return whole(*words, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - started

    with patch.object(module, function, watched):
        yield


def _code(notebook: Path) -> Iterator[tuple[str, list[str]]]:
    for cell in json.loads(notebook.read_text())["cells"]:
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


def _table(notebook: Mapping[str, Any]) -> list[str]:
    return [
        "".join(output["data"]["text/plain"])
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(MAIN, {}).get("is_main")
    ]


def _columns(rows: list[dict[str, float]]) -> dict[str, list[Spent]]:
    return {name: [Spent(row[name], 0.0) for row in rows] for name in rows[0]}


if __name__ == "__main__":
    main()
