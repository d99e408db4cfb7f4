"""A notebook and its parameters, to the executed notebook and the tables it saved."""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from reports_lib.errors import DaybookError, NotebookError, SettingError, StoreError, named
from reports_lib.parameters.schema import Resolved

# It warns of every parameter whose annotation it cannot read; ours have all been checked by then.
logging.getLogger("papermill").setLevel(logging.ERROR)

Progress = Callable[[str, int, int], None]  # what is done, how far, out of how many


@dataclass(frozen=True)
class Sandbox:
    """What surrounds one execution: its folder, its kernel's variables and its time limit.

    `<folder>/executed.ipynb` is written when the run ends, however it ends; tables go to `<folder>/tables`.
    """

    folder: Path
    environment: Mapping[str, str]
    cell_timeout: int  # seconds

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

    A `DaybookError` raised in the kernel keeps its class; anything else that goes wrong in a cell
    is a `NotebookError` that names the cell by the heading above it. Raises `StoreError` if the
    sandbox cannot be written.
    """
    source = _read(notebook)
    at = _Position(source, progress)
    try:
        sandbox.tables.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # sockets that pyzmq closes a moment later
            return papermill.execute_notebook(
                source,
                sandbox.executed,
                resolved.literals,
                engine_name="daybook",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=sandbox.folder,
                execution_timeout=sandbox.cell_timeout,
                environment={**sandbox.environment, "DAYBOOK_TABLES": str(sandbox.tables)},
                on_cell=at.moved,
            )
    except PapermillExecutionError as error:
        raise _named_by_heading(error, notebook.stem, at) from None
    except CellTimeoutError:
        limit = f"{sandbox.cell_timeout} seconds (DAYBOOK_CELL_TIMEOUT)"
        raise NotebookError(f"{notebook.stem}: {at.heading()!r} took longer than {limit}") from None
    except DeadKernelError:
        raise NotebookError(f"{notebook.stem}: the kernel died in {at.heading()!r}; it may lack memory") from None
    except OSError as error:
        raise StoreError(f"{notebook.stem} cannot be run in {sandbox.folder}: {error.strerror or error}") from None


class _Position:
    """Which cell runs now."""

    def __init__(self, notebook: NotebookNode, progress: Progress) -> None:
        self._cells: list[NotebookNode] = notebook.cells
        self._progress = progress
        self._index = 0

    def moved(self, index: int, count: int) -> None:
        """Take note that the kernel is about to run cell `index` of `count`."""
        # Papermill puts one cell of its own behind the parameters: count as our notebook does.
        self._index = min(max(index - (count - len(self._cells)), 0), len(self._cells) - 1)
        self._progress(self.heading(), index, count)

    def heading(self) -> str:
        """The nearest heading above the running cell, without its marks."""
        for cell in reversed(self._cells[: self._index + 1]):
            lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
            titles = [line.lstrip("#").strip() for line in lines if line.startswith("#")]
            if titles:
                return str(titles[-1])
        return "the first cells"


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise SettingError(f"{path.name} cannot be read as a notebook: {reason}") from None


def _named_by_heading(error: PapermillExecutionError, family: str, at: _Position) -> DaybookError:
    first = (error.evalue or "").strip().splitlines()[:1] or [""]
    known = named(error.ename, first[0])
    return known or NotebookError(f"{family}: {at.heading()!r} raised {error.ename}: {first[0]}")
