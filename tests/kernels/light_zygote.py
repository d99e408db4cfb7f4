"""A zygote that has imported what a kernel is made of and nothing that reports are, for tests of who lives and dies.

All else is the real one's; what costs three seconds there takes half a second here, and its kernels need no warming.
"""

import sys
from pathlib import Path
from types import ModuleType

from reports_lib.kernels import forking, zygote
from reports_lib.kernels.newborn import launch

PROGRAM = (__file__,)


def use() -> None:
    """Have pools that are made from now on in this process start this one."""
    forking.PROGRAM = PROGRAM


if __name__ == "__main__":
    zygote.PRELOAD = tuple(name for name in zygote.PRELOAD if name.startswith("ipykernel."))
    zygote.METRICS = Path("/nonexistent")
    nothing = sys.modules["reports_lib.ahead"] = ModuleType("reports_lib.ahead")
    nothing.compile_ahead = nothing.compile_further = lambda: None
    zygote.main()
    launch()
