"""How long somebody waits for a cell."""

import time

from nbclient.exceptions import CellTimeoutError

from reports_lib.errors import NotebookError
from reports_lib.kernels.kernel import Kernel

GRACE = 1.0  # seconds for a cell to end by itself once interrupted, so that it shows where it was
LAG = 4.0  # seconds from the reply, or one output, to the next


class Patience:
    """How long a cell may take: interrupted at its deadline, given up a little later."""

    def __init__(self, deadline: float, kernel: Kernel) -> None:
        self._deadline = deadline
        self._kernel = kernel
        self._is_interrupted = False
        self._has_replied = False

    def wait_for_outputs(self) -> None:
        """The cell has ended: wait a little for the next of its outputs."""
        self._has_replied = True
        self._deadline = time.monotonic() + LAG

    def check(self) -> None:
        """Interrupt the cell, or raise what it means that time is up."""
        if time.monotonic() <= self._deadline:
            return
        self.ended()
        if self._has_replied:
            raise NotebookError("outputs were lost on the way: too many at once")
        self._is_interrupted = True
        self._deadline = time.monotonic() + GRACE
        self._kernel.interrupt()

    def ended(self) -> None:
        """Raise what it means if the cell had to be interrupted, however it took that."""
        if self._is_interrupted:
            raise CellTimeoutError("Cell execution timed out")
