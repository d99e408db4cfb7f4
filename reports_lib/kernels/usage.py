"""What processes and folders take at this moment."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

BLOCK = 512  # bytes, the unit of st_blocks whatever the disk


def memory(pids: Iterable[int], enough: int) -> dict[int, int]:
    """Bytes of memory by process; exact only when they are more than `enough` together.

    What several processes share is divided among them: a fork shares nearly all it has, and what a
    run's own processes share counts once.
    """
    resident = {pid: taken for pid in pids if (taken := _resident(pid))}
    if sum(resident.values()) <= enough:  # never less than the exact sum, and far cheaper
        return resident
    return {pid: min(_share(pid), taken) for pid, taken in resident.items()}


def written(folder: Path) -> dict[str, int]:
    """Bytes on disk of each file below `folder`, by its path in there."""
    return {os.path.relpath(path, folder): taken for path, taken in _files(str(folder))}


def names(pids: Iterable[int]) -> Counter[str]:
    """How many of the processes have which name."""
    return Counter(name(pid) for pid in pids)


def name(pid: int) -> str:
    """The name of a process; empty if it has gone."""
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""


def _resident(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _share(pid: int) -> int:
    try:
        full = psutil.Process(pid).memory_full_info()
        return getattr(full, "pss", full.uss) + getattr(full, "swap", 0)
    except psutil.Error:
        return 0


def _files(folder: str) -> Iterator[tuple[str, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # gone, or not for us
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                found = entry.stat(follow_symlinks=False)
                yield entry.path, getattr(found, "st_blocks", found.st_size // BLOCK) * BLOCK
        except OSError:
            continue
