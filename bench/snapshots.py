"""The store: sealing and reading beside files that nobody checks.

python -m bench.snapshots [--rounds N]
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.measure import Spent, in_turn, machine, markdown
from reports_lib.snapshots.store import Store

COUNT = 200
SIZE = 150_000  # bytes: the page of a report


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        spent = in_turn(Files(Path(folder)).actions(), rounds)
    print(f"{machine()}; {rounds} rounds of {COUNT} files of {SIZE / 1000:.0f} kB.\n")
    rows = [[name, *_figures(found)] for name, found in spent.items()]
    print(markdown(["", "a second", "milliseconds each"], rows))


class Files:
    """The same bytes, kept in the store and kept as plain files."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "store")
        self.plain = root / "plain"
        self.plain.mkdir()
        self.names = [self.store.put(data, "html") for data in self._pages()]
        self._write_plain()

    def actions(self) -> dict[str, Callable[[], object]]:
        """What is compared: new files each time it is written, the same ones each time it is read."""
        return {
            "put into the store, synced": self._put,
            "written as a plain file, not synced": self._write_plain,
            "read from the store, hashed again": lambda: [self.store.read(name) for name in self.names],
            "read as a plain file": lambda: [(self.plain / str(n)).read_bytes() for n in range(COUNT)],
        }

    def _put(self) -> None:
        for data in self._pages():
            self.store.put(data, "html")

    def _write_plain(self) -> None:
        for number, data in enumerate(self._pages()):
            (self.plain / str(number)).write_bytes(data)

    @staticmethod
    def _pages() -> list[bytes]:
        return [os.urandom(16) + bytes(SIZE - 16) for _ in range(COUNT)]


def _figures(found: list[Spent]) -> tuple[str, str]:
    each = median(one.wall for one in found) / COUNT
    return f"{1 / each:,.0f}", f"{each * 1000:.2f}"


if __name__ == "__main__":
    main()
