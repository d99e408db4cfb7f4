"""The Papermill engine `daybook`: a kernel that sees what a run may see, and nothing else.

Its environment is given, not inherited, so no secret of ours reaches a notebook; it is spoken to
over sockets in a private folder, not over TCP ports that any process of the machine may open.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager

OnCell = Callable[[int, int], None]

# What a Python process needs of its surroundings: where programs and libraries are, and its
# language. HOME is left out on purpose: a kernel gets a folder of its own.
INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "TZDIR",
    "COVERAGE_PROCESS_START",
)


class DaybookEngine(NBClientEngine):
    """Runs a notebook's cells one after another in a fresh kernel.

    Beside Papermill's own options it takes `environment` (variables for the kernel; without it the
    kernel inherits ours, as `papermill --engine daybook` in a shell expects) and `on_cell`, called
    with the cell's index and the number of cells before each one.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        **options: Any,  # noqa: ANN401  # Papermill's own, and whatever it was called with
    ) -> NotebookNode:
        """Execute every cell; raises what nbclient raises on a timeout or a dead kernel."""
        environment: Mapping[str, str] | None = options.get("environment")
        on_cell: OnCell | None = options.get("on_cell")
        count = len(nb_man.nb.cells)
        with tempfile.TemporaryDirectory(prefix="daybook-kernel-") as folder:
            client = PapermillNotebookClient(
                nb_man,
                km=AsyncKernelManager(
                    kernel_name=kernel_name, transport="ipc", connection_file=str(Path(folder) / "kernel.json")
                ),
                timeout=options.get("execution_timeout"),
                startup_timeout=options.get("start_timeout", 60),
                log_output=options.get("log_output", False),
                stdout_file=options.get("stdout_file"),
                stderr_file=options.get("stderr_file"),
                on_cell_start=(lambda cell, cell_index: on_cell(cell_index, count)) if on_cell else None,
            )
            # a kernel manager that is passed in counts as somebody else's, and would be left running
            if environment is None:
                return client.execute(env=dict(os.environ), cleanup_kc=True)
            # Papermill would write the whole notebook before and after every cell
            path, nb_man.output_path = nb_man.output_path, None
            # what the process itself has to say, beside the outputs of cells, is not for our terminal
            with Path("kernel.log").open("wb") as log:
                env = kernel_environment(environment, folder)
                try:
                    return client.execute(env=env, cleanup_kc=True, stdout=log, stderr=log)
                finally:  # as far as it came, however it ended
                    nb_man.output_path = path
                    nb_man.save()


def kernel_environment(given: Mapping[str, str], home: str) -> dict[str, str]:
    """The whole environment of a kernel: the few variables Python needs, a home, and `given`.

    What it puts aside, such as rows that a query spills, goes with its home however it ends.
    """
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), home)
    return kept | own | {"PYTHONHASHSEED": "0"} | dict(given)
