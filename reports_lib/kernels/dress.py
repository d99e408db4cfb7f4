"""What a kernel does between its start and its first cell. Runs inside the kernel.

It is called by a silent request: nothing of it is in the user's names, in `In` and `Out`, or in the
numbers of the cells.
"""

import importlib
import os
import sys
import time
import traceback
from collections.abc import Mapping


def warm(expected: Mapping[str, str]) -> None:
    """All that costs time and holds no secret, before anybody asks; never fails.

    `expected` are variables that the run will have in all likelihood, and no secret either.
    """
    try:
        importlib.import_module("reports_lib.kernels.zygote").preload()  # at once, if we were forked
        importlib.import_module("reports_lib.kernels.outlet")
        if ready := getattr(importlib.import_module("reports_lib.ahead"), "warm", None):
            ready(expected)
    except Exception:  # a notebook that needs what is missing will say so itself
        os.write(2, traceback.format_exc().encode(errors="replace"))


def dress(environment: dict[str, str], cwd: str) -> None:
    """Add to the environment, go to the working folder, and let outputs go their way."""
    os.environ.update(environment)
    extend_path(environment)
    os.chdir(cwd)
    time.tzset()
    importlib.import_module("reports_lib.kernels.outlet").open_outlet()


def extend_path(environment: Mapping[str, str]) -> None:
    """Python reads PYTHONPATH when it starts, which was before it was set."""
    extra = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    first = 1 if sys.path[:1] == [""] else 0
    sys.path[first:first] = [path for path in extra if path not in sys.path]
