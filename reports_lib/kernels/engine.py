"""The Papermill engine `daybook`: a notebook in a ready kernel that is used once.

In a run the kernel sees what a run may see, and nothing else: its environment is given, not
inherited, so no secret of ours reaches a notebook. It is spoken to over sockets in a private
folder, not over TCP ports that any process of the machine may open.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager

from reports_lib.kernels.cells import CellClient, OnCell
from reports_lib.kernels.guard import Guard
from reports_lib.kernels.kernel import Kernel
from reports_lib.kernels.pool import LARGEST, Pool
from reports_lib.kernels.processes import can_fork

OURS = ("python3", "daybook")  # kernels of this very environment


class DaybookEngine(NBClientEngine):
    """Runs a notebook's cells one after another in a fresh kernel.

    Beside Papermill's own options it takes

    - `environment`: the kernel's variables; without them it gets ours, as `papermill --engine daybook` expects;
    - `folder` to work in, by default the current one;
    - `pool` that the kernel comes from, by default the zygote that this user's commands share;
    - `guard` that watches it, by default nobody;
    - `on_cell`, called with a cell's index and the number of cells before each one.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        **options: Any,  # noqa: ANN401  # Papermill's own, and whatever it was called with
    ) -> NotebookNode:
        """Execute every cell.

        Raises what nbclient raises on a timeout or a dead kernel, and the guard's reason if it ended the run.
        """
        if kernel_name not in OURS:  # a kernel of somebody else's
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        guard: Guard | None = options.get("guard")
        on_cell: OnCell | None = options.get("on_cell")
        folder = Path(options.get("folder") or Path.cwd())
        with ExitStack() as stack:
            pool = options.get("pool") or stack.enter_context(_own_pool(guard))
            kernel = stack.enter_context(_kernel(pool, options.get("environment"), folder))
            if guard:
                stack.enter_context(guard.watching(kernel, folder))
            client = CellClient(
                nb_man,
                kernel,
                guard,
                on_cell,
                timeout=options.get("execution_timeout"),
                log_output=options.get("log_output", False),
                stdout_file=options.get("stdout_file"),
                stderr_file=options.get("stderr_file"),
            )
            return client.execute()


@contextmanager
def _kernel(pool: Pool, environment: Mapping[str, str] | None, folder: Path) -> Iterator[Kernel]:
    with ExitStack() as stack:
        log: IO[bytes] | None = None
        if environment is not None:
            # what the process itself has to say, beside the outputs of cells, is not for our terminal
            log = stack.enter_context((folder / "kernel.log").open("wb"))
        kernel = pool.take(os.environ if environment is None else environment, folder, log)
        try:
            yield kernel
        except BaseException:
            kernel.close()
            raise
        pool.let_go(kernel)


def _own_pool(guard: Guard | None) -> Pool:
    largest = guard.limits.output if guard else LARGEST
    if not can_fork():
        return Pool(0, 0, largest=largest)
    from reports_lib.kernels.forking import shared_folder

    return Pool(0, 0, shared_folder(), largest=largest)
