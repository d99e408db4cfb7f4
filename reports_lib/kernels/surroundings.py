"""What of our own surroundings reaches a kernel: a few variables, and no secret."""

import os
from collections.abc import Mapping

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


def inherited() -> dict[str, str]:
    """Those of our variables that every process of ours may see."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def kernel_environment(given: Mapping[str, str], home: str) -> dict[str, str]:
    """The whole environment of a kernel: the few variables Python needs, a home, and `given`.

    What it puts aside, such as rows that a query spills, goes with its home however it ends.
    """
    own = dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), home)
    return inherited() | own | {"PYTHONHASHSEED": "0"} | dict(given)
