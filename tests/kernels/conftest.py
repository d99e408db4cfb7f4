"""Kernels as runs use them: `run(cells)` executes a notebook in a kernel of the pool, `plain(cells)` in `python3`."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from reports_lib.kernels.pool import Kernel, Pool
from reports_lib.kernels.surroundings import kernel_environment

Run = Callable[[Sequence[str]], list[list[NotebookNode]]]


def notebook(cells: Sequence[str]) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(source) for source in cells])


def executed(kernel: Kernel, cells: Sequence[str]) -> list[list[NotebookNode]]:
    """The outputs of each cell; a cell that raises does not stop those after it."""
    client = NotebookClient(notebook(cells), km=kernel.manager, timeout=60, allow_errors=True)
    client.kc = kernel.client
    return [cell.outputs for cell in client.execute().cells]


def text(kernel: Kernel, source: str) -> str:
    """What a cell prints, and its error."""
    (outputs,) = executed(kernel, [source])
    words = [o.text for o in outputs if o.output_type == "stream"]
    return "".join([*words, *(f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error")]).strip()


def gone(pids: Sequence[int], seconds: float = 10) -> bool:
    """Whether none of `pids` is left within `seconds`, but for the dead that nobody has buried."""
    deadline = time.monotonic() + seconds
    while any(map(_lives, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(size=1, idle=600) as pool:
        yield pool


@pytest.fixture
def run(pool, tmp_path) -> Run:
    def run(cells: Sequence[str]) -> list[list[NotebookNode]]:
        with pool.take({"DAYBOOK_TEST": "yes"}, tmp_path) as kernel:
            return executed(kernel, cells)

    return run


@pytest.fixture
def plain(tmp_path) -> Run:
    def plain(cells: Sequence[str]) -> list[list[NotebookNode]]:
        with tempfile.TemporaryDirectory() as home, Path(os.devnull).open("wb") as nothing:
            client = NotebookClient(notebook(cells), kernel_name="python3", timeout=60, allow_errors=True)
            environment = kernel_environment({"DAYBOOK_TEST": "yes"}, home)
            done = client.execute(env=environment, cwd=str(tmp_path), stdout=nothing, stderr=nothing)
            return [cell.outputs for cell in done.cells]

    return plain


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
