"""A notebook and its parameters, to the executed notebook and the tables it saved."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from math import inf
from pathlib import Path

import nbformat
import nbformat.v4
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from papermill.execute import prepare_notebook_metadata, raise_for_execution_errors, remove_error_markers
from papermill.parameterize import parameterize_notebook

from reports_lib.database.outage import outage, without_passwords
from reports_lib.errors import DatabaseError, DaybookError, LimitError, NotebookError, SettingError, StoreError, named
from reports_lib.kernels.cells import OnCell
from reports_lib.kernels.engine import DaybookEngine
from reports_lib.kernels.guard import Guard
from reports_lib.kernels.pool import Pool
from reports_lib.parameters.schema import Resolved
from reports_lib.picture import LATER, PICTURES
from reports_lib.rendering.notebook_file import written
from reports_lib.rendering.pictures import Pictures
from reports_lib.rendering.press import Press
from reports_lib.runs.progress import Progress

# It warns of every parameter whose annotation it cannot read; ours have all been checked by then.
logging.getLogger("papermill").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Sandbox:
    """What surrounds one execution: its folder, its kernel's variables and its time limit.

    `<folder>/executed.ipynb` is written when the run ends, however it ends; tables go to `<folder>/tables`.
    The kernel comes from `pool`, or else from the zygote that this user's commands share; `guard` watches it.
    Charts are drawn by `press` while the kernel goes on, or else by the kernel.
    """

    folder: Path
    environment: Mapping[str, str]
    cell_timeout: float  # seconds
    pool: Pool | None = None
    guard: Guard | None = None
    press: Press | None = None

    def left(self) -> float:
        """Seconds that the run has left."""
        return self.guard.remaining if self.guard else inf

    @property
    def executed(self) -> Path:
        """The executed notebook, whole or as far as it came."""
        return self.folder / "executed.ipynb"

    @property
    def tables(self) -> Path:
        """Where the notebook saves the rows of the tables it shows."""
        return self.folder / "tables"


def execute(notebook: Path, resolved: Resolved, sandbox: Sandbox, progress: Progress) -> NotebookNode:
    """Run every cell of `notebook` in a fresh kernel and return the executed notebook.

    A `DaybookError` raised in the kernel keeps its class, a database that went away is a
    `DatabaseError`, and anything else that goes wrong in a cell is a `NotebookError` that names the
    cell by the heading above it. Raises `LimitError` for a cell that takes too long, the guard's
    reason if it ended the run, and `StoreError` if the sandbox cannot be written.
    """
    source = _read(notebook)
    at = _Position(source, notebook.stem, sandbox.guard, progress)
    try:
        sandbox.tables.mkdir(parents=True, exist_ok=True)
        prepared = _prepared(source, resolved)
        try:
            _run(prepared, sandbox, at)
        finally:
            _write(prepared, sandbox.executed)
        return prepared
    except PapermillExecutionError as error:
        raise _named_by_heading(error, at) from None
    except CellTimeoutError:
        raise LimitError(f"{at} took longer than {sandbox.cell_timeout:g} seconds (DAYBOOK_CELL_TIMEOUT)") from None
    except DeadKernelError:
        died = NotebookError(f"{notebook.stem}: the kernel died in {at.heading()!r}; it may lack memory")
        died.can_heal = True  # most are killed from outside, for memory that others took
        raise died from None
    except OSError as error:
        raise StoreError(f"{notebook.stem} cannot be run in {sandbox.folder}: {error.strerror or error}") from None


class _Position:
    """Which cell runs now; as text, for messages, the family and the heading."""

    def __init__(self, notebook: NotebookNode, family: str, guard: Guard | None, progress: Progress) -> None:
        self._cells: list[NotebookNode] = notebook.cells
        self._family = family
        self._guard = guard
        self._progress = progress
        self._index = 0

    def moved(self, index: int, count: int) -> None:
        """Take note that the kernel is about to run cell `index` of `count`."""
        # Papermill puts one cell of its own behind the parameters: count as our notebook does.
        self._index = min(max(index - (count - len(self._cells)), 0), len(self._cells) - 1)
        if self._guard:
            self._guard.at = str(self)
        self._progress(self.heading(), index, count)

    def heading(self) -> str:
        """The nearest heading above the running cell, without its marks."""
        for cell in reversed(self._cells[: self._index + 1]):
            lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
            titles = [line.lstrip("#").strip() for line in lines if line.startswith("#")]
            if titles:
                return str(titles[-1])
        return "the first cells"

    def __str__(self) -> str:
        return f"{self._family}: {self.heading()!r}"


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise SettingError(f"{path.name} cannot be read as a notebook: {reason}") from None


def _prepared(source: NotebookNode, resolved: Resolved) -> NotebookNode:
    """The notebook with its parameters, as Papermill makes it; no address is ever looked at."""
    notebook = nbformat.v4.upgrade(deepcopy(source))
    empty = {"default_parameters": {}, "parameters": {}, "environment_variables": {}, "version": papermill.__version__}
    notebook.metadata.setdefault("papermill", nbformat.from_dict(empty))
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
        cell.metadata.setdefault("papermill", NotebookNode())
    if resolved.literals:
        notebook = parameterize_notebook(notebook, dict(resolved.literals), kernel_name="python3", language="python")
    return remove_error_markers(prepare_notebook_metadata(notebook, None, None))


def _run(prepared: NotebookNode, sandbox: Sandbox, at: _Position) -> None:
    """Run the cells of `prepared` in place, and draw what they show."""
    if sandbox.press is None:
        _run_cells(prepared, sandbox, at.moved, {})
        return
    with Pictures(sandbox.press, sandbox.left) as pictures:

        def moved(index: int, count: int) -> None:
            if index:
                pictures.begin(prepared.cells[index - 1])
            at.moved(index, count)

        try:
            _run_cells(prepared, sandbox, moved, {PICTURES: LATER})
        except BaseException:
            with suppress(Exception):  # what comes after the first error tells nothing of it
                pictures.finish(prepared)
            raise
        pictures.finish(prepared)


def _run_cells(prepared: NotebookNode, sandbox: Sandbox, moved: OnCell, more: Mapping[str, str]) -> None:
    """Run the cells with these variables beside those of the sandbox; raises what a cell raised."""
    try:
        DaybookEngine.execute_notebook(
            prepared,
            "python3",
            progress_bar=False,
            folder=sandbox.folder,
            execution_timeout=sandbox.cell_timeout,
            environment={**sandbox.environment, "DAYBOOK_TABLES": str(sandbox.tables), **more},
            pool=sandbox.pool,
            guard=sandbox.guard,
            on_cell=moved,
        )
    finally:
        _without_passwords(prepared)
    raise_for_execution_errors(prepared, None)


def _without_passwords(notebook: NotebookNode) -> None:
    """Take passwords out of what its cells printed and raised, before anything of it is kept or told."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.evalue = without_passwords(output.evalue)
                output.traceback = [without_passwords(line) for line in output.traceback]
            elif output.output_type == "stream":
                output.text = without_passwords(output.text)


def _write(notebook: NotebookNode, path: Path) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(written(notebook))
    partial.replace(path)


def _named_by_heading(error: PapermillExecutionError, at: _Position) -> DaybookError:
    first = (error.evalue or "").strip().splitlines()[:1] or [""]
    if lost := outage(error.ename, error.evalue or ""):
        return DatabaseError(f"{at} lost the warehouse: {lost}")
    known = named(error.ename, first[0])
    return known or NotebookError(f"{at} raised {error.ename}: {first[0]}")
