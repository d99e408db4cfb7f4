"""Who makes a run: one process of one boot of one machine, never mistaken for another that has its number.

<boot id>/<pid namespace>/<pid>/<start of the process in clock ticks since boot>

Of a process of the very same boot and namespace anybody can see at once whether it still lives; of
all others only their heartbeats tell.
"""

import os
from pathlib import Path

PROC = Path("/proc")


def identity(pid: int | None = None) -> str:
    """The id of a living process, ours by default; raises `ProcessLookupError` if there is none of that number."""
    pid = pid or os.getpid()
    return f"{_place()}/{pid}/{_start(pid)}"


def is_dead(worker: str) -> bool:
    """Whether that process has certainly ended; False if we cannot know."""
    place, _, start = worker.rpartition("/")
    place, _, pid = place.rpartition("/")
    if place != _place() or not pid.isdecimal():
        return False
    try:
        return _start(int(pid)) != start
    except ProcessLookupError:
        return True


def _place() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:  # a system without /proc: nobody but the heartbeats tells
        return f"unknown-{os.uname().nodename}"


def _start(pid: int) -> str:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        if PROC.joinpath("self").exists():
            raise ProcessLookupError(f"no process {pid}") from None
        return "0"
    # the name in brackets may itself hold brackets and spaces; state is the first field behind it
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":  # ended, and only waits for its parent to take note
        raise ProcessLookupError(f"process {pid} has ended")
    return fields[19]
