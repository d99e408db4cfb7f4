"""A load of a million lines of usage beside DuckDB's own CSV reader, which checks less.

python -m bench.ingest [--lines N] [--rounds N]
"""

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from bench.measure import compared, in_turn, machine
from bench.place import place
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import demo, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest import ingest
from reports_lib.warehouse.lake import open_lake


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with place(scale=0) as installation, tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        files = Files(installation, Path(folder), asked.lines)
        spent = in_turn(files.actions(), asked.rounds, before=files.empty)
    print(f"{machine('duckdb', 'pyarrow')}; {asked.rounds} rounds.\n")
    print(f"{asked.lines:,} lines of `usage_event`, {files.size / 1e6:.0f} MB, into the lake:\n\n{compared(spent)}")


class Files:
    """A file of usage, loaded again and again in two ways."""

    def __init__(self, installation: Installation, folder: Path, lines: int) -> None:
        self.folder = folder
        self.address = Address.of(installation.workspace, reader=False)
        writer.create(self.address)
        usage = demo.tables()["usage_event"]
        copies = pa.concat_tables([usage] * -(-lines // len(usage)))
        rows = copies.slice(0, lines).set_column(0, "usage_id", pa.array(range(1, lines + 1)))
        self.file = folder / "usage.csv"
        pyarrow.csv.write_csv(rows, self.file)
        self.size = self.file.stat().st_size

    def empty(self) -> None:
        """Take all rows out of the table."""
        writer.execute(self.address, "delete from usage_event", author="bench", message="emptied")

    def actions(self) -> dict[str, Callable[[], object]]:
        """What is compared."""
        return {
            "DuckDB's `read_csv`, nothing checked": self._read_csv,
            "`daybook ingest`: every line accounted for, keys compared": self._ingest,
        }

    def _ingest(self) -> None:
        ingest(
            self.address,
            "usage_event",
            [self.file],
            author="bench",
            message="a million lines",
            now=datetime.now(UTC),
            again=True,
            rejects=self.folder / "rejects",
        )

    def _read_csv(self) -> None:
        with open_lake(self.address) as con:
            con.execute(f"insert into usage_event by name select * from read_csv('{self.file}')")


if __name__ == "__main__":
    main()
