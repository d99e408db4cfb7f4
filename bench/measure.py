"""Wall and processor time of actions that take turns, as a Markdown table."""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Spent(NamedTuple):
    """Seconds on the clock, and of processor time, ours and that of children that have ended."""

    wall: float
    cpu: float


def timed(action: Callable[[], object]) -> Spent:
    """What one call of `action` takes."""
    wall, cpu = time.perf_counter(), _cpu()
    action()
    return Spent(time.perf_counter() - wall, _cpu() - cpu)


def in_turn(
    actions: Mapping[str, Callable[[], object]], rounds: int, before: Callable[[], object] = lambda: None
) -> dict[str, list[Spent]]:
    """What each action takes in each of `rounds`; every round begins with another one.

    `before` each of them something may be set up, which is not measured.
    """
    names = list(actions)
    spent: dict[str, list[Spent]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            before()
            spent[name].append(timed(actions[name]))
            print(f"  round {number + 1} of {rounds}: {name}: {spent[name][-1].wall:.2f} s", file=sys.stderr)
    return spent


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: the first column is text, the others are figures."""
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def compared(spent: Mapping[str, Sequence[Spent]]) -> str:
    """A table of all actions, each against the first one."""
    base = median(one.wall for one in next(iter(spent.values())))
    rows = [
        [name, seconds(found), span(found), f"{median(s.cpu for s in found):.2f} s", f"{base / _wall(found):.1f}"]
        for name, found in spent.items()
    ]
    return markdown(["", "median", "least to most", "processor", "times as fast"], rows)


def seconds(found: Sequence[Spent]) -> str:
    """Median on the clock."""
    return f"{_wall(found):.2f} s"


def span(found: Sequence[Spent]) -> str:
    """The least and the most on the clock."""
    return f"{min(s.wall for s in found):.2f} to {max(s.wall for s in found):.2f} s"


def machine(*packages: str) -> str:
    """A line that names the machine, Python and the versions of `packages`."""
    names = {line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores of {', '.join(sorted(names)) or platform.machine()}",
        f"{memory:.0f} GB",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *(f"{package} {version(package)}" for package in packages),
    ]
    return ", ".join(parts)


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _wall(found: Sequence[Spent]) -> float:
    return median(one.wall for one in found)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
