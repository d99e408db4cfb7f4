"""Processes that cannot get away: who watches over whom, and how everyone is ended."""

import ctypes
import os
import sys
import time
from collections.abc import Container

import psutil

SET_PDEATHSIG = 1  # of prctl(2): the signal that reaches us when our parent dies
SET_CHILD_SUBREAPER = 36  # our descendants become our children when their own parents die


def can_fork() -> bool:
    """Whether kernels can be forked and watched here: it takes Linux."""
    return sys.platform == "linux" and hasattr(os, "fork")


def adopt_orphans() -> None:
    """From now on descendants that lose their parent, also those that called setsid, become our children."""
    _prctl(SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int, signum: int) -> None:
    """Get `signum` when the process `parent` dies; ends this process at once if it has died already."""
    _prctl(SET_PDEATHSIG, signum)
    if os.getppid() != parent:
        os._exit(1)


def reap() -> dict[int, int]:
    """The children that have ended since we last looked: their exit codes by pid, negative for a signal."""
    codes: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return codes
        if pid == 0:
            return codes
        codes[pid] = os.waitstatus_to_exitcode(status)


def end_descendants(spared: Container[int] = ()) -> dict[int, int]:
    """Kill every descendant of this process until none is left, and say how our children ended.

    Children in `spared` are left alone, and so is whatever descends from them.
    """
    codes = reap()
    while strangers := [child for child in psutil.Process().children() if child.pid not in spared]:
        for stranger in strangers:
            end_tree(stranger)
        time.sleep(0.001)
        codes |= reap()
    return codes


def end_tree(process: psutil.Process) -> None:
    """Kill `process` and what descends from it; those that slip away are for whoever adopts them."""
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in tree:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
