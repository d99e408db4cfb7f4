"""From a fresh fork of the zygote to a kernel that is like any other."""

import importlib.util
import locale
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from reports_lib.kernels.dress import extend_path
from reports_lib.kernels.keeper import Order


def become_kernel(order: Order, files: Sequence[int], imported: Mapping[str, str]) -> None:
    """Be like a process that has just been started; what the zygote was does not show in it.

    `imported` are the variables that the imports themselves set.
    """
    _standard_streams(files)
    os.environ.clear()
    os.environ.update({**imported, **order.environment})
    os.chdir(order.cwd)
    time.tzset()
    locale.setlocale(locale.LC_CTYPE, "")
    tempfile.tempdir = None  # it was found for the zygote
    _reseed()
    extend_path(order.environment)
    for signum, handler in ((signal.SIGCHLD, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        signal.signal(signum, handler)
    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [launcher.origin if launcher and launcher.origin else "ipykernel_launcher", *order.argv]


def launch() -> None:
    """What ipykernel_launcher does: run the kernel until it is shut down."""
    from ipykernel.kernelapp import IPKernelApp

    # 1 stands for a parent that need not be watched: the keeper does better than a thread that polls
    app = IPKernelApp.instance(parent_handle=1)
    app.initialize()
    app.log.setLevel(app.log_level)  # what its handler would drop need not be put together, four times a cell
    app.start()


def _standard_streams(files: Sequence[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, file in enumerate([nothing, *files]):
        os.dup2(file, number)
    for file in (nothing, *files):
        os.close(file)


def _reseed() -> None:
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
